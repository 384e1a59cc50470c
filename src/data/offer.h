/* What kernels can take of a stored type that is no number: text, and the fields of compounds. Local; calls HDF5. */
#ifndef DATA_OFFER_H
#define DATA_OFFER_H

#include "job.h"

#include <hdf5.h>

/* Look at the type of the specimen's dataset. Of text of a fixed length, and of compounds with a field that kernels can
 * take, it sets type and element, the fields being added to the survey's, and of bound what members_bind would: wire
 * and type_name. Fields that they can't take are left out, and noted. Others are left to dataset_describe. */
void offer_look(hid_t dataset, struct survey *survey, struct specimen *specimen);

/* Note in survey->left what is left out, and why. */
void offer_leave_out(struct survey *survey, const char *what, const char *why);

/* An identifier made of a name: its letters, digits and '_', in place of others '_', a letter or '_' first. */
void offer_identifier(const char *text, char name[NAME_BYTES]);

#endif
