/* A CUnit suite on several ranks: every rank runs every test, so each test makes the same collective calls everywhere.
 * CU_ASSERT_*_FATAL leaves a test on one rank: never before a collective. */
#ifndef SUITE_MPI_H
#define SUITE_MPI_H

#include "suite.h"

#include "parallel/team.h"

/* The team of the tests at hand. */
struct team *suite_team(void);

/* Start the team, run, count a test as failed where it failed on the rank with most failures, print on rank 0, end. */
int suite_run_mpi(const char *name, CU_TestInfo tests[]);

#endif
