#include "element.h"
#include "line.h"

#include <stdio.h>
#include <string.h>

#define ALIGN_OF(T)      \
    offsetof(            \
        struct {         \
            char before; \
            T value;     \
        },               \
        value)

/* As the compiler lays out a struct, which on some machines is not what _Alignof says. */
static uint32_t align_of(enum type type)
{
    switch (type_is_complex(type) ? type_bytes(type) / 2 : type_bytes(type)) {
    case 2:
        return ALIGN_OF(int16_t);
    case 4:
        return type_is_floating(type) ? ALIGN_OF(float) : ALIGN_OF(int32_t);
    case 8:
        return type_is_floating(type) ? ALIGN_OF(double) : ALIGN_OF(int64_t);
    default:
        return 1;
    }
}

uint64_t element_bytes(enum type type, struct element element)
{
    const size_t bytes = type_bytes(type);

    return bytes ? bytes : element.bytes;
}

struct element element_of(enum type type, uint32_t length)
{
    if (type != TYPE_STRING)
        return (struct element){.bytes = (uint32_t)type_bytes(type), .align = align_of(type)};
    if (length)
        return (struct element){.bytes = length, .align = 1, .length = length};
    return (struct element){.bytes = sizeof(const char *), .align = ALIGN_OF(const char *)};
}

static uint64_t round_up(uint64_t bytes, uint32_t align)
{
    return (bytes + align - 1) / align * align;
}

bool element_lay_out(struct field *field, struct element *element)
{
    uint64_t end = 0;

    element->align = 1;
    for (int f = element->field; f >= 0; f = field[f].next) {
        const struct element *one = &field[f].element;

        end = round_up(end, one->align);
        field[f].offset = (uint32_t)end;
        end += (uint64_t)field[f].count * one->bytes;
        if (end > ELEMENT_BYTES_MAX)
            return false;
        if (one->align > element->align)
            element->align = one->align;
    }
    end = round_up(end, element->align);
    element->bytes = (uint32_t)end;
    return end <= ELEMENT_BYTES_MAX;
}

void element_fill(const struct field *field, enum type type, struct element element, void *to)
{
    const struct scalar fill = type_fill(type);

    if (type < TYPE_COUNT) {
        memcpy(to, fill.bytes, type_bytes(type));
        return;
    }
    memset(to, 0, element.bytes);
    for (int f = type == TYPE_COMPOUND ? element.field : -1; f >= 0; f = field[f].next)
        for (uint32_t k = 0; k < field[f].count; k++)
            element_fill(field, field[f].type, field[f].element,
                         (char *)to + field[f].offset + (size_t)k * field[f].element.bytes);
}

bool element_has_text(const struct field *field, enum type type, struct element element)
{
    bool text = type == TYPE_STRING;

    for (int f = type == TYPE_COMPOUND ? element.field : -1; f >= 0 && !text; f = field[f].next)
        text = element_has_text(field, field[f].type, field[f].element);
    return text;
}

bool element_is_loose(const struct field *field, enum type type, struct element element)
{
    uint32_t end = 0;
    bool loose = type == TYPE_STRING;

    if (type != TYPE_COMPOUND)
        return loose;
    for (int f = element.field; f >= 0 && !loose; f = field[f].next) {
        loose = field[f].offset != end || element_is_loose(field, field[f].type, field[f].element);
        end = field[f].offset + field[f].count * field[f].element.bytes;
    }
    return loose || end != element.bytes;
}

/* Behind its NUL, if there is one. */
static void tidy_string(char *text, uint32_t bytes)
{
    const size_t length = strnlen(text, bytes);

    memset(text + length, 0, bytes - length);
}

static void tidy_compound(const struct field *field, struct element element, char *to)
{
    uint32_t end = 0;

    for (int f = element.field; f >= 0; f = field[f].next) {
        memset(to + end, 0, field[f].offset - end);
        element_tidy(field, &field[f], to + field[f].offset, field[f].count);
        end = field[f].offset + field[f].count * field[f].element.bytes;
    }
    memset(to + end, 0, element.bytes - end);
}

void element_tidy(const struct field *field, const struct field *whole, void *elements, uint64_t count)
{
    char *at = elements;

    if (whole->type != TYPE_STRING && whole->type != TYPE_COMPOUND)
        return;
    for (uint64_t k = 0; k < count; k++, at += whole->element.bytes)
        if (whole->type == TYPE_STRING)
            tidy_string(at, whole->element.bytes);
        else
            tidy_compound(field, whole->element, at);
}

/* ---- as text ---- */

static void add_type(struct line *line, const struct field *field, enum type type, struct element element);

static void add_field(struct line *line, const struct field *field, int f)
{
    const struct field *one = &field[f];

    line_add(line, "%s", one->name);
    if (strcmp(one->name, one->stored))
        line_add(line, "=\"%s\"", one->stored);
    line_add(line, ": ");
    add_type(line, field, one->type, one->element);
    for (int d = 0; d < one->rank; d++)
        line_add(line, "%s%u%s", d ? ", " : "[", (unsigned)one->dim[d], d + 1 < one->rank ? "" : "]");
}

static void add_type(struct line *line, const struct field *field, enum type type, struct element element)
{
    if (type != TYPE_COMPOUND) {
        line_add(line, "%s", type_name(type));
        if (element.length)
            line_add(line, "[%u]", (unsigned)element.length);
        return;
    }
    line_add(line, "{");
    for (int f = element.field; f >= 0; f = field[f].next) {
        add_field(line, field, f);
        if (field[f].next >= 0)
            line_add(line, ", ");
    }
    line_add(line, "}");
}

int element_text(const struct field *field, enum type type, struct element element, char *text, size_t text_bytes)
{
    struct line line = {text, text_bytes, 0};

    add_type(&line, field, type, element);
    return line.size;
}
