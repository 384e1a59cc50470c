/* A slice kernel that hands a whole slice to BLAS: h5map run cosines.c in.h5 out.h5 -p k=8 --libs -lblas
 *
 * The last bits of a matrix product depend on how many rows it has, so the calls must be cut alike at every rank
 * count: a slice kernel gets blocks of 64 items unless .block says otherwise. */
#include <cblas.h>
#include <h5map/kernel.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

/* The cosines, [k][n], made once a rank. */
static int make_table(const h5map_job_t *job, void **state)
{
    const size_t n = job->dim[0], k = job->dim[1];
    double *table = n <= INT_MAX && k <= INT_MAX ? malloc(n * k * sizeof *table) : NULL;

    if (!table)
        return h5map_refuse(job, "no room for a table of %zu x %zu cosines", k, n);
    for (size_t row = 0; row < k; row++)
        for (size_t column = 0; column < n; column++)
            table[row * n + column] = cos(acos(-1.0) / (double)n * ((double)column + 0.5) * (double)row);
    *state = table;
    return 0;
}

/* c[count][k] = x[count][n] * table[k][n]^T */
static int cosines(const h5map_slice_t *slice)
{
    const int n = (int)slice->dim[0], k = (int)slice->dim[1];

    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)slice->count, k, n, 1, slice->in[0], n, slice->state, n,
                0, slice->out[0], k);
    return 0;
}

H5MAP_SLICE_KERNEL(cosines, .signature = "x: double[n], param k: int32 = 4 -> c: double[k]",
                   .summary = "First k coefficients of the cosine transform", .init = make_table, .finish = free);
