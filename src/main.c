/* h5map: parse, set up, run, report once, exit status. The program prints and ends only here. */
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/progress.h"
#include "data/survey.h"
#include "kernel/describe.h"
#include "kernel/template.h"
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

static void show_report(void *self, const struct error *error, const struct outcome *outcome)
{
    struct console *console = self;

    progress_end(&console->progress);
    if (error->code)
        show_error(error);
    else
        progress_closing(stderr, console->options, outcome);
}

static int run(const struct options *options, bool *busy, struct error *error)
{
    struct console console = {.options = options};
    const struct hooks hooks = {&console, show_progress, show_note, show_report};

    progress_start(&console.progress, stderr, launch_terminal(), options);
    return engine_run(options, &hooks, busy, error);
}

static int make_template(const struct options *options, char **text, struct error *error)
{
    struct survey *survey = malloc(sizeof *survey);
    int code = survey ? survey_make(options, survey, error) : error_memory(error, "the template", sizeof *survey);

    if (!code)
        code = template_make(survey, options->input, text, error);
    free(survey);
    return code;
}

/* The text that a command asks for; none where error->code says so. */
static void print(const struct options *options, struct error *error)
{
    char *made = NULL;

    switch (options->command) {
    case COMMAND_KERNELS:
        if (!describe_kernels(options, &made, error))
            fputs(made, stdout);
        break;
    case COMMAND_TEMPLATE:
        if (!make_template(options, &made, error))
            fputs(made, stdout);
        break;
    case COMMAND_VERSION:
        fputs(help_version(), stdout);
        break;
    default:
        fputs(help_text(options->topic), stdout);
    }
    free(made);
}

/* Everything but the end. Rank 0 tells how it went, in words and by its status; the others end with 0, for a launcher
 * ends everybody at the first status that is not. */
static int perform(int argc, const char *const argv[], bool *busy, struct error *error)
{
    struct options options = {0};
    int status = 0, rank, size;

    launch_promise(&rank, &size);
    options_parse(argc, argv, &options, error);
    if (rank == 0)
        launch_tell_begun();
    if (options.command == COMMAND_RUN && launch_on_one_host())
        launch_look_less();
    if (!error->code && options.command == COMMAND_RUN && (!options.parallel || launch_is_child()))
        return run(&options, busy, error);
    if (!error->code && options.command == COMMAND_RUN)
        launch_run(&options, &status, error);
    else if (!error->code && rank == 0)
        print(&options, error);
    if (error->code && rank == 0)
        show_error(error);
    if ((fflush(stdout) || ferror(stdout)) && !status)
        status = FAILED;
    if (rank != 0)
        return 0;
    return error->code ? error->code : status;
}

int main(int argc, char *argv[])
{
    struct error error = {0};
    bool busy = false;
    const int status = perform(argc, (const char *const *)argv, &busy, &error);
    bool told = false;
    int rank, size;

    launch_promise(&rank, &size);
    if (rank == 0)
        told = launch_tell_status(status);
    fflush(stderr);
    if (busy) /* a kernel's thread is still running: nothing it uses may be taken apart */
        _exit(status);
    error_clear(&error);
    return told ? OK : status;
}
