/* aez.h - aezip, a bounded-error codec for records that learns how their fields depend on each other.
 *
 * Conventions
 *   - Every function returns a status (0 is success) unless it says otherwise. Where a function takes an
 *     `aez_error *`, it may be NULL; on failure it receives the status, the place and a message.
 *   - On failure output pointers and sizes hold 0 or NULL, and the contents of output buffers are unspecified,
 *     unless a function says otherwise. Nothing is leaked.
 *   - The library never prints, exits, keeps global state or leaves a thread behind.
 *   - Different handles may be used by different threads at the same time. One handle is for one thread at a
 *     time, except that any number of threads may call the functions of one reader or model that take
 *     `const aez_reader *` or `const aez_model *`.
 *   - Structs that may grow start with their own size: set `struct_size = sizeof(it)`. For the defaults of
 *     aez_options call aez_options_init, of aez_train_options aez_train_options_init.
 *   - Sizes are bytes unless named otherwise. Indices start at 0; ranges are half open.
 */
#ifndef AEZIP_H
#define AEZIP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AEZ_VERSION_MAJOR 0
#define AEZ_VERSION_MINOR 1
#define AEZ_VERSION_PATCH 0

/* ------------------------------------------------------------------ status */

/* The numbers are fixed for good. */
typedef int32_t aez_status;
enum {
  AEZ_OK = 0,
  AEZ_INVALID_ARGUMENT = 1,     /* the caller must change an argument */
  AEZ_UNREPRESENTABLE = 2,      /* a value cannot be stored as asked: error.record, error.field */
  AEZ_NOT_A_CONTAINER = 3,      /* the bytes do not begin as a container or model file does */
  AEZ_UNSUPPORTED_VERSION = 4,  /* written by a newer aezip */
  AEZ_TRUNCATED = 5,            /* bytes are missing */
  AEZ_CORRUPTED = 6,            /* a checksum or a declared value is wrong */
  AEZ_LIMIT_EXCEEDED = 7,       /* larger than this library accepts */
  AEZ_MODEL_MISMATCH = 8,       /* another model is needed, or the model has other fields */
  AEZ_OUT_OF_MEMORY = 9,
  AEZ_BUFFER_TOO_SMALL = 10,    /* the caller's buffer is too small; the size out-parameter holds the need */
  AEZ_IO = 11,                  /* a callback reported failure */
  AEZ_CANCELLED = 12            /* a progress callback asked to stop */
};

/* Where a failure happened, for the caller to show. */
typedef struct aez_error {
  aez_status status;
  int32_t reserved;
  int64_t record;    /* index of the record concerned, or -1 */
  int64_t field;     /* index of the field concerned, or -1 */
  char message[232]; /* UTF-8, NUL-terminated: what is wrong and what to do */
} aez_error;

/* A short fixed English text for a status; never NULL, static. Any thread. */
const char *aez_status_text(aez_status status);

/* major * 65536 + minor * 256 + patch of the library that is loaded. */
uint32_t aez_version(void);

/* The kernels in use: "baseline", "avx2" or "avx512"; static. The environment variable AEZ_CPU=0|3|4
 * (baseline, AVX2, AVX-512) forces a lower one; results are equal on all. */
const char *aez_instruction_set(void);

/* ------------------------------------------------------------------ layout */

typedef enum aez_type {
  AEZ_F32 = 1, AEZ_F64 = 2,
  AEZ_I8 = 3, AEZ_I16 = 4, AEZ_I32 = 5, AEZ_I64 = 6,
  AEZ_U8 = 7, AEZ_U16 = 8, AEZ_U32 = 9, AEZ_U64 = 10
} aez_type;

typedef enum aez_bound_kind {
  AEZ_EXACT = 0,    /* every bit is kept */
  AEZ_ABSOLUTE = 1, /* |value - restored| <= bound */
  AEZ_RELATIVE = 2, /* |value - restored| <= bound * (max - min of the field's finite values) */
  AEZ_FREE = 3      /* no bound: finite values come back as the latents tell, or with options->mean_error */
} aez_bound_kind;

/* One field of a record. */
typedef struct aez_field {
  const char *name;    /* UTF-8, at most 255 bytes; NULL or "" for the unnamed columns of a matrix */
  uint32_t type;       /* aez_type */
  uint32_t bound_kind; /* aez_bound_kind */
  double bound;        /* finite, >= 0; ignored for AEZ_EXACT */
  uint64_t offset;     /* byte offset in the record; no alignment needed */
} aez_field;

/* Records of `record_size` bytes each, native byte order (little-endian). Fields must lie inside the record and
 * must not overlap; bytes that no field covers (padding) are not kept and are restored as 0. */
typedef struct aez_layout {
  size_t struct_size;      /* sizeof(aez_layout) */
  size_t record_size;      /* 1 ... 1 MiB */
  size_t field_count;      /* 1 ... 65535 */
  const aez_field *fields; /* copied by every function that takes a layout */
} aez_layout;

/* ---------------------------------------------------------------- one-shot */

typedef struct aez_model aez_model; /* see "models" below */

typedef struct aez_options {
  size_t struct_size;      /* sizeof(aez_options) */
  int32_t level;           /* 1 fast ... 9 smallest; 0 means the default, 6 */
  int32_t threads;         /* 0: one per processor. The bytes do not depend on it. */
  int32_t latents;         /* -1: as many as pay for themselves; 0: none; else this many. Set AEZ_LATENTS_AUTO. */
  int32_t reserved;
  uint64_t chunk_records;  /* records per chunk; 0: chosen by size (about 8 MiB) */
  const void *metadata;    /* user metadata kept in the container, or NULL */
  size_t metadata_size;    /* at most 16 MiB */
  /* What follows may be left out by a smaller struct_size. */
  const aez_model *model;  /* predicts the records, chunk by chunk where that takes fewer bytes; or NULL. It may be
                              freed once the call has returned. */
  int32_t embed_model;     /* 1: the container holds the model; 0: its digest alone, and reading needs the model */
  int32_t reserved2;
  double mean_error;       /* 0, or the root mean squared error to reach within 5 %, over the standard deviation, of
                              the fields that are AEZ_FREE, by their latents or by bounds, whichever takes fewer
                              bytes; below 1. aez_compress only: it must see all records. */
} aez_options;

#define AEZ_LATENTS_AUTO (-1)

/* Fills in the defaults: level 6, all processors, latents chosen, no metadata. */
void aez_options_init(aez_options *options);

/* The largest container that aez_compress can write for these records, metadata included; 0 if the layout is
 * invalid or the size overflows. `options` may be NULL. Any thread. */
size_t aez_compress_bound(const aez_layout *layout, uint64_t record_count, const aez_options *options);

/* Compresses `record_count` records into `container` (caller-owned, `capacity` bytes).
 *   records        record_count * layout->record_size bytes; may be NULL if record_count is 0; only read
 *   options        NULL for the defaults
 *   container_size receives the bytes written; with AEZ_BUFFER_TOO_SMALL, the bytes that would be needed
 * Errors: INVALID_ARGUMENT, BUFFER_TOO_SMALL, OUT_OF_MEMORY. Any thread; `records` must not change meanwhile. */
aez_status aez_compress(const aez_layout *layout, const void *records, uint64_t record_count,
                        const aez_options *options, void *container, size_t capacity,
                        size_t *container_size, aez_error *error);

/* Restores all records of a container in memory into `records` (caller-owned).
 *   threads        0: one per processor
 *   record_count   receives the number of records (may be NULL)
 * The size needed is record count times record size: ask aez_reader_open_memory and aez_reader_shape.
 * Errors: INVALID_ARGUMENT, BUFFER_TOO_SMALL, NOT_A_CONTAINER, UNSUPPORTED_VERSION, TRUNCATED, CORRUPTED,
 * LIMIT_EXCEEDED, MODEL_MISMATCH, OUT_OF_MEMORY. */
aez_status aez_decompress(const void *container, size_t container_size, int32_t threads, void *records,
                          size_t capacity, uint64_t *record_count, aez_error *error);

/* The same for a container that holds only the digest of its model. MODEL_MISMATCH says which one is needed.
 *   model          NULL: as aez_decompress; not looked at if the container needs none */
aez_status aez_decompress_with_model(const void *container, size_t container_size, const aez_model *model,
                                     int32_t threads, void *records, size_t capacity, uint64_t *record_count,
                                     aez_error *error);

/* --------------------------------------------------------- streaming writer */

/* Takes `size` bytes of the container, in order. Returns 0, or non-zero to stop with AEZ_IO. Called only from
 * within writer functions, on the calling thread. */
typedef int32_t (*aez_write_fn)(void *context, const void *bytes, size_t size);

typedef struct aez_writer aez_writer;

/* Starts a container. Layout, options and metadata are copied. Bounds must not be AEZ_RELATIVE (the range is not
 * known before the last record): see aez_writer_open_ranges.
 * Memory: about `threads` times a few chunks, whatever the number of records. */
aez_status aez_writer_open(const aez_layout *layout, const aez_options *options, aez_write_fn write, void *context,
                           aez_writer **writer, aez_error *error);

/* As aez_writer_open, but bounds may be AEZ_RELATIVE: to the ranges given, `field_count` minima and maxima over all
 * records to come, as aez_ranges finds them. Values outside of them keep the same bound. */
aez_status aez_writer_open_ranges(const aez_layout *layout, const double *minima, const double *maxima,
                                  const aez_options *options, aez_write_fn write, void *context,
                                  aez_writer **writer, aez_error *error);

/* Adds records. Once a call failed every later one fails the same way. */
aez_status aez_writer_append(aez_writer *writer, const void *records, uint64_t record_count, aez_error *error);

/* Writes what is pending, the statistics and the index. The writer accepts nothing more. */
aez_status aez_writer_finish(aez_writer *writer, aez_error *error);

/* Frees the writer, finished or not; NULL is allowed. */
void aez_writer_free(aez_writer *writer);

/* The smallest and largest finite value of every field, for turning relative bounds into absolute ones:
 * minima[i] > maxima[i] if a field has none. Call with *started == 0 for the first batch (it is then set to 1), and
 * again with the same arrays for more. minima, maxima: field_count doubles each. 64-bit integers are rounded. */
aez_status aez_ranges(const aez_layout *layout, const void *records, uint64_t record_count, int32_t *started,
                      double *minima, double *maxima, aez_error *error);

/* ------------------------------------------------------------------- reader */

/* Reads exactly `size` bytes at `offset`. Returns 0, or non-zero for AEZ_IO. Calls may come from several threads
 * at once only if aez_reader_read is called with threads != 1. */
typedef int32_t (*aez_read_fn)(void *context, uint64_t offset, void *bytes, size_t size);

typedef struct aez_reader aez_reader;

/* Opens a container in memory; the bytes stay the caller's and must outlive the reader. Reads header and index
 * only. Frees nothing on failure; *reader is then NULL. */
aez_status aez_reader_open_memory(const void *container, size_t container_size, aez_reader **reader,
                                  aez_error *error);

/* Opens a container of `container_size` bytes behind a callback. */
aez_status aez_reader_open(aez_read_fn read, void *context, uint64_t container_size, aez_reader **reader,
                           aez_error *error);

/* The same with the model of a container that holds only its digest. The reader keeps what it needs: the model may be
 * freed. Without the model such a container can be opened and described; reading its records fails with
 * MODEL_MISMATCH, and so does opening it with another model. */
aez_status aez_reader_open_memory_with_model(const void *container, size_t container_size, const aez_model *model,
                                             aez_reader **reader, aez_error *error);
aez_status aez_reader_open_with_model(aez_read_fn read, void *context, uint64_t container_size,
                                      const aez_model *model, aez_reader **reader, aez_error *error);

/* Frees the reader; NULL is allowed. */
void aez_reader_free(aez_reader *reader);

/* Records, fields, and bytes of a record. Any pointer may be NULL. */
aez_status aez_reader_shape(const aez_reader *reader, uint64_t *record_count, size_t *field_count,
                            size_t *record_size);

/* What a container says of a field. */
typedef struct aez_field_info {
  size_t struct_size;    /* set by the caller: sizeof(aez_field_info) */
  const char *name;      /* the reader's; lives as long as it */
  uint32_t type;         /* aez_type */
  uint32_t bound_kind;   /* as asked */
  double bound;          /* as asked */
  uint64_t offset;
  double absolute_bound; /* the largest error permitted; 0 for exact */
  double largest_error;  /* the largest error made, rounded up: by less than 1/255 of the bound (few records: 1/8) */
  double rmse;           /* the root mean squared error made, rounded up alike */
  double minimum;        /* of the finite values; NaN if there are none. Of few records it may be rounded down, */
  double maximum;        /* and the maximum up, by at most two bounds */
  uint64_t missing;      /* NaN values */
} aez_field_info;

aez_status aez_reader_field(const aez_reader *reader, size_t field, aez_field_info *info);

/* The user metadata: *metadata points into the reader and lives as long as it; NULL and 0 if there is none. */
aez_status aez_reader_metadata(const aez_reader *reader, const void **metadata, size_t *metadata_size);

/* Restores records first ..< first + count. Only the chunks that hold them are read and decoded.
 *   fields        NULL for whole records in the stored layout (record_size bytes each); else `field_count` field
 *                 indices, each at most once (a second one is an INVALID_ARGUMENT), and the output holds just these,
 *                 packed without gaps in the order given
 *   threads       0: one per processor
 *   records       caller-owned, `capacity` bytes
 * Errors: as aez_decompress. */
aez_status aez_reader_read(const aez_reader *reader, uint64_t first, uint64_t count, const size_t *fields,
                           size_t field_count, int32_t threads, void *records, size_t capacity, aez_error *error);

/* Checks every checksum and decodes every chunk; nothing is returned but the verdict. */
aez_status aez_reader_verify(const aez_reader *reader, int32_t threads, aez_error *error);

/* A description as JSON (UTF-8, NUL-terminated): shape, fields, bounds, errors, sections, what was chosen and why.
 * Writes at most `capacity` bytes; *size receives the length with the NUL; AEZ_BUFFER_TOO_SMALL if it is more. */
aez_status aez_reader_info(const aez_reader *reader, char *json, size_t capacity, size_t *size, aez_error *error);

/* ------------------------------------------------------------------- latents */

/* A container whose options asked for latents keeps a few numbers of each record that tell most of it. They can be
 * read, and records be found by them, without restoring a record. */

/* Latents of a record; 0 if the container keeps none. */
aez_status aez_reader_latent_count(const aez_reader *reader, size_t *latent_count);

/* Reads the latents of records first ..< first + count: count * latent_count floats.
 *   threads        0: one per processor
 *   latents        caller-owned, `capacity` bytes
 * Errors: as aez_reader_read; MODEL_MISMATCH if the container keeps no latents. */
aez_status aez_reader_latents(const aez_reader *reader, uint64_t first, uint64_t count, int32_t threads,
                              float *latents, size_t capacity, aez_error *error);

/* The latents of other records, which lie as the container's do, by the container's model: queries for aez_search. */
aez_status aez_reader_encode(const aez_reader *reader, const void *records, uint64_t record_count, float *latents,
                             size_t capacity, aez_error *error);

/* Finds the `nearest` records of which the latents are closest to those of each query.
 *   queries        query_count * latent_count floats; only read
 *   nearest        how many to find for each query, at least 1
 *   threads        0: one per processor. The result does not depend on it.
 *   records        receives query_count * nearest record indices, closest first; UINT64_MAX where there are no more
 *   distances      receives their Euclidean distances; infinity where there are no more
 * Errors: as aez_reader_latents. */
aez_status aez_search(const aez_reader *reader, const float *queries, uint64_t query_count, size_t nearest,
                      int32_t threads, uint64_t *records, float *distances, aez_error *error);

/* -------------------------------------------------------------------- models */

/* A model maps records to latents and back. It does not change after it is made: any number of threads may use one
 * at the same time. */
typedef enum aez_kind {
  AEZ_LINEAR = 1,      /* principal components, or the same subspace by gradient descent */
  AEZ_DEEP = 2,        /* hidden layers */
  AEZ_SPARSE = 3,      /* few latents active at a time */
  AEZ_DENOISING = 4,   /* restores records that were disturbed */
  AEZ_CONTRACTIVE = 5, /* latents that small changes of a record hardly move */
  AEZ_VARIATIONAL = 6  /* latents of a known distribution: new records can be drawn */
} aez_kind;

typedef enum aez_activation { AEZ_IDENTITY = 0, AEZ_RELU = 1, AEZ_TANH = 2, AEZ_SIGMOID = 3 } aez_activation;
typedef enum aez_loss { AEZ_LOSS_AUTO = 0, AEZ_SQUARED_ERROR = 1, AEZ_CROSS_ENTROPY = 2 } aez_loss;
typedef enum aez_optimizer { AEZ_ADAM = 0, AEZ_SGD = 1 } aez_optimizer;
typedef enum aez_noise { AEZ_GAUSSIAN = 0, AEZ_MASKING = 1, AEZ_SALT_AND_PEPPER = 2 } aez_noise;
typedef enum aez_sparsity { AEZ_L1 = 0, AEZ_KL = 1 } aez_sparsity;

#define AEZ_AUTO (-1)

/* Call aez_train_options_init first; every default works unattended. */
typedef struct aez_train_options {
  size_t struct_size;            /* sizeof(aez_train_options) */
  int32_t kind;                  /* aez_kind */
  int32_t latents;               /* latents of a record; 0: chosen */
  const int32_t *hidden;         /* widths of the encoder's hidden layers; copied */
  int32_t hidden_count;          /* AEZ_AUTO: chosen; 0: none */
  int32_t decoder_hidden_count;  /* AEZ_AUTO: the encoder's, in reverse order; 0: none */
  const int32_t *decoder_hidden; /* widths of the decoder's hidden layers; copied */
  const int32_t *activations;    /* an aez_activation for each hidden layer of encoder and decoder; copied; or NULL */
  int32_t activation_count;      /* 0: all are `activation` */
  int32_t activation;            /* aez_activation of the hidden layers, or AEZ_AUTO */
  int32_t latent_activation;     /* aez_activation of the latents, or AEZ_AUTO */
  int32_t skip;                  /* 1: linear ways around the hidden layers, from principal components; 0; AEZ_AUTO */
  int32_t closed_form;           /* AEZ_LINEAR: 1: by eigenvectors; 0: by gradient descent */
  int32_t pretrain;              /* 1: layer after layer first */
  int32_t cosine;                /* 1: the learning rate falls to 0 at last */
  int32_t loss;                  /* aez_loss */
  int32_t optimizer;             /* aez_optimizer */
  int32_t batch_size;            /* records a step; 0: chosen */
  int32_t epochs;                /* passes over the records, at most; 0: chosen */
  int32_t patience;              /* epochs without improvement on held-out records before it stops; 0: never */
  int32_t noise;                 /* AEZ_DENOISING: aez_noise */
  int32_t sparsity;              /* AEZ_SPARSE: aez_sparsity */
  int32_t threads;               /* 0: one per processor. The model does not depend on it. */
  uint64_t seed;                 /* the same seed gives the same model */
  uint64_t maximum_records;      /* a random choice of so many records is learned from; 0: by size, 256 MiB */
  double learning_rate;          /* 0: chosen */
  double momentum;               /* AEZ_SGD, and the first of AEZ_ADAM */
  double warmup;                 /* share of all steps over which the learning rate rises */
  double weight_decay;           /* of the weights, at each step; AEZ_AUTO: chosen */
  double dropout;                /* share of hidden units left out in a step */
  double validation;             /* share of records held out */
  double noise_amount;           /* AEZ_DENOISING: the deviation, or the share of fields disturbed */
  double sparsity_weight;        /* AEZ_SPARSE */
  double sparsity_target;        /* AEZ_SPARSE with AEZ_KL: the mean activation wanted */
  double contraction;            /* AEZ_CONTRACTIVE: the weight of the squared Jacobian */
  double beta;                   /* AEZ_VARIATIONAL: the weight of the divergence */
} aez_train_options;

void aez_train_options_init(aez_train_options *options);

/* How far a training is. */
typedef struct aez_progress {
  size_t struct_size;     /* set by the library */
  int32_t epoch;          /* done, from 1 */
  int32_t epoch_count;    /* of at most so many */
  double train_loss;
  double validation_loss; /* NaN if no records are held out */
} aez_progress;

/* Called after every epoch on the calling thread. Returns 0, or non-zero to stop with AEZ_CANCELLED. */
typedef int32_t (*aez_progress_fn)(void *context, const aez_progress *progress);

/* Trains a model of records in memory.
 *   layout         its bounds, if any, say how exactly fields should be restored: they are weighted by them
 *   options        NULL for the defaults
 *   progress       NULL for none; `context` is handed to it
 *   model          receives the model; free it with aez_model_free
 * Errors: INVALID_ARGUMENT, CANCELLED, OUT_OF_MEMORY. Any thread; `records` must not change meanwhile. */
aez_status aez_train(const aez_layout *layout, const void *records, uint64_t record_count,
                     const aez_train_options *options, aez_progress_fn progress, void *context, aez_model **model,
                     aez_error *error);

/* The same for records that come in parts: keeps at most options->maximum_records of them, chosen at random. Layout
 * and options are copied. Bounds must not be AEZ_RELATIVE, see aez_ranges. */
typedef struct aez_trainer aez_trainer;

aez_status aez_trainer_open(const aez_layout *layout, const aez_train_options *options, aez_trainer **trainer,
                            aez_error *error);
aez_status aez_trainer_append(aez_trainer *trainer, const void *records, uint64_t record_count, aez_error *error);
/* Trains; the trainer accepts nothing more. */
aez_status aez_trainer_finish(aez_trainer *trainer, aez_progress_fn progress, void *context, aez_model **model,
                              aez_error *error);
/* Frees the trainer, finished or not; NULL is allowed. */
void aez_trainer_free(aez_trainer *trainer);

/* Reads a model file (.aezm) from memory; the bytes may be freed afterwards.
 * Errors: NOT_A_CONTAINER, UNSUPPORTED_VERSION, TRUNCATED, CORRUPTED, LIMIT_EXCEEDED, OUT_OF_MEMORY. */
aez_status aez_model_load(const void *bytes, size_t size, aez_model **model, aez_error *error);

/* The bytes of the model file. *size receives their number; AEZ_BUFFER_TOO_SMALL if it is more than `capacity`. */
aez_status aez_model_save(const aez_model *model, void *bytes, size_t capacity, size_t *size, aez_error *error);

/* Frees the model; NULL is allowed. */
void aez_model_free(aez_model *model);

#define AEZ_DIGEST_SIZE 32

/* The identity of the model, a SHA-256: equal for models that encode and decode alike. */
aez_status aez_model_digest(const aez_model *model, uint8_t digest[AEZ_DIGEST_SIZE]);

/* aez_kind, fields and latents of a record. Any pointer but the model may be NULL. */
aez_status aez_model_shape(const aez_model *model, int32_t *kind, size_t *field_count, size_t *latent_count);

/* A field that the model was trained on: name (the model's; lives as long as it), type and offset. */
aez_status aez_model_field(const aez_model *model, size_t field, aez_field *description);

/* A description as JSON, as aez_reader_info: kind, layers, fields, history of the training. */
aez_status aez_model_info(const aez_model *model, char *json, size_t capacity, size_t *size, aez_error *error);

/* The functions below apply a model to records of any layout with as many fields, of the same names where both have
 * names: the layout's types, offsets and record size count, its bounds do not. Errors: INVALID_ARGUMENT,
 * MODEL_MISMATCH, BUFFER_TOO_SMALL, OUT_OF_MEMORY. Capacities are bytes. threads 0: one per processor;
 * results do not depend on it. */

/* Records to latents: record_count * latent_count floats. Missing values count as the mean. */
aez_status aez_model_encode(const aez_model *model, const aez_layout *layout, const void *records,
                            uint64_t record_count, int32_t threads, float *latents, size_t capacity,
                            aez_error *error);

/* Latents to records: record_count * layout->record_size bytes; values rounded and limited to the field's type. */
aez_status aez_model_decode(const aez_model *model, const aez_layout *layout, const float *latents,
                            uint64_t record_count, int32_t threads, void *records, size_t capacity,
                            aez_error *error);

/* How badly the model knows each record: the mean over fields of its squared error, in units of the field's spread.
 *   scores         receives record_count doubles; NaN for a record without values
 *   field_scores   receives field_count doubles, for each field the mean over records; or NULL */
aez_status aez_model_score(const aez_model *model, const aez_layout *layout, const void *records,
                           uint64_t record_count, int32_t threads, double *scores, double *field_scores,
                           aez_error *error);

/* What the model makes of records: disturbed values come back as they are likely to have been, NaN filled in.
 *   only_missing   1: values that are there are kept as they are
 *   iterations     how often NaN are predicted anew; 0: the default, 10
 *   restored       receives record_count * layout->record_size bytes; may not be `records` */
aez_status aez_model_reconstruct(const aez_model *model, const aez_layout *layout, const void *records,
                                 uint64_t record_count, int32_t only_missing, int32_t iterations,
                                 int32_t threads, void *restored, size_t capacity, aez_error *error);

/* New records, drawn from an AEZ_VARIATIONAL model; the same for the same seed. */
aez_status aez_model_sample(const aez_model *model, const aez_layout *layout, uint64_t record_count, uint64_t seed,
                            void *records, size_t capacity, aez_error *error);

/* For records of 0 and 1 (baskets, memberships): the `best` fields that are 0 or missing in a record and that the
 * model expects most.
 *   fields         receives record_count * best field indices, most expected first; SIZE_MAX where there are no more
 *   scores         receives the values that the model expects; or NULL */
aez_status aez_model_recommend(const aez_model *model, const aez_layout *layout, const void *records,
                               uint64_t record_count, size_t best, int32_t threads, size_t *fields, double *scores,
                               aez_error *error);

#ifdef __cplusplus
}
#endif
#endif
