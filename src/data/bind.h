/* Which dataset feeds which name of the signature. Root only; local; calls HDF5. */
#ifndef DATA_BIND_H
#define DATA_BIND_H

#include "job.h"

/* Quiet HDF5 and keep it from running at exit. Once, first of all HDF5 calls, on ranks that use it; before
 * MPI on those that write with it, for a parallel HDF5 that starts later is ended by MPI_Finalize. */
int hdf5_start(struct error *error);

/* Find and check the dataset of every input and the loop over the leading dims. `param` holds the parameters' values by
 * in[] index (integer ones may be dims). Reads no items. `output` is the file the run will write, with symbolic links
 * resolved.
 *
 * By name at the root of INPUT's file; -i NAME=[FILE:]/DATASET; INPUT FILE:/DATASET (the last ":/", unless a file of
 * the whole name exists) where the kernel has one input. REFUSED, one line each: no such file, not HDF5, no such
 * dataset (with the candidates), a name that is no input, wrong rank or sizes, leading dims that differ, a stored type
 * that is not numeric, a conversion that is not safe without --cast, a missing filter, --items that select beyond the
 * end, an input that is the output, a result dataset in /h5map, named twice, or below another. */
int bind_inputs(const struct options *options, const struct signature *signature, const struct scalar param[PORTS_MAX],
                const char *output, struct binding *binding, struct error *error);

#endif
