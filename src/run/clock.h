/* The clocks: one that durations are measured with, one for the record. */
#ifndef RUN_CLOCK_H
#define RUN_CLOCK_H

/* Seconds of the monotonic clock. */
double clock_now_s(void);

/* Seconds since 1970. */
double clock_unix_s(void);

#endif
