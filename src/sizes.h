/* The most of things that structs have room for. */
#ifndef SIZES_H
#define SIZES_H

#define PORTS_MAX 32     /* inputs and parameters, or results, of a signature (H5MAP_PORTS_MAX) */
#define PORT_DIMS_MAX 8  /* dims of one of them */
#define DIM_NAMES_MAX 32 /* named dims of a signature */
#define NAME_BYTES 64    /* an identifier and its NUL */
#define FIELDS_MAX 128   /* fields of all compounds of a signature */
#define LOOP_DIMS_MAX 24 /* leading dims; with a port's own, HDF5's limit of 32 */
#define PATH_BYTES 4096
#define HASH_BYTES 65 /* SHA-256 in hexadecimal and its NUL */

#endif
