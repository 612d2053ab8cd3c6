/* What the library owes its host: threads, the floating-point state, and the same bytes whatever both are. */
#include "check.h"

#include <pthread.h>

static record records[RECORDS];
static unsigned char *container;
static size_t size;

typedef struct job {
  const aez_reader *reader;
  int failures;
} job;

static void *read_and_compress(void *argument) {
  job *mine = (job *)argument;
  aez_layout layout = test_layout();
  aez_options options = test_options();
  record *restored = (record *)malloc(sizeof records);
  unsigned char *again = (unsigned char *)malloc(1 << 20);
  int round;
  for (round = 0; round < 5; round++) {
    size_t got = 0, first = (size_t)round * 37;
    if (aez_reader_read(mine->reader, first, RECORDS - first, NULL, 0, round % 3, restored, sizeof records, NULL) ||
        compare_records(records + first, restored, RECORDS - first))
      mine->failures++;
    options.threads = round;
    if (aez_compress(&layout, records, RECORDS, &options, again, 1 << 20, &got, NULL) ||
        got != size || memcmp(again, container, size) != 0)
      mine->failures++;
  }
  free(again);
  free(restored);
  return NULL;
}

static void two_threads(void) {
  pthread_t threads[2];
  job jobs[2];
  aez_error error;
  aez_reader *reader = NULL;
  int i;
  CHECK_STATUS(aez_reader_open_memory(container, size, &reader, &error), AEZ_OK);
  if (!reader) return;
  for (i = 0; i < 2; i++) {
    jobs[i].reader = reader;
    jobs[i].failures = 0;
    CHECK(pthread_create(&threads[i], NULL, read_and_compress, &jobs[i]) == 0);
  }
  for (i = 0; i < 2; i++) {
    CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(jobs[i].failures == 0);
  }
  aez_reader_free(reader);
}

static void thread_counts(void) {
  static const int32_t counts[] = {0, 1, 2, 7, 100000};
  aez_layout layout = test_layout();
  aez_options options = test_options();
  aez_error error;
  unsigned char *again = (unsigned char *)malloc(1 << 20);
  record *restored = (record *)malloc(sizeof records);
  size_t i, got;
  for (i = 0; i < sizeof counts / sizeof counts[0]; i++) {
    options.threads = counts[i];
    CHECK_STATUS(aez_compress(&layout, records, RECORDS, &options, again, 1 << 20, &got, &error), AEZ_OK);
    CHECK(got == size && memcmp(again, container, size) == 0);
    CHECK_STATUS(aez_decompress(container, size, counts[i], restored, sizeof records, NULL, &error), AEZ_OK);
    CHECK(compare_records(records, restored, RECORDS) == 0);
  }
  free(restored);
  free(again);
}

#if defined(__x86_64__)
#include <xmmintrin.h>
/* Flush to zero, denormals are zero, round up, and every exception a trap. */
static unsigned long hostile(void) {
  unsigned int control = 0x8040 | 0x4000;
  _mm_setcsr(control);
  return control;
}
static unsigned long state(void) { return _mm_getcsr(); }
static void usual(void) { _mm_setcsr(0x1F80); }
#elif defined(__aarch64__)
static unsigned long state(void) {
  unsigned long value;
  __asm__ volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}
static unsigned long hostile(void) {
  __asm__ volatile("msr fpcr, %0" : : "r"(0x1400000UL));
  return state();
}
static void usual(void) { __asm__ volatile("msr fpcr, %0" : : "r"(0UL)); }
#endif

/* The host's rounding mode changes neither a byte nor a value, and is the host's again afterwards. */
static void floating_point_state(void) {
  aez_layout layout = test_layout();
  aez_options options = test_options();
  aez_reader *reader = NULL;
  unsigned char *again = (unsigned char *)malloc(1 << 20);
  record *plain = (record *)malloc(sizeof records), *strange = (record *)malloc(sizeof records);
  char json[1 << 14];
  size_t got = 0, text = 0;
  int32_t threads;
  aez_status compressed, decompressed, refused, opened, described, verified;
  for (threads = 1; threads <= 2; threads++) {
    unsigned long before, after;
    options.threads = threads;
    CHECK(aez_decompress(container, size, 1, plain, sizeof records, NULL, NULL) == AEZ_OK);
    before = hostile();
    compressed = aez_compress(&layout, records, RECORDS, &options, again, 1 << 20, &got, NULL);
    decompressed = aez_decompress(container, size, threads, strange, sizeof records, NULL, NULL);
    refused = aez_decompress(container, size / 2, threads, strange, 0, NULL, NULL);
    opened = aez_reader_open_memory(container, size, &reader, NULL);
    described = aez_reader_info(reader, json, sizeof json, &text, NULL);
    verified = aez_reader_verify(reader, threads, NULL);
    after = state();
    usual();
    aez_reader_free(reader);
    CHECK(compressed == AEZ_OK && got == size && memcmp(again, container, size) == 0);
    CHECK(decompressed == AEZ_OK && memcmp(plain, strange, sizeof records) == 0);
    CHECK(refused != AEZ_OK && opened == AEZ_OK && described == AEZ_OK && verified == AEZ_OK);
    CHECK(before == after);
  }
  free(strange);
  free(plain);
  free(again);
}

static void has_a_container(void) {
  container = test_container(&size);
  CHECK(container);
}

void test_host(void) {
  RUN(has_a_container);
  if (!container) return;
  make_records(records, RECORDS);
  RUN(two_threads);
  RUN(thread_counts);
  RUN(floating_point_state);
  free(container);
}
