/* Models that predict the records of a container, and records without bounds. */
#include "check.h"

#include <math.h>
#include <stddef.h>

#define COUNT 2000
#define WIDTH 6

static float table[COUNT][WIDTH], restored[COUNT][WIDTH];
static aez_field matrix[WIDTH];
static aez_layout layout;
static aez_model *model;
static unsigned char *container;
static size_t capacity, size;

static void set_bounds(uint32_t kind, double bound) {
  int j;
  for (j = 0; j < WIDTH; j++) {
    aez_field field = {NULL, AEZ_F32, 0, 0, 0};
    field.bound_kind = kind;
    field.bound = bound;
    field.offset = 4 * (uint64_t)j;
    matrix[j] = field;
  }
}

static void make_model(void) {
  aez_train_options options;
  aez_error error;
  int i, j;
  layout.struct_size = sizeof layout;
  layout.record_size = sizeof table[0];
  layout.field_count = WIDTH;
  layout.fields = matrix;
  set_bounds(AEZ_ABSOLUTE, 0.01);
  for (i = 0; i < COUNT; i++) {
    double t = sin(0.73 * i) * 3;
    for (j = 0; j < WIDTH; j++) table[i][j] = (float)(t / (1 + fabs(t) * j) + 0.003 * sin(17.0 * i * (j + 1)));
  }
  aez_train_options_init(&options);
  options.kind = AEZ_DEEP;
  options.latents = 1;
  options.epochs = 15;
  CHECK_STATUS(aez_train(&layout, table, COUNT, &options, NULL, NULL, &model, &error), AEZ_OK);
  capacity = aez_compress_bound(&layout, COUNT, NULL) + (1 << 20);
  container = (unsigned char *)malloc(capacity);
}

static double largest_error(void) {
  double largest = 0;
  int i, j;
  for (i = 0; i < COUNT; i++)
    for (j = 0; j < WIDTH; j++) largest = fmax(largest, fabs((double)restored[i][j] - table[i][j]));
  return largest;
}

static void models_are_named_or_held(void) {
  aez_options options;
  aez_error error;
  aez_reader *reader = NULL;
  uint8_t digest[AEZ_DIGEST_SIZE];
  char text[2 * AEZ_DIGEST_SIZE + 1], json[1 << 14];
  size_t held, json_size;
  uint64_t count;
  int i;
  float latents[5];
  CHECK(aez_model_digest(model, digest) == AEZ_OK);
  for (i = 0; i < AEZ_DIGEST_SIZE; i++) sprintf(text + 2 * i, "%02x", digest[i]);
  aez_options_init(&options);
  CHECK(options.struct_size == sizeof options && options.model == NULL && options.embed_model == 0);
  options.model = model;
  options.latents = 1;
  options.embed_model = 1;
  CHECK_STATUS(aez_compress(&layout, table, COUNT, &options, container, capacity, &held, &error), AEZ_OK);
  CHECK_STATUS(aez_decompress(container, held, 1, restored, sizeof restored, &count, &error), AEZ_OK);
  CHECK(count == COUNT && largest_error() <= 0.01);
  options.embed_model = 0;
  CHECK_STATUS(aez_compress(&layout, table, COUNT, &options, container, capacity, &size, &error), AEZ_OK);
  CHECK(size + 500 < held);

  CHECK_SAYS(aez_decompress(container, size, 1, restored, sizeof restored, &count, &error), AEZ_MODEL_MISMATCH, text);
  memset(restored, 0, sizeof restored);
  CHECK_STATUS(
      aez_decompress_with_model(container, size, model, 1, restored, sizeof restored, &count, &error), AEZ_OK);
  CHECK(count == COUNT && largest_error() <= 0.01);

  CHECK_STATUS(aez_reader_open_memory(container, size, &reader, &error), AEZ_OK);
  CHECK_STATUS(aez_reader_info(reader, json, sizeof json, &json_size, &error), AEZ_OK);
  CHECK(strstr(json, text) && strstr(json, "\"embedded\":false") && strstr(json, "\"training_bits\":"));
  CHECK_SAYS(aez_reader_read(reader, 3, 1, NULL, 0, 1, restored, sizeof restored, &error), AEZ_MODEL_MISMATCH, text);
  CHECK_SAYS(aez_reader_verify(reader, 1, &error), AEZ_MODEL_MISMATCH, text);
  CHECK_STATUS(aez_reader_latents(reader, 100, 5, 1, latents, sizeof latents, &error), AEZ_OK);
  aez_reader_free(reader);

  CHECK_STATUS(aez_reader_open_memory_with_model(container, size, model, &reader, &error), AEZ_OK);
  CHECK_STATUS(aez_reader_verify(reader, 1, &error), AEZ_OK);
  CHECK_STATUS(aez_reader_read(reader, 100, 1, NULL, 0, 1, restored[7], sizeof restored[7], &error), AEZ_OK);
  CHECK(fabs((double)restored[7][2] - table[100][2]) <= 0.01);
  aez_reader_free(reader);
}

static int32_t read_bytes(void *context, uint64_t offset, void *bytes, size_t count) {
  memcpy(bytes, (unsigned char *)context + offset, count);
  return 0;
}

static void readers_outlive_their_models(void) {
  aez_error error;
  aez_reader *reader = NULL;
  aez_model *copy = NULL;
  unsigned char *bytes;
  size_t model_size;
  CHECK_STATUS(aez_model_save(model, NULL, 0, &model_size, &error), AEZ_BUFFER_TOO_SMALL);
  bytes = (unsigned char *)malloc(model_size);
  CHECK_STATUS(aez_model_save(model, bytes, model_size, &model_size, &error), AEZ_OK);
  CHECK_STATUS(aez_model_load(bytes, model_size, &copy, &error), AEZ_OK);
  free(bytes);
  CHECK_STATUS(aez_reader_open_with_model(read_bytes, container, size, copy, &reader, &error), AEZ_OK);
  aez_model_free(copy);
  CHECK_STATUS(aez_reader_read(reader, 0, COUNT, NULL, 0, 1, restored, sizeof restored, &error), AEZ_OK);
  CHECK(largest_error() <= 0.01);
  aez_reader_free(reader);
}

/* What programs hand over that were built before the struct grew. */
static void shorter_options_are_those_of_before(void) {
  struct {
    size_t struct_size;
    int32_t level, threads, latents, reserved;
    uint64_t chunk_records;
    const void *metadata;
    size_t metadata_size;
    unsigned char behind[64];
  } old;
  aez_error error;
  size_t written = 0;
  memset(&old, 0, sizeof old);
  memset(old.behind, 0xAA, sizeof old.behind);
  old.struct_size = offsetof(aez_options, model);
  old.latents = AEZ_LATENTS_AUTO;
  CHECK_STATUS(
      aez_compress(&layout, table, COUNT, (const aez_options *)&old, container, capacity, &written, &error), AEZ_OK);
  CHECK_STATUS(aez_decompress(container, written, 1, restored, sizeof restored, NULL, &error), AEZ_OK);
  CHECK(largest_error() <= 0.01);
  old.struct_size--;
  CHECK_SAYS(aez_compress(&layout, table, COUNT, (const aez_options *)&old, container, capacity, &written, &error),
             AEZ_INVALID_ARGUMENT, "struct_size");
}

static void errors_are_hit_without_bounds(void) {
  aez_options options;
  aez_error error;
  aez_writer *writer = NULL;
  double sum = 0;
  size_t written;
  int i, j;
  set_bounds(AEZ_FREE, 0);
  aez_options_init(&options);
  options.mean_error = 0.05;
  CHECK_STATUS(aez_compress(&layout, table, COUNT, &options, container, capacity, &written, &error), AEZ_OK);
  CHECK_STATUS(aez_decompress(container, written, 1, restored, sizeof restored, NULL, &error), AEZ_OK);
  for (j = 0; j < WIDTH; j++) {
    double mean = 0, squares = 0, errors = 0;
    for (i = 0; i < COUNT; i++) mean += table[i][j] / (double)COUNT;
    for (i = 0; i < COUNT; i++) {
      squares += (table[i][j] - mean) * (table[i][j] - mean);
      errors += ((double)restored[i][j] - table[i][j]) * ((double)restored[i][j] - table[i][j]);
    }
    sum += errors / squares / WIDTH;
  }
  CHECK(fabs(sqrt(sum) / 0.05 - 1) < 0.05);
  CHECK_SAYS(aez_writer_open(&layout, &options, NULL, NULL, &writer, &error), AEZ_INVALID_ARGUMENT, "write");
  options.mean_error = 1.5;
  CHECK_SAYS(aez_compress(&layout, table, COUNT, &options, container, capacity, &written, &error),
             AEZ_INVALID_ARGUMENT, "mean error");
  options.mean_error = 0;
  CHECK_SAYS(aez_compress(&layout, table, COUNT, &options, container, capacity, &written, &error),
             AEZ_INVALID_ARGUMENT, "no bound");
  options.latents = 2;
  CHECK_STATUS(aez_compress(&layout, table, COUNT, &options, container, capacity, &written, &error), AEZ_OK);
  CHECK_STATUS(aez_decompress(container, written, 1, restored, sizeof restored, NULL, &error), AEZ_OK);
  CHECK(largest_error() < 2);
  options.latents = 3;
  options.model = model;
  CHECK_SAYS(aez_compress(&layout, table, COUNT, &options, container, capacity, &written, &error),
             AEZ_INVALID_ARGUMENT, "3 latents");
  options.embed_model = 2;
  CHECK_SAYS(aez_compress(&layout, table, COUNT, &options, container, capacity, &written, &error),
             AEZ_INVALID_ARGUMENT, "embed_model");
}

void test_predicting(void) {
  RUN(make_model);
  RUN(models_are_named_or_held);
  RUN(readers_outlive_their_models);
  RUN(shorter_options_are_those_of_before);
  RUN(errors_are_hit_without_bounds);
  aez_model_free(model);
  free(container);
}
