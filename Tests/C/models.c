/* Models: training at once and in parts, files, and what they are used for. */
#include "check.h"

#include <math.h>
#include <pthread.h>
#include <stddef.h>

#define COUNT 2000
#define WIDTH 6

typedef struct row {
  float x[4];
  uint8_t flag;
  double y; /* not aligned to what follows from a packed file, but to the struct */
} row;

static row rows[COUNT];
static aez_field row_fields[WIDTH];

static aez_layout row_layout(void) {
  aez_layout layout = {sizeof layout, sizeof(row), WIDTH, row_fields};
  return layout;
}

static void make_rows(void) {
  static const char *const names[WIDTH] = {"a", "b", "c", "d", "flag", "y"};
  int i, j;
  for (j = 0; j < WIDTH; j++) {
    row_fields[j].name = names[j];
    row_fields[j].type = j == 5 ? AEZ_F64 : j == 4 ? AEZ_U8 : AEZ_F32;
    row_fields[j].bound_kind = AEZ_EXACT;
    row_fields[j].offset = j == 5 ? offsetof(row, y) : j == 4 ? offsetof(row, flag) : 4 * (uint64_t)j;
  }
  memset(rows, 0xAA, sizeof rows);
  for (i = 0; i < COUNT; i++) {
    double s = sin(0.1 * i), c = cos(0.037 * i);
    for (j = 0; j < 4; j++) rows[i].x[j] = (float)(j * s + (3 - j) * c + 10);
    rows[i].flag = s > 0;
    rows[i].y = 1000 * s - 500 * c;
  }
}

static aez_model *train_linear(const void *records, uint64_t count) {
  aez_layout layout = row_layout();
  aez_train_options options;
  aez_error error;
  aez_model *model = NULL;
  aez_train_options_init(&options);
  options.kind = AEZ_LINEAR;
  options.latents = 2;
  CHECK_STATUS(aez_train(&layout, records, count, &options, NULL, NULL, &model, &error), AEZ_OK);
  return model;
}

static unsigned char *saved(const aez_model *model, size_t *size) {
  aez_error error;
  unsigned char *bytes;
  CHECK_STATUS(aez_model_save(model, NULL, 0, size, &error), AEZ_BUFFER_TOO_SMALL);
  bytes = (unsigned char *)malloc(*size);
  CHECK_STATUS(aez_model_save(model, bytes, *size, size, &error), AEZ_OK);
  return bytes;
}

static void describes_itself(void) {
  aez_model *model = train_linear(rows, COUNT);
  aez_field field;
  aez_error error;
  size_t fields_ = 0, latents = 0, size = 0;
  int32_t kind = 0;
  char json[1 << 14];
  CHECK(aez_model_shape(model, &kind, &fields_, &latents) == AEZ_OK);
  CHECK(kind == AEZ_LINEAR && fields_ == WIDTH && latents == 2);
  CHECK(aez_model_shape(model, NULL, NULL, NULL) == AEZ_OK);
  CHECK(aez_model_field(model, 5, &field) == AEZ_OK);
  CHECK(strcmp(field.name, "y") == 0 && field.type == AEZ_F64);
  CHECK(aez_model_field(model, WIDTH, &field) == AEZ_INVALID_ARGUMENT && field.name == NULL);
  CHECK(aez_model_field(model, SIZE_MAX, &field) == AEZ_INVALID_ARGUMENT);
  CHECK_STATUS(aez_model_info(model, json, sizeof json, &size, &error), AEZ_OK);
  CHECK(size == strlen(json) + 1 && strstr(json, "\"linear\""));
  CHECK_STATUS(aez_model_info(model, json, size - 1, &size, &error), AEZ_BUFFER_TOO_SMALL);
  aez_model_free(model);
}

static void keeps_its_bytes(void) {
  aez_model *model = train_linear(rows, COUNT), *again = train_linear(rows, COUNT), *loaded = NULL;
  size_t size = 0, size_again = 0, cut;
  unsigned char *bytes = saved(model, &size), *bytes_again = saved(again, &size_again);
  uint8_t digest[AEZ_DIGEST_SIZE], other[AEZ_DIGEST_SIZE];
  aez_error error;
  CHECK(size == size_again && memcmp(bytes, bytes_again, size) == 0);
  CHECK_STATUS(aez_model_save(model, bytes, size - 1, &size_again, &error), AEZ_BUFFER_TOO_SMALL);
  CHECK(size_again == size);
  CHECK_STATUS(aez_model_load(bytes, size, &loaded, &error), AEZ_OK);
  CHECK(aez_model_digest(model, digest) == AEZ_OK && aez_model_digest(loaded, other) == AEZ_OK);
  CHECK(memcmp(digest, other, sizeof digest) == 0);
  aez_model_free(loaded);
  for (cut = 0; cut < size; cut++) {
    loaded = (aez_model *)&error;
    CHECK(aez_model_load(bytes, cut, &loaded, &error) != AEZ_OK && loaded == NULL);
  }
  for (cut = 0; cut < size; cut += 3) {
    bytes[cut] ^= 0x20;
    CHECK(aez_model_load(bytes, size, &loaded, &error) != AEZ_OK);
    bytes[cut] ^= 0x20;
  }
  free(bytes);
  free(bytes_again);
  aez_model_free(model);
  aez_model_free(again);
}

static void applies_to_records(void) {
  static float latents[COUNT][2], packed[COUNT][WIDTH];
  static row decoded[COUNT];
  static double scores[COUNT], by_field[WIDTH];
  aez_model *model = train_linear(rows, COUNT);
  aez_layout layout = row_layout();
  aez_field matrix[WIDTH];
  aez_layout plain = {sizeof plain, sizeof packed[0], WIDTH, matrix};
  aez_error error;
  double error_sum = 0;
  int i, j;
  CHECK_STATUS(aez_model_encode(model, &layout, rows, COUNT, 2, latents[0], sizeof latents, &error), AEZ_OK);
  memset(decoded, 0x55, sizeof decoded);
  CHECK_STATUS(aez_model_decode(model, &layout, latents[0], COUNT, 1, decoded, sizeof decoded, &error), AEZ_OK);
  for (i = 0; i < COUNT; i++) {
    for (j = 0; j < 4; j++) CHECK(fabs(decoded[i].x[j] - rows[i].x[j]) < 0.75);
    CHECK(fabs(decoded[i].y - rows[i].y) < 350);
    CHECK(((const unsigned char *)&decoded[i])[17] == 0); /* padding */
  }
  CHECK_STATUS(aez_model_score(model, &layout, rows, COUNT, 1, scores, by_field, &error), AEZ_OK);
  for (i = 0; i < COUNT; i++) error_sum += scores[i];
  for (j = 0; j < WIDTH; j++) error_sum -= by_field[j] * COUNT / WIDTH;
  CHECK(fabs(error_sum) < 1e-6 * COUNT);

  /* The same records as a matrix of floats without names. */
  for (j = 0; j < WIDTH; j++) {
    matrix[j].name = NULL;
    matrix[j].type = AEZ_F32;
    matrix[j].bound_kind = AEZ_EXACT;
    matrix[j].bound = 0;
    matrix[j].offset = 4 * (uint64_t)j;
  }
  for (i = 0; i < COUNT; i++) {
    memcpy(packed[i], rows[i].x, 16);
    packed[i][4] = rows[i].flag;
    packed[i][5] = (float)rows[i].y;
  }
  {
    static float other[COUNT][2];
    CHECK_STATUS(aez_model_encode(model, &plain, packed, COUNT, 1, other[0], sizeof other, &error), AEZ_OK);
    for (i = 0; i < COUNT; i++) CHECK(fabs(other[i][0] - latents[i][0]) + fabs(other[i][1] - latents[i][1]) < 1e-3);
  }
  packed[7][2] = NAN;
  CHECK_STATUS(aez_model_reconstruct(model, &plain, packed, 10, 1, 50, 1, packed[10], 10 * sizeof packed[0], &error),
               AEZ_OK);
  CHECK(packed[10][0] == packed[0][0] && fabs(packed[17][2] - rows[7].x[2]) < 0.75);
  matrix[3].name = "other";
  CHECK_SAYS(aez_model_encode(model, &plain, packed, COUNT, 1, latents[0], sizeof latents, &error), AEZ_MODEL_MISMATCH,
             "field 3");
  plain.field_count = 5;
  CHECK_SAYS(aez_model_encode(model, &plain, packed, COUNT, 1, latents[0], sizeof latents, &error), AEZ_MODEL_MISMATCH,
             "6 fields");
  aez_model_free(model);
}

static void recommends(void) {
  enum { ITEMS = 8, BASKETS = 600 };
  static uint8_t baskets[BASKETS][ITEMS];
  aez_field items[ITEMS];
  aez_layout layout = {sizeof layout, ITEMS, ITEMS, items};
  aez_train_options options;
  aez_model *model = NULL;
  aez_error error;
  size_t found[2][9];
  double expected[2][9];
  int i, j;
  for (j = 0; j < ITEMS; j++) {
    aez_field item = {NULL, AEZ_U8, AEZ_EXACT, 0, 0};
    item.offset = (uint64_t)j;
    items[j] = item;
  }
  for (i = 0; i < BASKETS; i++) /* two tastes: the first four items, or the last */
    for (j = 0; j < ITEMS; j++) baskets[i][j] = (uint8_t)(j / 4 == i % 2 && (i * 7 + j * 5) % 4 != 0);
  aez_train_options_init(&options);
  options.kind = AEZ_LINEAR;
  options.latents = 2;
  CHECK_STATUS(aez_train(&layout, baskets, BASKETS, &options, NULL, NULL, &model, &error), AEZ_OK);
  memset(baskets, 0, sizeof baskets);
  baskets[0][0] = baskets[0][1] = 1;
  baskets[1][5] = baskets[1][6] = baskets[1][7] = 1;
  CHECK_STATUS(aez_model_recommend(model, &layout, baskets, 2, 9, 1, found[0], expected[0], &error), AEZ_OK);
  CHECK((found[0][0] == 2 && found[0][1] == 3) || (found[0][0] == 3 && found[0][1] == 2));
  CHECK(found[1][0] == 4 && found[1][5] == SIZE_MAX && isnan(expected[1][5]));
  CHECK(found[0][5] < ITEMS && found[0][6] == SIZE_MAX && expected[0][0] >= expected[0][1]);
  CHECK_STATUS(aez_model_recommend(model, &layout, baskets, 2, 9, 1, found[0], NULL, &error), AEZ_OK);
  CHECK_SAYS(aez_model_recommend(model, &layout, baskets, 2, 0, 1, found[0], NULL, &error), AEZ_INVALID_ARGUMENT,
             "best");
  CHECK_SAYS(aez_model_recommend(model, &layout, baskets, 2, 9, 1, NULL, NULL, &error), AEZ_INVALID_ARGUMENT,
             "fields");
  CHECK_STATUS(aez_model_recommend(model, &layout, baskets, 2, SIZE_MAX / 2, 1, found[0], NULL, &error),
               AEZ_INVALID_ARGUMENT);
  aez_model_free(model);
}

static int32_t count_epochs(void *context, const aez_progress *progress) {
  int *epochs = (int *)context;
  CHECK(progress->epoch == ++*epochs && progress->epoch_count == 8);
  return 0;
}

static int32_t stop_at_epoch(void *context, const aez_progress *progress) {
  return progress->epoch == *(int *)context;
}

static void stops_when_told(void) {
  aez_layout layout = row_layout();
  aez_train_options options;
  aez_model *model = (aez_model *)&layout;
  aez_error error;
  int last = 2;
  aez_train_options_init(&options);
  options.latents = 2;
  options.epochs = 3;
  CHECK_SAYS(aez_train(&layout, rows, COUNT, &options, stop_at_epoch, &last, &model, &error), AEZ_CANCELLED,
             "cancelled");
  CHECK(model == NULL);
  last = 9;
  CHECK_STATUS(aez_train(&layout, rows, COUNT, &options, stop_at_epoch, &last, &model, &error), AEZ_OK);
  aez_model_free(model);
}

static void draws_records(void) {
  static row drawn[COUNT], again[COUNT];
  aez_layout layout = row_layout();
  aez_train_options options;
  aez_model *model = NULL;
  aez_error error;
  double mean = 0, mean_drawn = 0, spread = 0, spread_drawn = 0;
  int i;
  aez_train_options_init(&options);
  options.kind = AEZ_VARIATIONAL;
  options.latents = 2;
  options.epochs = 40;
  options.beta = 0.1;
  CHECK_STATUS(aez_train(&layout, rows, COUNT, &options, NULL, NULL, &model, &error), AEZ_OK);
  CHECK_STATUS(aez_model_sample(model, &layout, COUNT, 5, drawn, sizeof drawn, &error), AEZ_OK);
  CHECK_STATUS(aez_model_sample(model, &layout, COUNT, 5, again, sizeof again, &error), AEZ_OK);
  for (i = 0; i < COUNT; i++) {
    CHECK(drawn[i].y == again[i].y && isfinite(drawn[i].y) && drawn[i].flag <= 1);
    mean += rows[i].y / COUNT;
    mean_drawn += drawn[i].y / COUNT;
  }
  for (i = 0; i < COUNT; i++) {
    spread += (rows[i].y - mean) * (rows[i].y - mean) / COUNT;
    spread_drawn += (drawn[i].y - mean_drawn) * (drawn[i].y - mean_drawn) / COUNT;
  }
  CHECK((mean - mean_drawn) * (mean - mean_drawn) < 0.25 * spread);
  CHECK(spread_drawn > 0.2 * spread && spread_drawn < 3 * spread);
  CHECK_STATUS(aez_model_sample(model, &layout, COUNT, 6, again, sizeof again, &error), AEZ_OK);
  CHECK(memcmp(drawn, again, sizeof drawn) != 0);
  CHECK_STATUS(aez_model_sample(model, &layout, COUNT, 6, again, sizeof again - 1, &error), AEZ_BUFFER_TOO_SMALL);
  aez_model_free(model);
}

/* The same model with one thread and with two; contract.c's caller compares the digests of all instruction sets. */
static void trains_every_kind(void) {
  static const int32_t kinds[] = {AEZ_LINEAR, AEZ_DEEP, AEZ_SPARSE, AEZ_DENOISING, AEZ_CONTRACTIVE, AEZ_VARIATIONAL};
  static const int32_t hidden[] = {12};
  aez_layout layout = row_layout();
  aez_error error;
  size_t i, j;
  for (i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    uint8_t digests[2][AEZ_DIGEST_SIZE];
    aez_train_options options;
    aez_train_options_init(&options);
    options.kind = kinds[i];
    options.latents = 3;
    options.epochs = 8;
    if (kinds[i] != AEZ_LINEAR) {
      options.hidden = hidden;
      options.hidden_count = 1;
    }
    for (j = 0; j < 2; j++) {
      static float latents[COUNT][3], again[COUNT][3];
      double scores[COUNT];
      aez_model *model = NULL, *copy = NULL;
      unsigned char *bytes;
      size_t size;
      int32_t kind = 0;
      int epochs = 0;
      options.threads = (int32_t)j + 1;
      CHECK_STATUS(aez_train(&layout, rows, COUNT, &options, count_epochs, &epochs, &model, &error), AEZ_OK);
      CHECK(epochs == (kinds[i] == AEZ_LINEAR ? 0 : 8));
      CHECK(aez_model_shape(model, &kind, NULL, NULL) == AEZ_OK && kind == kinds[i]);
      CHECK_STATUS(aez_model_encode(model, &layout, rows, COUNT, 1, latents[0], sizeof latents, &error), AEZ_OK);
      CHECK_STATUS(aez_model_score(model, &layout, rows, COUNT, 1, scores, NULL, &error), AEZ_OK);
      CHECK(scores[7] >= 0 && scores[7] < 10);
      bytes = saved(model, &size);
      CHECK_STATUS(aez_model_load(bytes, size, &copy, &error), AEZ_OK);
      CHECK_STATUS(aez_model_encode(copy, &layout, rows, COUNT, 2, again[0], sizeof again, &error), AEZ_OK);
      CHECK(memcmp(latents, again, sizeof latents) == 0);
      CHECK(aez_model_digest(model, digests[j]) == AEZ_OK);
      free(bytes);
      aez_model_free(copy);
      aez_model_free(model);
    }
    CHECK(memcmp(digests[0], digests[1], AEZ_DIGEST_SIZE) == 0);
    printf("container: model of kind %d, digest ", (int)kinds[i]);
    for (j = 0; j < AEZ_DIGEST_SIZE; j++) printf("%02x", digests[0][j]);
    printf("\n");
  }
}

static void trains_on_parts(void) {
  aez_layout layout = row_layout();
  aez_train_options options;
  aez_trainer *trainer = NULL;
  aez_model *model = NULL, *whole = train_linear(rows, COUNT);
  aez_error error;
  uint8_t digest[AEZ_DIGEST_SIZE], other[AEZ_DIGEST_SIZE];
  int i;
  aez_train_options_init(&options);
  options.kind = AEZ_LINEAR;
  options.latents = 2;
  CHECK_STATUS(aez_trainer_open(&layout, &options, &trainer, &error), AEZ_OK);
  for (i = 0; i < COUNT; i += 125) CHECK_STATUS(aez_trainer_append(trainer, rows + i, 125, &error), AEZ_OK);
  CHECK_STATUS(aez_trainer_finish(trainer, NULL, NULL, &model, &error), AEZ_OK);
  CHECK(aez_model_digest(model, digest) == AEZ_OK && aez_model_digest(whole, other) == AEZ_OK);
  CHECK(memcmp(digest, other, sizeof digest) == 0);
  aez_model_free(model);
  aez_model_free(whole);
  CHECK_SAYS(aez_trainer_append(trainer, rows, 1, &error), AEZ_INVALID_ARGUMENT, "finished");
  CHECK_SAYS(aez_trainer_finish(trainer, NULL, NULL, &model, &error), AEZ_INVALID_ARGUMENT, "finished");
  aez_trainer_free(trainer);

  row_fields[0].bound_kind = AEZ_RELATIVE;
  row_fields[0].bound = 1e-2;
  CHECK_SAYS(aez_trainer_open(&layout, &options, &trainer, &error), AEZ_INVALID_ARGUMENT, "relative");
  CHECK(trainer == NULL);
  CHECK_STATUS(aez_train(&layout, rows, COUNT, &options, NULL, NULL, &model, &error), AEZ_OK);
  aez_model_free(model);
  row_fields[0].bound_kind = AEZ_EXACT;
  CHECK_STATUS(aez_trainer_open(&layout, &options, &trainer, &error), AEZ_OK);
  CHECK_STATUS(aez_trainer_append(trainer, rows, 100, &error), AEZ_OK);
  aez_trainer_free(trainer); /* never finished */
}

static void refuses_options(void) {
  aez_layout layout = row_layout();
  aez_train_options options;
  aez_model *model = NULL;
  aez_error error;
  int32_t widths[2] = {8, 0};
#define REFUSES(member, value, part)                                                                            \
  aez_train_options_init(&options);                                                                             \
  options.member = value;                                                                                       \
  CHECK_SAYS(aez_train(&layout, rows, COUNT, &options, NULL, NULL, &model, &error), AEZ_INVALID_ARGUMENT, part); \
  CHECK(model == NULL)
  REFUSES(struct_size, sizeof options - 8, "struct_size");
  REFUSES(kind, 0, "options->kind");
  REFUSES(kind, 7, "options->kind");
  REFUSES(kind, 257, "options->kind");
  REFUSES(latents, -1, "latents");
  REFUSES(hidden_count, 2, "options->hidden");
  REFUSES(hidden_count, -2, "options->hidden");
  REFUSES(hidden_count, 65, "options->hidden");
  REFUSES(decoder_hidden_count, 1, "options->decoder_hidden");
  REFUSES(activation_count, 1, "options->activations");
  REFUSES(activation, 4, "options->activation");
  REFUSES(latent_activation, -2, "options->latent_activation");
  REFUSES(loss, 3, "options->loss");
  REFUSES(optimizer, -1, "options->optimizer");
  REFUSES(noise, 3, "options->noise");
  REFUSES(sparsity, 2, "options->sparsity");
  REFUSES(threads, -1, "threads");
  REFUSES(maximum_records, UINT64_MAX, "maximum_records");
  REFUSES(learning_rate, NAN, "learning rate");
  REFUSES(dropout, 1.5, "dropout");
  REFUSES(validation, -1, "validation");
  aez_train_options_init(&options);
  options.hidden = widths;
  options.hidden_count = 2;
  CHECK_SAYS(aez_train(&layout, rows, COUNT, &options, NULL, NULL, &model, &error), AEZ_INVALID_ARGUMENT, "hidden");
  aez_train_options_init(NULL);
}

static void refuses_pointers(void) {
  aez_layout layout = row_layout();
  aez_model *model = (aez_model *)&layout, *good;
  aez_trainer *trainer = NULL;
  aez_error error;
  float latents[2];
  double score;
  size_t size = 9;
  row out;
  CHECK_SAYS(aez_train(NULL, rows, COUNT, NULL, NULL, NULL, &model, &error), AEZ_INVALID_ARGUMENT, "layout");
  CHECK(model == NULL);
  CHECK_SAYS(aez_train(&layout, NULL, COUNT, NULL, NULL, NULL, &model, &error), AEZ_INVALID_ARGUMENT, "records");
  CHECK_SAYS(aez_train(&layout, rows, COUNT, NULL, NULL, NULL, NULL, &error), AEZ_INVALID_ARGUMENT, "model");
  CHECK_STATUS(aez_train(&layout, rows, 0, NULL, NULL, NULL, &model, &error), AEZ_INVALID_ARGUMENT);
  CHECK_SAYS(aez_trainer_open(&layout, NULL, NULL, &error), AEZ_INVALID_ARGUMENT, "trainer");
  CHECK_SAYS(aez_trainer_append(NULL, rows, 1, &error), AEZ_INVALID_ARGUMENT, "trainer");
  CHECK_SAYS(aez_trainer_finish(NULL, NULL, NULL, &model, &error), AEZ_INVALID_ARGUMENT, "trainer");
  CHECK_STATUS(aez_trainer_open(&layout, NULL, &trainer, &error), AEZ_OK);
  CHECK_SAYS(aez_trainer_append(trainer, NULL, 1, &error), AEZ_INVALID_ARGUMENT, "records");
  CHECK_SAYS(aez_trainer_finish(trainer, NULL, NULL, NULL, &error), AEZ_INVALID_ARGUMENT, "model");
  aez_trainer_free(trainer);
  aez_trainer_free(NULL);
  aez_model_free(NULL);
  CHECK_SAYS(aez_model_load(NULL, 9, &model, &error), AEZ_INVALID_ARGUMENT, "bytes");
  CHECK_SAYS(aez_model_load(&layout, 9, NULL, &error), AEZ_INVALID_ARGUMENT, "model");
  CHECK_STATUS(aez_model_load(&layout, 0, &model, &error), AEZ_NOT_A_CONTAINER);
  CHECK_STATUS(aez_model_load(&layout, sizeof layout, &model, &error), AEZ_NOT_A_CONTAINER);
  CHECK_SAYS(aez_model_save(NULL, &out, sizeof out, &size, &error), AEZ_INVALID_ARGUMENT, "model");
  CHECK(size == 0);
  CHECK(aez_model_digest(NULL, (uint8_t *)&out) == AEZ_INVALID_ARGUMENT);
  CHECK(aez_model_shape(NULL, NULL, NULL, NULL) == AEZ_INVALID_ARGUMENT);
  CHECK_SAYS(aez_model_info(NULL, (char *)&out, 1, &size, &error), AEZ_INVALID_ARGUMENT, "model");
  good = train_linear(rows, COUNT);
  CHECK(aez_model_digest(good, NULL) == AEZ_INVALID_ARGUMENT);
  CHECK(aez_model_field(good, 0, NULL) == AEZ_INVALID_ARGUMENT);
  CHECK_SAYS(aez_model_save(good, NULL, 5, &size, &error), AEZ_INVALID_ARGUMENT, "bytes");
  CHECK_SAYS(aez_model_save(good, &out, 5, NULL, &error), AEZ_INVALID_ARGUMENT, "size");
  CHECK_SAYS(aez_model_encode(NULL, &layout, rows, 1, 1, latents, 8, &error), AEZ_INVALID_ARGUMENT, "model");
  CHECK_SAYS(aez_model_encode(good, NULL, rows, 1, 1, latents, 8, &error), AEZ_INVALID_ARGUMENT, "layout");
  CHECK_SAYS(aez_model_encode(good, &layout, NULL, 1, 1, latents, 8, &error), AEZ_INVALID_ARGUMENT, "records");
  CHECK_SAYS(aez_model_encode(good, &layout, rows, 1, 1, NULL, 8, &error), AEZ_INVALID_ARGUMENT, "latents");
  CHECK_SAYS(aez_model_encode(good, &layout, rows, 1, -1, latents, 8, &error), AEZ_INVALID_ARGUMENT, "threads");
  CHECK_SAYS(aez_model_encode(good, &layout, rows, UINT64_MAX, 1, latents, 8, &error), AEZ_INVALID_ARGUMENT, "record");
  CHECK_STATUS(aez_model_encode(good, &layout, rows, 1, 1, latents, 7, &error), AEZ_BUFFER_TOO_SMALL);
  CHECK_SAYS(aez_model_decode(good, &layout, NULL, 1, 1, &out, sizeof out, &error), AEZ_INVALID_ARGUMENT, "latents");
  CHECK_SAYS(aez_model_decode(good, &layout, latents, 1, 1, NULL, sizeof out, &error), AEZ_INVALID_ARGUMENT, "records");
  CHECK_STATUS(aez_model_decode(good, &layout, latents, 1, 1, &out, sizeof out - 1, &error), AEZ_BUFFER_TOO_SMALL);
  CHECK_SAYS(aez_model_score(good, &layout, rows, 1, 1, NULL, NULL, &error), AEZ_INVALID_ARGUMENT, "scores");
  CHECK_STATUS(aez_model_score(good, &layout, rows, 1, 1, &score, NULL, &error), AEZ_OK);
  CHECK_STATUS(aez_model_encode(good, &layout, NULL, 0, 1, latents, 8, &error), AEZ_OK);
  CHECK_SAYS(aez_model_reconstruct(good, &layout, rows, 1, 0, -1, 1, &out, sizeof out, &error), AEZ_INVALID_ARGUMENT,
             "iterations");
  CHECK_SAYS(aez_model_reconstruct(good, &layout, rows, 1, 0, 0, 1, NULL, sizeof out, &error), AEZ_INVALID_ARGUMENT,
             "restored");
  CHECK_SAYS(aez_model_sample(good, &layout, 1, 0, &out, sizeof out, &error), AEZ_INVALID_ARGUMENT, "variational");
  aez_model_free(good);
}

static void *use_model(void *argument) {
  static const size_t count = COUNT;
  const aez_model *model = (const aez_model *)argument;
  aez_layout layout = row_layout();
  double *scores = (double *)malloc(count * sizeof *scores);
  int round;
  for (round = 0; round < 5; round++)
    if (aez_model_score(model, &layout, rows, COUNT, round % 3, scores, NULL, NULL)) break;
  free(scores);
  return round == 5 ? NULL : argument;
}

static void is_shared_by_threads(void) {
  pthread_t threads[2];
  aez_model *model = train_linear(rows, COUNT);
  void *broken;
  int i;
  for (i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, use_model, model) == 0);
  for (i = 0; i < 2; i++) CHECK(pthread_join(threads[i], &broken) == 0 && broken == NULL);
  aez_model_free(model);
}

void test_models(void) {
  make_rows();
  RUN(describes_itself);
  RUN(keeps_its_bytes);
  RUN(applies_to_records);
  RUN(recommends);
  RUN(trains_every_kind);
  RUN(stops_when_told);
  RUN(draws_records);
  RUN(trains_on_parts);
  RUN(refuses_options);
  RUN(refuses_pointers);
  RUN(is_shared_by_threads);
}
