/* Elements of any type: numbers, strings, and compounds, which lie in memory as C lays out a struct of their fields.
 * Pure; local. `field` is the pool that compounds have theirs in (struct signature, struct plan). */
#ifndef ELEMENT_H
#define ELEMENT_H

#include "job.h"

#define ELEMENT_BYTES_MAX (16u << 20) /* the largest compound */

/* Bytes of one element. */
uint64_t element_bytes(enum type type, struct element element);

/* What C has for a scalar type; for a string: char[length], or const char * where that is 0. */
struct element element_of(enum type type, uint32_t length);

/* The size of a compound whose fields, from element->field on, have their types: sets their offsets and its bytes and
 * align. Each field lies at the next multiple of its alignment, which is that of its C type; the end is filled up to a
 * multiple of the largest. false: it would be larger than ELEMENT_BYTES_MAX. */
bool element_lay_out(struct field *field, struct element *element);

/* What a failed item holds: a compound of fills, an empty string. `to` gets the element's bytes, padding zero. */
void element_fill(const struct field *field, enum type type, struct element element, void *to);

/* Is it a string, or has it one? */
bool element_has_text(const struct field *field, enum type type, struct element element);

/* Are there bytes in it that a kernel may leave as they come: padding, what is behind a string's end? */
bool element_is_loose(const struct field *field, enum type type, struct element element);

/* Make those zero in `count` elements. */
void element_tidy(const struct field *field, const struct field *whole, void *elements, uint64_t count);

/* The type as a signature writes it: "double", "string[16]", "{x: double, bv=\"B-V\": float[3]}". Returns snprintf's
 * result. */
int element_text(const struct field *field, enum type type, struct element element, char *text, size_t text_bytes);

#endif
