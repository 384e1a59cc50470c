/* The buffers that items travel and are mapped in. */
#ifndef BUFFERS_H
#define BUFFERS_H

#include <stdbool.h>
#include <stddef.h>

/* Room for `count` buffers of `bytes` each, one behind the other, the first at a multiple of BATCH_ALIGN; to be freed
 * by free(). NULL: no memory. Local; what is in them is undefined.
 *
 * `whole`: most of it will be used. Then much room is had in huge pages where the system has them, and at once: the
 * first touch of a page costs 0.1 us, on virtual machines up to 12 us, and that for each 4 KiB of buffers would be a
 * large part of a short run. Otherwise what is not touched takes no memory. */
void *buffers_alloc(size_t count, size_t bytes, bool whole);

#endif
