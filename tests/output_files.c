#include "output_files.h"

#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct record record_for(const struct request *r)
{
    return (struct record){.kernel = "k",
                           .signature = "the signature",
                           .object_hash = "0123",
                           .compiler = "cc 12",
                           .flags = "-O3",
                           .command_line = "h5map run k in.h5 out.h5 \xc3\xa9",
                           .version = "0.1",
                           .identity = "format 1\nkernel \xc3\xa9\n",
                           .ports = &r->signature,
                           .param = r->param,
                           .binding = &r->binding};
}

struct ending ending_for(const struct failure *failures, int count)
{
    static const struct run_info runs[2] = {
        {86400.25, 86461, "node1", "17", "", 4, "0123", 5, 1},
        {90000, 90001.5, "a-longer-name", "17 restart 1", "n[1-3]", 2, "4567", 9, 1}};
    static const struct made made[3] = {{0, 4, 0}, {4, 9, 1}, {13, 1, 0}};
    static const struct share shares[2] = {{0, "node1", 3, 1.5, 0.5}, {1, "a-longer-name", 4, 2.5, 0.25}};

    return (struct ending){.runs = runs,
                           .run_count = 2,
                           .made = made,
                           .made_count = count ? 3 : 0,
                           .shares = shares,
                           .ranks = 2,
                           .failures = failures,
                           .failure_count = count,
                           .failed = (uint64_t)count};
}

static void put_bytes(uint64_t offset, const void *bytes, size_t count)
{
    const int fd = open("out.part", O_WRONLY | O_CLOEXEC);

    CU_ASSERT(pwrite(fd, bytes, count, (off_t)offset) == (ssize_t)count && close(fd) == 0);
}

/* Bytes that no two places share by chance: of a generator, but runs of them in between to be compressed. */
static unsigned char *make_bytes(size_t bytes, unsigned seed, bool truth)
{
    unsigned char *made = malloc(bytes + 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(made);
    for (size_t k = 0; k < bytes; k++) {
        seed = seed * 1103515245u + 12345u;
        made[k] = (unsigned char)(seed >> 16);
        if (k % 64 >= 24)
            made[k] = (unsigned char)(k / 4096);
        if (truth)
            made[k] &= 1;
    }
    return made;
}

/* The elements of an item. */
static uint64_t elements_of(const struct request *r, const struct port *port)
{
    uint64_t elements = 1;

    for (int d = 0; d < port->rank; d++)
        elements *= port->dim[d].name >= 0 ? r->binding.dim[port->dim[d].name] : port->dim[d].size;
    return elements;
}

void filled_make(struct request *r, struct filled *filled)
{
    const struct record record = record_for(r);

    *filled = (struct filled){.failed_bytes = (r->plan.items + 7) / 8};
    CU_ASSERT_EQUAL_FATAL(
        output_create(&(struct target){"out.part", "out.part"}, &record, &r->plan, &filled->layout, &r->error), OK);
    r->plan.out_count = r->signature.out_count;
    for (int k = 0; k < r->plan.out_count; k++) {
        const struct port *port = &r->signature.out[k];
        struct yield *yield = &r->plan.out[k];

        *yield = (struct yield){.type = port->type, .elements = elements_of(r, port), .fill = type_fill(port->type)};
        yield->bytes = yield->elements * type_bytes(port->type);
        filled->bytes[k] = r->plan.items * yield->bytes;
        filled->result[k] = make_bytes(filled->bytes[k], (unsigned)k + 1, port->type == TYPE_BOOL);
        if (filled->bytes[k])
            put_bytes(filled->layout.result_offset[k], filled->result[k], filled->bytes[k]);
    }
    filled->failed = make_bytes(filled->failed_bytes, 99, false);
    if (r->plan.items % 8)
        filled->failed[filled->failed_bytes - 1] &= (unsigned char)((1u << r->plan.items % 8) - 1);
    if (filled->failed_bytes)
        put_bytes(filled->layout.failed_offset, filled->failed, filled->failed_bytes);
}

void filled_free(struct filled *filled)
{
    for (int k = 0; k < PORTS_MAX; k++)
        free(filled->result[k]);
    free(filled->failed);
}

struct ending filled_ending(const struct request *r)
{
    static const struct failure failures[2] = {{5, 1, "no peak"}, {9, 0, "no peak above 3 at all"}};

    return r->plan.items < 14 ? ending_for(NULL, 0) : ending_for(failures, 2);
}

int filled_no_chunk(void *self, int k, uint64_t first, void *to, size_t *bytes, struct error *error)
{
    (void)self, (void)k, (void)first, (void)to, (void)error;
    *bytes = 0;
    return OK;
}

void filled_complete(struct request *r)
{
    const struct ending ending = filled_ending(r);

    CU_ASSERT_EQUAL_FATAL(output_complete(&(struct target){"out.part", "out.part"}, &ending, &r->error), OK);
}
