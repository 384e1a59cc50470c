/* What the tests of src/data/ share: a folder of their own, files with datasets in it, and a request to bind. */
#ifndef DATA_FILES_H
#define DATA_FILES_H

#include "job.h"

#include "suite.h"

#include <hdf5.h>

/* Make a folder under $TMPDIR or /tmp and go there; leave and remove it. */
void folder_make(void);
void folder_remove(void);

/* A dataset to write; what is left out is a scalar, contiguous. */
struct set {
    const char *file, *path;
    hid_t stored, memory; /* memory 0: as stored */
    int rank;
    hsize_t shape[8], chunk[8]; /* chunk[0] 0: contiguous */
    unsigned deflate;           /* level, 0 none */
    hid_t creation;             /* 0: made from the above */
    const void *data;           /* NULL: none written */
};

/* Write it, into a new file or one that is there; groups are made. */
void put_set(struct set set);

/* Give a dataset an attribute: numbers, or text of fixed or variable length. */
void put_numbers(const char *file, const char *path, const char *name, hid_t stored, int count, const double *values);
void put_text(const char *file, const char *path, const char *name, const char *text, bool variable);

/* The same with one number. */
void put_number(const char *file, const char *path, const char *name, hid_t stored, double value);

/* A text file. */
void put_file(const char *name, const char *text);

/* A request and what comes of it. */
struct request {
    struct options options;
    struct signature signature;
    struct scalar param[PORTS_MAX];
    struct binding binding;
    struct plan plan;
    struct error error;
};

/* Start HDF5 and run the suite; what main returns. Files that grow too large are errors. */
int data_suite(const char *name, CU_TestInfo *tests);

/* A request for the signature, INPUT, and OUTPUT "out.h5"; a new one at each call, valid until the next. */
struct request *request_make(const char *signature, const char *input);

/* Add -i, -o or -p to it; returns it. */
struct request *with_input(struct request *request, const char *name, const char *value);
struct request *with_output(struct request *request, const char *name, const char *value);
struct request *with_items(struct request *request, uint64_t start, uint64_t stop, uint64_t step);

/* Bind it, and plan its items when that goes well. */
int request_bind(struct request *request);

/* Asserts that it is refused with this line. */
void refused(struct request *request, const char *line);

/* Asserts that it is bound; returns it. */
struct request *bound(struct request *request);

#endif
