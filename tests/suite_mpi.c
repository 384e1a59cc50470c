#include "suite_mpi.h"

#include "process/launch.h"

#include <stdio.h>
#include <stdlib.h>

static struct team *the_team; /* CUnit tests take no argument */

struct team *suite_team(void)
{
    return the_team;
}

static unsigned most_failed(unsigned failed)
{
    unsigned *all = calloc((size_t)team_size(the_team), sizeof *all);

    team_collect(the_team, &failed, sizeof failed, all);
    for (int rank = 0; team_rank(the_team) == 0 && rank < team_size(the_team); rank++)
        failed = all[rank] > failed ? all[rank] : failed;
    free(all);
    team_share(the_team, &failed, sizeof failed);
    return failed;
}

int suite_run_mpi(const char *name, CU_TestInfo tests[])
{
    struct promise promise = {.launcher = launch_has_launcher(),
                              .one_host = launch_on_one_host(),
                              .crowd = launch_crowd(),
                              .host_crowd = launch_host_crowd()};
    struct error error = {0};
    unsigned run = 0, failed = 0;
    char title[64];
    int status = 0;

    launch_promise(&promise.rank, &promise.size);
    if (team_start(&promise, &the_team, &error)) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    if (suite_start(name, tests, &run, &failed))
        failed = run = 1;
    failed = most_failed(failed);
    snprintf(title, sizeof title, "%s at %d", name, team_size(the_team));
    if (team_rank(the_team) == 0)
        status = suite_end(title, run, failed);
    team_end(the_team, 0);
    return status || failed;
}
