/* The plain structs that every room passes on. No functions, no handles of a library. */
#ifndef JOB_H
#define JOB_H

#include "batch.h"
#include "error.h"
#include "outcome.h"
#include "sizes.h"
#include "type.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- what the user typed (made by src/cli/, constant from then on; the words are argv's) ---- */

enum command { COMMAND_RUN, COMMAND_KERNELS, COMMAND_TEMPLATE, COMMAND_HELP, COMMAND_VERSION };
enum schedule { SCHEDULE_DYNAMIC, SCHEDULE_STATIC };
enum io { IO_ROOT, IO_DIRECT };
enum progress { PROGRESS_AUTO, PROGRESS_NONE };

/* NAME=VALUE: value points behind the '='. */
struct assignment {
    char name[NAME_BYTES];
    const char *value;
};

struct assignments {
    int count;
    struct assignment of[PORTS_MAX];
};

/* --items START:STOP[:STEP] on axis 0 */
struct items_range {
    bool given;
    uint64_t start, stop, step; /* stop UINT64_MAX: to the end */
};

/* --accept FIELD,...: go on although these have changed since the unfinished run */
enum accept {
    ACCEPT_KERNEL = 1, /* what it computes: its object */
    ACCEPT_FLAGS = 2,  /* how it was compiled */
    ACCEPT_INPUT = 4,
    ACCEPT_PARAM = 8,
    ACCEPT_ITEMS = 16,
    ACCEPT_OPTIONS = 32 /* --cast, --raw, --compress, -o */
};

/* --max-failures N or P% */
struct failure_limit {
    bool percent;
    double value;
};

struct options {
    enum command command;
    const char *kernel, *input, *output; /* NULL: not given */
    struct assignments inputs, outputs, params;
    const char *cflags, *libs; /* NULL: none */
    struct items_range items;
    struct failure_limit max_failures;
    uint64_t memory_bytes; /* buffers of a rank */
    uint64_t slice;        /* --slice N, 0: chosen */
    uint64_t seed;         /* --seed */
    double checkpoint_s;   /* --checkpoint */
    double time_limit_s;   /* --time-limit, 0: none */
    unsigned accept;       /* enum accept, or'ed */
    int compress;          /* --compress, 0: off, to 9 */
    enum schedule schedule;
    enum io io;
    enum progress progress;
    bool cast, raw, overwrite, retry_failed, quiet, verbose;
    bool debug_kernel; /* --debug-kernel */
    bool parallel;     /* -j was given */
    int ranks;         /* its N, 0: all cores */
    const char *topic; /* --help of a command, or NULL */
    int argc;          /* the command line, for the record */
    const char *const *argv;
};

/* ---- what the kernel takes and gives (made by src/kernel/) ---- */

enum role { ROLE_INPUT, ROLE_PARAM, ROLE_RESULT, ROLE_SHARED };

/* An element of a type, as C has it. */
struct element {
    uint32_t bytes, align; /* of a string input, which is as long as the file says, those of const char * */
    uint32_t length;       /* N of string[N]; 0: none */
    int field;             /* the first of a compound, into field[]; what follows it is its next */
};

/* A field of a compound. */
struct field {
    char name[NAME_BYTES];
    char stored[NAME_BYTES]; /* in the file; the same where the signature gives no other */
    enum type type;
    struct element element;
    int rank;
    uint32_t dim[PORT_DIMS_MAX];
    uint32_t count;       /* elements: the product of dim */
    uint32_t offset;      /* in the C struct */
    int next;             /* of the same compound, into field[]; -1: it is the last */
    enum type wire;       /* of an input, as it travels (struct bound); what kernels take lies as in the C struct */
    uint32_t wire_bytes;  /* of one element */
    uint32_t wire_offset; /* in the compound that travels */
    bool vlen;            /* an input's text, in the file of variable length; there are wire_bytes for the longest */
};

struct dim {
    int name;      /* index into dim_name, or -1: a literal */
    uint64_t size; /* of a literal */
};

struct port {
    char name[NAME_BYTES];
    enum role role;
    enum type type;
    struct element element;
    int rank;
    struct dim dim[PORT_DIMS_MAX];
    bool ragged; /* dim[0] is an item's own; of a result a literal 1: dims are those of a row */
    bool has_default;
    struct scalar value; /* the default */
};

struct signature {
    int in_count, out_count, dim_count, field_count;
    struct port in[PORTS_MAX];                /* inputs, shared tables and parameters, in the order written */
    struct port out[PORTS_MAX];               /* results */
    char dim_name[DIM_NAMES_MAX][NAME_BYTES]; /* in order of first appearance */
    int dim_param[DIM_NAMES_MAX];             /* in[] index of the parameter of that name, or -1 */
    struct field field[FIELDS_MAX];           /* of the compounds */
    bool dim_ragged[DIM_NAMES_MAX];           /* each item has its own size; plan and binding have the largest */
};

/* ---- what feeds it (made by src/data/ on root) ---- */

#define PACKING_FILLS_MAX 8

/* CF packing: value = raw * scale + offset; raw values among the fills are missing (NaN). */
struct packing {
    bool given;
    double scale, offset;
    int fill_count;
    struct scalar fill[PACKING_FILLS_MAX]; /* of the wire type */
};

/* The dataset behind an input or a shared table. */
struct bound {
    char file[PATH_BYTES];
    char dataset[PATH_BYTES];
    int rank;
    uint64_t shape[LOOP_DIMS_MAX + PORT_DIMS_MAX];
    char type_name[NAME_BYTES]; /* of the stored type, for people: "big-endian int16" */
    enum type wire;             /* the type it has in memory after reading, in this machine's byte order */
    struct element element;     /* of a string or compound, as it then lies in memory */
    uint32_t stored_bytes;      /* one element in the file, of strings and compounds */
    struct packing packing;
    uint64_t chunk_rows;                           /* a chunk's extent along axis 0; 0: not chunked */
    uint64_t chunk_bytes;                          /* one chunk, decoded; 0: not chunked */
    uint64_t row_chunks;                           /* chunks that one row of chunks along axis 0 takes */
    uint64_t chunk[LOOP_DIMS_MAX + PORT_DIMS_MAX]; /* a chunk's shape, where it is chunked */
    bool bundles;                                  /* its chunks can be decoded without HDF5 (codec/bundle.h) */
    uint64_t file_bytes;
    int64_t mtime_ns;
    uint32_t others_crc;      /* of size and mtime of the other files that its data is in, 0: none */
    char offsets[PATH_BYTES]; /* of a ragged input: where its items begin in the dataset, whose rows are flat */
    uint64_t items, longest;  /* of a ragged input: how many, and the rows of the longest */
    bool vlen; /* its elements are of variable length by their type; longest: a text's bytes, with its NUL */
};

struct binding {
    bool counted; /* no input: INPUT is count:N */
    int loop_rank;
    uint64_t loop_shape[LOOP_DIMS_MAX]; /* the leading dims of the full inputs */
    uint64_t dim[DIM_NAMES_MAX];
    struct field field[FIELDS_MAX];     /* the signature's, those of inputs with their wire forms */
    uint64_t start, step, rows;         /* what --items selects of axis 0; 0, 1, loop_shape[0] without it */
    char notes[1024];                   /* lines to tell the user, '\n' between them; "" none */
    struct bound in[PORTS_MAX];         /* by in[] of the signature; parameters are unused */
    char result[PORTS_MAX][PATH_BYTES]; /* dataset of each result in the output */
};

/* Of a binding, what so many inputs make use of, but for the results' names: half a MiB is better not touched. */
static inline size_t binding_bytes(int in_count)
{
    return offsetof(struct binding, in) + (size_t)in_count * sizeof(struct bound);
}

/* ---- what a file offers to a kernel that is not written yet (made by src/data/ on root) ---- */

#define SURVEY_LEFT 512 /* bytes of text about what is left out */

/* A dataset as an input: its first axis is the items, the others are an item's; or as a shared table. */
struct specimen {
    char name[NAME_BYTES];  /* of -i; else made of the dataset's, and an identifier */
    bool named;             /* by -i, or not as the dataset is named */
    enum type type;         /* to take it as: packed integers as double */
    struct element element; /* of strings and compounds */
    bool shared;            /* a table that all items see */
    struct bound bound;
};

struct survey {
    int count;
    struct specimen of[PORTS_MAX];
    int field_count;
    struct field field[FIELDS_MAX]; /* of the compounds: name is an identifier, no more */
    char left[SURVEY_LEFT];         /* "/names (strings), /t (other items)"; "" nothing is left out */
};

/* ---- how it is done (made by src/run/plan.c on root, the same bytes on every rank) ---- */

/* An input as it travels (wire) and as the kernel takes it, or a parameter, or a shared table, which takes nothing of
 * an item. */
struct feed {
    bool param, shared;
    bool convert; /* wire and kernel type differ, or it is packed */
    bool bundled; /* it may travel as a bundle of its chunks, as they are stored (codec/bundle.h) */
    enum type wire, type;
    struct element wire_element, element; /* of strings and compounds; a string's are one */
    uint64_t elements;                    /* per item, of a table in all; of a ragged input, of its longest item */
    uint64_t wire_bytes, bytes;           /* per item */
    uint64_t table_bytes;                 /* of a shared table, as the kernel takes it */
    bool ragged;                          /* items have lengths of their own (codec/ragged.h): */
    int dim;                              /* the number of that dim; -1: a text's length, which is none */
    uint64_t row_elements, wire_row_bytes, row_bytes; /* of one of its indices */
    struct packing packing;
    struct scalar value; /* of a parameter */
};

/* How the bytes of a result are cut into chunks for compression: row by row, each row into chunks from its beginning
 * on, its last one shorter. */
struct cutting {
    uint64_t row_bytes, chunk_bytes; /* chunk_bytes 0: it is not cut */
};

/* Where a ragged result of an item is: while it runs, this is what is stored of the item. */
struct ref {
    uint64_t at; /* its bytes begin here: in the payload of its ticket, or in OUTPUT.part */
    uint64_t rows;
};

/* A result. */
struct yield {
    enum type type;
    uint64_t elements, bytes; /* per item; ragged: elements of a row, sizeof(struct ref) */
    struct scalar fill;       /* of a scalar type; of others element_fill knows it */
    bool paged;               /* it begins with a page of the file, so that ranks can share it by pages (direct_out) */
    struct cutting cutting;
    struct element element;
    bool loose; /* its padding is to be made zero (element_tidy) */
    bool ragged;
    uint64_t row_bytes; /* ragged: of a row */
};

/* Pages of a file: no two ranks write to the same one. A result of so many bytes begins with one. */
#define PAGE_BYTES 4096
#define PAGED_FROM ((uint64_t)64 * 1024)

/* Where chunks of the inputs end: at each `every` items from a multiple of `period` on, `offset` items being before the
 * first that is selected. */
struct grain {
    uint64_t every; /* 0: it does not matter where tickets end */
    uint64_t period, offset;
};

struct plan {
    uint64_t items;              /* selected items, positions 0 .. items - 1 */
    uint64_t start, step, inner; /* index of position p: (start + p / inner * step) * inner + p % inner */
    int in_count, out_count, dim_count;
    uint64_t dim[DIM_NAMES_MAX];
    struct feed in[PORTS_MAX];
    struct yield out[PORTS_MAX];
    struct field field[FIELDS_MAX]; /* the binding's */
    uint64_t block;                 /* calls are of this many items, from a multiple of it (1: any cut) */
    uint64_t slice;                 /* the most items of a ticket */
    double ticket_s;                /* about the work of a ticket, where nothing else limits it */
    uint64_t first_items;           /* of a ticket dealt before it is known how long they take, while many are left */
    uint64_t piece;                 /* the most items of a call, so that a piece stays in cache */
    uint64_t unit; /* items of a chunk that ranks encode, which tickets have at least where that is quick; 1: none */
    int compress;  /* level of the chunks that ranks encode, 0: none */
    bool ragged;   /* some result is */
    bool staged;   /* the output is made afresh at the end, from what is staged */
    uint64_t image_in_bytes; /* a ticket at its largest (see batch) */
    uint64_t image_out_bytes;
    uint64_t chunk_bytes;   /* the largest chunk that lanes decode; 0: none */
    struct grain grain;     /* where tickets should end, so that no chunk is decoded twice */
    int slots;              /* tickets a rank holds at a time */
    int pool;               /* buffers on root for tickets on the way out, and as many for results */
    uint64_t cache_bytes;   /* HDF5 chunk cache of each input */
    uint64_t reasons_bytes; /* room for reasons in a batch */
    uint64_t seed;          /* of random numbers */
    uint64_t failures_max;  /* more failed items than this stop the run */
    int count_limit;        /* the largest count given to MPI: INT_MAX, less in tests */
    bool slice_fixed;       /* --slice: every ticket has this size */
    bool debug;             /* calls of one item, or block, in guarded buffers */
    bool direct_in;         /* every rank reads the items of its tickets itself, piece by piece */
    bool direct_whole;      /* or all of them at once, where they come in chunks that it decodes */
    bool direct_out;        /* and writes the results itself, but what shares a page with other tickets */
    enum schedule schedule;
};

/* Where the encoded chunks of a result lie, each from its slot's beginning on: the slot of a chunk is as far behind
 * `offset` as the chunk's first byte is in the result, and as long. The entries, one a chunk, begin
 * at `entries`. A chunk is either encoded, and then has an entry, or its items lie at the result's place; neither is
 * ever written over the other. */
struct slots {
    struct cutting cutting; /* chunk_bytes 0: there are no slots */
    uint64_t element_bytes;
    uint64_t offset, entries;
};

/* An encoded chunk. All zero: it is not encoded. */
struct entry {
    uint32_t bytes, crc; /* of what is in its slot */
};

/* Where the parts of the output lie once it is made and closed, for pwrite. */
struct layout {
    uint64_t result_offset[PORTS_MAX]; /* UINT64_MAX: an empty result, nothing to write */
    uint64_t failed_offset;            /* the bitmap /h5map/failed, (items + 7) / 8 bytes, bit k & 7 of byte k / 8 */
    uint64_t file_bytes;               /* of the whole file */
    struct slots slots[PORTS_MAX];     /* behind that, until the output is complete */
    uint64_t staged_bytes;             /* with them */
};

#endif
