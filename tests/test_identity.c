/* What makes two jobs the same, and what is said where they are not. */
#include "run/identity.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

struct job {
    struct options options;
    struct signature signature;
    struct scalar param[PORTS_MAX];
    struct binding binding;
    struct plan plan;
    const char *source, *hash, *flags;
};

static struct job *new_job(void)
{
    struct job *job = calloc(1, sizeof *job);
    struct bound *bound = &job->binding.in[0];

    CU_ASSERT_PTR_NOT_NULL_FATAL(job);
    job->source = "aa";
    job->hash = "11";
    job->flags = "-O3";
    job->signature.in_count = 2;
    job->signature.out_count = 1;
    job->signature.in[0] = (struct port){.name = "x", .role = ROLE_INPUT, .type = TYPE_DOUBLE};
    job->signature.in[1] = (struct port){.name = "eps", .role = ROLE_PARAM, .type = TYPE_INT32};
    job->signature.out[0] = (struct port){.name = "y", .role = ROLE_RESULT, .type = TYPE_FLOAT};
    strcpy(bound->file, "/data/a.h5");
    strcpy(bound->dataset, "/x");
    strcpy(bound->type_name, "double");
    bound->rank = 1;
    bound->shape[0] = 100;
    bound->file_bytes = 1000;
    bound->mtime_ns = 5;
    strcpy(job->binding.result[0], "/y");
    job->plan.out_count = 1;
    job->plan.out[0].elements = 1;
    job->plan.items = 100;
    job->plan.step = job->plan.inner = job->plan.block = 1;
    return job;
}

static char *text_of(const struct job *job)
{
    const struct identity_parts parts = {.options = &job->options,
                                         .kernel = "k",
                                         .source_hash = job->source,
                                         .object_hash = job->hash,
                                         .flags = job->flags,
                                         .signature = &job->signature,
                                         .param = job->param,
                                         .binding = &job->binding,
                                         .plan = &job->plan};
    char *text = identity_text(&parts);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    return text;
}

/* Compare a plain job with this one; frees it. */
static int compare(struct job *job, unsigned accept, unsigned *changed, struct error *error)
{
    const struct identity_question question = {"out.h5", "unfinished", accept};
    struct job *plain = new_job();
    char *was = text_of(plain), *is = text_of(job);
    const int code = identity_compare(was, is, &question, changed, error);

    free(was);
    free(is);
    free(plain);
    free(job);
    return code;
}

/* The job is refused with this line; with the field accepted it goes on. */
static void check(void (*change)(struct job *job), unsigned bit, const char *line)
{
    struct job *job = new_job(), *again = new_job();
    struct error error = {0};
    unsigned changed;

    change(job);
    change(again);
    CU_ASSERT_EQUAL(compare(job, ~bit, &changed, &error), REFUSED);
    CU_ASSERT_STRING_EQUAL(error.text, line);
    error_clear(&error);
    CU_ASSERT_EQUAL(compare(again, bit, &changed, &error), bit ? OK : REFUSED);
    CU_ASSERT_EQUAL(changed, bit);
}

static void change_source(struct job *job)
{
    job->source = "bb";
    job->hash = "22";
}
static void change_object(struct job *job)
{
    job->hash = "22";
}
static void change_flags(struct job *job)
{
    job->flags = "-O2";
    job->hash = "22";
}
static void change_size(struct job *job)
{
    job->binding.in[0].file_bytes++;
}
static void change_shape(struct job *job)
{
    job->binding.in[0].shape[0]++;
}
static void change_param(struct job *job)
{
    job->param[1] = (struct scalar){.bytes = {7}};
}
static void change_items(struct job *job)
{
    job->options.items = (struct items_range){true, 0, 50, 1};
}
static void change_options(struct job *job)
{
    job->options.cast = true;
}
static void change_target(struct job *job)
{
    strcpy(job->binding.result[0], "/z");
}
static void change_type(struct job *job)
{
    job->signature.out[0].type = TYPE_DOUBLE;
}
static void change_name(struct job *job)
{
    strcpy(job->signature.in[1].name, "tau");
}

static void names_what_has_changed(void)
{
    check(change_object, ACCEPT_KERNEL,
          "out.h5: is unfinished, but the kernel's object (by its compiler, a header, or the CPU it is for) has "
          "changed from \"11\" to \"22\" (give --accept kernel to go on, or --overwrite to start afresh)");
    check(change_source, ACCEPT_KERNEL,
          "out.h5: is unfinished, but the kernel has changed from \"aa\" to \"bb\" (give --accept kernel to go on, or "
          "--overwrite to start afresh)");
    check(change_flags, ACCEPT_FLAGS,
          "out.h5: is unfinished, but what the kernel is compiled with has changed from \"-O3\" to \"-O2\" (give "
          "--accept flags to go on, or --overwrite to start afresh)");
    check(change_size, ACCEPT_INPUT,
          "out.h5: is unfinished, but the size in bytes of input x's file has changed from \"1000\" to \"1001\" (give "
          "--accept input to go on, or --overwrite to start afresh)");
    check(change_shape, ACCEPT_INPUT,
          "out.h5: is unfinished, but the shape of input x has changed from \"100\" to \"101\" (give --accept input to "
          "go on, or --overwrite to start afresh)");
    check(change_param, ACCEPT_PARAM,
          "out.h5: is unfinished, but parameter eps has changed from \"0\" to \"7\" (give --accept param to go on, or "
          "--overwrite to start afresh)");
    check(change_items, ACCEPT_ITEMS,
          "out.h5: is unfinished, but the stop of --items has changed from \"the end\" to \"50\" (give --accept items "
          "to go on, or --overwrite to start afresh)");
    check(change_options, ACCEPT_OPTIONS,
          "out.h5: is unfinished, but --cast has changed from \"no\" to \"yes\" (give --accept options to go on, or "
          "--overwrite to start afresh)");
    check(change_target, ACCEPT_OPTIONS,
          "out.h5: is unfinished, but the dataset of result y has changed from \"/y\" to \"/z\" (give --accept options "
          "to go on, or --overwrite to start afresh)");
    check(change_type, 0,
          "out.h5: is unfinished, but the type of result y has changed from \"1 float an item\" to \"1 double an "
          "item\" (give --overwrite to start afresh)");
    check(change_name, ACCEPT_PARAM,
          "out.h5: is unfinished, but parameter eps has changed (give --accept param to go on, or --overwrite to start "
          "afresh)");
}

static void passes_over_what_makes_no_difference(void)
{
    struct job *job = new_job();
    struct error error = {0};
    unsigned changed;

    strcpy(job->binding.in[0].file, "/elsewhere/b.h5");
    job->options.ranks = 8;
    job->options.schedule = SCHEDULE_STATIC;
    job->options.slice = 3;
    CU_ASSERT_EQUAL(compare(job, 0, &changed, &error), OK);
    CU_ASSERT_EQUAL(changed, 0);
}

static void gives_values_back(void)
{
    struct job *job = new_job();
    char *text, value[16];
    uint64_t number;

    job->plan.start = 12345678901;
    strcpy(job->binding.result[0], "/a\nb");
    text = text_of(job);
    CU_ASSERT(identity_number(text, IDENTITY_START, &number) && number == 12345678901);
    CU_ASSERT(identity_value(text, "the dataset of result y", value, sizeof value));
    CU_ASSERT_STRING_EQUAL(value, "/a b");
    CU_ASSERT_FALSE(identity_number(text, "nothing of the kind", &number));
    CU_ASSERT_FALSE(identity_number("", IDENTITY_START, &number));
    CU_ASSERT_FALSE(identity_number("damaged", IDENTITY_START, &number));
    free(text);
    free(job);
}

int main(void)
{
    CU_TestInfo tests[] = {{"names what has changed", names_what_has_changed},
                           {"passes over what makes no difference", passes_over_what_makes_no_difference},
                           {"gives values back", gives_values_back},
                           CU_TEST_INFO_NULL};

    return suite_run("identity", tests);
}
