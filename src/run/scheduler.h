/* What the scheduler (SLURM) says of the job that this process is in: for the log and the record of the run. */
#ifndef RUN_SCHEDULER_H
#define RUN_SCHEDULER_H

#include "job.h"

/* Fill in run->job ("17", "17_3 restart 2" of an array) and run->nodes ("n[1-3]") from SLURM_JOB_ID,
 * SLURM_ARRAY_JOB_ID, SLURM_ARRAY_TASK_ID, SLURM_RESTART_COUNT and SLURM_JOB_NODELIST; "" each without a scheduler.
 * What is longer than its field ends with "...", bytes that are no printable ASCII become '?'. Local. */
void scheduler_look(struct run_info *run);

/* "job 17 restart 2 on n[1-3]", for people; "" without a scheduler. */
void scheduler_text(const struct run_info *run, char *text, size_t bytes);

#endif
