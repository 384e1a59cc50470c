/* h5map: parse, set up, run, report once, exit status. The program prints and ends only here. */
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/progress.h"
#include "process/launch.h"
#include "run/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct console {
    const struct options *options;
    struct progress_state progress;
};

static void show_progress(void *self, const struct tally *tally)
{
    struct console *console = self;

    progress_show(&console->progress, tally);
}

static void show_note(void *self, const char *line)
{
    const struct console *console = self;

    if (!console->options->quiet)
        fprintf(stderr, "h5map: %s\n", line);
}

static void show_error(const struct error *error)
{
    if (error->detail)
        fputs(error->detail, stderr);
    fprintf(stderr, "h5map: %s\n", error->text);
}

static int run(const struct options *options, bool *busy, struct error *error)
{
    struct console console = {.options = options};
    const struct hooks hooks = {&console, show_progress, show_note};
    struct engine_report report;
    int status;

    progress_start(&console.progress, stderr, launch_terminal(), options);
    status = engine_run(options, &hooks, &report, error);
    progress_end(&console.progress);
    if (report.speaks && error->code)
        show_error(error);
    else if (report.speaks)
        progress_closing(stderr, options, &report.outcome);
    *busy = report.busy;
    return status;
}

static int perform(struct options *options, bool *busy, struct error *error)
{
    int status = 0;

    if (options->command == COMMAND_HELP)
        fputs(help_text(options->topic), stdout);
    else if (options->command == COMMAND_VERSION)
        fputs(help_version(), stdout);
    else if (!options->parallel || launch_is_child())
        return run(options, busy, error);
    else if (launch_run(options, &status, error))
        show_error(error);
    if (fflush(stdout) && !status)
        status = FAILED;
    return error->code ? error->code : status;
}

int main(int argc, char *argv[])
{
    struct options options = {0};
    struct error error = {0};
    bool busy = false;
    int status, rank, size;

    status = options_parse(argc, (const char *const *)argv, &options, &error);
    launch_promise(&rank, &size);
    if (status && rank == 0)
        show_error(&error);
    if (!status)
        status = perform(&options, &busy, &error);
    fflush(stderr);
    if (busy) /* a kernel's thread is still running: nothing it uses may be taken apart */
        _exit(status);
    error_clear(&error);
    return status;
}
