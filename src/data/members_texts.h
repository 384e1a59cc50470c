/* Compounds with texts that are of variable length in the file: HDF5 gives addresses, what travels are the texts, each
 * with room for the longest of its field. Local; calls HDF5. */
#ifndef DATA_MEMBERS_TEXTS_H
#define DATA_MEMBERS_TEXTS_H

#include "data/members.h"
#include "data/vlen_pool.h"

/* Are there any, in what members_bind has bound? */
bool members_have_texts(const struct field *field, struct element element);

/* Give each field room for its longest text in the dataset, which is read through, and lay out the compound. REFUSED:
 * it can't be read, or takes too much. */
int members_scan(hid_t dataset, const struct members *members, struct error *error);

/* How they are read. */
struct members_texts {
    struct vlen_pool pool;
    hid_t transfer;
};

void members_texts_clear(struct members_texts *texts); /* members_texts_close may follow */

/* At most `bytes` of texts at a time. `texts` itself must stay where it is. Negative on failure. */
int members_texts_open(struct members_texts *texts, hid_t transfer, uint64_t bytes);
void members_texts_close(struct members_texts *texts);

/* Of elements as H5Dread has left them, make what travels, and free what it has allocated. False: a text is longer than
 * its room. */
bool members_texts_place(struct members_texts *texts, const struct field *field, struct element element, void *elements,
                         uint64_t count);

#endif
