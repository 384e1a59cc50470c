/* The way of the shared tables: read by root, held once on every host, before the kernel's init sees them. */
#include "data/shared.h"
#include "run/clock.h"
#include "run/run.h"
#include "store/lock.h"

#include <stdio.h>

/* "1.2 GiB" */
static void bytes_text(uint64_t bytes, char *text, size_t text_bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double amount = (double)bytes;
    int unit = 0;

    while (amount >= 1023.95 && unit < 4) {
        amount /= 1024;
        unit++;
    }
    snprintf(text, text_bytes, unit ? "%.1f %s" : "%.0f %s", amount, units[unit]);
}

static void note_table(const struct run *run, int k)
{
    char line[NAME_BYTES + 64], amount[32];

    bytes_text(run->plan.in[k].table_bytes, amount, sizeof amount);
    snprintf(line, sizeof line, "%s: %s, once per node", run->signature.in[k].name, amount);
    stage_note(run, line);
}

/* A large table takes a while: others are not to take the output's lock for one that was left. */
struct touch {
    const struct run *run;
    double last_s;
};

static void touch_lock(void *self)
{
    struct touch *touch = self;

    if (clock_now_s() - touch->last_s < LOCK_REFRESH_S)
        return;
    touch->last_s = clock_now_s();
    lock_refresh(touch->run->files.claim.lock);
}

static void read_tables(struct run *run)
{
    struct touch touch = {run, clock_now_s()};

    for (int k = 0; k < run->plan.in_count && !run->error->code; k++) {
        const struct shared_table table = {.port = &run->signature.in[k],
                                           .bound = &run->binding.in[k],
                                           .feed = &run->plan.in[k],
                                           .field = run->plan.field,
                                           .cache_bytes = run->options->memory_bytes / 2,
                                           .self = &touch,
                                           .look = touch_lock};

        if (run->plan.in[k].shared)
            shared_read(&table, tables_room(run->tables, k), run->error);
    }
}

int stage_share_tables(struct run *run)
{
    struct tables_spec spec = {.count = run->plan.in_count, .count_limit = run->plan.count_limit};
    bool any = false;

    for (int k = 0; k < run->plan.in_count; k++) {
        any |= run->plan.in[k].shared;
        spec.bytes[k] = run->plan.in[k].table_bytes;
        if (run->root && run->plan.in[k].shared)
            note_table(run, k);
    }
    if (!any || tables_open(run->team, &spec, &run->tables, run->error))
        return run->error->code;
    if (run->root)
        read_tables(run);
    if (team_agree(run->team, run->error) || tables_share(run->tables, run->error))
        return run->error->code;
    for (int k = 0; k < run->plan.in_count; k++)
        run->table[k] = run->plan.in[k].shared ? tables_at(run->tables, k) : NULL;
    return OK;
}
