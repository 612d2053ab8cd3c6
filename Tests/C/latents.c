/* Latents read from a container, and records found by them. */
#include "check.h"

#include <math.h>

#define COUNT 4000
#define WIDTH 6

static float table[COUNT][WIDTH];
static unsigned char *container;
static size_t size;

static void make_container(void) {
  aez_field matrix[WIDTH];
  aez_layout layout = {sizeof layout, sizeof table[0], WIDTH, matrix};
  aez_options options = test_options();
  aez_error error;
  size_t capacity;
  int i, j;
  options.latents = 2;
  options.chunk_records = 700;
  for (j = 0; j < WIDTH; j++) {
    aez_field field = {NULL, AEZ_F32, AEZ_ABSOLUTE, 0.01, 0};
    field.offset = 4 * (uint64_t)j;
    matrix[j] = field;
  }
  for (i = 0; i < COUNT; i++) {
    double a = 10 * sin(0.37 * i), b = 10 * cos(1.13 * i);
    for (j = 0; j < WIDTH; j++) table[i][j] = (float)(a * (j + 1) - b * (j % 3));
  }
  capacity = aez_compress_bound(&layout, COUNT, &options);
  container = (unsigned char *)malloc(capacity);
  CHECK_STATUS(aez_compress(&layout, table, COUNT, &options, container, capacity, &size, &error), AEZ_OK);
}

static void nearest_records(void) {
  static float latents[COUNT][2], some[50][2], queries[3][2];
  float distances[3][4];
  uint64_t found[3][4];
  aez_error error;
  aez_reader *reader = NULL;
  size_t width = 0;
  int i, j;
  CHECK_STATUS(aez_reader_open_memory(container, size, &reader, &error), AEZ_OK);
  CHECK_STATUS(aez_reader_latent_count(reader, &width), AEZ_OK);
  CHECK(width == 2);
  CHECK_STATUS(aez_reader_latents(reader, 0, COUNT, 2, latents[0], sizeof latents, &error), AEZ_OK);
  CHECK_STATUS(aez_reader_latents(reader, 680, 50, 1, some[0], sizeof some, &error), AEZ_OK);
  CHECK(memcmp(some, latents[680], sizeof some) == 0);
  CHECK_STATUS(aez_reader_encode(reader, table[1000], 3, queries[0], sizeof queries, &error), AEZ_OK);
  for (i = 0; i < 3; i++)
    for (j = 0; j < 2; j++) CHECK(fabs(queries[i][j] - latents[1000 + i][j]) < 0.51); /* half a code */
  CHECK_STATUS(aez_search(reader, queries[0], 3, 4, 2, found[0], distances[0], &error), AEZ_OK);
  for (i = 0; i < 3; i++) {
    CHECK(found[i][0] == 1000u + (unsigned)i);
    for (j = 1; j < 4; j++) CHECK(distances[i][j] >= distances[i][j - 1] && found[i][j] < COUNT);
  }

#define LATENTS(first, count, threads, out, capacity) \
  aez_reader_latents(reader, first, count, threads, out, capacity, &error)
  CHECK_STATUS(LATENTS(0, 50, 1, some[0], sizeof some - 1), AEZ_BUFFER_TOO_SMALL);
  CHECK_SAYS(LATENTS(0, 50, 1, NULL, sizeof some), AEZ_INVALID_ARGUMENT, "latents");
  CHECK_SAYS(LATENTS(COUNT, 1, 1, some[0], sizeof some), AEZ_INVALID_ARGUMENT, "4000");
  CHECK_SAYS(LATENTS(0, 1, -1, some[0], sizeof some), AEZ_INVALID_ARGUMENT, "threads");
  CHECK_STATUS(aez_reader_latent_count(reader, NULL), AEZ_INVALID_ARGUMENT);
  CHECK_SAYS(aez_reader_latents(NULL, 0, 1, 1, some[0], sizeof some, &error), AEZ_INVALID_ARGUMENT, "reader");
  CHECK_SAYS(aez_reader_encode(reader, NULL, 1, some[0], sizeof some, &error), AEZ_INVALID_ARGUMENT, "records");
  CHECK_STATUS(aez_reader_encode(reader, table, 51, some[0], sizeof some, &error), AEZ_BUFFER_TOO_SMALL);
#define SEARCH(queries, count, nearest, found, distances) \
  aez_search(reader, queries, count, nearest, 1, found, distances, &error)
  CHECK_SAYS(SEARCH(NULL, 1, 4, found[0], distances[0]), AEZ_INVALID_ARGUMENT, "queries");
  CHECK_SAYS(SEARCH(queries[0], 1, 4, NULL, distances[0]), AEZ_INVALID_ARGUMENT, "records");
  CHECK_SAYS(SEARCH(queries[0], 1, 4, found[0], NULL), AEZ_INVALID_ARGUMENT, "distances");
  CHECK_SAYS(SEARCH(queries[0], 1, 0, found[0], distances[0]), AEZ_INVALID_ARGUMENT, "nearest");
  CHECK_STATUS(SEARCH(queries[0], 1, SIZE_MAX, found[0], distances[0]), AEZ_INVALID_ARGUMENT);
  CHECK_STATUS(SEARCH(queries[0], UINT64_MAX, 1, found[0], distances[0]), AEZ_INVALID_ARGUMENT);
  aez_reader_free(reader);
}

static void no_latents(void) {
  size_t plain_size = 0, width = 7;
  unsigned char *plain = test_container(&plain_size);
  float out[4], query = 0;
  uint64_t found;
  aez_error error;
  aez_reader *reader = NULL;
  CHECK_STATUS(aez_reader_open_memory(plain, plain_size, &reader, &error), AEZ_OK);
  CHECK_STATUS(aez_reader_latent_count(reader, &width), AEZ_OK);
  CHECK(width == 0);
  CHECK_SAYS(aez_reader_latents(reader, 0, 1, 1, out, sizeof out, &error), AEZ_MODEL_MISMATCH, "no latents");
  CHECK_STATUS(aez_search(reader, &query, 1, 1, 1, &found, out, &error), AEZ_MODEL_MISMATCH);
  aez_reader_free(reader);
  free(plain);
}

void test_latents(void) {
  RUN(make_container);
  if (!size) return;
  RUN(nearest_records);
  RUN(no_latents);
  free(container);
}
