/* Attributes of a dataset as numbers and truths. Local; calls HDF5. */
#ifndef DATA_ATTRIBUTE_H
#define DATA_ATTRIBUTE_H

#include "job.h"

#include <hdf5.h>

#define NUMBERS_MAX PACKING_FILLS_MAX

/* The numbers of an attribute. */
struct numbers {
    int count; /* 0: it is not there, or is not integers or floats */
    bool integer, is_signed;
    double real[NUMBERS_MAX];
    uint64_t whole[NUMBERS_MAX]; /* of an integer attribute; int64_t if it is signed */
};

/* Whose attributes: an open dataset, and its names for messages. */
struct attributes {
    hid_t dataset;
    const char *input;
    const struct bound *bound;
};

/* Read the attribute's numbers. REFUSED when it can't be read or has more than NUMBERS_MAX. */
int attribute_numbers(const struct attributes *from, const char *name, struct numbers *numbers, struct error *error);

/* Is the attribute the text "true", of fixed or variable length? REFUSED when it can't be read. */
int attribute_is_true(const struct attributes *from, const char *name, bool *is_true, struct error *error);

#endif
