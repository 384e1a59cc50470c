/* -j: the same command under mpirun. */
#ifndef PROCESS_LAUNCH_H
#define PROCESS_LAUNCH_H

#include "job.h"

/* Set in the environment of what launch_run starts: what kind of stderr it has, and where rank 0 tells its status. */
#define LAUNCH_CHILD "H5MAP_UNDER_J"
#define LAUNCH_STATUS "H5MAP_UNDER_J_STATUS"

/* Is this process started by an MPI launcher (mpirun, srun)? From the environment. A SLURM batch script, or a shell in
 * an allocation, is not. */
bool launch_has_launcher(void);

/* Which of the ranks on this host this one is, from 0; -1: there is no launcher, or it does not tell. */
int launch_local_rank(void);

/* How many ranks this host has; 1 also where the launcher does not tell. */
int launch_local_ranks(void);

/* The CPUs that this process may use, at least 1. */
int launch_cores(void);

/* How many ranks of this host share a CPU, rounded up; 1 also where the launcher does not tell how many they are. */
int launch_crowd(void);

/* The same of all CPUs of this host, whatever this process may use: each of its ranks sees the same. */
int launch_host_crowd(void);

/* Are all ranks on this host? Without a launcher they are; false also where it does not tell. */
bool launch_on_one_host(void);

/* There: the MPI library, of this program and of the mpirun that it starts, is not to look for devices (hwloc's plugins
 * for GPUs, which load OpenCL and X11, and the PCI bus): half of its start. Sets what is not set in the environment. */
void launch_look_less(void);

/* Has the launcher given the ranks a way to find each other? srun without PMI has not: each would be alone. */
bool launch_can_meet(void);

/* Is this a rank that launch_run started? It gets every word of the command, -j too, which has done its work then: the
 * caller passes over options->parallel. */
bool launch_is_child(void);

/* Does what goes to stderr end at a terminal? Under launch_run the parent's stderr counts, as mpirun stands between. */
bool launch_terminal(void);

/* Rank and size that the launcher promises: OMPI_COMM_WORLD_*, PMIX_RANK / PMI_*, then SLURM_PROCID and
 * SLURM_STEP_NUM_TASKS (first that is set). rank 0 and size 1 without a launcher; size 0: not known. */
void launch_promise(int *rank, int *size);

/* The name of the file in memory that it is told in. */
#define LAUNCH_STATUS_FILE "h5map-status"

/* What rank 0 has told the process that started mpirun. */
struct launch_word {
    int32_t begun;  /* 1: it runs */
    int32_t status; /* its exit status, -1: it has not come to its end */
};

/* A file that scripts make and name in the environment of a run; see launch_tell_begun. */
#define LAUNCH_FILE "H5MAP_STATUS"

/* Rank 0 that launch_run started, to the process that did: it runs; it is about to end with this exit status. mpirun's
 * own status does not always tell. The same as a line, "begun" or the number, into the file that H5MAP_STATUS names, if
 * it is there. Does nothing elsewhere, and where that process can't be reached. True: that process knows the status,
 * and this one may as well end with 0, which spares the two seconds that mpirun takes to end where a rank ends
 * otherwise. */
void launch_tell_begun(void);
bool launch_tell_status(int status);

/* Start mpirun ($H5MAP_MPIRUN, or the one known from the build) with options->ranks ranks (0: as many as cores that
 * this process may use) of this program and the same words; stdin /dev/null, its other streams are ours; wait. SIGTERM,
 * SIGINT and SIGHUP are handed on as SIGUSR1 (from the second on as SIGTERM), SIGUSR1 as itself; what this process
 * ignores stays ignored. mpirun ends when this process does. *status is the exit status of the run as rank 0 told it,
 * else mpirun's, as far as that can be a rank's that has said why. FAILED where a rank or mpirun died, STOPPED where a
 * second request ended it all at once, REFUSED under a launcher or when it can't start. Before any thread is made. */
int launch_run(const struct options *options, int *status, struct error *error);

#endif
