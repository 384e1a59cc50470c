/* The one way to wait: look again at once a few times, then sleep, longer each time. */
#ifndef PARALLEL_PATIENCE_H
#define PARALLEL_PATIENCE_H

struct patience {
    unsigned idle; /* looks in a row that found nothing */
    long most_ns;  /* the longest sleep; set it before the first wait */
    unsigned slow; /* sleeps in a row of one length, less 1: 0, each is twice as long as the one before */
};

/* Something happened: be quick again. */
void patience_reset(struct patience *patience);

/* Nothing happened: let others run. Local. */
void patience_wait(struct patience *patience);

#endif
