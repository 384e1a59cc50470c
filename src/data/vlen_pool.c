#include "data/vlen_pool.h"

#include "data/handles.h"

#include <stdlib.h>

struct vlen_block {
    struct vlen_block *next;
    max_align_t data[];
};

static void *take(size_t bytes, void *of)
{
    struct vlen_pool *pool = of;
    struct vlen_block *block;

    pool->over = pool->over || (pool->blocks && (pool->bytes > pool->most || bytes > pool->most - pool->bytes));
    if (pool->over)
        return NULL;
    block = malloc(sizeof *block + bytes);
    if (!block) {
        pool->refused = bytes;
        return NULL;
    }
    block->next = pool->blocks;
    pool->blocks = block;
    pool->bytes += bytes;
    return block->data;
}

static void give_back(void *data, void *pool) /* all at once, by vlen_pool_empty */
{
    (void)data;
    (void)pool;
}

hid_t vlen_pool_transfer(struct vlen_pool *pool, hid_t like)
{
    const hid_t transfer = like == H5P_DEFAULT ? H5Pcreate(H5P_DATASET_XFER) : H5Pcopy(like);

    if (transfer >= 0 && H5Pset_vlen_mem_manager(transfer, take, pool, give_back, pool) >= 0)
        return transfer;
    handles_close(&transfer, 1);
    return H5I_INVALID_HID;
}

void vlen_pool_empty(struct vlen_pool *pool)
{
    while (pool->blocks) {
        struct vlen_block *next = pool->blocks->next;

        free(pool->blocks);
        pool->blocks = next;
    }
    *pool = (struct vlen_pool){.most = pool->most};
}
