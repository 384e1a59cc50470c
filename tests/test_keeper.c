/* What the keeper records, a later run finds again; what is not as it was recorded, it does not keep. */
#include "codec/crc.h"
#include "run/extents.h"
#include "run/keeper.h"
#include "run/resume.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ITEMS 1000
#define HEAD_BYTES 100 /* of the file, before the results */
#define A_OFFSET HEAD_BYTES
#define B_OFFSET (A_OFFSET + ITEMS * 8 + 40)
#define FAILED_OFFSET (B_OFFSET + ITEMS * 2 + 8)
#define FILE_BYTES (FAILED_OFFSET + ITEMS / 8 + 7)

static char folder[64], output[128], part[128];

static const struct plan plan = {
    .items = ITEMS, .step = 1, .inner = 1, .block = 1, .out_count = 2, .out = {{.bytes = 8}, {.bytes = 2}}};

/* A run that works on the file. */
struct job {
    struct place *place;
    struct lock *lock;
    struct history history;
    struct keeper *keeper;
};

static void begin(struct job *job, double checkpoint_s)
{
    const struct place_spec spec = {output, "out.h5", PLACE_PART};
    struct claimant claimant;
    struct error error = {0};
    struct keeper_spec keeper;
    char head[HEAD_BYTES];
    bool taken_over;

    *job = (struct job){.history = {.path = output, .name = "out.h5", .attempt = 1}};
    lock_claimant(&claimant);
    CU_ASSERT_EQUAL_FATAL(lock_take(output, "out.h5", &claimant, &job->lock, &taken_over, &error), OK);
    CU_ASSERT_EQUAL_FATAL(place_make(&spec, &job->place, &error), OK);
    CU_ASSERT_EQUAL(place_cut(job->place, FILE_BYTES, &error), OK);
    memset(head, 'h', sizeof head);
    CU_ASSERT_EQUAL(place_put(job->place, 0, head, sizeof head, &error), OK);
    job->history.head = (struct head){
        .items = ITEMS,
        .step = 1,
        .inner = 1,
        .block = 1,
        .out_count = 2,
        .out_bytes = {8, 2},
        .layout = {.result_offset = {A_OFFSET, B_OFFSET}, .failed_offset = FAILED_OFFSET, .file_bytes = FILE_BYTES}};
    job->history.identity = strdup("who it is");
    CU_ASSERT_EQUAL(history_add_run(&job->history, &(struct run_info){.host = "here", .ranks = 3}, &error), OK);
    CU_ASSERT_EQUAL(skeleton_read(job->place, &plan, &job->history.head.layout, &job->history.skeleton, &error), OK);
    keeper = (struct keeper_spec){&plan, &job->history, job->place, job->lock, checkpoint_s, false};
    CU_ASSERT_EQUAL_FATAL(keeper_open(&keeper, &job->keeper, &error), OK);
}

static void end(struct job *job)
{
    keeper_close(job->keeper);
    place_close(job->place);
    lock_release(job->lock);
    history_free(&job->history);
}

static unsigned char value(uint64_t item, int result)
{
    return (unsigned char)(item * 7 + (uint64_t)result * 3 + 1);
}

/* Every 10th item fails. */
static void put(struct job *job, uint64_t first, uint64_t count)
{
    unsigned char a[8 * ITEMS], b[2 * ITEMS], bits[ITEMS / 8 + 1] = {0};
    struct batch image = {.first = first, .count = count};
    struct error error = {0};
    struct extent extent;

    for (uint64_t k = 0; k < count; k++) {
        memset(a + 8 * k, value(first + k, 0), 8);
        memset(b + 2 * k, value(first + k, 1), 2);
        if ((first + k) % 10)
            continue;
        bits[k / 8] |= (unsigned char)(1u << (k & 7));
        image.failed++;
        keeper_add_failure(job->keeper, &(struct failure){.index = first + k, .rank = 1, .reason = "ten"});
    }
    image.crc[0] = crc_add(0, a, 8 * count);
    image.crc[1] = crc_add(0, b, 2 * count);
    extents_describe(&image, image.failed ? bits : NULL, 0, &extent);
    CU_ASSERT_EQUAL(place_put(job->place, A_OFFSET + 8 * first, a, 8 * count, &error), OK);
    CU_ASSERT_EQUAL(place_put(job->place, B_OFFSET + 2 * first, b, 2 * count, &error), OK);
    CU_ASSERT_EQUAL(place_mark(job->place, FAILED_OFFSET, first, count, bits, &error), OK);
    CU_ASSERT_EQUAL(keeper_add(job->keeper, &extent, &error), OK);
}

static void commit(struct job *job)
{
    struct error error = {0};

    CU_ASSERT_EQUAL(keeper_commit(job->keeper, &error), OK);
}

/* Go on from what is there. Returns the items kept; *kept is the caller's to free. */
static uint64_t go_on(struct kept *kept)
{
    const struct place_spec spec = {output, "out.h5", PLACE_PART};
    struct claim claim = {.verdict = VERDICT_GO_ON};
    struct history history = {.path = output, .name = "out.h5", .identity = strdup("who it is")};
    struct error error = {0};
    struct resume resume = {.plan = &plan, .claim = &claim, .kept = kept};
    struct base *base = &claim.base;

    base->past.path = output;
    base->past.name = "out.h5";
    CU_ASSERT_EQUAL_FATAL(history_open(&base->past, &base->reader, &error), OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(base->reader);
    CU_ASSERT_STRING_EQUAL(base->past.identity, "who it is");
    CU_ASSERT_EQUAL_FATAL(place_open(&spec, &base->place, &error), OK);
    CU_ASSERT_EQUAL(skeleton_restore(&base->past.skeleton, base->place, FILE_BYTES, &error), OK);
    CU_ASSERT_EQUAL_FATAL(base_open_staged(base, &error), OK);
    history.attempt = base->past.attempt + 1;
    history.head = base->past.head;
    history.head.run_count = 0;
    CU_ASSERT_EQUAL(history_add_run(&history, &base->past.runs[0], &error), OK);
    history.runs[0].items = history.runs[0].failed = 0;
    CU_ASSERT_EQUAL_FATAL(history_begin(&history, &resume.journal, &error), OK);
    resume.layout = &base->past.head.layout;
    resume.place = base->place;
    resume.runs = history.runs;
    CU_ASSERT_EQUAL(resume_in_place(&resume, &error), OK);
    CU_ASSERT_EQUAL(history.runs[0].items, kept->items);
    CU_ASSERT_EQUAL(history.runs[0].failed, kept->failed);
    CU_ASSERT_EQUAL(spans_total(&kept->done), kept->items);
    journal_close(resume.journal);
    base_close(base);
    history_free(&history);
    return kept->items;
}

static void clear(void)
{
    struct error error = {0};

    CU_ASSERT_EQUAL(journal_remove_others(output, "out.h5", 0, &error), OK);
    unlink(part);
}

static void change_byte(off_t offset)
{
    const int fd = open(part, O_RDWR | O_CLOEXEC);
    unsigned char byte;

    CU_ASSERT(fd >= 0);
    CU_ASSERT_EQUAL(pread(fd, &byte, 1, offset), 1);
    byte ^= 1;
    CU_ASSERT_EQUAL(pwrite(fd, &byte, 1, offset), 1);
    close(fd);
}

static void finds_what_was_recorded(void)
{
    struct kept kept = {0};
    struct job job;

    begin(&job, 3600);
    CU_ASSERT_FALSE(keeper_has_journal(job.keeper));
    put(&job, 0, 100);
    put(&job, 200, 55);
    commit(&job);
    CU_ASSERT(keeper_has_journal(job.keeper));
    put(&job, 100, 100);
    put(&job, 300, 7);
    commit(&job);
    CU_ASSERT_EQUAL(keeper_recorded(job.keeper), 262);
    put(&job, 400, 50); /* never recorded */
    end(&job);
    CU_ASSERT_EQUAL(go_on(&kept), 262);
    CU_ASSERT_EQUAL(kept.failed, 27);
    CU_ASSERT_EQUAL(kept.failures.count, 27);
    CU_ASSERT_STRING_EQUAL(failures_first(&kept.failures)->reason, "ten");
    CU_ASSERT_EQUAL(kept.done.count, 2);
    CU_ASSERT(spans_touch(&kept.done, 306, 1) && !spans_touch(&kept.done, 400, 50));
    kept_free(&kept);
    clear();
}

static void does_not_keep_what_has_changed(void)
{
    const struct {
        off_t offset;
        uint64_t kept;
    } changes[] = {{A_OFFSET + 8 * 250, 200},      {B_OFFSET + 2 * 99 + 1, 155}, {FAILED_OFFSET, 155},
                   {FAILED_OFFSET + 254 / 8, 200}, {A_OFFSET + 8 * 150, 155},    {50, 255}};

    for (size_t k = 0; k < sizeof changes / sizeof *changes; k++) {
        struct kept kept = {0};
        struct job job;

        begin(&job, 3600);
        put(&job, 0, 100);
        put(&job, 200, 55);
        commit(&job);
        put(&job, 100, 100);
        commit(&job);
        end(&job);
        change_byte(changes[k].offset);
        CU_ASSERT_EQUAL(go_on(&kept), changes[k].kept);
        kept_free(&kept);
        clear();
    }
}

/* Bits that no recorded item set are cleared; the head of the file is as it was made. */
static void mends_the_rest(void)
{
    unsigned char bits[ITEMS / 8], head[HEAD_BYTES];
    struct kept kept = {0};
    struct job job;
    FILE *file;

    begin(&job, 3600);
    put(&job, 0, 100);
    commit(&job);
    put(&job, 100, 900);
    end(&job);
    change_byte(3);
    CU_ASSERT_EQUAL(truncate(part, FILE_BYTES + 1000), 0);
    CU_ASSERT_EQUAL(go_on(&kept), 100);
    file = fopen(part, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fread(head, 1, sizeof head, file), sizeof head);
    CU_ASSERT_EQUAL(head[3], 'h');
    CU_ASSERT_EQUAL(fseek(file, FAILED_OFFSET, SEEK_SET), 0);
    CU_ASSERT_EQUAL(fread(bits, 1, sizeof bits, file), sizeof bits);
    for (int k = 0; k < ITEMS; k++)
        if ((bits[k / 8] >> (k & 7) & 1) != (k < 100 && k % 10 == 0))
            CU_FAIL("a bit is not what it should be");
    CU_ASSERT_EQUAL(fseek(file, 0, SEEK_END), 0);
    CU_ASSERT_EQUAL(ftell(file), FILE_BYTES);
    fclose(file);
    kept_free(&kept);
    clear();
}

/* Cut short anywhere, the journal tells of whole checkpoints or parts of them, never of anything else. */
static void survives_a_torn_journal(void)
{
    char journal[160];
    uint64_t before = 0;
    struct stat status;
    struct job job;

    snprintf(journal, sizeof journal, "%s.jnl.1", output);
    begin(&job, 3600);
    for (uint64_t k = 0; k < 5; k++) {
        put(&job, 200 * k, 100);
        commit(&job);
    }
    end(&job);
    CU_ASSERT_EQUAL_FATAL(stat(journal, &status), 0);
    for (off_t bytes = status.st_size; bytes > status.st_size - 2000; bytes -= 37) {
        struct kept kept = {0};
        uint64_t items;

        CU_ASSERT_EQUAL(truncate(journal, bytes), 0);
        items = go_on(&kept);
        CU_ASSERT(items % 100 == 0 && items <= 500 && (before == 0 || items <= before));
        before = items;
        kept_free(&kept);
    }
    CU_ASSERT(before < 500);
    clear();
}

static void records_when_it_is_time(void)
{
    struct error error = {0};
    struct job job;

    begin(&job, 0);
    put(&job, 0, 100);
    for (int k = 0; k < 5000 && keeper_recorded(job.keeper) < 100; k++) {
        CU_ASSERT_EQUAL(keeper_look(job.keeper, &error), OK);
        usleep(1000);
    }
    CU_ASSERT_EQUAL(keeper_recorded(job.keeper), 100);
    keeper_forget(job.keeper);
    end(&job);
    CU_ASSERT_NOT_EQUAL(access(output, F_OK), 0);
    clear();
}

/* Another run has the lock: nothing more is recorded. */
static void stops_when_it_is_taken_over(void)
{
    char lock[160];
    struct error error = {0};
    struct kept kept = {0};
    struct job job;

    snprintf(lock, sizeof lock, "%s.lock", output);
    begin(&job, 3600);
    put(&job, 0, 100);
    commit(&job);
    CU_ASSERT_EQUAL(unlink(lock), 0);
    put(&job, 100, 100);
    CU_ASSERT_EQUAL(keeper_commit(job.keeper, &error), FAILED);
    CU_ASSERT_EQUAL(keeper_recorded(job.keeper), 100);
    error_clear(&error);
    CU_ASSERT_EQUAL(keeper_commit(job.keeper, &error), FAILED);
    end(&job);
    CU_ASSERT_EQUAL(go_on(&kept), 100);
    kept_free(&kept);
    clear();
}

int main(void)
{
    CU_TestInfo tests[] = {{"finds what was recorded", finds_what_was_recorded},
                           {"does not keep what has changed", does_not_keep_what_has_changed},
                           {"mends the rest", mends_the_rest},
                           {"survives a torn journal", survives_a_torn_journal},
                           {"records when it is time", records_when_it_is_time},
                           {"stops when it is taken over", stops_when_it_is_taken_over},
                           CU_TEST_INFO_NULL};
    int status;

    snprintf(folder, sizeof folder, "/tmp/h5map_keeper.XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(output, sizeof output, "%s/out.h5", folder);
    snprintf(part, sizeof part, "%s.part", output);
    status = suite_run("keeper", tests);
    unlink(part);
    rmdir(folder);
    return status;
}
