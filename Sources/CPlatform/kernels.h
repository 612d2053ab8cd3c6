/* The kernels: what runs on 64 records at a time, a record a lane. One Swift source, three instruction sets, equal bits.
 * All vectors hold 64 elements and are 64-byte aligned unless a comment says otherwise. */
#pragma once
#include <stdint.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

/* Running statistics of one field, a lane each. */
typedef struct aezk_stats_f32 { float largest[64], squares[64]; } aezk_stats_f32;
typedef struct aezk_stats_f64 { double largest[64], squares[64]; } aezk_stats_f64;

/* Where the records of a block's lanes lie among `records` records: lane 0's at `first` (may be negative), each next
 * `strand` records on, or one more after the first `longer` lanes. The lanes' values lie from element `row` on. The records
 * of the `blocks` that follow, gathered too, come one after the other. */
typedef struct aezk_places { long records, record_size, first, strand, longer, lanes, row, blocks; } aezk_places;

/* A field of records, and the values that go there or come from there: float for f32 and integers of 8 and 16 bits, else
 * double. 64-bit integers are relative to `origin`. */
typedef struct aezk_cell { void *values; long offset; int64_t origin; } aezk_cell;

/* Bits that do not fill a byte yet, the first one lowest. */
typedef struct aezk_bits { uint64_t pending; long count; } aezk_bits;

/* A prefix code of deflate's: what the bits of each index begin with (a length, 64 times the number of literals, and from
 * bit 8 on these; 0 if there are none), how many codes have each length, and the symbols in the order of their codes. */
typedef struct aezk_prefix { uint32_t table[2048]; uint16_t counts[16], symbols[264]; } aezk_prefix;

/* What splits a leaf of a tree; see `best_split`. */
typedef struct aezk_split { double whole, apart, gain; long bin; } aezk_split;

/* Four numbers anywhere. */
typedef long aezk_counts4 __attribute__((ext_vector_type(4), aligned(8)));

/* out = a + b, counts of symbols; there is room for a multiple of four */
static inline void aezk_add_counts(long *out, const long *a, const long *b, long count) {
  for (long i = 0; i < count; i += 4)
    *(aezk_counts4 *)(out + i) = *(const aezk_counts4 *)(a + i) + *(const aezk_counts4 *)(b + i);
}

/* out += counts that are whole numbers as floats */
static inline void aezk_add_whole(long *out, const float *counts, long count) {
  for (long i = 0; i < count; i++) out[i] += (long)counts[i];
}

/* Asks for the line of the cache that holds `place`, which need not be memory of ours. */
static inline void aezk_prefetch(const void *place) { __builtin_prefetch(place); }

/* The same for a row, 64 numbers of four bytes: for rows of more streams than the processor foresees. */
static inline void aezk_prefetch_row(const void *row) {
  const char *line = (const char *)row;
  __builtin_prefetch(line);
  __builtin_prefetch(line + 64);
  __builtin_prefetch(line + 128);
  __builtin_prefetch(line + 192);
}

/* Numbers in the range of the integers, without their fractions. (Swift checks the range of each.) */
typedef float aezk_float4 __attribute__((ext_vector_type(4)));
typedef double aezk_double4 __attribute__((ext_vector_type(4)));
typedef int32_t aezk_int4 __attribute__((ext_vector_type(4)));
typedef int64_t aezk_long4 __attribute__((ext_vector_type(4)));
static inline aezk_int4 aezk_integers_f32(aezk_float4 x) { return __builtin_convertvector(x, aezk_int4); }
static inline aezk_long4 aezk_integers_f64(aezk_double4 x) { return __builtin_convertvector(x, aezk_long4); }

#ifdef __AVX512F__
/* v * x[0]. The multiplication itself takes the number to all lanes: compilers do that once for several, by an instruction
 * that keeps 512-bit units of Zen 4 as busy as a multiplication does. */
typedef float aezk_float16 __attribute__((ext_vector_type(16)));
static inline __attribute__((always_inline)) aezk_float16 aezk_times(aezk_float16 v, const float *x) {
  aezk_float16 product;
  __asm__("vmulps %2%{1to16%}, %1, %0" : "=v"(product) : "v"(v), "m"(*x));
  return product;
}
typedef double aezk_double8 __attribute__((ext_vector_type(8)));
static inline __attribute__((always_inline)) aezk_double8 aezk_times_f64(aezk_double8 v, const double *x) {
  aezk_double8 product;
  __asm__("vmulpd %2%{1to8%}, %1, %0" : "=v"(product) : "v"(v), "m"(*x));
  return product;
}

/* The lanes of 64 that are of a class. */
static inline uint64_t aezk_lanes_of(const uint8_t *classes, uint8_t class) {
  return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(classes), _mm512_set1_epi8((char)class));
}

/* The kernel `deal` for 64 codes, without its checks. */
static inline void aezk_deal_64(int32_t *codes, const uint8_t *classes, const int32_t *streams, long *cursors,
                                long class_count) {
  __m512i v[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
  for (long class = 0; class < class_count; class++) {
    uint64_t lanes = aezk_lanes_of(classes, (uint8_t)class);
    const int32_t *next = streams + cursors[class];
    cursors[class] += __builtin_popcountll(lanes);
    for (int part = 0; part < 4; part++, lanes >>= 16) {
      v[part] = _mm512_mask_expand_epi32(v[part], (__mmask16)lanes, _mm512_loadu_si512(next));
      next += __builtin_popcount(lanes & 0xFFFF);
    }
  }
  for (int part = 0; part < 4; part++) _mm512_storeu_si512(codes + 16 * part, v[part]);
}

/* The kernel `collect` for 64 codes. */
static inline void aezk_collect_64(int32_t *streams, const int32_t *codes, const uint8_t *classes, long *cursors,
                                   long class_count) {
  __m512i v[4];
  for (int part = 0; part < 4; part++) v[part] = _mm512_loadu_si512(codes + 16 * part);
  for (long class = 0; class < class_count; class++) {
    uint64_t lanes = aezk_lanes_of(classes, (uint8_t)class);
    int32_t *next = streams + cursors[class];
    cursors[class] += __builtin_popcountll(lanes);
    for (int part = 0; part < 4; part++, lanes >>= 16) {
      int count = __builtin_popcount(lanes & 0xFFFF);
      _mm512_mask_storeu_epi32(next, (__mmask16)((1 << count) - 1), _mm512_maskz_compress_epi32((__mmask16)lanes, v[part]));
      next += count;
    }
  }
}
#endif

typedef struct aezk_kernels {
  /* out = base + intercept + sum of coefficients[i] * regressors[i], in this order (base may be NULL);
   * values beyond the limit of codes become 0; snap 1: to integers, 2: to halves of odd integers */
  void (*predict_f32)(float *out, const float *base, float intercept, const float *coefficients,
                      const float *const *regressors, long count, int32_t snap);
  void (*predict_f64)(double *out, const double *base, double intercept, const double *coefficients,
                      const double *const *regressors, long count, int32_t snap);

  /* y = (x * scale - origin) * inverse, rounded to an integer if lattice */
  void (*load_f32_f32)(float *y, const float *x, float origin, float inverse, int32_t lattice);
  void (*load_f32_f64)(double *y, const float *x, double scale, double origin, double inverse, int32_t lattice);
  void (*load_f64_f64)(double *y, const double *x, double scale, double origin, double inverse, int32_t lattice);

  /* code = round((y - p) / multiple), 0 where it does not fit; restored = p + multiple * code */
  void (*quantize_f32)(int32_t *codes, float *restored, const float *y, const float *p, float multiple, float inverse);
  void (*quantize_f64)(int32_t *codes, double *restored, const double *y, const double *p, double multiple,
                       double inverse);
  void (*dequantize_f32)(float *restored, const int32_t *codes, const float *p, float multiple);
  void (*dequantize_f64)(double *restored, const int32_t *codes, const double *p, double multiple);

  /* x = (origin + unit * y) / scale, clamped to low ... high */
  void (*restore_f32_f32)(float *x, const float *y, float origin, float unit, float low, float high);
  void (*restore_f64_f32)(float *x, const double *y, double scale, double origin, double unit, double low, double high);
  void (*restore_f64_f64)(double *x, const double *y, double scale, double origin, double unit, double low,
                          double high);
  void (*widen)(double *out, const float *in);
  void (*narrow)(float *out, const double *in);
  void (*subtract_f32)(float *out, const float *a, const float *b);
  void (*subtract_f64)(double *out, const double *a, const double *b);

  /* 1 if |x - restored| <= bound in all lanes and no x is -0 or denormal, and then adds to the statistics; else 0 */
  int32_t (*check_f32)(const float *x, const float *restored, float bound, aezk_stats_f32 *stats);
  int32_t (*check_f64)(const double *x, const double *restored, double bound, aezk_stats_f64 *stats);

  /* leaves = 0; then for each split i, where leaves == parents[i] and corrections[i] >= thresholds[i], leaves = i + 1 */
  void (*split_f32)(uint8_t *leaves, const float *const *corrections, const float *thresholds, const uint8_t *parents,
                    long count);
  void (*split_f64)(uint8_t *leaves, const double *const *corrections, const double *thresholds,
                    const uint8_t *parents, long count);
  /* out = base + offsets[leaves], or offsets[leaves] where base is NULL */
  void (*shift_f32)(float *out, const float *base, const uint8_t *leaves, const float *offsets);
  void (*shift_f64)(double *out, const double *base, const uint8_t *leaves, const double *offsets);

  /* v = weights[0]; for each term i: v = v + weights[2 + i] * ((shifts[2 i] + a) * (shifts[2 i + 1] + b)) with a and b
   * sources[2 i] and [2 i + 1], or without the factor of b where that is NULL; if root, v = v > 0 ? sqrt(v) : 0;
   * out = v - weights[1] */
  void (*tie_f32)(float *out, const float *const *sources, const float *shifts, const float *weights, long count,
                  int32_t root);
  void (*tie_f64)(double *out, const double *const *sources, const double *shifts, const double *weights, long count,
                  int32_t root);

  /* activity = sum of weights[i] * min(|codes[i]|, 32767); class = how many of its group's thresholds (ascending) it
   * reaches, after the classes of the groups before; the group is groups[leaves], 0 if there is one only */
  void (*classify)(uint8_t *classes, const int32_t *const *codes, const int32_t *weights, long count,
                   const int32_t *thresholds, const uint8_t *leaves, const uint8_t *groups,
                   const long *groupThresholds, long groupCount);

  /* for the symbol of each code (Format.md, section 6.6): histogram[256 * classes[i] + symbol] += 1, class 0 if `classes`
   * is NULL; besides[256 * k + symbol] += 1 with k = min(|before[i]|, 2), 3 more where i is even; not what is NULL;
   * returns the raw bits of all */
  int64_t (*tally)(const int32_t *codes, const uint8_t *classes, long count, long *histogram, const int32_t *before,
                   long *besides);
  /* moments[2 b] += 2^32 + 2^15 + e, moments[2 b + 1] += e * e, with e = values[rows[i]], between -2^15 and 2^15, and
   * b = bins[rows[i]]; there are 4 * binCount moments, of which the second half is scratch, 0 at first */
  void (*moments)(uint64_t *moments, const int32_t *values, const uint8_t *bins, const int32_t *rows, long count,
                  long binCount);
  /* From the moments of up to 32 bins the bits of their errors together, each n / 2 * log2(1 + factor * variance). If
   * `least` is 0, also the bits with every bin apart; else the bin behind which a split saves the most, with at least
   * `least` rows on both sides */
  aezk_split (*best_split)(const uint64_t *moments, long binCount, double factor, double least);
  /* classes[i] = how many of the ascending thresholds values[i] reaches */
  void (*rank)(uint8_t *classes, const int32_t *values, long count, const int32_t *thresholds, long thresholdCount);

  /* Bits of a perfect code for symbols of these counts; how many of them occur in `kinds`, unless it is NULL */
  double (*entropy)(const long *counts, long symbolCount, long *kinds);
  /* out = min(|code|, cut) */
  void (*magnitudes)(float *out, const int32_t *codes, long count, float cut);
  /* sums += weight * min(|code|, 32767) */
  void (*weigh)(int32_t *sums, const int32_t *codes, long count, int32_t weight);
  /* 16 partial sums each of a, b, a a, b b, a b */
  void (*correlate)(const float *a, const float *b, long count, float *sums);

  /* row -= factor * before */
  void (*eliminate)(double *row, const double *before, double factor, long count);
  /* With e = y - sum of coefficients[i] * x[i] of 64 rows, weighted by 1 / (1 + (inverse * e)^2): 8 partial sums each of
   * the products of x[i] and x[j], j <= i, at sums + 8 * (i * (i + 1) / 2 + j); x[count] is e. `scratch` has room for 3 * 64 */
  void (*reweigh)(double *sums, const double *const *x, const double *coefficients, long count, const double *y,
                  double inverse, double *scratch);
  /* What candidates have in common with one that is chosen is taken from their covariances with the target (load * row)
   * and from their variances (row^2 * inverse); those that keep less than 1e-9 have 0. gains = covariances^2 / variances */
  void (*explain)(double *gains, double *covariances, double *variances, const double *row, double load, double inverse,
                  long count);

  /* widens minimum and maximum (a lane each) to the finite values of x */
  void (*extent_f32)(const float *x, float *minimum, float *maximum);
  void (*extent_f64)(const double *x, double *minimum, double *maximum);

  /* gram[a * ld + b] += sum over rows of x[row * ldx + a] * y[row * ldy + b], rows in order; a < rowsOfGram,
   * b < columns; both multiples of 16 */
  void (*gram)(double *gram, long ld, const double *x, long ldx, const double *y, long ldy, long rows, long a0,
               long a1, long b0, long b1);

  /* Values of a block's lanes to some fields of their records, all of one type (as aez_type); lanes whose records are
   * not there are left out. `output` need not be aligned */
  void (*scatter)(void *output, const aezk_cell *cells, long count, int32_t type, const aezk_places *places);
  /* The inverse, for lanes whose records are all there; other lanes are left alone */
  void (*gather)(const void *input, const aezk_cell *cells, long count, int32_t type, const aezk_places *places);

  /* The symbol of each code without its `shift` low bits (Format.md, section 6.6); returns how many bits symbols leave
   * out, beside the shifted ones */
  int64_t (*symbols)(uint8_t *symbols, const int32_t *codes, long count, int32_t shift);
  /* Appends the bits that the symbols of codes leave out to `bits`; returns the bytes that are complete. Writes up to 8
   * bytes more */
  long (*raw)(uint8_t *output, const int32_t *codes, long count, int32_t shift, aezk_bits *bits);
  /* counts[byte] += 1; the sums in the first 256 of 1024 counts, which are zero at first */
  void (*histogram)(long *counts, const uint8_t *bytes, long count);
  /* bytes[i] = sum of min(symbols[i * size + j], alphabet - 1) * alphabet^j */
  void (*join)(uint8_t *bytes, const uint8_t *symbols, long count, long alphabet, long size);
  /* The symbols of at least `least`, in order; returns how many. Writes one element more */
  long (*outliers)(uint8_t *found, const uint8_t *symbols, long count, int32_t least);
  /* Zeros counted (Format.md, section 6.6); returns the bytes written, at most `count` */
  long (*zero_runs)(uint8_t *output, const uint8_t *symbols, long count, uint8_t *escapes, long *escapeCount);
  /* Appends the code of each byte: table[byte] = code * 256 + its length, at most 15; returns the bytes that are
   * complete. Writes up to 8 bytes more */
  long (*huffman)(uint8_t *output, const uint8_t *bytes, long count, const uint32_t *table, aezk_bits *bits);

  /* The code whose lengths are given, each at most 15, and its table for indices of so many bits (at most 11), with one
   * literal in an entry, or up to three if there are more than 256 symbols; 0 if the lengths are not those of a code */
  int32_t (*prefix)(aezk_prefix *code, const uint8_t *lengths, long count, long bits);
  /* Literals from bit `position` of a stream of `size` bytes on, up to symbol 256; moves `position` behind it and returns
   * how many, or -1 if they are more than `room` or the stream ends */
  long (*literals)(uint8_t *bytes, long room, const uint8_t *stream, long size, long *position,
                   const aezk_prefix *code, long bits);

  /* digits[bytes[i]], `size` bytes of it, one after the other; writes up to 8 bytes more */
  void (*spread)(uint8_t *symbols, const uint8_t *bytes, long count, const uint64_t *digits, long size);
  /* Codes from symbols and the bits that these leave out, from bit `position` of `raw` on, which is moved; the bits end
   * before `end`, behind which 16 bytes can be read: they count as zeros */
  void (*codes)(int32_t *codes, const uint8_t *symbols, long count, int32_t shift, const uint8_t *raw, long *position,
                long end);
  /* codes[i] = the next code of class classes[i]: streams[cursors[class]++]; returns the first class of which more are
   * taken than there are, or -1. Up to 64 codes behind the end of a class can be read. Brings the next codes of `ahead`
   * further classes into the cache, or if it is 0 of these */
  long (*deal)(int32_t *codes, const uint8_t *classes, long count, const int32_t *streams, long *cursors,
               const long *ends, long classCount, long ahead);
  /* the inverse: streams[cursors[class]++] = codes[i] */
  void (*collect)(int32_t *streams, const int32_t *codes, const uint8_t *classes, long count, long *cursors,
                  long classCount);

  /* Networks. c[row * ldc + column] = (bias ? bias[row] : itself) + sum over k of
   * a[row * a_row + k * a_step] * b[k * ldb + column], k ascending; columns a multiple of 16 */
  void (*multiply)(float *c, long ldc, const float *a, long a_row, long a_step, const float *b, long ldb,
                   const float *bias, long rows, long columns, long depth);
  /* out[column * ldo + row] = x[row * ldx + column] */
  void (*transpose)(float *out, long ldo, const float *x, long ldx, long rows, long columns);
  /* y = f(y), elements one after the other; activation 0: identity, 1: ReLU, 2: tanh, 3: sigmoid,
   * 4: e^x */
  void (*activate)(float *y, long count, int32_t activation);
  /* d = d * f'(x), given y = f(x) */
  void (*slope)(float *d, const float *y, long count, int32_t activation);
  /* z = (x - mean) * inverse, 64 lanes; NaN if that is not between -1e6 and 1e6 */
  void (*standardize)(float *z, const double *x, double mean, double inverse);
  /* out = x, 0 where x is NaN */
  void (*fill)(float *out, const float *x, long count);
  /* 64 lanes: squares += (y - z)^2 and counts += 1 where z is not NaN */
  void (*deviate)(double *squares, double *counts, const float *z, const float *y);
  /* the same with -z * log(y) - (1 - z) * log(1 - y), logarithms from about 1e-7 on */
  void (*cross_entropy)(double *sums, double *counts, const float *z, const float *y);
  /* d = weights * (f(y) - z), 0 where z is NaN; f is a sigmoid where binary (may be NULL) is above 0 */
  void (*miss)(float *d, const float *y, const float *z, const float *weights, const float *binary, long count);
  /* Adam: m and v become means of g and g^2; w -= rate * m / (sqrt(v) * correction + 1e-8) + decay * w.
   * Without v: m = momentum * m + g, w -= rate * m + decay * w */
  void (*step)(float *w, const float *g, float *m, float *v, long count, float rate, float decay, float momentum,
               float correction);
} aezk_kernels;

/* log2 of a positive normal number to about 1e-6, the same bits everywhere */
double aezk_log2(double x);
/* The kernel `entropy` of the baseline */
double aezk_entropy(const long *counts, long symbolCount);
/* classes[i] = other where groups[i] is not `group` */
void aezk_exclude(uint8_t *classes, const uint8_t *groups, uint8_t group, uint8_t other, long count);
/* histogram[256 * classes[i] + symbols[i]] += 1; returns the symbols' bits that are ever set */
uint8_t aezk_pairs(long *histogram, const uint8_t *symbols, const uint8_t *classes, long count);
/* Adds the bits of bytes in codes of their own, what repeats of at least four bytes would save of them, and what would be
 * left, where a literal takes at least one bit. `counts`: 1024 zeros; `table`: 4096 of -1 */
typedef struct aezk_repeat_sums { double bits, saved, left; } aezk_repeat_sums;
void aezk_repeats(const uint8_t *bytes, long count, long *counts, int32_t *table, aezk_repeat_sums *sums);

/* Rows in bins up to `bin` first, both parts in order; returns how many. `spare`: as many, for the others */
long aezk_partition(int32_t *rows, int32_t *spare, long count, const uint8_t *bins, int32_t bin);
/* Sorts some hundred numbers. `spare`: as many and AEZK_SORT_TABLE */
#define AEZK_SORT_TABLE 256
void aezk_sort(long *keys, long *spare, long count);
/* The least of some numbers, ascending, and where they are; infinity and 0 where there are none. Looks from `start` on, and
 * then before it: of equal ones finds the first */
void aezk_least(const float *values, long count, long start, float *best, long *places, long wanted);
/* How many of bytes[3], bytes[3 + step] ... equal the three bytes before them */
long aezk_runs(const uint8_t *bytes, long count, long step);
/* Adds up deflate's 286 literals and lengths where matches are of the byte before alone; returns the bits beside their codes:
 * those of lengths, and one for each distance */
long aezk_run_tokens(const uint8_t *bytes, long count, long *counts);

void aezk0_kernels(aezk_kernels *kernels);
void aezk3_kernels(aezk_kernels *kernels);
void aezk4_kernels(aezk_kernels *kernels);
