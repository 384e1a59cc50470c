#include "data/packing.h"

#include "data/attribute.h"
#include "data/notes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WORDS_BYTES 512

/* What is being read. */
struct reading {
    struct attributes from;
    enum type wire;
    bool twin; /* a signed stored type that stands for its unsigned twin */
    struct packing packing;
    char words[WORDS_BYTES]; /* "scale_factor 0.01, ...": what was found */
    struct error *error;
};

static void say(struct reading *r, const char *attribute, const char *value)
{
    const size_t length = strlen(r->words);

    snprintf(r->words + length, sizeof r->words - length, "%s%s %s", length ? ", " : "", attribute, value);
}

/* The shortest decimal that reads back as the same number. */
static const char *shortest(double value, char text[32])
{
    double back = NAN;

    for (int digits = 6; digits <= 17 && back != value; digits++) {
        snprintf(text, 32, "%.*g", digits, value);
        if (isnan(value) || sscanf(text, "%lf", &back) != 1)
            break;
    }
    return text;
}

/* Number k as an integer; false where it is none. */
static bool whole_number(const struct numbers *numbers, int k, __int128 *value)
{
    if (numbers->integer)
        *value = numbers->is_signed ? (__int128)(int64_t)numbers->whole[k] : (__int128)numbers->whole[k];
    else if (fabs(numbers->real[k]) < 0x1p64 && floor(numbers->real[k]) == numbers->real[k])
        *value = (__int128)numbers->real[k];
    else
        return false;
    return true;
}

static void store_integer(uint64_t value, size_t bytes, struct scalar *scalar)
{
    const uint8_t one = (uint8_t)value;
    const uint16_t two = (uint16_t)value;
    const uint32_t four = (uint32_t)value;

    memcpy(scalar->bytes,
           bytes == 1   ? (const void *)&one
           : bytes == 2 ? &two
           : bytes == 4 ? (const void *)&four
                        : &value,
           bytes);
}

/* Number k as a value of the wire type; false where no stored value can equal it (a NaN is missing without our doing).
 */
static bool fill_of(const struct reading *r, const struct numbers *numbers, int k, struct scalar *fill)
{
    const size_t bytes = type_bytes(r->wire);
    const bool is_signed = type_is_signed(r->wire);
    const float narrow = (float)numbers->real[k];
    __int128 value, span = (__int128)1 << (8 * bytes);

    *fill = (struct scalar){0};
    if (type_is_floating(r->wire)) {
        memcpy(fill->bytes, r->wire == TYPE_FLOAT ? (const void *)&narrow : &numbers->real[k], bytes);
        return !isnan(numbers->real[k]);
    }
    if (!whole_number(numbers, k, &value))
        return false;
    if (r->twin && value < 0 && value >= -span / 2)
        value += span;
    if (value < (is_signed ? -span / 2 : 0) || value >= (is_signed ? span / 2 : span))
        return false;
    store_integer((uint64_t)value, bytes, fill);
    return true;
}

static int read_factor(struct reading *r, const char *name, double *factor)
{
    struct numbers numbers;
    const int code = attribute_numbers(&r->from, name, &numbers, r->error);
    char text[32];

    if (code || numbers.count != 1)
        return code;
    *factor = numbers.real[0];
    r->packing.given = true;
    say(r, name, shortest(*factor, text));
    return OK;
}

static int read_fills(struct reading *r, const char *name)
{
    struct numbers numbers;
    int code = attribute_numbers(&r->from, name, &numbers, r->error);

    for (int k = 0; !code && k < numbers.count; k++) {
        struct scalar fill;
        char text[64] = "";

        if (!fill_of(r, &numbers, k, &fill))
            continue;
        if (r->packing.fill_count == PACKING_FILLS_MAX)
            return error_set(r->error, REFUSED, "%s: %s in %s has more than %d missing values (--raw ignores them)",
                             r->from.input, r->from.bound->dataset, r->from.bound->file, PACKING_FILLS_MAX);
        scalar_format(fill, r->wire, text, sizeof text);
        say(r, name, text);
        r->packing.given = true;
        r->packing.fill[r->packing.fill_count++] = fill;
    }
    return code;
}

static enum type unsigned_twin(enum type type)
{
    switch (type) {
    case TYPE_INT8:
        return TYPE_UINT8;
    case TYPE_INT16:
        return TYPE_UINT16;
    case TYPE_INT32:
        return TYPE_UINT32;
    case TYPE_INT64:
        return TYPE_UINT64;
    default:
        return TYPE_NONE;
    }
}

static int read_packing(struct reading *r)
{
    bool is_unsigned = false;
    int code = OK;

    if (unsigned_twin(r->wire) != TYPE_NONE) {
        code = attribute_is_true(&r->from, "_Unsigned", &is_unsigned, r->error);
        if (is_unsigned) {
            r->wire = unsigned_twin(r->wire);
            r->twin = r->packing.given = true;
            say(r, "_Unsigned", "true");
        }
    }
    if (!code)
        code = read_factor(r, "scale_factor", &r->packing.scale);
    if (!code)
        code = read_factor(r, "add_offset", &r->packing.offset);
    if (!code)
        code = read_fills(r, "_FillValue");
    if (!code)
        code = read_fills(r, "missing_value");
    return code;
}

int packing_bind(hid_t dataset, const struct port *port, struct bound *bound, struct binding *binding,
                 struct error *error)
{
    struct reading r = {.from = {dataset, port->name, bound}, .wire = bound->wire, .error = error};
    int code;

    if (!type_is_integer(bound->wire) && bound->wire != TYPE_FLOAT && bound->wire != TYPE_DOUBLE)
        return OK;
    r.packing.scale = 1;
    code = read_packing(&r);
    if (code || !r.packing.given)
        return code;
    if (!type_is_floating(port->type)) {
        notes_add(binding, "%s: %s is packed (%s); the kernel takes %s and gets the stored values", port->name,
                  bound->dataset, r.words, type_name(port->type));
        return OK;
    }
    bound->packing = r.packing;
    bound->wire = r.wire;
    notes_add(binding, "%s: unpacked with %s (give --raw for the stored values)", port->name, r.words);
    return OK;
}

const char *packing_text(const struct bound *bound, char *text, size_t text_bytes)
{
    const struct packing *packing = &bound->packing;
    char scale[32], offset[32], value[64];
    size_t length;

    *text = '\0';
    if (!packing->given)
        return text;
    length = (size_t)snprintf(text, text_bytes, "scale_factor %s, add_offset %s", shortest(packing->scale, scale),
                              shortest(packing->offset, offset));
    for (int k = 0; k < packing->fill_count && length < text_bytes; k++) {
        scalar_format(packing->fill[k], bound->wire, value, sizeof value);
        length += (size_t)snprintf(text + length, text_bytes - length, "%s%s", k ? ", " : ", missing ", value);
    }
    return text;
}
