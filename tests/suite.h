/* What every test program shares: one CUnit suite, run and counted. */
#ifndef SUITE_H
#define SUITE_H

#include <CUnit/CUnit.h>

/* Run the tests (ended by CU_TEST_INFO_NULL); print each failed assertion and "NAME: N passed, M failed".
 * Returns the exit status: 0 if all passed. */
int suite_run(const char *name, CU_TestInfo tests[]);

/* The same in two steps, for tests on several ranks: run, then print the line and free the registry. */
int suite_start(const char *name, CU_TestInfo tests[], unsigned *run, unsigned *failed);
int suite_end(const char *name, unsigned run, unsigned failed);

#endif
