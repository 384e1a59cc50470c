/* Shared tables: held once a host, the same on all hosts, gone with the last rank, and no rank is left waiting. */
#include "suite_mpi.h"

#include "parallel/segment.h"
#include "parallel/tables.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES_MOST 300000

static unsigned char byte_of(int table, uint64_t at)
{
    return (unsigned char)(at * 31 + at / 251 + (uint64_t)table * 17 + 1);
}

/* Names in /dev/shm of segments that this process has made. */
static int names_left(void)
{
    DIR *folder = opendir("/dev/shm");
    const struct dirent *entry;
    char own[32];
    int left = 0;

    snprintf(own, sizeof own, "h5map.%ld.", (long)getpid());
    while (folder && (entry = readdir(folder)))
        left += !strncmp(entry->d_name, own, strlen(own));
    if (folder)
        closedir(folder);
    return left;
}

static void fill(struct tables *tables, const struct tables_spec *spec)
{
    for (int k = 0; k < spec->count; k++) {
        unsigned char *room = tables_room(tables, k);

        CU_ASSERT_EQUAL((uintptr_t)room % BATCH_ALIGN, 0);
        for (uint64_t at = 0; at < spec->bytes[k]; at++)
            room[at] = byte_of(k, at);
    }
}

static void check(const struct tables *tables, const struct tables_spec *spec)
{
    for (int k = 0; k < spec->count; k++) {
        const unsigned char *bytes = tables_at(tables, k);
        uint64_t wrong = 0;

        for (uint64_t at = 0; at < spec->bytes[k]; at++)
            wrong += bytes[at] != byte_of(k, at);
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

static void go_round(const struct tables_spec *spec)
{
    struct error error = {0};
    struct tables *tables = NULL;

    CU_ASSERT_EQUAL(tables_open(suite_team(), spec, &tables, &error), OK);
    if (!tables)
        return;
    CU_ASSERT_EQUAL(names_left(), 0);
    if (team_rank(suite_team()) == 0)
        fill(tables, spec);
    CU_ASSERT_EQUAL(tables_share(tables, &error), OK);
    check(tables, spec);
    tables_close(tables, false);
}

static void all_see_what_root_wrote(void)
{
    const struct tables_spec several = {4, {1000, 0, 1, BYTES_MOST}, INT_MAX, 0}, empty = {1, {0}, INT_MAX, 0};

    go_round(&several);
    go_round(&empty);
}

/* Hosts of one rank, and of two; counts that are smaller than a table. */
static void several_hosts(void)
{
    for (int ranks = 1; ranks <= 2; ranks++) {
        const struct tables_spec many = {2, {BYTES_MOST, 12345}, INT_MAX, ranks};
        const struct tables_spec small = {3, {BYTES_MOST, 7, 4096}, 4096, ranks}, tiny = {1, {999}, 10, ranks};

        go_round(&many);
        go_round(&small);
        go_round(&tiny);
    }
}

/* A process that writes to the bytes dies of it. */
static bool can_write(const void *bytes)
{
    const pid_t child = fork();
    int status = 0;

    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        *(volatile char *)(uintptr_t)bytes = 1;
        _exit(0);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    return WIFEXITED(status);
}

static void no_rank_can_write(void)
{
    const struct tables_spec spec = {1, {5000}, INT_MAX, 0};
    struct error error = {0};
    struct tables *tables = NULL;

    CU_ASSERT_EQUAL(tables_open(suite_team(), &spec, &tables, &error), OK);
    if (!tables)
        return;
    if (team_rank(suite_team()) == 0)
        fill(tables, &spec);
    CU_ASSERT_EQUAL(tables_share(tables, &error), OK);
    CU_ASSERT_FALSE(can_write(tables_at(tables, 0)));
    CU_ASSERT_FALSE(can_write((const char *)tables_at(tables, 0) + 4999));
    tables_close(tables, false);
}

/* Root fails between the two: all leave. */
static void is_given_up(void)
{
    const struct tables_spec spec = {1, {BYTES_MOST}, INT_MAX, 2};
    struct error error = {0};
    struct tables *tables = NULL;

    CU_ASSERT_EQUAL(tables_open(suite_team(), &spec, &tables, &error), OK);
    if (team_rank(suite_team()) == 0)
        error_set(&error, FAILED, "lut: can't be read");
    CU_ASSERT_EQUAL(team_agree(suite_team(), &error), FAILED);
    tables_close(tables, false);
}

/* More than there is: an error on every rank, no crash, and nothing stays. */
static void refuses_what_finds_no_room(void)
{
    static const uint64_t sizes[] = {1ull << 46, INT64_MAX - 100};

    for (int k = 0; k < 2; k++) {
        const struct tables_spec spec = {1, {sizes[k]}, INT_MAX, 0};
        struct error error = {0};
        struct tables *tables = NULL;

        CU_ASSERT_EQUAL(tables_open(suite_team(), &spec, &tables, &error), FAILED);
        CU_ASSERT_PTR_NULL(tables);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "shared tables: can't take "));
        if (k == 0 && team_size(suite_team()) > 1)
            CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "MiB are free in /dev/shm (make it larger: "));
        CU_ASSERT_EQUAL(names_left(), 0);
    }
}

/* What a kernel still reads stays, when the tables are closed. */
static void stays_for_a_busy_kernel(void)
{
    const struct tables_spec spec = {1, {5000}, INT_MAX, 0};
    struct error error = {0};
    struct tables *tables = NULL;
    const unsigned char *bytes;

    CU_ASSERT_EQUAL(tables_open(suite_team(), &spec, &tables, &error), OK);
    if (!tables)
        return;
    if (team_rank(suite_team()) == 0)
        fill(tables, &spec);
    CU_ASSERT_EQUAL(tables_share(tables, &error), OK);
    bytes = tables_at(tables, 0);
    tables_close(tables, true);
    CU_ASSERT_EQUAL(bytes[4999], byte_of(0, 4999));
}

/* A segment whose name is gone can't be joined. */
static void tells_who_can_not_join(void)
{
    struct segment segment;
    struct error error = {0};

    CU_ASSERT_EQUAL(segment_join("/h5map.none.such", 10, &segment, &error), FAILED);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(error.text, "its ranks do not see the same /dev/shm (let their containers share it)"));
    segment_free(&segment);
    CU_ASSERT_PTR_NULL(segment.start);
}

int main(void)
{
    CU_TestInfo tests[] = {{"all see what root wrote", all_see_what_root_wrote},
                           {"several hosts", several_hosts},
                           {"no rank can write", no_rank_can_write},
                           {"is given up", is_given_up},
                           {"refuses what finds no room", refuses_what_finds_no_room},
                           {"stays for a busy kernel", stays_for_a_busy_kernel},
                           {"tells who can't join", tells_who_can_not_join},
                           CU_TEST_INFO_NULL};

    return suite_run_mpi("tables", tests);
}
