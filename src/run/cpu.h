/* Where threads run. */
#ifndef RUN_CPU_H
#define RUN_CPU_H

/* Move the calling thread to a CPU of those that it may use, as one of so many threads, numbered from 0, each of which
 * is to have its own: far from each other, as neighbours may be one core. A number beyond counts round. It may use all
 * of them as before, and so may its children. Local; where it can't, nothing happens.
 *
 * Linux places a thread when it is woken up, and takes it away from a CPU that it shares with another only some 10 ms
 * later, while threads that sleep for microseconds keep the other CPU from looking for work: for a short run that is
 * long. */
void cpu_begin_on(int number, int threads);

#endif
