#include "kernel/symbols.h"

#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

static int add_kernel(struct kernels *kernels, const char *name, const char *file, struct error *error)
{
    size_t bytes = ((size_t)kernels->count + 1) * sizeof *kernels->of;
    char(*of)[NAME_BYTES];

    if (strlen(name) >= NAME_BYTES)
        return error_set(error, REFUSED, "%s: the kernel name %s is longer than %d bytes (shorten it)", file, name,
                         NAME_BYTES - 1);
    of = realloc(kernels->of, bytes);
    if (!of)
        return error_memory(error, file, bytes);
    kernels->of = of;
    strcpy(of[kernels->count++], name);
    return OK;
}

static bool is_exported_data(const GElf_Sym *symbol)
{
    unsigned type = GELF_ST_TYPE(symbol->st_info), bind = GELF_ST_BIND(symbol->st_info);

    return symbol->st_shndx != SHN_UNDEF && type == STT_OBJECT && bind != STB_LOCAL;
}

/* The kernels among the symbols of one section. */
static int scan_section(Elf *elf, Elf_Scn *section, const char *file, struct kernels *kernels, struct error *error)
{
    const size_t prefix = strlen(SYMBOL_PREFIX);
    Elf_Data *data = elf_getdata(section, NULL);
    int code = OK;
    GElf_Shdr header;
    GElf_Sym symbol;

    if (!data || !gelf_getshdr(section, &header))
        return error_set(error, REFUSED, "%s: damaged: %s (make it again)", file, elf_errmsg(-1));
    for (int k = 0; !code && gelf_getsym(data, k, &symbol); k++) {
        const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);

        if (name && is_exported_data(&symbol) && !strncmp(name, SYMBOL_PREFIX, prefix) && name[prefix])
            code = add_kernel(kernels, name + prefix, file, error);
    }
    return code;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool is_shared_object(Elf *elf)
{
    GElf_Ehdr header;

    return elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) && header.e_type == ET_DYN;
}

int symbols_kernels(const void *bytes, size_t count, const char *file, struct kernels *kernels, struct error *error)
{
    struct kernels found = {NULL, 0};
    Elf_Scn *section = NULL;
    Elf *elf = NULL;
    int code = OK;

    if (elf_version(EV_CURRENT) != EV_NONE)
        elf = elf_memory((char *)(uintptr_t)bytes, count); /* only read: libelf's signature has no const */
    if (!is_shared_object(elf)) {
        code = error_set(error, REFUSED, "%s: not a shared object (make one: cc -shared -fPIC KERNEL.c -o KERNEL.so)",
                         file);
        goto out;
    }
    while (!code && (section = elf_nextscn(elf, section))) {
        GElf_Shdr header;

        if (gelf_getshdr(section, &header) && header.sh_type == SHT_DYNSYM)
            code = scan_section(elf, section, file, &found, error);
    }
    if (code)
        goto out;
    if (found.count)
        qsort(found.of, (size_t)found.count, sizeof *found.of, compare_names);
    *kernels = found;
    found.of = NULL;
out:
    free(found.of);
    if (elf)
        elf_end(elf);
    return code;
}
