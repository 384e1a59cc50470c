/* What the parts of a kernel that is printed have in common. Pure; local. */
#ifndef KERNEL_TEMPLATE_PARTS_H
#define KERNEL_TEMPLATE_PARTS_H

#include "job.h"

#include <stdio.h>

/* Named dims: one for each size, and one for each dataset of offsets. */
struct dims {
    int count;
    uint64_t size[DIM_NAMES_MAX];
    const struct bound *ragged[DIM_NAMES_MAX]; /* NULL: of one size */
    char name[DIM_NAMES_MAX][NAME_BYTES];
};

/* What is made of a survey. */
struct template
{
    const struct survey *survey;
    const char *input;
    char name[PORTS_MAX][NAME_BYTES]; /* of the inputs */
    bool bound[PORTS_MAX];            /* by -i */
    struct field field[FIELDS_MAX];   /* the survey's, with names that C takes */
    struct dims dims;
};

/* Names for inputs, fields and, in order of first appearance, dims. REFUSED: more dims than a kernel can have. */
int template_name(struct template *template, struct error *error);

/* The dims of an item of an input, as indices into template->dims; returns how many. */
int template_dims(struct template *template, int input, int dim[PORT_DIMS_MAX]);

/* The type of an input as its port in the signature has it, without the dims; malloc'ed. */
char *template_type_text(const struct template *template, int input);

/* "[*n, m]", or nothing. */
void template_put_dims(FILE *text, struct template *template, int input);

/* The comment in front, with the command that runs the kernel. */
void template_put_head(FILE *text, struct template *template);

/* The C structs of the inputs that are compounds. */
void template_put_structs(FILE *text, const struct template *template);

/* C's name of what an input points at: "const double", "const struct star"; into type. */
#define TEMPLATE_TYPE_BYTES (NAME_BYTES + 16)
const char *template_c_type(const struct template *template, int input, char type[TEMPLATE_TYPE_BYTES]);

/* Lines that add what an item of each input holds to *sum. */
void template_put_sums(FILE *text, struct template *template);

#endif
