/* What goes: copies that no journal tells of, files of runs that were killed. */
#include "store/folder.h"
#include "store/place.h"

#include <stdio.h>
#include <unistd.h>

void place_copy_suffix(unsigned attempt, char suffix[PLACE_COPY_BYTES])
{
    snprintf(suffix, PLACE_COPY_BYTES, PLACE_PART ".%u", attempt);
}

void place_discard(const struct place_spec *spec)
{
    char path[PATH_BYTES];

    if (snprintf(path, sizeof path, "%s%s", spec->path, spec->suffix) < (int)sizeof path)
        unlink(path);
}

static int discard_one(void *self, const char *file, unsigned number, bool tail, struct error *error)
{
    (void)self;
    (void)number;
    (void)tail;
    (void)error;
    unlink(file);
    return OK;
}

void place_discard_copies(const char *path, const char *name)
{
    const struct folder_kin kin = {path, name, PLACE_PART ".", NULL};
    struct error ignored = {0};

    folder_each(&kin, discard_one, NULL, &ignored);
}
