/* Where the parts of a batch lie in its image (job.h, struct batch). Pure; the same on every rank.
 *
 *   ticket: header, each input [count][wire bytes]
 *   result: header, each result [count][bytes], and if items failed: bitmap [(count + 7) / 8], reasons
 *
 * Every part starts at a multiple of BATCH_ALIGN. */
#ifndef RUN_IMAGE_H
#define RUN_IMAGE_H

#include "job.h"

/* in[k]: input k of `count` items in the image at `image`; NULL for a parameter. Returns the bytes of the whole image.
 */
size_t image_inputs(const struct plan *plan, uint64_t count, void *image, void *in[PORTS_MAX]);

/* out[k]: result k. Returns the bytes up to the end of the results, where a bitmap would start. */
size_t image_results(const struct plan *plan, uint64_t count, void *image, void *out[PORTS_MAX]);

/* The bitmap of failed items (bit k & 7 of byte k / 8 is item k of the batch) and the reasons behind it. */
unsigned char *image_bitmap(const struct plan *plan, const struct batch *image);
char *image_reasons(const struct plan *plan, const struct batch *image);

/* Bytes of a result image as its header says: without results where it gave up or failed. */
size_t image_result_bytes(const struct plan *plan, const struct batch *image);

/* The largest images of `count` items. */
size_t image_inputs_bytes(const struct plan *plan, uint64_t count);
size_t image_results_bytes_max(const struct plan *plan, uint64_t count);

#endif
