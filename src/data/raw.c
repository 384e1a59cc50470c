#include "data/raw.h"

#include "data/handles.h"

#include <errno.h>
#include <unistd.h>

/* Contiguous, in this file, no bytes to be swapped or converted. */
static bool is_plain(hid_t dataset, hid_t stored, hid_t plist, hid_t memory)
{
    return stored >= 0 && plist >= 0 && H5Pget_layout(plist) == H5D_CONTIGUOUS && H5Pget_external_count(plist) == 0 &&
           H5Tequal(stored, memory) > 0 && H5Dget_offset(dataset) != HADDR_UNDEF;
}

/* The file's descriptor; -1 where it is read in another way. */
static int descriptor(hid_t file, hid_t access)
{
    int *fd = NULL;

    if (access < 0 || H5Pget_driver(access) != H5FD_SEC2 || H5Fget_vfd_handle(file, access, (void **)&fd) < 0 || !fd)
        return -1;
    return *fd;
}

void raw_open(hid_t dataset, hid_t memory, struct raw *raw)
{
    const hid_t file = H5Iget_file_id(dataset); /* a link can lead to another file than the input's */
    const hid_t stored = H5Dget_type(dataset), plist = H5Dget_create_plist(dataset), space = H5Dget_space(dataset);
    const hid_t access = file < 0 ? H5I_INVALID_HID : H5Fget_access_plist(file);
    hsize_t shape[H5S_MAX_RANK];
    int rank;

    *raw = (struct raw){.fd = -1};
    if (space >= 0 && is_plain(dataset, stored, plist, memory) &&
        (rank = H5Sget_simple_extent_dims(space, shape, NULL)) >= 0 && rank <= SLAB_RANK_MAX) {
        grid_make(rank, shape, &raw->grid);
        raw->offset = H5Dget_offset(dataset);
        raw->element_bytes = H5Tget_size(memory);
        raw->fd = descriptor(file, access);
    }
    if (handles_close((const hid_t[]){access, space, plist, stored, file}, 5))
        raw->fd = -1;
}

/* Where the box begins, and how many elements it has; false: it is not one run. */
static bool find_run(const struct grid *grid, const struct slab *slab, uint64_t *first, uint64_t *count)
{
    bool whole = true; /* the axes so far, from the last */

    *first = 0;
    *count = 1;
    for (int k = grid->rank - 1; k >= 0; k--) {
        if (slab->count[k] != 1 && !whole)
            return false;
        whole &= slab->count[k] == grid->shape[k];
        *first += slab->first[k] * grid->below[k];
        *count *= slab->count[k];
    }
    return true;
}

bool raw_read(const struct raw *raw, const struct slab *slab, uint64_t step, void *to)
{
    uint64_t at, left;
    char *next = to;

    if (raw->fd < 0 || (step != 1 && raw->grid.rank && slab->count[0] > 1) || !find_run(&raw->grid, slab, &at, &left))
        return false;
    at = raw->offset + at * raw->element_bytes;
    left *= raw->element_bytes;
    while (left) {
        const ssize_t some = pread(raw->fd, next, left, (off_t)at);

        if (some < 0 && errno == EINTR)
            continue;
        if (some <= 0)
            return false;
        next += some;
        at += (uint64_t)some;
        left -= (uint64_t)some;
    }
    return true;
}
