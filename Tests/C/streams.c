/* The streaming writer and the reader behind callbacks, and callbacks that fail. */
#include "check.h"

/* A file in memory that fails when it should. */
typedef struct file {
  unsigned char *bytes;
  size_t size, capacity;
  long calls_until_failure; /* -1: never */
} file;

static int32_t write_file(void *context, const void *bytes, size_t size) {
  file *f = (file *)context;
  if (f->calls_until_failure == 0 || size > f->capacity - f->size) return 5;
  if (f->calls_until_failure > 0) f->calls_until_failure--;
  memcpy(f->bytes + f->size, bytes, size);
  f->size += size;
  return 0;
}

static int32_t read_file(void *context, uint64_t offset, void *bytes, size_t size) {
  file *f = (file *)context;
  if (f->calls_until_failure == 0 || offset > f->size || size > f->size - offset) return -1;
  if (f->calls_until_failure > 0) f->calls_until_failure--;
  memcpy(bytes, f->bytes + offset, size);
  return 0;
}

static record records[RECORDS], restored[RECORDS];
static unsigned char storage[1 << 20];
static file empty_file(void) {
  file f = {storage, 0, sizeof storage, -1};
  return f;
}

/* test_layout with the relative bound made absolute, by way of aez_ranges over two batches. */
static aez_layout absolute_layout(aez_field absolute[FIELDS]) {
  aez_layout layout = test_layout();
  double low[FIELDS], high[FIELDS];
  int32_t started = 0;
  aez_error error;
  make_records(records, RECORDS);
  CHECK_STATUS(aez_ranges(&layout, records, 1000, &started, low, high, &error), AEZ_OK);
  CHECK(started == 1);
  CHECK_STATUS(aez_ranges(&layout, records + 1000, RECORDS - 1000, &started, low, high, &error), AEZ_OK);
  CHECK(low[VALUE] == 0 && high[VALUE] == 100 && low[KIND] == 0 && high[KIND] == 2);
  CHECK(low[TIME] == 1e6 && high[TIME] == 1e6 + 0.25 * (RECORDS - 1));
  memcpy(absolute, fields, FIELDS * sizeof *fields);
  absolute[VALUE].bound_kind = AEZ_ABSOLUTE;
  absolute[VALUE].bound *= high[VALUE] - low[VALUE];
  layout.fields = absolute;
  return layout;
}

static void no_finite_values(void) {
  aez_field field = {"x", AEZ_F64, AEZ_EXACT, 0, 0};
  aez_layout layout = {sizeof layout, 8, 1, &field};
  double values[2] = {0, 0}, low = 0, high = 0;
  int32_t started = 0;
  aez_error error;
  memset(values, 0xFF, sizeof values); /* NaNs */
  CHECK_STATUS(aez_ranges(&layout, values, 2, &started, &low, &high, &error), AEZ_OK);
  CHECK(low > high);
  CHECK_STATUS(aez_ranges(&layout, NULL, 0, &started, &low, &high, &error), AEZ_OK);
  CHECK(low > high);
}

/* Writes in batches of uneven size, reads all and a part back through callbacks. */
static void stream_round_trip(void) {
  aez_field absolute[FIELDS];
  aez_layout layout = absolute_layout(absolute);
  aez_options options = test_options();
  aez_error error;
  aez_writer *writer = NULL;
  aez_reader *reader = NULL;
  file f = empty_file();
  size_t done = 0, batch = 1, used;
  options.metadata = "m";
  options.metadata_size = 1;
  CHECK_STATUS(aez_writer_open(&layout, &options, write_file, &f, &writer, &error), AEZ_OK);
  memset(absolute, 0xFF, sizeof absolute); /* it was copied */
  CHECK_STATUS(aez_writer_append(writer, NULL, 0, &error), AEZ_OK);
  while (done < RECORDS) {
    if (batch > RECORDS - done) batch = RECORDS - done;
    CHECK_STATUS(aez_writer_append(writer, records + done, batch, &error), AEZ_OK);
    done += batch;
    batch = batch * 2 + 1;
  }
  CHECK_STATUS(aez_writer_finish(writer, &error), AEZ_OK);
  used = f.size;
  CHECK_STATUS(aez_writer_append(writer, records, 1, &error), AEZ_INVALID_ARGUMENT);
  CHECK_STATUS(aez_writer_finish(writer, &error), AEZ_INVALID_ARGUMENT);
  aez_writer_free(writer);
  CHECK(f.size == used && used < sizeof records);

  CHECK_STATUS(aez_reader_open(read_file, &f, f.size, &reader, &error), AEZ_OK);
  CHECK_STATUS(aez_reader_read(reader, 0, RECORDS, NULL, 0, 1, restored, sizeof restored, &error), AEZ_OK);
  CHECK(compare_records(records, restored, RECORDS) == 0);
  CHECK_STATUS(aez_reader_read(reader, 1499, 3, NULL, 0, 1, restored, sizeof restored, &error), AEZ_OK);
  CHECK(compare_records(records + 1499, restored, 3) == 0);

  /* A read that fails is reported, and harms neither the reader nor later reads. */
  f.calls_until_failure = 0;
  CHECK_STATUS(aez_reader_read(reader, 0, 10, NULL, 0, 1, restored, sizeof restored, &error), AEZ_IO);
  CHECK_STATUS(aez_reader_verify(reader, 1, &error), AEZ_IO);
  f.calls_until_failure = -1;
  CHECK_STATUS(aez_reader_read(reader, 0, 10, NULL, 0, 1, restored, sizeof restored, &error), AEZ_OK);
  aez_reader_free(reader);

  f.calls_until_failure = 0;
  reader = (aez_reader *)&f;
  CHECK_STATUS(aez_reader_open(read_file, &f, f.size, &reader, &error), AEZ_IO);
  CHECK(reader == NULL);
  f.calls_until_failure = -1;
  CHECK_STATUS(aez_reader_open(read_file, &f, 0, &reader, &error), AEZ_NOT_A_CONTAINER);
}

/* Fails at every call of the write callback in turn; afterwards the writer fails the same way. */
static void failing_writes(void) {
  aez_field absolute[FIELDS];
  aez_layout layout = absolute_layout(absolute);
  aez_options options = test_options();
  aez_error error;
  long calls;
  for (calls = 0; calls < 1000; calls++) {
    aez_writer *writer = NULL;
    file f = empty_file();
    aez_status status;
    f.calls_until_failure = calls;
    status = aez_writer_open(&layout, &options, write_file, &f, &writer, &error);
    if (status == AEZ_OK) status = aez_writer_append(writer, records, RECORDS, &error);
    if (status == AEZ_OK) status = aez_writer_finish(writer, &error);
    if (status == AEZ_OK) {
      aez_writer_free(writer);
      break;
    }
    CHECK_STATUS(status, AEZ_IO);
    if (status != AEZ_IO) calls = 1000; /* once is enough */
    if (writer) {
      f.calls_until_failure = -1;
      CHECK_STATUS(aez_writer_append(writer, records, 1, &error), AEZ_IO);
      CHECK_STATUS(aez_writer_finish(writer, &error), AEZ_IO);
    }
    aez_writer_free(writer);
  }
  CHECK(calls > 0 && calls < 1000);
}

static void refused_streams(void) {
  aez_field absolute[FIELDS];
  aez_layout layout = test_layout();
  aez_options options = test_options();
  aez_error error;
  aez_writer *writer = (aez_writer *)&error;
  file f = empty_file();
  CHECK_SAYS(aez_writer_open(&layout, &options, write_file, &f, &writer, &error), AEZ_INVALID_ARGUMENT, "relative");
  CHECK(writer == NULL && f.size == 0);
  {
    /* With ranges it is not refused. */
    double low[FIELDS], high[FIELDS];
    for (size_t i = 0; i < FIELDS; i++) {
      low[i] = -1;
      high[i] = 3;
    }
    CHECK_STATUS(aez_writer_open_ranges(&layout, low, high, &options, write_file, &f, &writer, &error), AEZ_OK);
    CHECK(writer != NULL && f.size > 0);
    aez_writer_free(writer); /* never finished */
    f.size = 0;
  }

  /* A refused batch would be missing from the file: the writer does not go on without it. */
  layout = absolute_layout(absolute);
  CHECK_STATUS(aez_writer_open(&layout, &options, write_file, &f, &writer, &error), AEZ_OK);
  CHECK_STATUS(aez_writer_append(writer, NULL, 1, &error), AEZ_INVALID_ARGUMENT);
  CHECK_SAYS(aez_writer_finish(writer, &error), AEZ_INVALID_ARGUMENT, "records");
  aez_writer_free(writer); /* never finished */
}

void test_streams(void) {
  RUN(no_finite_values);
  RUN(stream_round_trip);
  RUN(failing_writes);
  RUN(refused_streams);
}
