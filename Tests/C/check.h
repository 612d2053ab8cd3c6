/* Counting assertions, and the records that the contract tests share. */
#ifndef CHECK_H
#define CHECK_H

#include <aez.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Assertions so far. */
extern int passed, failed;

/* Runs one test; it passes if no assertion in it failed. */
void run_test(const char *name, void (*test)(void));
#define RUN(test) run_test(#test, test)

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (condition) {                                                          \
      passed++;                                                               \
    } else {                                                                  \
      failed++;                                                               \
      printf("%s:%d: %s: failed: %s\n", __FILE__, __LINE__, __func__, #condition); \
    }                                                                         \
  } while (0)

/* Checks a status; prints the message that came with another one. */
#define CHECK_STATUS(call, expected)                                              \
  do {                                                                            \
    aez_status got_ = (call);                                                     \
    if (got_ == (expected)) {                                                     \
      passed++;                                                                   \
    } else {                                                                      \
      failed++;                                                                   \
      printf("%s:%d: %s: %s gave %d (%s: %s), not %s\n", __FILE__, __LINE__, __func__, #call, (int)got_, \
             aez_status_text(got_), got_ == 0 ? "" : error.message, #expected);   \
    }                                                                             \
  } while (0)

/* A failure whose message says `part`. */
#define CHECK_SAYS(call, expected, part)                                                            \
  do {                                                                                              \
    CHECK_STATUS(call, expected);                                                                   \
    if (strstr(error.message, part)) {                                                              \
      passed++;                                                                                     \
    } else {                                                                                        \
      failed++;                                                                                     \
      printf("%s:%d: %s: \"%s\" does not say \"%s\"\n", __FILE__, __LINE__, __func__, error.message, part); \
    }                                                                                               \
  } while (0)

#define RECORDS 3000

typedef struct record {
  uint8_t kind;
  double time;
  float value;
  int64_t counter;
  uint16_t flags;
} record;

enum { KIND, TIME, VALUE, COUNTER, FLAGS, FIELDS };

extern const aez_field fields[FIELDS];

aez_layout test_layout(void);
aez_options test_options(void); /* 500 records a chunk */
void make_records(record *records, size_t count);

/* 0 if every field of `count` records is within its bound. */
int compare_records(const record *original, const record *restored, size_t count);

/* RECORDS records compressed with test_layout and test_options; malloc'ed, NULL on failure. */
unsigned char *test_container(size_t *size);

void test_arguments(void);
void test_round_trips(void);
void test_streams(void);
void test_latents(void);
void test_models(void);
void test_predicting(void);
void test_host(void);

#endif
