/* What HDF5 allocates for elements of variable length that it reads: freed at once, and bounded. Calls HDF5. */
#ifndef DATA_VLEN_POOL_H
#define DATA_VLEN_POOL_H

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>

#define VLEN_POOL_BYTES ((size_t)1 << 20)

struct vlen_pool {
    struct vlen_block *blocks;
    size_t bytes, most; /* of all blocks; the most, unless one block alone takes more */
    bool over;          /* HDF5 wanted too much */
    size_t refused;     /* bytes that there were not; 0: none */
};

/* A transfer list by which HDF5 allocates there: as `like`, or the default. The caller's to close; negative on
 * failure. */
hid_t vlen_pool_transfer(struct vlen_pool *pool, hid_t like);

/* Free the blocks; `most` stays. */
void vlen_pool_empty(struct vlen_pool *pool);

#endif
