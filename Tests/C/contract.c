/* The contract of aez.h, seen from C: runs every group, prints the assertions that failed and the counts. */
#include "check.h"

#include <math.h>
#include <stddef.h>

int passed, failed;
static int tests_passed, tests_failed;

void run_test(const char *name, void (*test)(void)) {
  int failed_before = failed, passed_before = passed;
  test();
  if (failed == failed_before && passed > passed_before) {
    tests_passed++;
  } else {
    tests_failed++;
    printf("FAILED: %s\n", name);
  }
}

const aez_field fields[FIELDS] = {
    {"kind", AEZ_U8, AEZ_EXACT, 0, offsetof(record, kind)},
    {"time", AEZ_F64, AEZ_ABSOLUTE, 1e-3, offsetof(record, time)},
    {"v\xC3\xA4lue", AEZ_F32, AEZ_RELATIVE, 1e-3, offsetof(record, value)},
    {"counter", AEZ_I64, AEZ_ABSOLUTE, 0, offsetof(record, counter)},
    {NULL, AEZ_U16, AEZ_ABSOLUTE, 2, offsetof(record, flags)},
};

aez_layout test_layout(void) {
  aez_layout layout = {sizeof layout, sizeof(record), FIELDS, fields};
  return layout;
}

aez_options test_options(void) {
  aez_options options;
  aez_options_init(&options);
  options.chunk_records = 500;
  return options;
}

/* `value` runs from 0 to 100, so that its relative bound of 1e-3 is 0.1. */
void make_records(record *records, size_t count) {
  size_t i;
  memset(records, 0xAA, count * sizeof *records); /* padding that must not come back */
  for (i = 0; i < count; i++) {
    records[i].kind = (uint8_t)(i % 3);
    records[i].time = 1e6 + 0.25 * (double)i;
    records[i].value = (float)(50.0 + 50.0 * sin((double)i * 0.1));
    records[i].counter = INT64_MIN / 2 + (int64_t)i * 1000003;
    records[i].flags = (uint16_t)(i * 7919u);
  }
  if (count > 2) {
    records[0].value = 0;
    records[1].value = 100;
    records[2].value = NAN;
  }
}

int compare_records(const record *original, const record *restored, size_t count) {
  size_t i;
  for (i = 0; i < count; i++) {
    const record *a = &original[i], *b = &restored[i];
    /* The range is 100 (or less, for part of the records): 0.1 is the bound, and one rounding of the test's. */
    int value = memcmp(&a->value, &b->value, 4) == 0 || fabs((double)a->value - (double)b->value) <= 0.1 + 1e-9;
    if (a->kind != b->kind || a->counter != b->counter || !(fabs(a->time - b->time) <= 1e-3) || !value ||
        abs((int)a->flags - (int)b->flags) > 2) {
      printf("record %lu: kind %d %d, time %.17g %.17g, value %g %g, counter %lld %lld, flags %d %d\n",
             (unsigned long)i, a->kind, b->kind, a->time, b->time, (double)a->value, (double)b->value,
             (long long)a->counter, (long long)b->counter, a->flags, b->flags);
      return 1;
    }
  }
  return 0;
}

unsigned char *test_container(size_t *size) {
  static record records[RECORDS];
  aez_layout layout = test_layout();
  aez_options options = test_options();
  size_t capacity = aez_compress_bound(&layout, RECORDS, &options);
  unsigned char *container = (unsigned char *)malloc(capacity);
  aez_error error;
  make_records(records, RECORDS);
  if (aez_compress(&layout, records, RECORDS, &options, container, capacity, size, &error) == AEZ_OK)
    return container;
  printf("no container to test with: %s\n", error.message);
  free(container);
  return NULL;
}

/* The bytes of a container, so that runs with other kernels can be compared. */
static void print_checksum(void) {
  size_t size = 0, i;
  unsigned char *container = test_container(&size);
  uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a */
  for (i = 0; i < size; i++) hash = (hash ^ container[i]) * 0x100000001B3u;
  printf("container: %lu bytes, checksum %08lx%08lx\n", (unsigned long)size, (unsigned long)(hash >> 32),
         (unsigned long)(hash & 0xFFFFFFFFu));
  free(container);
}

int main(void) {
  test_arguments();
  test_round_trips();
  test_streams();
  test_latents();
  test_models();
  test_predicting();
  test_host();
  print_checksum();
  printf("%s: %d assertions held, %d did not\n", aez_instruction_set(), passed, failed);
  printf("%d passed, %d failed\n", tests_passed, tests_failed);
  return tests_failed == 0 && tests_passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
