/* A routine of LAPACK's as a kernel: h5map run eigen.c in.h5 out.h5 --libs -llapack
 *
 * Fortran takes every argument by its address, the name has a '_' at its end, and matrices are column by column: no
 * matter for symmetric ones. An eigenvector is a row of `vectors` here. */
#include <h5map/kernel.h>
#include <limits.h>
#include <stdlib.h>

void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
            const int *lwork, int *info, size_t jobz_length, size_t uplo_length);

/* What a rank needs for all its items. */
struct room {
    int n, work_count;
    double work[];
};

static int make_room(const h5map_job_t *job, void **state)
{
    const size_t n = job->dim[0], work_count = 34 * n; /* n (nb + 2) is best; nb is 32 as a rule */
    struct room *room = work_count <= INT_MAX ? malloc(sizeof *room + work_count * sizeof room->work[0]) : NULL;

    if (!room)
        return h5map_refuse(job, "no room for matrices of %zu x %zu", n, n);
    room->n = (int)n;
    room->work_count = (int)work_count;
    *state = room;
    return 0;
}

static int eigen(const h5map_item_t *item)
{
    struct room *room = item->state;
    double *values = item->out[0], *vectors = item->out[1];
    int info;

    memcpy(vectors, item->in[0], item->dim[0] * item->dim[0] * sizeof *vectors); /* dsyev writes over its input */
    dsyev_("V", "U", &room->n, vectors, &room->n, values, room->work, &room->work_count, &info, 1, 1);
    if (info)
        return h5map_fail(item, "dsyev: %d values did not converge", info);
    return 0;
}

H5MAP_KERNEL(eigen, .signature = "a: double[n, n] -> values: double[n], vectors: double[n, n]",
             .summary = "Eigenvalues and eigenvectors of a symmetric matrix", .init = make_room, .finish = free);
