/* Compresses an array of C structs, reads a range of it back, and meets an error.
 *
 *     cc -std=c99 sample.c $(pkg-config --cflags --libs aez) -lm -o sample && ./sample
 *
 * The exit code is 0 only if everything came back within its bound. */
#include <aez.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record: mixed types, with padding after `station` and `alarm`. */
typedef struct reading {
  double time;       /* seconds; to be kept within a microsecond */
  uint16_t station;  /* an identifier; every bit counts */
  float temperature; /* within 0.01 K */
  float pressure;    /* within 1/1000 of its range */
  int8_t alarm;
} reading;

#define RECORDS 20000

static int fail(const char *doing, aez_status status, const aez_error *error) {
  fprintf(stderr, "sample: %s: %s: %s\n", doing, aez_status_text(status), error->message);
  return EXIT_FAILURE;
}

static void measure(reading *readings) {
  size_t i;
  for (i = 0; i < RECORDS; i++) {
    double day = (double)i / 1440.0;
    readings[i].time = 1.7e9 + 60.0 * (double)i;
    readings[i].station = (uint16_t)(i % 7);
    readings[i].temperature = (float)(285.0 + 8.0 * sin(6.2831853 * day) + 0.01 * (double)(i % 13));
    readings[i].pressure = (float)(1013.0 + 12.0 * cos(0.9 * day));
    readings[i].alarm = (int8_t)(i % 1000 == 0 ? -1 : 0);
  }
}

int main(void) {
  static const aez_field fields[] = {
      {"time", AEZ_F64, AEZ_ABSOLUTE, 1e-6, offsetof(reading, time)},
      {"station", AEZ_U16, AEZ_EXACT, 0, offsetof(reading, station)},
      {"temperature", AEZ_F32, AEZ_ABSOLUTE, 0.01, offsetof(reading, temperature)},
      {"pressure", AEZ_F32, AEZ_RELATIVE, 1e-3, offsetof(reading, pressure)},
      {"alarm", AEZ_I8, AEZ_EXACT, 0, offsetof(reading, alarm)},
  };
  const size_t field_count = sizeof fields / sizeof fields[0];
  const size_t first = 5000, count = 100;
  aez_layout layout = {sizeof layout, sizeof(reading), 0, fields};
  aez_options options;
  aez_error error;
  aez_status status;
  aez_reader *reader = NULL;
  reading *readings = (reading *)calloc(RECORDS, sizeof(reading));
  reading *restored = (reading *)calloc(count, sizeof(reading));
  unsigned char *container;
  size_t capacity, size = 0, i;
  double largest = 0;

  /* Compress into a buffer of our own; the bound says how large it can get. */
  layout.field_count = field_count;
  aez_options_init(&options);
  options.chunk_records = 4096;
  capacity = aez_compress_bound(&layout, RECORDS, &options);
  container = (unsigned char *)malloc(capacity);
  if (!readings || !restored || !container) return EXIT_FAILURE;
  measure(readings);
  status = aez_compress(&layout, readings, RECORDS, &options, container, capacity, &size, &error);
  if (status != AEZ_OK) return fail("compress", status, &error);
  printf("%lu bytes of records, %lu bytes of container: ratio %.1f\n",
         (unsigned long)(RECORDS * sizeof(reading)), (unsigned long)size,
         (double)(RECORDS * sizeof(reading)) / (double)size);

  /* Read records 5000 ..< 5100 back; only the chunks that hold them are decoded. */
  status = aez_reader_open_memory(container, size, &reader, &error);
  if (status != AEZ_OK) return fail("open", status, &error);
  status = aez_reader_read(reader, first, count, NULL, 0, 1, restored, count * sizeof(reading), &error);
  if (status != AEZ_OK) return fail("read", status, &error);
  for (i = 0; i < count; i++) {
    const reading *was = &readings[first + i], *is = &restored[i];
    double off = fabs((double)is->temperature - (double)was->temperature);
    if (off > largest) largest = off;
    if (is->station != was->station || is->alarm != was->alarm || fabs(is->time - was->time) > 1e-6) {
      fprintf(stderr, "sample: record %lu came back different\n", (unsigned long)(first + i));
      return EXIT_FAILURE;
    }
  }
  printf("largest temperature error in records %lu ..< %lu: %g (bound 0.01)\n", (unsigned long)first,
         (unsigned long)(first + count), largest);
  if (largest > 0.01) return EXIT_FAILURE;

  /* What the container itself says of every field. */
  for (i = 0; i < field_count; i++) {
    aez_field_info info;
    info.struct_size = sizeof info;
    if (aez_reader_field(reader, i, &info) != AEZ_OK) return EXIT_FAILURE;
    printf("  %-12s largest error %-12g of %g\n", info.name, info.largest_error, info.absolute_bound);
    if (info.largest_error > info.absolute_bound) return EXIT_FAILURE;
  }
  aez_reader_free(reader);

  /* An error: one damaged byte is found, and said so. */
  container[size / 2] ^= 0x40;
  status = aez_decompress(container, size, 1, readings, RECORDS * sizeof(reading), NULL, &error);
  if (status != AEZ_CORRUPTED) {
    fprintf(stderr, "sample: a damaged byte was not found\n");
    return EXIT_FAILURE;
  }
  printf("as expected: %s\n", error.message);

  free(container);
  free(restored);
  free(readings);
  return EXIT_SUCCESS;
}
