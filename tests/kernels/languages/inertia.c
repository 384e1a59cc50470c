/* A kernel whose work a Fortran function does, which is in inertia.f90. Two ways:
 *
 *   gfortran -O3 -fPIC -c inertia.f90
 *   h5map run inertia.c in.h5 out.h5 --libs 'inertia.o -lgfortran'
 *
 *   gfortran -O3 -shared -fPIC $(pkg-config --cflags h5map-kernel) inertia.f90 inertia.c -o inertia.so
 *   h5map run ./inertia.so in.h5 out.h5
 */
#include <h5map/kernel.h>

int inertia_of(size_t n, const double *m, const double *x, double *tensor);

static int inertia(const h5map_item_t *item)
{
    if (inertia_of(item->dim[0], item->in[0], item->in[1], item->out[0]))
        return h5map_fail(item, "the mass is not positive");
    return 0;
}

H5MAP_KERNEL(inertia, .signature = "m: double[n], x: double[n, 3] -> tensor: double[3, 3]",
             .summary = "Moment of inertia of points of mass m at x, about their centre");
