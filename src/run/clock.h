/* The clock that durations are measured with. */
#ifndef RUN_CLOCK_H
#define RUN_CLOCK_H

/* Seconds of the monotonic clock. */
double clock_now_s(void);

#endif
