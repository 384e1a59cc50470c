/* zipped IN OUT: the norm of 3-vectors from shuffled, deflated chunks to shuffled, deflated chunks by hand, two
 * threads: HDF5 only moves chunks as they are stored, one thread at a time; libdeflate does the rest. */
#include "files.h"
#include "work.h"

#include <emmintrin.h>
#include <libdeflate.h>
#include <stdbool.h>

#define N 3
#define LEVEL 4
#define WORD 8   /* bytes of a double: as many planes has a shuffled chunk */
#define BLOCK 16 /* doubles that are turned at a time */

struct job {
    hid_t file, in, out_file, out;
    hsize_t count, rows; /* vectors; of a chunk */
};

/* A thread's own. */
struct tools {
    struct libdeflate_decompressor *inflate;
    struct libdeflate_compressor *deflate;
    size_t room;
    unsigned char *packed, *planes;
    double *x, *y;
};

/* The bytes of two halves in turn: the bits of each byte's place go left by one, the highest to the right. */
static inline void interleave(__m128i block[WORD], int times)
{
    __m128i next[WORD];

    while (times-- > 0) {
        for (int k = 0; k < WORD / 2; k++) {
            next[2 * k] = _mm_unpacklo_epi8(block[k], block[k + WORD / 2]);
            next[2 * k + 1] = _mm_unpackhi_epi8(block[k], block[k + WORD / 2]);
        }
        memcpy(block, next, sizeof next);
    }
}

static void unshuffle(const unsigned char *planes, size_t count, unsigned char *words)
{
    __m128i block[WORD];
    size_t k = 0;

    for (; k + BLOCK <= count; k += BLOCK) {
        for (size_t plane = 0; plane < WORD; plane++)
            block[plane] = _mm_loadu_si128((const __m128i *)(planes + plane * count + k));
        interleave(block, 3);
        for (size_t row = 0; row < WORD; row++)
            _mm_storeu_si128((__m128i *)(words + WORD * k + BLOCK * row), block[row]);
    }
    for (; k < count; k++)
        for (size_t plane = 0; plane < WORD; plane++)
            words[k * WORD + plane] = planes[plane * count + k];
}

static void shuffle(const unsigned char *words, size_t count, unsigned char *planes)
{
    __m128i block[WORD];
    size_t k = 0;

    for (; k + BLOCK <= count; k += BLOCK) {
        for (size_t row = 0; row < WORD; row++)
            block[row] = _mm_loadu_si128((const __m128i *)(words + WORD * k + BLOCK * row));
        interleave(block, 4);
        for (size_t plane = 0; plane < WORD; plane++)
            _mm_storeu_si128((__m128i *)(planes + plane * count + k), block[plane]);
    }
    for (; k < count; k++)
        for (size_t plane = 0; plane < WORD; plane++)
            planes[plane * count + k] = words[k * WORD + plane];
}

static bool start(struct tools *tools, hsize_t rows)
{
    const size_t raw_bytes = rows * N * sizeof(double);

    tools->inflate = libdeflate_alloc_decompressor();
    tools->deflate = libdeflate_alloc_compressor(LEVEL);
    tools->room = libdeflate_zlib_compress_bound(tools->deflate, raw_bytes);
    tools->packed = malloc(tools->room);
    tools->planes = malloc(raw_bytes);
    tools->x = malloc(raw_bytes);
    tools->y = calloc(rows, sizeof(double));
    return tools->inflate && tools->deflate && tools->packed && tools->planes && tools->x && tools->y;
}

/* The chunk's bytes as they are stored, 0: it can't be read. */
static size_t fetch(const struct job *job, hsize_t first, struct tools *tools)
{
    const hsize_t offset[2] = {first, 0};
    uint32_t mask = 0;
    hsize_t bytes = 0;
    bool failed;

#pragma omp critical(hdf5)
    failed = H5Dget_chunk_storage_size(job->in, offset, &bytes) < 0 || bytes > tools->room ||
             H5Dread_chunk(job->in, H5P_DEFAULT, offset, &mask, tools->packed) < 0;
    return failed || mask ? 0 : (size_t)bytes;
}

static bool map_chunk(const struct job *job, hsize_t first, struct tools *tools)
{
    const size_t rows = job->rows, here = job->count - first < rows ? (size_t)(job->count - first) : rows;
    const size_t stored = fetch(job, first, tools);
    size_t bytes;
    herr_t status;

    if (!stored || libdeflate_zlib_decompress(tools->inflate, tools->packed, stored, tools->planes,
                                              rows * N * sizeof(double), NULL) != LIBDEFLATE_SUCCESS)
        return false;
    unshuffle(tools->planes, rows * N, (unsigned char *)tools->x);
    for (size_t k = 0; k < here; k++)
        tools->y[k] = length(tools->x + k * N, N);
    shuffle((const unsigned char *)tools->y, rows, tools->planes);
    bytes = libdeflate_zlib_compress(tools->deflate, tools->planes, rows * sizeof(double), tools->packed, tools->room);
#pragma omp critical(hdf5)
    status = H5Dwrite_chunk(job->out, H5P_DEFAULT, 0, &first, bytes, tools->packed);
    return bytes && status >= 0;
}

static int map(const struct job *job)
{
    int failed = 0;

#pragma omp parallel reduction(| : failed)
    {
        struct tools tools;

        failed |= !start(&tools, job->rows);
#pragma omp for schedule(dynamic)
        for (hsize_t first = 0; first < job->count; first += job->rows)
            failed |= failed || !map_chunk(job, first, &tools);
    }
    return failed;
}

static int open_input(const char *path, struct job *job)
{
    hsize_t dims[2], chunk[2];
    hid_t space, how;

    job->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    job->in = H5Dopen2(job->file, "x", H5P_DEFAULT);
    space = H5Dget_space(job->in);
    how = H5Dget_create_plist(job->in);
    if (H5Sget_simple_extent_dims(space, dims, NULL) != 2 || dims[1] != N || H5Pget_chunk(how, 2, chunk) != 2 ||
        chunk[1] != N)
        return 1;
    job->count = dims[0];
    job->rows = chunk[0];
    return H5Pclose(how) < 0 || H5Sclose(space) < 0;
}

static int make_output(const char *path, struct job *job)
{
    const hsize_t most = H5S_UNLIMITED;
    hid_t space = H5Screate_simple(1, &job->count, job->count ? NULL : &most), how = H5Pcreate(H5P_DATASET_CREATE);

    job->out_file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (H5Pset_chunk(how, 1, &job->rows) < 0 || H5Pset_shuffle(how) < 0 || H5Pset_deflate(how, LEVEL) < 0)
        return 1;
    job->out = H5Dcreate2(job->out_file, "y", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, how, H5P_DEFAULT);
    return job->out < 0 || H5Pclose(how) < 0 || H5Sclose(space) < 0;
}

int main(int argc, char *argv[])
{
    char part[PATH_BYTES];
    struct job job = {0};

    if (argc != 3)
        return 2;
    snprintf(part, sizeof part, "%s.part", argv[2]);
    if (open_input(argv[1], &job) || make_output(part, &job) || map(&job))
        return 1;
    if (H5Dclose(job.out) < 0 || H5Fclose(job.out_file) < 0 || H5Dclose(job.in) < 0 || H5Fclose(job.file) < 0)
        return 1;
    return publish(part, argv[2]);
}
