/* h5map/kernel.h: what a kernel's author needs, and nothing else.
 *
 * A kernel is one C function that handles one item, and a line that describes it:
 *
 *     #include <h5map/kernel.h>
 *     #include <math.h>
 *
 *     static int norm(const h5map_item_t *item)
 *     {
 *         const double *x = item->in[0];
 *         double *length = item->out[0];
 *         double sum = 0;
 *
 *         for (size_t k = 0; k < item->dim[0]; k++)
 *             sum += x[k] * x[k];
 *         *length = sqrt(sum);
 *         return 0;
 *     }
 *
 *     H5MAP_KERNEL(norm,
 *         .signature = "x: double[n] -> length: double",
 *         .summary = "Euclidean length of a vector");
 *
 * `h5map run norm.c particles.h5:/pos speed.h5` applies it to every item.
 *
 * Signature:  [shared|param] name: type[dim, ...] [= literal], ... -> name: type[dim, ...], ...
 *   types      float double float32 float64 complex64 complex128 bool
 *              int8 int16 int32 int64 uint8 uint16 uint32 uint64
 *              {field: type, other="name in the file": type[3], ...}: a compound, matched by the names of its fields, as
 *              C lays out the struct of these fields: each at the next multiple of its type's alignment, the size
 *              filled up to a multiple of the largest (_Static_assert(sizeof(struct star) == 40) holds or does not
 *              compile). float is float, complex64 float[2] or float _Complex, bool bool. Field dims are numbers;
 *              compounds nest.
 *              string: item->in[k] is the text itself, a const char * (UTF-8, ends with a NUL, valid during the call);
 *              in a compound it is a const char * member, in a slice kernel h5map_text gives it. string[16], in
 *              results: char[16], which the text may fill, NULs behind it
 *   dims       numbers, names (one name is one size everywhere) or integer parameters
 *   *name      first of an input's dims: ragged, every item has its own (double[*n], float[*n, 3]); bound with
 *              -i NAME=/VALUES@/OFFSETS, or a dataset of sequences (H5T_VLEN); of numbers, or compounds without
 *              strings; item->dim[] holds the item's, a slice kernel finds it in in_offset
 *              in a result * or, for people, *name: any number of rows an item, see h5map_resize
 *   shared     a whole dataset of these dims, the same for every item (a lookup table, weights, a mesh); read once,
 *              held once a node however many ranks are there, and may be larger than --memory; it can't be written;
 *              of numbers, or compounds without strings
 *   param      a value given with -p NAME=VALUE, or its default
 *
 * Return 0, or h5map_fail(item, "why %g", x): this item failed and holds the fill value, the others
 * go on; or h5map_stop(item, "why"): the whole run ends. Results are zero when the function is called.
 * Its stack is what `ulimit -s` says, 1 GiB where that is unlimited and addresses are not.
 * It compiles as C11 and as C++ (g++, clang++). The mathematics library is linked; others: --libs.
 */
#ifndef H5MAP_KERNEL_H
#define H5MAP_KERNEL_H

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of everything below. Fields are only ever appended. */
#define H5MAP_ABI 1

/* The most inputs and parameters, and the most results, that a signature may have. */
#define H5MAP_PORTS_MAX 32

/* The most named dims of a signature. */
#define H5MAP_DIMS_MAX 32

/* What a kernel returns for an item. Any other number that is not 0 also means: failed. */
enum h5map_status { H5MAP_OK = 0, H5MAP_FAILED = 1, H5MAP_STOPPED = 2 };

/* What the host offers to a kernel, behind the functions below. */
typedef struct h5map_calls {
    /* Note why the item at `index` has this status; returns the status. Safe to call from several threads. */
    int (*note)(const struct h5map_calls *calls, int status, uint64_t index, const char *format, va_list arguments);
    /* The rows of ragged result r of the item at `index`, behind h5map_resize. */
    void *(*resize)(const struct h5map_calls *calls, uint64_t index, size_t r, size_t count);
} h5map_calls_t;

/* One item. */
typedef struct h5map_item {
    const void *const *in;      /* inputs, shared tables and parameters in the order of the signature; in[k] points at
                                   its dims' product of elements, row-major, a parameter at one value */
    void *const *out;           /* results in the order of the signature, all zero, to be filled; NULL for a ragged
                                   one: h5map_resize gives its rows */
    const size_t *dim;          /* sizes of the named dims in order of first appearance */
    uint64_t index;             /* flat position of the item in the full input, from 0 */
    void *state;                /* what init made, or NULL */
    const h5map_calls_t *calls; /* the host's functions; NULL is allowed (a unit test) */
    uint64_t seed;              /* of the item's random numbers: made of --seed and index alone (h5map_rng) */
} h5map_item_t;

/* Consecutive items, for kernels that take many at once: in[k] points at [count][dims...] elements, a shared table
 * at [dims...] and a parameter at one value; item k of a result starts at (char *)out[r] + k * out_bytes[r]. */
typedef struct h5map_slice {
    const void *const *in;
    void *const *out;
    const size_t *dim;
    uint64_t first;        /* index of the first item */
    size_t count;          /* how many items */
    const uint64_t *index; /* [count] the items' indices where they are not first + k, else NULL */
    int32_t *status;       /* [count] all 0; set by h5map_fail_at */
    void *state;
    const h5map_calls_t *calls;
    size_t in_count, out_count;
    const size_t *in_bytes;  /* [in_count] bytes from an item to the next, 0 for a shared table or parameter */
    const size_t *out_bytes; /* [out_count] */
    uint64_t seed;           /* --seed; item k's is h5map_seed(seed, its index) */
    const uint64_t *const *in_offset; /* in_offset[p] is NULL, or of a ragged input [count + 1] offsets: item k starts
                                         at (const char *)in[p] + in_offset[p][k] * in_bytes[p] and has
                                         in_offset[p][k + 1] - in_offset[p][k] rows; in_bytes[p] is a row's, and dim[]
                                         has the rows of the longest item of all. Of a string: NULL where texts are
                                         stored with one length, else rows are its bytes (h5map_text knows both) */
    const size_t *in_dim;             /* [in_count] number of each input's ragged dim in dim[], or SIZE_MAX */
    size_t dim_count;
} h5map_slice_t;

/* The job as init sees it, once a rank, before any item. */
typedef struct h5map_job {
    const void *const *in; /* shared tables, which stay where they are until finish, and parameters in the order of
                              the signature; NULL where an input stands */
    const size_t *dim;     /* as in an item */
    uint64_t items;        /* items of this run, all ranks together */
    const h5map_calls_t *calls;
} h5map_job_t;

/* The kernel as the host finds it: the object h5map_kernel_NAME. */
typedef struct h5map_kernel {
    /* set by the macros */
    uint32_t abi;
    uint32_t size; /* bytes of this struct as the kernel was compiled */
    const char *name;
    int (*map)(const h5map_slice_t *slice); /* 0: every status is 0; else look at them */
    size_t default_block;
    /* set by the author, in this order */
    const char *signature;
    const char *summary;
    int (*init)(const h5map_job_t *job, void **state); /* 0, or h5map_refuse(job, ...) */
    void (*finish)(void *state);
    size_t block; /* every call gets exactly this many items, starting at a multiple of it, fewer at
                     the end and around an item whose input can't be converted; 0: 1, or 64 for slice kernels and under
                     -ffast-math */
    /* set by the macros */
    size_t slice_bytes; /* bytes of h5map_slice_t as the kernel was compiled */
} h5map_kernel_t;

#if defined(__GNUC__)
#define H5MAP_PRINTF_(string, first) __attribute__((format(printf, string, first), unused))
#define H5MAP_EXPORT_ __attribute__((visibility("default")))
#define H5MAP_INLINE_ static inline __attribute__((always_inline, unused))
#else
#define H5MAP_PRINTF_(string, first)
#define H5MAP_EXPORT_
#define H5MAP_INLINE_ static inline
#endif

/* This item failed, and why: `return h5map_fail(item, "no peak above %g", x);` Its results hold the fill value. */
H5MAP_PRINTF_(2, 3) static int h5map_fail(const h5map_item_t *item, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (item->calls)
        item->calls->note(item->calls, H5MAP_FAILED, item->index, format, arguments);
    va_end(arguments);
    return H5MAP_FAILED;
}

/* The run can't go on, and why: `return h5map_stop(item, "table %s is damaged", name);` */
H5MAP_PRINTF_(2, 3) static int h5map_stop(const h5map_item_t *item, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (item->calls)
        item->calls->note(item->calls, H5MAP_STOPPED, item->index, format, arguments);
    va_end(arguments);
    return H5MAP_STOPPED;
}

/* Item k of the slice failed, and why. The slice kernel goes on with the others and returns 0. */
H5MAP_PRINTF_(3, 4) static int h5map_fail_at(const h5map_slice_t *slice, size_t k, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (slice->calls)
        slice->calls->note(slice->calls, H5MAP_FAILED, slice->index ? slice->index[k] : slice->first + k, format,
                           arguments);
    va_end(arguments);
    return slice->status[k] = H5MAP_FAILED;
}

/* The job is wrong, and why: `return h5map_refuse(job, "sigma must be positive, not %g", s);` in init. */
H5MAP_PRINTF_(2, 3) static int h5map_refuse(const h5map_job_t *job, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (job->calls)
        job->calls->note(job->calls, H5MAP_STOPPED, 0, format, arguments);
    va_end(arguments);
    return H5MAP_STOPPED;
}

/* In a slice kernel: the text of item k of input p, a string; valid during the call. */
H5MAP_INLINE_ const char *h5map_text(const h5map_slice_t *slice, size_t p, size_t k)
{
    const uint64_t *const offset = slice->in_offset ? slice->in_offset[p] : NULL;

    return (const char *)slice->in[p] + (offset ? (size_t)offset[k] : k) * slice->in_bytes[p];
}

/* Result r of the item, a ragged one (`-> peaks: double[*]`; `[*, 3]` has rows of 3), gets `count` rows, all zero:
 *
 *     double *peaks = h5map_resize(item, 0, count);
 *
 * r counts the results from 0. The rows are valid until the next call for the same result, in this item or another; a
 * second call for an item replaces what the first gave. An item without a call has 0 rows. NULL: no memory, or no such
 * ragged result, or calls is NULL (a unit test); then return h5map_fail or h5map_stop. From one thread at a time. */
H5MAP_INLINE_ void *h5map_resize(const h5map_item_t *item, size_t r, size_t count)
{
    return item->calls && item->calls->resize ? item->calls->resize(item->calls, item->index, r, count) : NULL;
}

/* The same for item k of a slice. */
H5MAP_INLINE_ void *h5map_resize_at(const h5map_slice_t *slice, size_t k, size_t r, size_t count)
{
    if (!slice->calls || !slice->calls->resize)
        return NULL;
    return slice->calls->resize(slice->calls, slice->index ? slice->index[k] : slice->first + k, r, count);
}

/* Random numbers. Those of an item depend on --seed and its index alone: the same at every rank count, and each time an
 * item is mapped again.
 *
 *     h5map_rng_t r = h5map_rng(item);
 *     double u = h5map_uniform(&r), g = h5map_normal(&r);
 *
 * They are Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC11): the
 * encryption of 0, 1, 2, ... under a key, the item's seed. An item has 2^66 numbers of 32 bits. */
typedef struct h5map_generator {
    uint32_t key[2];
    uint64_t block;   /* of 4 words, the next one to be made */
    uint32_t word[4]; /* of the block before it */
    int left;         /* of these, not used yet */
} h5map_rng_t;

/* One block: counter and key in, 4 words out. */
H5MAP_INLINE_ void h5map_philox_(const uint32_t counter[4], const uint32_t key[2], uint32_t word[4])
{
    uint32_t k0 = key[0], k1 = key[1], c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];

    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;

        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    word[0] = c0;
    word[1] = c1;
    word[2] = c2;
    word[3] = c3;
}

/* The seed of the item at `index`: no two items of a run have the same. (The output function of SplitMix64: Steele,
 * Lea, Flood: Fast splittable pseudorandom number generators; OOPSLA 2014.) */
H5MAP_INLINE_ uint64_t h5map_seed(uint64_t seed, uint64_t index)
{
    uint64_t z = (index + 1) * 0x9E3779B97F4A7C15u + seed * 0xD1342543DE82EF95u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* The generator of an item's seed, at its beginning. */
H5MAP_INLINE_ h5map_rng_t h5map_rng_of(uint64_t seed)
{
    h5map_rng_t rng = {{(uint32_t)seed, (uint32_t)(seed >> 32)}, 0, {0, 0, 0, 0}, 0};

    return rng;
}

H5MAP_INLINE_ h5map_rng_t h5map_rng(const h5map_item_t *item)
{
    return h5map_rng_of(item->seed);
}

/* Of item k of a slice. */
H5MAP_INLINE_ h5map_rng_t h5map_rng_at(const h5map_slice_t *slice, size_t k)
{
    return h5map_rng_of(h5map_seed(slice->seed, slice->index ? slice->index[k] : slice->first + k));
}

/* 32 random bits. */
H5MAP_INLINE_ uint32_t h5map_bits(h5map_rng_t *rng)
{
    if (!rng->left) {
        const uint32_t counter[4] = {(uint32_t)rng->block, (uint32_t)(rng->block >> 32), 0, 0};

        h5map_philox_(counter, rng->key, rng->word);
        rng->block++;
        rng->left = 4;
    }
    return rng->word[4 - rng->left--];
}

/* Evenly from [0, 1): a multiple of 2^-53. */
H5MAP_INLINE_ double h5map_uniform(h5map_rng_t *rng)
{
    const uint32_t high = h5map_bits(rng) >> 5, low = h5map_bits(rng) >> 6;

    return (high * 67108864.0 + low) / 9007199254740992.0;
}

/* From the normal distribution of mean 0 and variance 1 (Box and Muller, 1958); takes two uniform numbers. */
H5MAP_INLINE_ double h5map_normal(h5map_rng_t *rng)
{
    const double u = 1 - h5map_uniform(rng), v = h5map_uniform(rng); /* u is not 0 */

    return sqrt(-2 * log(u)) * cos(6.283185307179586476925286766559 * v);
}

/* The rest is what the macros are made of. The loop over the items is compiled in the kernel's own file,
 * so that `one` is inlined into it and a whole slice costs one indirect call. */

/* Item k did not go well; does it end the slice? */
H5MAP_INLINE_ bool h5map_stops_(const h5map_slice_t *slice, size_t k, int status)
{
    slice->status[k] = status;
    return status == H5MAP_STOPPED;
}

/* One input, one result: nothing but two pointers moves, and nothing is stored for an item that went well. */
H5MAP_INLINE_ int h5map_each_one_to_one_(const h5map_slice_t *slice, int (*one)(const h5map_item_t *))
{
    const char *in = (const char *)slice->in[0];
    char *out = (char *)slice->out[0];
    const size_t in_bytes = slice->in_bytes[0], out_bytes = slice->out_bytes[0], count = slice->count;
    int any = 0;

    for (size_t k = 0; k < count; k++) {
        const void *const item_in[1] = {in + k * in_bytes};
        void *const item_out[1] = {out + k * out_bytes};
        const h5map_item_t item = {item_in,
                                   item_out,
                                   slice->dim,
                                   slice->first + k,
                                   slice->state,
                                   slice->calls,
                                   h5map_seed(slice->seed, slice->first + k)};
        const int status = one(&item);

        if (status && h5map_stops_(slice, k, any = status))
            break;
    }
    return any;
}

/* Has the signature two ports, one ':' each? Known to the compiler, so that it makes only the loop that is used. */
H5MAP_INLINE_ bool h5map_is_one_to_one_(const char *signature)
{
    const char *first = strchr(signature, ':'), *second = first ? strchr(first + 1, ':') : NULL;

    return second && !strchr(second + 1, ':');
}

/* Where an input is ragged: dims are each item's own. */
H5MAP_INLINE_ int h5map_each_ragged_(const h5map_slice_t *slice, int (*one)(const h5map_item_t *))
{
    const void *in[H5MAP_PORTS_MAX];
    void *out[H5MAP_PORTS_MAX];
    size_t dim[H5MAP_DIMS_MAX];
    int any = 0;

    for (size_t d = 0; d < slice->dim_count; d++)
        dim[d] = slice->dim[d];
    for (size_t k = 0; k < slice->count; k++) {
        const uint64_t index = slice->index ? slice->index[k] : slice->first + k;
        const h5map_item_t item = {in, out, dim, index, slice->state, slice->calls, h5map_seed(slice->seed, index)};
        int status;

        for (size_t p = 0; p < slice->in_count; p++) {
            const uint64_t *const offset = slice->in_offset ? slice->in_offset[p] : NULL;

            in[p] = (const char *)slice->in[p] + (offset ? offset[k] : k) * slice->in_bytes[p];
            if (offset && slice->in_dim[p] < H5MAP_DIMS_MAX)
                dim[slice->in_dim[p]] = (size_t)(offset[k + 1] - offset[k]);
        }
        for (size_t p = 0; p < slice->out_count; p++)
            out[p] = (char *)slice->out[p] + k * slice->out_bytes[p];
        status = one(&item);
        if (status && h5map_stops_(slice, k, any = status))
            break;
    }
    return any;
}

H5MAP_INLINE_ int h5map_each_(const h5map_slice_t *slice, int (*one)(const h5map_item_t *), const char *signature)
{
    const void *in[H5MAP_PORTS_MAX];
    void *out[H5MAP_PORTS_MAX];
    const size_t in_count = slice->in_count, out_count = slice->out_count;
    int any = 0;

    if (strchr(signature, '*') || strstr(signature, "string"))
        return h5map_each_ragged_(slice, one);
    if (h5map_is_one_to_one_(signature) && in_count == 1 && out_count == 1 && !slice->index)
        return h5map_each_one_to_one_(slice, one);
    for (size_t p = 0; p < in_count; p++)
        in[p] = slice->in[p];
    for (size_t p = 0; p < out_count; p++)
        out[p] = slice->out[p];
    for (size_t k = 0; k < slice->count; k++) {
        const uint64_t index = slice->index ? slice->index[k] : slice->first + k;
        const h5map_item_t item = {
            in, out, slice->dim, index, slice->state, slice->calls, h5map_seed(slice->seed, index)};
        const int status = one(&item);

        if (status && h5map_stops_(slice, k, any = status))
            break;
        for (size_t p = 0; p < in_count; p++)
            in[p] = (const char *)in[p] + slice->in_bytes[p];
        for (size_t p = 0; p < out_count; p++)
            out[p] = (char *)out[p] + slice->out_bytes[p];
    }
    return any;
}

/* A slice kernel that returns something else than 0 fails every item that it did not fail itself. */
H5MAP_INLINE_ int h5map_whole_(const h5map_slice_t *slice, int (*whole)(const h5map_slice_t *), const char *signature)
{
    const int status = whole(slice);

    (void)signature;
    for (size_t k = 0; status && k < slice->count; k++)
        if (!slice->status[k])
            slice->status[k] = status;
    return 1;
}

#ifdef __FAST_MATH__
#define H5MAP_ITEM_BLOCK_ 64
#else
#define H5MAP_ITEM_BLOCK_ 1
#endif

#ifdef __cplusplus
#define H5MAP_EXTERN_ extern "C"
}
#else
#define H5MAP_EXTERN_ extern
#endif

/* Fields that are left out are no mistake, which C++ compilers would like to tell (-Wextra). */
#if defined(__cplusplus) && defined(__GNUC__)
#define H5MAP_QUIET_ _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#define H5MAP_LOUD_ _Pragma("GCC diagnostic pop")
#else
#define H5MAP_QUIET_
#define H5MAP_LOUD_
#endif

#define H5MAP_DEFINE_(NAME, EACH, BLOCK, ...)                                   \
    H5MAP_QUIET_                                                                \
    static const h5map_kernel_t h5map_own_##NAME = {__VA_ARGS__};               \
    static int h5map_map_##NAME(const h5map_slice_t *h5map_given)               \
    {                                                                           \
        return EACH(h5map_given, NAME, h5map_own_##NAME.signature);             \
    }                                                                           \
    H5MAP_EXTERN_ H5MAP_EXPORT_ const h5map_kernel_t h5map_kernel_##NAME;       \
    const h5map_kernel_t h5map_kernel_##NAME = {.abi = H5MAP_ABI,               \
                                                .size = sizeof(h5map_kernel_t), \
                                                .name = #NAME,                  \
                                                .map = h5map_map_##NAME,        \
                                                .default_block = (BLOCK),       \
                                                __VA_ARGS__,                    \
                                                .slice_bytes = sizeof(h5map_slice_t)}; \
    H5MAP_LOUD_                                                                 \
    struct h5map_kernel /* for the semicolon */

/* Make the kernel NAME of `static int NAME(const h5map_item_t *item)`. Then the author's fields, in order:
 * .signature, .summary, .init, .finish, .block; all but the first may be left out. */
#define H5MAP_KERNEL(NAME, ...) H5MAP_DEFINE_(NAME, h5map_each_, H5MAP_ITEM_BLOCK_, __VA_ARGS__)

/* The same of `static int NAME(const h5map_slice_t *slice)`, which gets many items in one call. */
#define H5MAP_SLICE_KERNEL(NAME, ...) H5MAP_DEFINE_(NAME, h5map_whole_, 64, __VA_ARGS__)

#endif
