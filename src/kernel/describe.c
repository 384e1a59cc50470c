#include "kernel/describe.h"

#include "kernel/builtin.h"
#include "kernel/object.h"
#include "kernel/signature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_BYTES 4096
#define COUNT_EXAMPLE "count:1000"

/* What is described. */
struct subject {
    const struct options *options;
    const struct object *object;
    const h5map_kernel_t *kernel;
    struct signature signature;
    bool several; /* kernels of the file are described */
};

static void put_list(FILE *text)
{
    const struct builtin *list;
    int count;

    list = builtin_list(&count);
    for (int k = 0; k < count; k++)
        fprintf(text, "%-12s %s\n", list[k].kernel->name, list[k].kernel->summary);
}

/* A signature may be written over several lines. */
static void put_signature(FILE *text, const char *signature)
{
    bool gap = false, any = false;

    fputs("  ", text);
    for (; *signature; signature++) {
        const bool blank = *signature == ' ' || (*signature >= '\t' && *signature <= '\r');

        if (!blank && gap && any)
            fputc(' ', text);
        if (!blank)
            fputc(*signature, text);
        gap = blank;
        any = any || !blank;
    }
    fputs("\n\n", text);
}

static void put_ports(FILE *text, const char *label, const struct signature *signature, const struct port *port)
{
    const int count = port == signature->in ? signature->in_count : signature->out_count;
    char line[PORT_BYTES];

    for (int k = 0; k < count; k++) {
        signature_port_text(signature, &port[k], line, sizeof line);
        fprintf(text, "%-8s%s\n", k ? "" : label, line);
    }
}

static void put_dims(FILE *text, const struct signature *signature)
{
    for (int d = 0; d < signature->dim_count; d++)
        fprintf(text, "%s%sdim[%d] is %s", d ? "" : "dims    ", d ? ", " : "", d, signature->dim_name[d]);
    if (signature->dim_count)
        fputc('\n', text);
}

static void put_calls(FILE *text, const h5map_kernel_t *kernel)
{
    const size_t block = kernel->block ? kernel->block : kernel->default_block;

    if (block > 1)
        fprintf(text, "%-8sa call has %zu items, the last one may have fewer\n", "block", block);
    if (kernel->init)
        fprintf(text, "%-8sits init runs once a rank, before all items\n", "init");
}

/* In single quotes where the shell would read something else. */
static void put_word(FILE *text, const char *word)
{
    const bool plain = *word && !word[strcspn(word, " \t\n'\"\\$`&|;<>()*?[]#~!{}")];

    if (plain) {
        fputs(word, text);
        return;
    }
    fputc('\'', text);
    for (; *word; word++)
        fputs(*word == '\'' ? "'\\''" : (char[]){*word, '\0'}, text);
    fputc('\'', text);
}

static void put_option(FILE *text, const char *option, const char *value)
{
    if (!value)
        return;
    fprintf(text, " %s=", option);
    put_word(text, value);
}

/* INPUT and how its datasets are bound: names of the signature stand for datasets of these names. */
static void put_inputs(FILE *text, const struct signature *signature)
{
    int inputs = 0, named = 0, only = 0;

    for (int k = 0; k < signature->in_count; k++) {
        inputs += signature->in[k].role == ROLE_INPUT;
        named += signature->in[k].role == ROLE_SHARED || signature->in[k].ragged;
        only = signature->in[k].role == ROLE_INPUT ? k : only;
    }
    if (inputs == 1 && named == 0) {
        fprintf(text, " INPUT.h5:/%s OUTPUT.h5", signature->in[only].name);
        return;
    }
    fputs(inputs ? " INPUT.h5 OUTPUT.h5" : " " COUNT_EXAMPLE " OUTPUT.h5", text);
    for (int k = 0; k < signature->in_count; k++)
        if (signature->in[k].role != ROLE_PARAM)
            fprintf(text, " -i %s=%s/%s%s", signature->in[k].name, inputs ? "" : "INPUT.h5:", signature->in[k].name,
                    signature->in[k].ragged ? "@/OFFSETS" : "");
}

/* The command. What has a default need not be there. */
static void put_command(FILE *text, const struct subject *subject)
{
    const struct signature *signature = &subject->signature;

    fputs("run it  h5map run ", text);
    put_word(text, subject->several ? subject->object->file : subject->options->kernel);
    if (subject->several)
        fprintf(text, ":%s", subject->kernel->name);
    put_inputs(text, signature);
    for (int k = 0; k < signature->in_count; k++)
        if (signature->in[k].role == ROLE_PARAM && !signature->in[k].has_default)
            fprintf(text, " -p %s=VALUE", signature->in[k].name);
    put_option(text, "--cflags", subject->options->cflags);
    put_option(text, "--libs", subject->options->libs);
    fputc('\n', text);
}

static void put_kernel(FILE *text, const struct subject *subject)
{
    const h5map_kernel_t *kernel = subject->kernel;

    fprintf(text, "%s", kernel->name);
    if (kernel->summary && *kernel->summary)
        fprintf(text, ": %s", kernel->summary);
    fputc('\n', text);
    put_signature(text, kernel->signature);
    put_ports(text, "takes", &subject->signature, subject->signature.in);
    put_ports(text, "gives", &subject->signature, subject->signature.out);
    put_dims(text, &subject->signature);
    put_calls(text, kernel);
    put_command(text, subject);
}

static int put_file(FILE *text, const struct options *options, struct error *error)
{
    const struct recipe recipe = {.cflags = options->cflags, .libs = options->libs};
    struct subject subject = {.options = options};
    struct kernels kernels;
    struct object object;
    int code = object_list(options->kernel, &recipe, &object, &kernels, error);

    if (code)
        return code;
    subject.object = &object;
    subject.several = kernels.count > 1;
    for (int k = 0; k < kernels.count && !code; k++) {
        code = object_load(kernels.of[k], object.bytes, object.bytes_count, &subject.kernel, error);
        if (!code)
            code = signature_parse(subject.kernel->signature, kernels.of[k], &subject.signature, error);
        if (!code && k)
            fputc('\n', text);
        if (!code)
            put_kernel(text, &subject);
    }
    free(kernels.of);
    object_release(&object);
    return code;
}

int describe_kernels(const struct options *options, char **text, struct error *error)
{
    size_t bytes;
    FILE *stream = open_memstream(text, &bytes);
    int code = OK;

    if (!stream)
        return error_memory(error, "the kernels' text", PORT_BYTES);
    if (options->kernel)
        code = put_file(stream, options, error);
    else
        put_list(stream);
    if ((ferror(stream) | fclose(stream)) && !code)
        code = error_memory(error, "the kernels' text", PORT_BYTES);
    if (code) {
        free(*text);
        *text = NULL;
    }
    return code;
}
