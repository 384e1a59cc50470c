#include "run/scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_plain(char *to, size_t bytes, const char *from)
{
    const size_t length = strlen(from);

    for (size_t k = 0; k < length && k < bytes - 1; k++)
        to[k] = from[k] < 0x20 || from[k] > 0x7e ? '?' : from[k];
    to[length < bytes - 1 ? length : bytes - 1] = '\0';
    if (length >= bytes)
        memcpy(to + bytes - 4, "...", 4);
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "";
}

void scheduler_look(struct run_info *run)
{
    const char *id = setting("SLURM_JOB_ID"), *array = setting("SLURM_ARRAY_JOB_ID");
    const char *task = setting("SLURM_ARRAY_TASK_ID");
    const long restart = strtol(setting("SLURM_RESTART_COUNT"), NULL, 10);
    char text[sizeof run->job + 1];
    int length;

    run->job[0] = run->nodes[0] = '\0';
    if (!*id)
        return;
    if (*array && *task)
        length = snprintf(text, sizeof text, "%s_%s", array, task);
    else
        length = snprintf(text, sizeof text, "%s", id);
    if (restart > 0 && length < (int)sizeof text)
        snprintf(text + length, sizeof text - (size_t)length, " restart %ld", restart);
    copy_plain(run->job, sizeof run->job, text);
    copy_plain(run->nodes, sizeof run->nodes, setting("SLURM_JOB_NODELIST"));
}

void scheduler_text(const struct run_info *run, char *text, size_t bytes)
{
    text[0] = '\0';
    if (*run->job)
        snprintf(text, bytes, "job %s%s%s", run->job, *run->nodes ? " on " : "", run->nodes);
}
