/* Wrong arguments: each is refused with AEZ_INVALID_ARGUMENT and a message that names it. */
#include "check.h"

#define REFUSED AEZ_INVALID_ARGUMENT

static void statuses_and_versions(void) {
  int status, other;
  CHECK(aez_version() == (AEZ_VERSION_MAJOR << 16 | AEZ_VERSION_MINOR << 8 | AEZ_VERSION_PATCH));
  CHECK(strcmp(aez_instruction_set(), "baseline") == 0 || strcmp(aez_instruction_set(), "avx2") == 0 ||
        strcmp(aez_instruction_set(), "avx512") == 0);
  for (status = AEZ_OK; status <= AEZ_CANCELLED; status++) {
    const char *text = aez_status_text(status);
    CHECK(text && text[0] && strcmp(text, aez_status_text(-1)) != 0);
    for (other = AEZ_OK; other < status; other++) CHECK(strcmp(text, aez_status_text(other)) != 0);
  }
  CHECK(strcmp(aez_status_text(AEZ_CANCELLED + 1), aez_status_text(INT32_MIN)) == 0);
}

/* Refuses a layout everywhere that takes one; the message says `part`. */
static void refuse_layout(const aez_layout *layout, const char *part) {
  static record one;
  aez_error error;
  size_t size = 77;
  unsigned char out[64];
  double low[FIELDS], high[FIELDS];
  int32_t started = 0;
  CHECK(aez_compress_bound(layout, 1, NULL) == 0);
  CHECK_SAYS(aez_compress(layout, &one, 1, NULL, out, sizeof out, &size, &error), REFUSED, part);
  CHECK(size == 0);
  CHECK(error.status == REFUSED && error.record == -1 && error.field == -1);
  CHECK_SAYS(aez_ranges(layout, &one, 1, &started, low, high, &error), REFUSED, part);
  CHECK(started == 0);
}

static void layouts(void) {
  char long_name[300];
  aez_field changed[FIELDS];
  aez_layout layout;
#define LAYOUT_WITH(change, part)             \
  do {                                        \
    memcpy(changed, fields, sizeof changed);  \
    layout = test_layout();                   \
    layout.fields = changed;                  \
    change;                                   \
    refuse_layout(&layout, part);             \
  } while (0)
  refuse_layout(NULL, "layout");
  LAYOUT_WITH(layout.struct_size = 0, "struct_size");
  LAYOUT_WITH(layout.struct_size -= 1, "struct_size");
  LAYOUT_WITH(layout.struct_size = SIZE_MAX, "struct_size");
  LAYOUT_WITH(layout.record_size = 0, "record size");
  LAYOUT_WITH(layout.record_size = (1 << 20) + 1, "record size");
  LAYOUT_WITH(layout.record_size = SIZE_MAX, "record size");
  LAYOUT_WITH(layout.field_count = 0, "field_count");
  LAYOUT_WITH(layout.field_count = 65536, "field_count");
  LAYOUT_WITH(layout.field_count = SIZE_MAX, "field_count");
  LAYOUT_WITH(layout.fields = NULL, "layout->fields");
  LAYOUT_WITH(changed[1].type = 0, "field 1");
  LAYOUT_WITH(changed[1].type = AEZ_U64 + 1, "field 1");
  LAYOUT_WITH(changed[1].type = 257, "field 1");
  LAYOUT_WITH(changed[2].bound_kind = 4, "field 2");
  LAYOUT_WITH(changed[1].bound = -1e-300, "field 1");
  LAYOUT_WITH(changed[1].bound = (double)1e308 * 10, "field 1");
  LAYOUT_WITH(changed[1].offset = sizeof(record) - 7, "field 1");
  LAYOUT_WITH(changed[1].offset = UINT64_MAX, "field 1");
  LAYOUT_WITH(changed[1].offset = changed[2].offset - 1, "overlap");
  LAYOUT_WITH(changed[3].name = "\xC3(", "field 3");
  LAYOUT_WITH(changed[3].name = "cut \xE2\x82", "field 3");
  memset(long_name, 'n', sizeof long_name);
  LAYOUT_WITH(changed[4].name = long_name, "field 4"); /* not even terminated */
  long_name[256] = 0;
  LAYOUT_WITH(changed[4].name = long_name, "field 4");
}

static void refuse_options(const aez_options *options, const char *part) {
  aez_layout layout = test_layout();
  static record one;
  aez_error error;
  size_t size;
  CHECK(aez_compress_bound(&layout, 1, options) == 0);
  CHECK_SAYS(aez_compress(&layout, &one, 1, options, NULL, 0, &size, &error), REFUSED, part);
}

static void options(void) {
  aez_options options;
  aez_options_init(NULL);
  memset(&options, 0xFF, sizeof options);
  aez_options_init(&options);
  CHECK(options.struct_size == sizeof options && options.level == 6 && options.threads == 0);
  CHECK(options.latents == AEZ_LATENTS_AUTO && options.reserved == 0 && options.chunk_records == 0);
  CHECK(options.metadata == NULL && options.metadata_size == 0);
#define OPTIONS_WITH(change, part)   \
  do {                               \
    aez_options_init(&options);      \
    change;                          \
    refuse_options(&options, part);  \
  } while (0)
  OPTIONS_WITH(options.struct_size = 0, "struct_size");
  OPTIONS_WITH(options.struct_size = offsetof(aez_options, model) - 8, "struct_size");
  OPTIONS_WITH(options.level = -1, "level");
  OPTIONS_WITH(options.level = 10, "level");
  OPTIONS_WITH(options.threads = -1, "threads");
  OPTIONS_WITH(options.latents = -2, "latents");
  OPTIONS_WITH(options.reserved = 1, "reserved");
  OPTIONS_WITH(options.chunk_records = UINT64_MAX, "chunk_records");
  OPTIONS_WITH(options.metadata_size = 1, "metadata");
  OPTIONS_WITH((options.metadata = "x", options.metadata_size = (16 << 20) + 1), "metadata_size");
  OPTIONS_WITH((options.metadata = "x", options.metadata_size = SIZE_MAX), "metadata_size");
}

static int32_t never(void *context, const void *bytes, size_t size) {
  (void)context, (void)bytes, (void)size;
  return 1;
}

/* NULL wherever a pointer is needed, and ranges and sizes that do not exist. */
static void pointers_and_sizes(void) {
  aez_layout layout = test_layout();
  aez_options options = test_options();
  aez_error error;
  static record some[2];
  unsigned char out[16];
  double low[FIELDS], high[FIELDS];
  size_t size = 1, field_count = 1, record_size = 1, missing[2] = {0, FIELDS};
  uint64_t record_count = 1;
  int32_t started = 0;
  const void *metadata = out;
  aez_writer *writer = (aez_writer *)out;
  aez_reader *reader = (aez_reader *)out;
  aez_field_info info;
  unsigned char *container = test_container(&size);
  size_t container_size = size;

  CHECK_SAYS(aez_compress(&layout, NULL, 1, NULL, out, sizeof out, &size, &error), REFUSED, "records");
  CHECK_SAYS(aez_compress(&layout, some, UINT64_MAX, NULL, out, sizeof out, &size, &error), REFUSED, "record");
  CHECK_SAYS(aez_compress(&layout, some, INT64_MAX / 8, NULL, out, sizeof out, &size, &error), REFUSED, "record");
  CHECK_SAYS(aez_compress(&layout, some, 2, NULL, NULL, 1, &size, &error), REFUSED, "container");
  CHECK_SAYS(aez_compress(&layout, some, 2, NULL, out, sizeof out, NULL, &error), REFUSED, "container_size");
  CHECK(aez_compress(&layout, NULL, 1, NULL, out, sizeof out, &size, NULL) == REFUSED);
  CHECK(aez_compress_bound(&layout, UINT64_MAX, NULL) == 0);
  CHECK(aez_compress_bound(&layout, INT64_MAX, NULL) == 0);

  CHECK_SAYS(aez_decompress(NULL, 10, 1, some, sizeof some, &record_count, &error), REFUSED, "container");
  CHECK(record_count == 0);
  CHECK_SAYS(aez_decompress(out, SIZE_MAX, 1, some, sizeof some, NULL, &error), REFUSED, "container");
  CHECK_SAYS(aez_decompress(container, container_size, -1, some, sizeof some, NULL, &error), REFUSED, "threads");

  CHECK_SAYS(aez_ranges(&layout, some, 2, NULL, low, high, &error), REFUSED, "started");
  CHECK_SAYS(aez_ranges(&layout, some, 2, &started, NULL, high, &error), REFUSED, "minima");
  CHECK_SAYS(aez_ranges(&layout, some, 2, &started, low, NULL, &error), REFUSED, "maxima");
  CHECK_SAYS(aez_ranges(&layout, NULL, 2, &started, low, high, &error), REFUSED, "records");

  CHECK_SAYS(aez_writer_open(&layout, &options, never, NULL, NULL, &error), REFUSED, "writer");
  CHECK_SAYS(aez_writer_open(&layout, &options, NULL, NULL, &writer, &error), REFUSED, "write");
  CHECK_SAYS(aez_writer_open_ranges(&layout, NULL, high, &options, never, NULL, &writer, &error), REFUSED, "minima");
  CHECK_SAYS(aez_writer_open_ranges(&layout, low, NULL, &options, never, NULL, &writer, &error), REFUSED, "maxima");
  CHECK(writer == NULL);
  CHECK_SAYS(aez_writer_append(NULL, some, 2, &error), REFUSED, "writer");
  CHECK_SAYS(aez_writer_finish(NULL, &error), REFUSED, "writer");
  aez_writer_free(NULL);

  CHECK_SAYS(aez_reader_open_memory(NULL, 10, &reader, &error), REFUSED, "container");
  CHECK(reader == NULL);
  CHECK_SAYS(aez_reader_open_memory(out, sizeof out, NULL, &error), REFUSED, "reader");
  CHECK_SAYS(aez_reader_open(NULL, NULL, 100, &reader, &error), REFUSED, "read");
  CHECK(aez_reader_shape(NULL, &record_count, &field_count, &record_size) == REFUSED);
  CHECK(record_count == 0 && field_count == 0 && record_size == 0);
  info.struct_size = sizeof info;
  CHECK(aez_reader_field(NULL, 0, &info) == REFUSED && info.name == NULL);
  CHECK(aez_reader_metadata(NULL, &metadata, &size) == REFUSED && metadata == NULL && size == 0);
  CHECK_SAYS(aez_reader_read(NULL, 0, 0, NULL, 0, 1, some, sizeof some, &error), REFUSED, "reader");
  CHECK_SAYS(aez_reader_verify(NULL, 1, &error), REFUSED, "reader");
  CHECK_SAYS(aez_reader_info(NULL, (char *)out, sizeof out, &size, &error), REFUSED, "reader");
  aez_reader_free(NULL);

  if (!container) {
    CHECK(container);
    return;
  }
  CHECK_STATUS(aez_reader_open_memory(container, container_size, &reader, &error), AEZ_OK);
  CHECK(aez_reader_shape(reader, NULL, NULL, NULL) == AEZ_OK);
  info.struct_size = sizeof info - 8;
  CHECK(aez_reader_field(reader, 0, &info) == REFUSED);
  info.struct_size = sizeof info;
  CHECK(aez_reader_field(reader, FIELDS, &info) == REFUSED && info.name == NULL);
  CHECK(aez_reader_field(reader, SIZE_MAX, &info) == REFUSED);
  CHECK(aez_reader_field(reader, 0, NULL) == REFUSED);
  CHECK(aez_reader_metadata(reader, NULL, &size) == REFUSED);
  CHECK(aez_reader_metadata(reader, &metadata, NULL) == REFUSED);
#define READ(first, count, fields, field_count, threads, records, capacity) \
  aez_reader_read(reader, first, count, fields, field_count, threads, records, capacity, &error)
  CHECK_SAYS(READ(RECORDS, 1, NULL, 0, 1, some, sizeof some), REFUSED, "3000");
  CHECK_SAYS(READ(UINT64_MAX, 2, NULL, 0, 1, some, sizeof some), REFUSED, "first");
  CHECK_SAYS(READ(1, UINT64_MAX, NULL, 0, 1, some, sizeof some), REFUSED, "count");
  CHECK_SAYS(READ(1, INT64_MAX, NULL, 0, 1, some, sizeof some), REFUSED, "3000");
  CHECK_SAYS(READ(0, 2, NULL, 0, -5, some, sizeof some), REFUSED, "threads");
  CHECK_SAYS(READ(0, 2, NULL, 0, 1, NULL, sizeof some), REFUSED, "records");
  CHECK_SAYS(READ(0, 2, NULL, 1, 1, some, sizeof some), REFUSED, "field_count");
  CHECK_SAYS(READ(0, 2, missing, 0, 1, some, sizeof some), REFUSED, "field_count");
  CHECK_SAYS(READ(0, 2, missing, SIZE_MAX, 1, some, sizeof some), REFUSED, "field_count");
  CHECK_SAYS(READ(0, 2, missing, 2, 1, some, sizeof some), REFUSED, "field 5");
  CHECK_STATUS(READ(0, 2, NULL, 0, 1, some, sizeof some - 1), AEZ_BUFFER_TOO_SMALL);
  CHECK_STATUS(READ(0, 2, NULL, 0, 1, NULL, 0), AEZ_BUFFER_TOO_SMALL);
  CHECK_STATUS(READ(RECORDS, 0, NULL, 0, 1, NULL, 0), AEZ_OK);
  CHECK_SAYS(aez_reader_verify(reader, -1, &error), REFUSED, "threads");
  CHECK_SAYS(aez_reader_info(reader, NULL, 5, &size, &error), REFUSED, "json");
  CHECK_SAYS(aez_reader_info(reader, (char *)out, sizeof out, NULL, &error), REFUSED, "size");
  aez_reader_free(reader);
  free(container);
}

void test_arguments(void) {
  RUN(statuses_and_versions);
  RUN(layouts);
  RUN(options);
  RUN(pointers_and_sizes);
}
