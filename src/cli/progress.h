/* Progress and the closing line, as text on a stream (stderr). */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "job.h"

#include <stdio.h>

struct progress_state {
    FILE *stream;
    bool terminal, none;
    double last_s;     /* tally time of the last line or bar */
    int width;         /* columns of the bar now on the terminal, 0: none */
    int columns;       /* of the terminal, 0: it is asked */
    double interval_s; /* between lines: 30 in a log, 0.2 on a terminal */
};

/* options->progress and quiet decide; a terminal gets a bar, anything else a flushed line every 30 s. `terminal`: the
 * stream ends at one, though perhaps through mpirun's pipe. */
void progress_start(struct progress_state *progress, FILE *stream, bool terminal, const struct options *options);

/* Show it if it is time (called often; cheap when it is not): share, items, rate, time left, failed items if any.
 * Rate and time left are those of this run, without the items that were there at its start. */
void progress_show(struct progress_state *progress, const struct tally *tally);

/* Take the bar off the terminal, so that lines can follow. */
void progress_end(struct progress_state *progress);

/* The closing line, OUTPUT as it was typed: "h5map: speed.h5: 2000000 items in 0.41 s on 4 ranks, 4.9 million items/s,
 * ranks busy 87 %"; with " (1200 were there)" behind the items in a run that went on, and "; 12 items failed (see
 * /h5map/failures)" where some did. Where the output was in place before: "h5map: speed.h5: nothing to do, complete:
 * 2000000 items (12 failed, see /h5map/failures; --retry-failed redoes them)". Nothing under -q or where the output is
 * not in place. */
void progress_closing(FILE *stream, const struct options *options, const struct outcome *outcome);

#endif
