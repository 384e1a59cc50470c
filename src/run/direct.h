/* A rank's own way to the files, where every rank reads the items of its tickets and puts their results into place
 * itself (--io direct; plan->direct_in, direct_out). One a rank; local.
 *
 * The files are opened and closed by the main thread; in between only the lane reads and puts. */
#ifndef RUN_DIRECT_H
#define RUN_DIRECT_H

#include "data/source.h"
#include "run/calls.h"
#include "run/image.h"
#include "run/syncer.h"

struct direct {
    const struct plan *plan;
    struct source *source;
    struct place *place; /* of OUTPUT.part, NULL: root writes */
    struct layout layout;
    struct syncer *syncer; /* NULL: as place; on root, whose keeper syncs */
    bool begun;            /* the lane has read */
};

/* Read the items of a part into to[k], [count][elements] of the wire type each. */
int direct_read(struct direct *direct, const struct part *part, void *const to[PORTS_MAX], struct error *error);

/* Read all items of the ticket into an image with image_rooms for them: its parts, as a ticket's of root. */
int direct_read_whole(struct direct *direct, const struct batch *ticket, struct batch *image, struct error *error);

/* Put the part's results into place: whole pages into the file, the rest into the image of the ticket's results, whose
 * first and count are set. */
int direct_put(struct direct *direct, const struct part *part, struct batch *image, struct error *error);

/* Close everything. Safe on a struct of zeros. */
void direct_close(struct direct *direct);

#endif
