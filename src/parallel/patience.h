/* The one way to wait: look again at once a few times, then sleep, longer each time. */
#ifndef PARALLEL_PATIENCE_H
#define PARALLEL_PATIENCE_H

struct patience {
    int crowd;     /* ranks per CPU of this host: where they are many, each looks less often */
    unsigned idle; /* looks in a row that found nothing */
    long first_ns; /* the first sleep; 0: as short as they come */
    long most_ns;  /* the longest sleep; set it before the first wait, and whenever that changes */
    unsigned slow; /* sleeps in a row of one length, less 1: 0, each is twice as long as the one before */
};

/* Something happened: be quick again. */
void patience_reset(struct patience *patience);

/* How many times less often than elsewhere ranks should talk where so many of them share a CPU, which looking and
 * talking would fill: 1 (few) to 4. */
int patience_calm(int crowd);

/* The longest sleeps that do no harm beside work of so many seconds that is followed by more of it (0: none is): at
 * first an eighth, then up to a fourth, but 1 to 5 ms, in a crowd up to 20 ms. */
void patience_beside(struct patience *patience, double work_s);

/* How long the next wait is to sleep, in ns; 0: it is not. */
long patience_next_ns(const struct patience *patience);

/* Nothing happened: the same, and it counts as slept. */
long patience_take_ns(struct patience *patience);

/* Nothing happened: let others run. Local. */
void patience_wait(struct patience *patience);

#endif
