/* Where chunks of inputs and results end, so that tickets end there too (job.h, struct grain). Pure. */
#ifndef RUN_GRAIN_H
#define RUN_GRAIN_H

#include "job.h"

/* Of the chunks of one input, on the first axis along which they are more than one index; every is 0 where it is not
 * chunked. The offset is that of the selection. */
struct grain grain_of_input(const struct binding *binding, int k);

/* One that serves both: the least common multiple of the two where it is at most `most` items, else the coarser one. */
struct grain grain_of_both(struct grain one, struct grain other, uint64_t most);

/* Of the chunks of the results, where blocks end with them: the coarsest that is of fewer than `below` items, and of
 * more than one. false: there is none. */
bool grain_of_results(const struct plan *plan, uint64_t below, struct grain *grain);

/* Of the pages of the results that ranks write themselves: every is 0 where there are none. */
struct grain grain_of_pages(const struct plan *plan);

/* Where a ticket that begins at position `first` and is to have about `count` items should end. One of at least half of
 * `every` items ends at the last end of chunks within it, or, where there is none, at the next one; a smaller one is
 * left as it is. It has at most max(count, every) items. */
uint64_t grain_end(const struct grain *grain, uint64_t first, uint64_t count);

#endif
