/* Where the parts of a batch lie in its image (job.h, struct batch). Pure; the same on every rank.
 *
 *   ticket: header, each input: [count][wire bytes], or a bundle (codec/bundle.h)
 *   result: header, each result [count][bytes], and if items failed: bitmap [(count + 7) / 8], reasons
 *   packed: header, results, entries, and if items failed: bitmap, reasons
 *
 * Every part starts at a multiple of BATCH_ALIGN. Packed, the results follow each other without gaps, each chunk that
 * is whole in the batch as its entry says: encoded, or as it is; the entries, of all results, end where the next part
 * starts. */
#ifndef RUN_IMAGE_H
#define RUN_IMAGE_H

#include "job.h"

/* in[k]: where input k of `count` items goes in the image at `image`, with room for a bundle where the plan has them
 * bundled; NULL for a parameter. */
void image_rooms(const struct plan *plan, uint64_t count, void *image, void *in[PORTS_MAX]);

/* The bytes of an image with such rooms. */
size_t image_rooms_bytes(const struct plan *plan, uint64_t count);

/* The parts are filled and the header says which are bundles: move them together, so that no room is between them. */
void image_close_up(const struct plan *plan, struct batch *ticket);

/* in[k]: input k of the ticket, whose parts are closed up: its items, or its bundle; NULL for a parameter. */
void image_inputs(const struct plan *plan, const struct batch *ticket, const void *in[PORTS_MAX]);

/* The bytes of such a ticket. */
size_t image_ticket_bytes(const struct plan *plan, const struct batch *ticket);

/* out[k]: result k. */
void image_results(const struct plan *plan, uint64_t count, void *image, void *out[PORTS_MAX]);

/* The same parts, items all, without a header, from `start` on; returns how many bytes they take (start may be NULL for
 * that). */
size_t image_items_in(const struct plan *plan, uint64_t count, void *start, void *in[PORTS_MAX]);
size_t image_items_out(const struct plan *plan, uint64_t count, void *start, void *out[PORTS_MAX]);

/* Where the bytes of some items of a result lie in the result: begin <= pages <= pages_behind <= behind. From `pages`
 * to `pages_behind` they are whole pages, which the rank that mapped them writes (direct_out); what is before and
 * behind shares a page with other tickets, goes to root in the image, and root alone writes it. */
struct edges {
    uint64_t begin, pages, pages_behind, behind;
};
struct edges image_edges(const struct yield *yield, uint64_t first, uint64_t count);

/* The edges of a result in the image of a ticket's results (direct_out): [pages - begin] bytes at head, [behind -
 * pages_behind] at tail. */
struct edge {
    struct edges edges;
    char *head, *tail;
};
void image_edge(const struct plan *plan, const struct batch *image, int result, struct edge *edge);

/* The bitmap of failed items (bit k & 7 of byte k / 8 is item k of the batch) and the reasons behind it. */
unsigned char *image_bitmap(const struct plan *plan, const struct batch *image);
char *image_reasons(const struct plan *plan, const struct batch *image);

/* Whole chunks of its results. */
size_t image_entry_count(const struct plan *plan, const struct batch *image);

/* Those of a packed image, in the order of results and chunks. */
const struct entry *image_entries(const struct plan *plan, const struct batch *image);

/* What packed_bytes is where header and results take data_bytes. */
size_t image_packed_bytes(size_t data_bytes, size_t entry_count);

/* Bytes of a result image as its header says: without results where it gave up or failed. */
size_t image_result_bytes(const struct plan *plan, const struct batch *image);

/* The largest images of `count` items. */
size_t image_inputs_bytes(const struct plan *plan, uint64_t count);
size_t image_results_bytes_max(const struct plan *plan, uint64_t count);

/* The most whole chunks of `count` items. */
size_t image_entries_most(const struct plan *plan, uint64_t count);

#endif
