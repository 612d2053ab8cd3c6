/* One-shot compression and the reader's answers, on right and on damaged containers. */
#include "check.h"

#include <math.h>

static record records[RECORDS], restored[RECORDS];

static void one_shot(void) {
  aez_layout layout = test_layout();
  aez_options options = test_options();
  aez_error error;
  size_t bound, size = 0, needed = 0;
  uint64_t count = 0;
  unsigned char *container;

  make_records(records, RECORDS);
  bound = aez_compress_bound(&layout, RECORDS, &options);
  container = (unsigned char *)malloc(bound);
  memset(error.message, '?', sizeof error.message);
  CHECK_STATUS(aez_compress(&layout, records, RECORDS, &options, container, bound, &size, &error), AEZ_OK);
  CHECK(error.message[0] == '?'); /* success leaves the error alone */
  CHECK(size > 0 && size <= bound && size < sizeof records);

  /* Too small a buffer: the need is counted, whatever the capacity, and nothing is written beyond it. */
  CHECK_STATUS(aez_compress(&layout, records, RECORDS, &options, NULL, 0, &needed, &error), AEZ_BUFFER_TOO_SMALL);
  CHECK(needed == size);
  container[size / 2] = 0x5C;
  CHECK_STATUS(aez_compress(&layout, records, RECORDS, &options, container, size / 2, &needed, &error),
               AEZ_BUFFER_TOO_SMALL);
  CHECK(needed == size && container[size / 2] == 0x5C);
  CHECK_STATUS(aez_compress(&layout, records, RECORDS, &options, container, size - 1, &needed, &error),
               AEZ_BUFFER_TOO_SMALL);
  CHECK(needed == size);
  CHECK_STATUS(aez_compress(&layout, records, RECORDS, &options, container, size, &needed, &error), AEZ_OK);

  memset(restored, 0x55, sizeof restored);
  CHECK_STATUS(aez_decompress(container, size, 1, restored, sizeof restored, &count, &error), AEZ_OK);
  CHECK(count == RECORDS && compare_records(records, restored, RECORDS) == 0);
  {
    const unsigned char *bytes = (const unsigned char *)&restored[7];
    CHECK(bytes[1] == 0 && bytes[7] == 0 && bytes[sizeof(record) - 1] == 0); /* padding */
  }
  CHECK_STATUS(aez_decompress(container, size, 0, restored, sizeof restored - 1, &count, &error),
               AEZ_BUFFER_TOO_SMALL);
  CHECK(count == RECORDS);
  CHECK_STATUS(aez_decompress(container, size, 0, restored, SIZE_MAX, NULL, &error), AEZ_OK);
  free(container);
}

static void no_records(void) {
  aez_layout layout = test_layout();
  aez_error error;
  unsigned char container[4096];
  size_t size = 0;
  uint64_t count = 9;
  CHECK_STATUS(aez_compress(&layout, NULL, 0, NULL, container, sizeof container, &size, &error), AEZ_OK);
  CHECK(size <= aez_compress_bound(&layout, 0, NULL));
  CHECK_STATUS(aez_decompress(container, size, 0, NULL, 0, &count, &error), AEZ_OK);
  CHECK(count == 0);
}

/* A struct of a later version of the library is longer, and begins as ours does. */
static void longer_structs(void) {
  struct { aez_layout known; double later; } layout;
  struct { aez_options known; double later; } options;
  struct { aez_field_info known; double later; } info;
  aez_error error;
  aez_reader *reader = NULL;
  unsigned char *container = (unsigned char *)malloc(1 << 20);
  size_t size = 0;
  make_records(records, 100);
  layout.known = test_layout();
  layout.known.struct_size = sizeof layout;
  options.known = test_options();
  options.known.struct_size = sizeof options;
  layout.later = options.later = info.later = 42;
  CHECK_STATUS(aez_compress(&layout.known, records, 100, &options.known, container, 1 << 20, &size, &error), AEZ_OK);
  CHECK_STATUS(aez_reader_open_memory(container, size, &reader, &error), AEZ_OK);
  info.known.struct_size = sizeof info;
  CHECK(aez_reader_field(reader, TIME, &info.known) == AEZ_OK);
  CHECK(info.later == 42 && info.known.struct_size == sizeof info && info.known.type == AEZ_F64);
  aez_reader_free(reader);
  free(container);
}

static void reader_answers(void) {
  aez_layout layout = test_layout();
  aez_options options = test_options();
  aez_error error;
  aez_reader *reader = NULL;
  aez_field_info info;
  uint64_t count = 0;
  size_t size = 0, field_count = 0, record_size = 0, needed = 0, i, chosen[3] = {FLAGS, KIND, TIME};
  const void *metadata = NULL;
  unsigned char *container = (unsigned char *)malloc(1 << 20), packed[100 * 11];
  char json[1 << 14];
  static const size_t firsts[] = {0, 1, 499, 500, 777, 2999}, counts[] = {3000, 1, 2, 500, 1234, 1};

  options.metadata = "station\0 7";
  options.metadata_size = 10;
  make_records(records, RECORDS);
  CHECK_STATUS(aez_compress(&layout, records, RECORDS, &options, container, 1 << 20, &size, &error), AEZ_OK);
  CHECK_STATUS(aez_reader_open_memory(container, size, &reader, &error), AEZ_OK);
  if (!reader) return;
  CHECK(aez_reader_shape(reader, &count, &field_count, &record_size) == AEZ_OK);
  CHECK(count == RECORDS && field_count == FIELDS && record_size == sizeof(record));
  CHECK(aez_reader_metadata(reader, &metadata, &needed) == AEZ_OK && needed == 10);
  CHECK(metadata && memcmp(metadata, "station\0 7", 10) == 0);

  for (i = 0; i < FIELDS; i++) {
    info.struct_size = sizeof info;
    CHECK(aez_reader_field(reader, i, &info) == AEZ_OK);
    CHECK(strcmp(info.name, fields[i].name ? fields[i].name : "") == 0);
    CHECK(info.type == fields[i].type && info.offset == fields[i].offset);
    CHECK(info.bound_kind == fields[i].bound_kind && info.bound == fields[i].bound);
    CHECK(info.largest_error <= info.absolute_bound && info.rmse <= info.largest_error);
    CHECK(info.missing == (i == VALUE ? 1u : 0u));
  }
  info.struct_size = sizeof info;
  CHECK(aez_reader_field(reader, VALUE, &info) == AEZ_OK && info.minimum == 0 && info.maximum == 100);
  CHECK(fabs(info.absolute_bound - 0.1) < 1e-12);

  for (i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
    memset(restored, 0x55, sizeof restored);
    CHECK_STATUS(aez_reader_read(reader, firsts[i], counts[i], NULL, 0, 0, restored, sizeof restored, &error), AEZ_OK);
    CHECK(compare_records(records + firsts[i], restored, counts[i]) == 0);
  }
  /* Chosen fields, in the order given, packed: u16, u8, f64. */
  CHECK_STATUS(aez_reader_read(reader, 450, 100, chosen, 3, 1, packed, sizeof packed - 1, &error), AEZ_BUFFER_TOO_SMALL);
  CHECK_STATUS(aez_reader_read(reader, 450, 100, chosen, 3, 1, packed, sizeof packed, &error), AEZ_OK);
  for (i = 0; i < 100; i++) {
    uint16_t flags;
    double time;
    memcpy(&flags, packed + 11 * i, 2);
    memcpy(&time, packed + 11 * i + 3, 8);
    if (abs((int)flags - (int)records[450 + i].flags) > 2 || packed[11 * i + 2] != records[450 + i].kind ||
        fabs(time - records[450 + i].time) > 1e-3)
      break;
  }
  CHECK(i == 100);

  CHECK_STATUS(aez_reader_verify(reader, 2, &error), AEZ_OK);
  CHECK_STATUS(aez_reader_info(reader, NULL, 0, &needed, &error), AEZ_BUFFER_TOO_SMALL);
  CHECK(needed > 2 && needed <= sizeof json);
  CHECK_STATUS(aez_reader_info(reader, json, needed - 1, &size, &error), AEZ_BUFFER_TOO_SMALL);
  CHECK(size == needed);
  CHECK_STATUS(aez_reader_info(reader, json, sizeof json, &size, &error), AEZ_OK);
  CHECK(size == needed && strlen(json) + 1 == size && json[0] == '{' && strstr(json, "v\xC3\xA4lue"));
  aez_reader_free(reader);
  free(container);
}

static void damaged(void) {
  aez_error error;
  aez_reader *reader = (aez_reader *)&error;
  size_t size = 0, cut;
  uint64_t count = 3;
  aez_status status;
  unsigned char *container = test_container(&size);
  if (!container) return;
  CHECK_STATUS(aez_decompress("not a container at all, but text", 32, 1, restored, sizeof restored, &count, &error),
               AEZ_NOT_A_CONTAINER);
  CHECK(count == 0 && strlen(error.message) > 0 && error.record == -1);
  CHECK_STATUS(aez_reader_open_memory(container, 0, &reader, &error), AEZ_NOT_A_CONTAINER);
  CHECK(reader == NULL);
  for (cut = 1; cut < size; cut += 61) {
    status = aez_decompress(container, cut, 1, restored, sizeof restored, &count, &error);
    CHECK((status == AEZ_TRUNCATED || status == AEZ_CORRUPTED) && count == 0);
  }
  container[size / 2] ^= 1;
  CHECK_STATUS(aez_decompress(container, size, 2, restored, sizeof restored, &count, &error), AEZ_CORRUPTED);
  CHECK_STATUS(aez_reader_open_memory(container, size, &reader, &error), AEZ_OK); /* only the index is read */
  CHECK_STATUS(aez_reader_verify(reader, 1, &error), AEZ_CORRUPTED);
  aez_reader_free(reader);
  free(container);
}

/* A small container, cut at every length and with every bit flipped: always an error, of one of the kinds that say
 * so, and never records. */
static void every_small_damage(void) {
  aez_layout layout = test_layout();
  aez_options options = test_options();
  aez_error error;
  unsigned char container[8192], damage[8192];
  size_t size = 0, cut, bit;
  uint64_t count;
  aez_status status;
  options.metadata = "note";
  options.metadata_size = 4;
  options.chunk_records = 20;
  make_records(records, 50);
  CHECK_STATUS(aez_compress(&layout, records, 50, &options, container, sizeof container, &size, &error), AEZ_OK);
  for (cut = 0; cut < size; cut++) {
    /* Exactly as much memory as is declared, so that the address sanitizer sees a byte too many being read. */
    unsigned char *part = (unsigned char *)malloc(cut + (cut == 0));
    memcpy(part, container, cut);
    status = aez_decompress(part, cut, 1, restored, sizeof restored, &count, &error);
    if (status == AEZ_OK || status > AEZ_MODEL_MISMATCH || count != 0) break;
    free(part);
  }
  CHECK(cut == size);
  if (cut < size) printf("cut to %lu of %lu bytes: status %d\n", (unsigned long)cut, (unsigned long)size, (int)status);
  for (bit = 0; bit < 8 * size; bit++) {
    memcpy(damage, container, size);
    damage[bit / 8] ^= (unsigned char)(1u << bit % 8);
    status = aez_decompress(damage, size, 1, restored, sizeof restored, &count, &error);
    if (status == AEZ_OK || status == AEZ_INVALID_ARGUMENT || status > AEZ_MODEL_MISMATCH || count != 0) {
      printf("bit %lu of byte %lu of %lu: status %d\n", (unsigned long)bit % 8, (unsigned long)bit / 8,
             (unsigned long)size, (int)status);
      break;
    }
  }
  CHECK(bit == 8 * size);
}

void test_round_trips(void) {
  RUN(one_shot);
  RUN(no_records);
  RUN(longer_structs);
  RUN(reader_answers);
  RUN(damaged);
  RUN(every_small_damage);
}
