#include "kernel/builtin.h"
#include "kernel/file.h"
#include "kernel/object.h"
#include "kernel/symbols.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A kernel's fields are only ever appended: up to here they must be there. */
#define KERNEL_BYTES_MIN (offsetof(h5map_kernel_t, block) + sizeof(size_t))
#define BLOCK_MAX 0x7fffffff

/* Why dlopen failed, without the descriptor's path that it puts first. */
static int tell_dlopen(const char *name, struct error *error)
{
    static const char undefined[] = "undefined symbol: ";
    const char *said = dlerror(), *why, *symbol, *missing;

    said = said ? said : "it can't be loaded";
    missing = *said == '/' ? NULL : strstr(said, ": cannot open shared object file");
    if (missing)
        return error_set(error, REFUSED,
                         "%s: needs %.*s, which is not found (install it, or add its folder to LD_LIBRARY_PATH)", name,
                         (int)(missing - said), said);
    symbol = strstr(said, undefined);
    if (symbol)
        return error_set(error, REFUSED,
                         "%s: undefined symbol: %s (give the library with --libs, or link the object "
                         "with it)",
                         name, symbol + strlen(undefined));
    why = strncmp(said, "/proc/self/fd/", 14) ? NULL : strstr(said, ": ");
    return error_set(error, REFUSED, "%s: %s", name, why ? why + 2 : said);
}

/* The object from memory. The descriptor stays open and the object loaded for good: dlopen takes a path that it has
 * seen for the object that it had then. */
static int load_bytes(const char *name, const void *bytes, size_t bytes_count, const h5map_kernel_t **kernel,
                      struct error *error)
{
    char path[32], symbol[sizeof SYMBOL_PREFIX + NAME_BYTES];
    int fd, problem, code = FAILED;
    void *handle;

    fd = memfd_create(name, MFD_CLOEXEC);
    problem = fd < 0 ? errno : file_write_all(fd, bytes, bytes_count);
    if (problem) {
        code = error_set(error, FAILED, "%s: no memory to load it: %s", name, strerror(problem));
        goto out;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    fd = -1; /* not to be closed any more */
    if (!handle) {
        code = tell_dlopen(name, error);
        goto out;
    }
    snprintf(symbol, sizeof symbol, SYMBOL_PREFIX "%s", name);
    *kernel = dlsym(handle, symbol);
    code = *kernel ? OK : error_set(error, REFUSED, "%s: no such kernel in the object", name);
out:
    if (fd >= 0)
        close(fd);
    return code;
}

void object_report(const h5map_kernel_t *kernel, void (*report)(const char *file, unsigned line, const char *what))
{
    void (**to)(const char *file, unsigned line, const char *what) = NULL;
    struct link_map *object;
    Dl_info info;

    if (dladdr1(kernel, &info, (void **)&object, RTLD_DL_LINKMAP)) /* which glibc's handles are */
        to = dlsym(object, "h5map_report");
    if (to)
        *to = report;
}

static int find_builtin(const char *name, const h5map_kernel_t **kernel, struct error *error)
{
    const struct builtin *list;
    int count;

    list = builtin_list(&count);
    for (int k = 0; k < count; k++)
        if (!strcmp(list[k].kernel->name, name)) {
            *kernel = list[k].kernel;
            return OK;
        }
    return error_set(error, REFUSED, "%s: no built-in kernel", name);
}

static int check_kernel(const char *name, const h5map_kernel_t *kernel, struct error *error)
{
    if (kernel->abi != H5MAP_ABI)
        return error_set(error, REFUSED,
                         "%s: made for kernel ABI %u, not %u (compile it with this version's h5map/kernel.h)", name,
                         kernel->abi, (unsigned)H5MAP_ABI);
    if (kernel->size < KERNEL_BYTES_MIN)
        return error_set(error, REFUSED,
                         "%s: its description has %u bytes, not %zu (compile it with this version's h5map/kernel.h)",
                         name, kernel->size, KERNEL_BYTES_MIN);
    if (!kernel->map)
        return error_set(error, REFUSED, "%s: no function (describe it with H5MAP_KERNEL or H5MAP_SLICE_KERNEL)", name);
    if (!kernel->signature)
        return error_set(error, REFUSED, "%s: no signature (give .signature in H5MAP_KERNEL)", name);
    if (strchr(kernel->signature, '*') && kernel->size < sizeof *kernel)
        return error_set(error, REFUSED,
                         "%s: compiled before ragged inputs were possible (compile it with this version's "
                         "h5map/kernel.h)",
                         name);
    if (!kernel->default_block || kernel->default_block > BLOCK_MAX || kernel->block > BLOCK_MAX)
        return error_set(error, REFUSED, "%s: .block must be from 1 to %d items", name, BLOCK_MAX);
    return OK;
}

int object_load(const char *name, const void *bytes, size_t bytes_count, const h5map_kernel_t **kernel,
                struct error *error)
{
    const h5map_kernel_t *found = NULL;
    int code;

    code = bytes ? load_bytes(name, bytes, bytes_count, &found, error) : find_builtin(name, &found, error);
    if (!code)
        code = check_kernel(name, found, error);
    if (!code)
        *kernel = found;
    return code;
}
