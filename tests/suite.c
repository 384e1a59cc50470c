#include "suite.h"

#include <CUnit/TestDB.h>
#include <CUnit/TestRun.h>
#include <stdio.h>

static void print_failures(void)
{
    for (CU_pFailureRecord f = CU_get_failure_list(); f; f = f->pNext)
        fprintf(stderr, "%s:%u: %s: %s\n", f->strFileName, f->uiLineNumber, f->pTest ? f->pTest->pName : "",
                f->strCondition);
}

int suite_start(const char *name, CU_TestInfo tests[], unsigned *run, unsigned *failed)
{
    CU_SuiteInfo suites[] = {{name, NULL, NULL, NULL, NULL, tests}, CU_SUITE_INFO_NULL};

    if (CU_initialize_registry() != CUE_SUCCESS || CU_register_suites(suites) != CUE_SUCCESS ||
        CU_run_all_tests() != CUE_SUCCESS) {
        fprintf(stderr, "%s: %s\n", name, CU_get_error_msg());
        return 1;
    }
    *run = CU_get_number_of_tests_run();
    *failed = CU_get_number_of_tests_failed();
    print_failures();
    CU_cleanup_registry();
    return 0;
}

int suite_end(const char *name, unsigned run, unsigned failed)
{
    printf("%s: %u passed, %u failed\n", name, run - failed, failed);
    return failed || run == 0;
}

int suite_run(const char *name, CU_TestInfo tests[])
{
    unsigned run, failed;

    return suite_start(name, tests, &run, &failed) || suite_end(name, run, failed);
}
