#include "data/bind.h"

#include "data/dataset.h"
#include "data/hdf5_error.h"
#include "data/input_file.h"
#include "data/loop.h"
#include "data/members_texts.h"
#include "data/notes.h"
#include "data/packing.h"
#include "data/ports.h"
#include "data/ragged.h"
#include "data/result_names.h"
#include "data/storage.h"
#include "data/texts.h"
#include "data/vlen.h"
#include "data/where.h"

#include <hdf5.h>
#include <string.h>

int hdf5_start(struct error *error)
{
    /* HDF5's own end of the program crashes after a file could not be closed. */
    if (H5dont_atexit() < 0 || H5open() < 0 || H5Eset_auto2(H5E_DEFAULT, NULL, NULL) < 0)
        return error_set(error, FAILED, "HDF5: can't be started");
    return OK;
}

/* What is the same for all inputs. */
struct request {
    const struct options *options;
    const char *output;
    struct binding *binding;
    struct error *error;
};

/* The output would replace what it is made from. */
static int check_not_output(const struct request *request, hid_t dataset, const struct port *port,
                            const struct bound *bound)
{
    char file[PATH_BYTES] = "";

    if (!input_file_is(bound->file, request->output) &&
        (H5Fget_name(dataset, file, sizeof file) < 0 || !input_file_is(file, request->output)))
        return OK;
    return error_set(request->error, REFUSED, "%s: %s in %s is in the output, %s (give another OUTPUT)", port->name,
                     bound->dataset, bound->file, request->options->output);
}

static int check_conversion(const struct request *request, const struct port *port, const struct bound *bound)
{
    const bool possible = !type_is_complex(bound->wire) || type_is_complex(port->type);
    const char *advice = port->role == ROLE_SHARED ? "give --cast to convert, where every element fits"
                                                   : "give --cast to convert, items that do not fit fail";

    if (type_is_safe(bound->wire, port->type) || (possible && (bound->packing.given || request->options->cast)))
        return OK;
    if (!possible)
        advice = "complex numbers can't become real ones";
    return error_set(request->error, REFUSED, "%s: %s in %s holds %s, the kernel takes %s (%s)", port->name,
                     bound->dataset, bound->file, bound->type_name, type_name(port->type), advice);
}

/* MATLAB keeps the first axis together in memory, HDF5 the last. */
static void note_matlab(const struct request *request, hid_t dataset, const struct port *port,
                        const struct bound *bound)
{
    if (bound->rank > 1 && H5Aexists(dataset, "MATLAB_class") > 0)
        notes_add(request->binding, "%s: %s was written by MATLAB: axis 0 here is its last axis", port->name,
                  bound->dataset);
}

/* Items have lengths of their own, or they have not: the kernel and the file agree about that. */
static int check_lengths(const struct request *request, const struct port *port, const struct bound *bound)
{
    if (port->ragged && !bound->vlen && !bound->offsets[0])
        return error_set(request->error, REFUSED,
                         "%s: items of %s have lengths of their own (give -i %s=/VALUES@/OFFSETS, or a dataset of "
                         "sequences)",
                         port->name, bound->dataset, port->name);
    if (bound->vlen && bound->offsets[0])
        return error_set(request->error, REFUSED, "%s: %s in %s holds %s, which need no offsets (give -i %s=%s)",
                         port->name, bound->dataset, bound->file, bound->type_name, port->name, bound->dataset);
    if (bound->vlen && port->role != ROLE_INPUT)
        return error_set(request->error, REFUSED,
                         "%s: %s in %s holds %s, which can't be a shared table (bind another dataset)", port->name,
                         bound->dataset, bound->file, bound->type_name);
    if (bound->vlen && bound->wire != TYPE_STRING && !port->ragged)
        return error_set(request->error, REFUSED,
                         "%s: %s in %s holds %s, the kernel takes items of one size (write %s[*n])", port->name,
                         bound->dataset, bound->file, bound->type_name, type_name(port->type));
    return OK;
}

static int look_at_dataset(const struct request *request, hid_t dataset, const struct port *port, struct bound *bound)
{
    const struct members members = {port, bound, request->binding->field, request->options->cast};
    int code = check_not_output(request, dataset, port, bound);

    if (!code && port->type >= TYPE_COUNT)
        code = members_bind(dataset, &members, request->error);
    if (!code)
        code = dataset_describe(dataset, port->name, bound, request->error);
    if (!code)
        code = check_lengths(request, port, bound);
    if (!code)
        code = storage_check(dataset, port->name, bound, request->error);
    if (!code && !request->options->raw)
        code = packing_bind(dataset, port, bound, request->binding, request->error);
    if (!code)
        code = check_conversion(request, port, bound);
    if (!code)
        note_matlab(request, dataset, port, bound);
    return code;
}

static int bind_input(const struct request *request, const struct port *port, struct bound *bound)
{
    hid_t file = H5I_INVALID_HID, dataset = H5I_INVALID_HID;
    int code = ragged_split(port, bound, request->error);

    if (!code)
        code = input_file_look(bound, request->error);
    if (!code)
        code = input_file_open(bound->file, &file, request->error);
    if (!code)
        code = dataset_open(file, port->name, bound, 0, &dataset, request->error);
    if (!code)
        code = look_at_dataset(request, dataset, port, bound);
    if (!code && bound->vlen)
        code = vlen_scan(dataset, port, bound, request->error);
    else if (!code && port->type == TYPE_COMPOUND && members_have_texts(request->binding->field, port->element))
        code = members_scan(dataset, &(struct members){port, bound, request->binding->field, request->options->cast},
                            request->error);
    else if (!code && port->ragged)
        code = ragged_scan(file, port, bound, request->error);
    if (dataset >= 0 && H5Dclose(dataset) < 0 && !code)
        code = hdf5_error(request->error, FAILED, "%s: %s in %s", port->name, bound->dataset, bound->file);
    if (file >= 0 && H5Fclose(file) < 0 && !code)
        code = hdf5_error(request->error, FAILED, "%s", bound->file);
    return code;
}

int bind_inputs(const struct options *options, const struct signature *signature, const struct scalar param[PORTS_MAX],
                const char *output, struct binding *binding, struct error *error)
{
    const struct request request = {.options = options, .output = output, .binding = binding, .error = error};
    int code;

    memset(binding, 0, binding_bytes(signature->in_count));
    for (int k = 0; k < signature->out_count; k++)
        binding->result[k][0] = '\0';
    memcpy(binding->field, signature->field, sizeof binding->field);
    code = where_bind(options, signature, binding, error);
    if (!code)
        code = result_names_bind(options, signature, binding, error);
    for (int k = 0; k < signature->in_count && !code; k++)
        if (ports_has_dataset(&signature->in[k]))
            code = bind_input(&request, &signature->in[k], &binding->in[k]);
    if (!code)
        code = loop_bind(options, signature, param, binding, error);
    if (!code)
        code = texts_check(signature, binding, error);
    return code ? code : ragged_agree(signature, binding, error);
}
