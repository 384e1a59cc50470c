#include "data/output.h"

#include "data/ending.h"
#include "data/handles.h"
#include "data/hdf5_error.h"
#include "data/output_file.h"
#include "data/record.h"
#include "data/result.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int make_place(hid_t file, const struct result *result, uint64_t *offset, struct error *error)
{
    hid_t dataset;
    int code = result_make(file, result, NULL, &dataset, error);

    if (!code)
        code = result_offset(dataset, result, offset, error);
    if (handles_close(&dataset, 1) && !code)
        code = hdf5_error(error, FAILED, "can't make the dataset %s", result->path);
    return code;
}

static int make_all(hid_t file, const struct record *record, uint64_t items, struct layout *layout, struct error *error)
{
    const struct result failed = result_failed(items);
    int code = OK;

    for (int k = 0; k < record->ports->out_count && !code; k++) {
        const struct result result = result_of(record, k);

        code = make_place(file, &result, &layout->result_offset[k], error);
    }
    if (!code)
        code = record_write(file, record, items, error);
    return code ? code : make_place(file, &failed, &layout->failed_offset, error);
}

int output_create(const struct target *target, const struct record *record, const struct plan *plan,
                  struct layout *layout, struct error *error)
{
    struct stat status;
    hid_t file;
    int code;

    *layout = (struct layout){0};
    if (output_file_open(target, OPENING_NEW_ALIGNED, &file, error))
        return error->code;
    code = output_file_name(target, make_all(file, record, plan->items, layout, error), error);
    code = output_file_close(target, file, code, error);
    if (!code && stat(target->path, &status))
        code = error_set(error, FAILED, "%s: %s", target->name, strerror(errno));
    if (!code)
        layout->file_bytes = (uint64_t)status.st_size;
    return code;
}

int output_complete(const struct target *target, const struct ending *ending, struct error *error)
{
    hid_t file;
    int code;

    if (output_file_open(target, OPENING_AGAIN, &file, error))
        return error->code;
    code = output_file_name(target, ending_write(file, ending, error), error);
    return output_file_close(target, file, code, error);
}
