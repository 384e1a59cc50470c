/* The bar, the lines of a log and the closing line, as written to a stream in memory. */
#include "cli/progress.h"
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A stream and what was written to it. */
struct paper {
    FILE *stream;
    char *text;
    size_t length;
};

static void paper_open(struct paper *paper)
{
    *paper = (struct paper){0};
    paper->stream = open_memstream(&paper->text, &paper->length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(paper->stream);
}

static void paper_close(struct paper *paper)
{
    CU_ASSERT_EQUAL(fclose(paper->stream), 0);
    free(paper->text);
}

/* What a new progress says about one tally. */
static void check_line(struct tally tally, const char *expected)
{
    const struct options options = {0};
    struct progress_state progress;
    struct paper paper;

    paper_open(&paper);
    progress_start(&progress, paper.stream, false, &options);
    progress_show(&progress, &tally);
    CU_ASSERT_EQUAL(fflush(paper.stream), 0);
    CU_ASSERT_STRING_EQUAL(paper.text, expected);
    if (strcmp(paper.text, expected) != 0)
        fprintf(stderr, "%s%s", paper.text, expected);
    paper_close(&paper);
}

static void lines(void)
{
    check_line((struct tally){2000000, 1200000, 3, 0, 4, 30.0},
               "h5map: 1200000 of 2000000 items (60 %), 40 thousand items/s, 0:20 left, 3 failed\n");
    check_line((struct tally){2000000, 0, 0, 0, 4, 45.0}, "h5map: 0 of 2000000 items (0 %)\n");
    check_line((struct tally){1000, 999, 0, 0, 1, 31.0}, "h5map: 999 of 1000 items (99 %), 32 items/s, 0:01 left\n");
    check_line((struct tally){100000, 99999, 0, 0, 1, 1e4},
               "h5map: 99999 of 100000 items (99 %), 10 items/s, 0:01 left\n");
    check_line((struct tally){10, 10, 0, 0, 1, 100}, "h5map: 10 of 10 items (100 %), 0.1 items/s, 0:00 left\n");
    check_line((struct tally){1, 0, 0, 0, 1, 30}, "h5map: 0 of 1 item (0 %)\n");
    check_line((struct tally){0, 0, 0, 0, 1, 30}, "h5map: 0 of 0 items (100 %)\n");
}

static void rates_and_times(void)
{
    check_line((struct tally){300000000, 150000000, 0, 0, 4, 50}, "h5map: 150000000 of 300000000 items (50 %), "
                                                                  "3 million items/s, 0:50 left\n");
    check_line((struct tally){300000000, 145000000, 0, 0, 4, 50}, "h5map: 145000000 of 300000000 items (48 %), "
                                                                  "2.9 million items/s, 0:54 left\n");
    check_line((struct tally){7200, 3600, 0, 0, 4, 3600},
               "h5map: 3600 of 7200 items (50 %), 1 items/s, 1:00:00 left\n");
    check_line((struct tally){200000, 10000, 0, 0, 4, 10000},
               "h5map: 10000 of 200000 items (5 %), 1 items/s, 2-04:46:40 left\n");
    check_line((struct tally){100000, 99970, 0, 0, 1, 100},
               "h5map: 99970 of 100000 items (99 %), 1.0 thousand items/s, "
               "0:01 left\n");
    check_line((struct tally){UINT64_MAX, 1, 0, 0, 1, 30},
               "h5map: 1 of 18446744073709551615 items (0 %), 0.033 items/s, "
               "ages left\n");
}

/* Rate and time left are those of this run; what was there at its start counts as done. */
static void going_on(void)
{
    check_line((struct tally){.items = 5000, .done = 3000, .kept = 1000, .ranks = 2, .elapsed_s = 40},
               "h5map: 3000 of 5000 items (60 %), 50 items/s, 0:40 left\n");
    check_line((struct tally){.items = 5000, .done = 4000, .failed = 7, .kept = 4000, .ranks = 2, .elapsed_s = 40},
               "h5map: 4000 of 5000 items (80 %), 7 failed\n");
}

/* A log gets its first line after 30 s and one each 30 s then. */
static void log_interval(void)
{
    const struct options options = {0};
    struct progress_state progress;
    struct tally tally = {.items = 1000, .ranks = 1};
    struct paper paper;
    int count = 0;

    paper_open(&paper);
    progress_start(&progress, paper.stream, false, &options);
    for (int k = 0; k <= 100; k++) {
        tally.elapsed_s = k;
        tally.done = (uint64_t)k;
        progress_show(&progress, &tally);
        CU_ASSERT(k >= 30 || paper.length == 0);
    }
    progress_end(&progress);
    CU_ASSERT_EQUAL(fflush(paper.stream), 0);
    for (const char *c = paper.text; *c; c++)
        count += *c == '\n';
    CU_ASSERT_EQUAL(count, 3);
    CU_ASSERT_PTR_NULL(strchr(paper.text, '\r'));
    paper_close(&paper);
}

static void silence(void)
{
    const struct options quiet = {.quiet = true}, none = {.output = "speed.h5", .progress = PROGRESS_NONE};
    const struct tally tally = {100, 50, 0, 0, 1, 1000};
    const struct outcome outcome = {.tally = tally, .finished = true};
    struct progress_state progress;
    struct paper paper;

    paper_open(&paper);
    progress_start(&progress, paper.stream, false, &quiet);
    progress_show(&progress, &tally);
    progress_start(&progress, paper.stream, false, &none);
    progress_show(&progress, &tally);
    progress_end(&progress);
    progress_closing(paper.stream, &quiet, &outcome);
    CU_ASSERT_EQUAL(fflush(paper.stream), 0);
    CU_ASSERT_EQUAL(paper.length, 0);
    progress_closing(paper.stream, &none, &outcome);
    CU_ASSERT(paper.length > 0);
    paper_close(&paper);
}

/* The bar of a terminal that many columns wide. */
static void check_bar(int columns, struct tally tally, const char *expected)
{
    const struct options options = {0};
    struct progress_state progress;
    struct paper paper;

    paper_open(&paper);
    progress_start(&progress, paper.stream, true, &options);
    progress.columns = columns;
    progress_show(&progress, &tally);
    CU_ASSERT_EQUAL(fflush(paper.stream), 0);
    CU_ASSERT_STRING_EQUAL(paper.text, expected);
    if (strcmp(paper.text, expected) != 0)
        fprintf(stderr, "%s\n%s\n", paper.text, expected);
    paper_close(&paper);
}

static void bars(void)
{
    const struct tally half = {2000, 1000, 0, 0, 2, 10};

    check_bar(80, half, "\r[#############--------------] 1000 of 2000 items (50 %), 100 items/s, 0:10 left");
    check_bar(500, half,
              "\r[####################--------------------] 1000 of 2000 items (50 %), 100 items/s, "
              "0:10 left");
    check_bar(58, half, "\r[##---] 1000 of 2000 items (50 %), 100 items/s, 0:10 left");
    check_bar(57, half, "\r1000 of 2000 items (50 %), 100 items/s, 0:10 left");
    check_bar(30, half, "\r1000 of 2000 items (50 %), 10");
    check_bar(1, half, "\r1000 of 2000 items ");
}

/* Not drawn before 0.2 s have passed; a shorter line covers the longer one before it; the end leaves nothing. */
static void bar_changes(void)
{
    const struct options options = {0};
    struct progress_state progress;
    struct tally tally = {2000, 1000, 0, 0, 2, 10};
    struct paper paper;
    char expected[256];

    paper_open(&paper);
    progress_start(&progress, paper.stream, true, &options);
    progress.columns = 500;
    progress_show(&progress, &tally);
    tally.elapsed_s = 10.1;
    progress_show(&progress, &tally);
    CU_ASSERT_EQUAL(progress.last_s, 10);
    tally.elapsed_s = 10.25;
    tally.done = 0;
    progress_show(&progress, &tally);
    progress_end(&progress);
    CU_ASSERT_EQUAL(progress.width, 0);
    progress_end(&progress);
    CU_ASSERT_EQUAL(fflush(paper.stream), 0);
    snprintf(expected, sizeof expected, "\r%-92s\r%-92s\r%64s\r",
             "[####################--------------------] 1000 of 2000 items (50 %), 100 items/s, 0:10 left",
             "[----------------------------------------] 0 of 2000 items (0 %)", "");
    CU_ASSERT_STRING_EQUAL(paper.text, expected);
    if (strcmp(paper.text, expected) != 0)
        fprintf(stderr, "%s\n%s\n", paper.text, expected);
    paper_close(&paper);
}

/* The width comes from the terminal itself. */
static void terminal_width(void)
{
    const struct options options = {0};
    const struct tally half = {2000, 1000, 0, 0, 2, 10};
    const struct winsize size = {.ws_row = 24, .ws_col = 58};
    const char expected[] = "\r[##---] 1000 of 2000 items (50 %), 100 items/s, 0:10 left";
    struct progress_state progress;
    char text[256] = "";
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), fd;
    FILE *stream;

    CU_ASSERT_FATAL(terminal >= 0 && !grantpt(terminal) && !unlockpt(terminal));
    fd = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    CU_ASSERT_FATAL(fd >= 0 && !ioctl(fd, TIOCSWINSZ, &size));
    stream = fdopen(fd, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    progress_start(&progress, stream, true, &options);
    progress_show(&progress, &half);
    CU_ASSERT_EQUAL(read(terminal, text, sizeof text - 1), (ssize_t)strlen(expected));
    CU_ASSERT_STRING_EQUAL(text, expected);
    CU_ASSERT_EQUAL(fclose(stream), 0);
    CU_ASSERT_EQUAL(close(terminal), 0);
}

static void check_closing(const char *output, const struct outcome *outcome, const char *expected)
{
    const struct options options = {.output = output};
    struct paper paper;

    paper_open(&paper);
    progress_closing(paper.stream, &options, outcome);
    CU_ASSERT_EQUAL(fflush(paper.stream), 0);
    CU_ASSERT_STRING_EQUAL(paper.text, expected);
    if (strcmp(paper.text, expected) != 0)
        fprintf(stderr, "%s\n%s\n", paper.text, expected);
    paper_close(&paper);
}

static void closing(void)
{
    struct outcome outcome = {.tally = {2000000, 2000000, 0, 0, 4, 0.41},
                              .busy_share = 0.874,
                              .output = "/resolved/speed.h5",
                              .finished = true};

    check_closing("speed.h5", &outcome,
                  "h5map: speed.h5: 2000000 items in 0.41 s on 4 ranks, 4.9 million items/s, ranks busy 87 %\n");
    outcome.tally.failed = 12;
    check_closing("speed.h5", &outcome,
                  "h5map: speed.h5: 2000000 items in 0.41 s on 4 ranks, 4.9 million items/s, ranks busy 87 %; "
                  "12 items failed (see /h5map/failures)\n");
    outcome.tally = (struct tally){1, 1, 1, 0, 1, 12.34};
    check_closing("speed.h5", &outcome,
                  "h5map: speed.h5: 1 item in 12.3 s on 1 rank, 0.081 items/s, rank busy 87 %; "
                  "1 item failed (see /h5map/failures)\n");
    outcome.tally = (struct tally){0, 0, 0, 0, 2, 0.001};
    check_closing("a\033[2Jb\n", &outcome, "h5map: a?[2Jb?: 0 items in 0.00 s on 2 ranks\n");
    outcome.finished = false;
    check_closing("speed.h5", &outcome, "");
}

static void closing_of_what_went_on(void)
{
    struct outcome outcome = {.tally = {.items = 5000, .done = 5000, .kept = 1200, .ranks = 2, .elapsed_s = 3.2},
                              .busy_share = 0.9,
                              .finished = true};

    check_closing(
        "o.h5", &outcome,
        "h5map: o.h5: 5000 items (1200 were there) in 3.20 s on 2 ranks, 1.2 thousand items/s, ranks busy 90 %\n");
    outcome.tally.kept = 1;
    outcome.tally.failed = 2;
    check_closing("o.h5", &outcome,
                  "h5map: o.h5: 5000 items (1 was there) in 3.20 s on 2 ranks, 1.6 thousand items/s, ranks busy 90 %; "
                  "2 items failed (see /h5map/failures)\n");
    outcome.tally.kept = 5000;
    outcome.tally.failed = 0;
    check_closing("o.h5", &outcome, "h5map: o.h5: 5000 items (5000 were there) in 3.20 s on 2 ranks\n");
}

static void nothing_to_do(void)
{
    const struct options quiet = {.output = "o.h5", .quiet = true};
    struct outcome outcome = {.tally = {.items = 5000}, .output = "/resolved/o.h5", .finished = true, .nothing = true};
    struct paper paper;

    check_closing("o.h5", &outcome, "h5map: o.h5: nothing to do, complete: 5000 items\n");
    outcome.tally.failed = 12;
    check_closing("o.h5", &outcome,
                  "h5map: o.h5: nothing to do, complete: 5000 items (12 failed, see /h5map/failures; --retry-failed "
                  "redoes them)\n");
    outcome.tally.items = outcome.tally.failed = 1;
    check_closing("o\n.h5", &outcome,
                  "h5map: o?.h5: nothing to do, complete: 1 item (1 failed, see /h5map/failures; --retry-failed "
                  "redoes it)\n");
    paper_open(&paper);
    progress_closing(paper.stream, &quiet, &outcome);
    CU_ASSERT_EQUAL(fflush(paper.stream), 0);
    CU_ASSERT_EQUAL(paper.length, 0);
    paper_close(&paper);
}

/* A stream that can't be written to ends the progress, not the run. */
static void nobody_reads(void)
{
    const struct options options = {0};
    struct progress_state progress;
    struct tally tally = {2000, 1000, 0, 0, 2, 30};
    FILE *full = fopen("/dev/full", "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(full);
    progress_start(&progress, full, false, &options);
    progress_show(&progress, &tally);
    CU_ASSERT_TRUE(progress.none);
    fclose(full);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"lines", lines},
        {"rates and times", rates_and_times},
        {"going on", going_on},
        {"log interval", log_interval},
        {"silence", silence},
        {"bars", bars},
        {"bar changes", bar_changes},
        {"terminal width", terminal_width},
        {"closing line", closing},
        {"closing line of what went on", closing_of_what_went_on},
        {"nothing to do", nothing_to_do},
        {"nobody reads", nobody_reads},
        CU_TEST_INFO_NULL,
    };

    return suite_run("progress", tests);
}
