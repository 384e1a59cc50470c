#include "data/hdf5_error.h"

#include <hdf5.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FRAME_BYTES 4096 /* a description, with a path in it */

static herr_t keep_innermost(unsigned n, const H5E_error2_t *frame, void *text)
{
    (void)n;
    if (frame->desc && *frame->desc)
        snprintf(text, FRAME_BYTES, "%s", frame->desc);
    return 0;
}

/* Of "..., errno = 28, error message = 'No space left on device', ..." what is between the quotes. */
static void keep_system_message(char text[FRAME_BYTES])
{
    const char *message = strstr(text, "error message = '");
    const char *end;

    if (!message)
        return;
    message += strlen("error message = '");
    end = strchr(message, '\'');
    if (end) {
        memmove(text, message, (size_t)(end - message));
        text[end - message] = '\0';
    }
}

const char *hdf5_reason(char text[HDF5_REASON_BYTES])
{
    char frame[FRAME_BYTES] = "";

    if (H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_innermost, frame) < 0 || !*frame)
        snprintf(frame, sizeof frame, "HDF5 gives no reason");
    else if (!strcmp(frame, "component not found"))
        snprintf(frame, sizeof frame, "a path or the target of a link does not exist");
    keep_system_message(frame);
    snprintf(text, HDF5_REASON_BYTES, "%.*s", HDF5_REASON_BYTES - 1, frame);
    return text;
}

struct sought {
    const char *part;
    bool found;
};

static herr_t look_for(unsigned n, const H5E_error2_t *frame, void *data)
{
    struct sought *sought = data;

    (void)n;
    if (frame->desc && strstr(frame->desc, sought->part))
        sought->found = true;
    return 0;
}

bool hdf5_said(const char *part)
{
    struct sought sought = {.part = part};

    return H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, look_for, &sought) >= 0 && sought.found;
}

int hdf5_error(struct error *error, int code, const char *format, ...)
{
    char what[ERROR_TEXT_BYTES - HDF5_REASON_BYTES], reason[HDF5_REASON_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(error, code, "%s: %s", what, hdf5_reason(reason));
}
