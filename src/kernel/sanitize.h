/* What --debug-kernel compiles with a kernel, in front of it: the functions that the compiler's undefined-behaviour
 * checks call where one finds something. Their names and arguments are those that gcc and clang share with libubsan,
 * which is then not needed, and which could only print. Each ends in h5map_report, which does not come back.
 *
 * Nothing is included here: what the kernel defines in front of its own headers must count. */
#ifndef H5MAP_SANITIZE_H
#define H5MAP_SANITIZE_H

#pragma GCC system_header

#define H5MAP_CHECK_ static __attribute__((no_sanitize("undefined"), unused))
#define H5MAP_ON_ __attribute__((visibility("hidden"), no_sanitize("undefined"), cold, used))

/* Set by the program that loads the kernel. */
extern __attribute__((visibility("default"))) void (*h5map_report)(const char *file, unsigned line, const char *what);
void (*h5map_report)(const char *file, unsigned line, const char *what);

struct h5map_place {
    const char *file;
    unsigned line, column;
};

struct h5map_kind {
    unsigned short kind; /* 0: an integer */
    unsigned short info; /* of an integer: signed in bit 0, then log2 of its bits */
    char name[1];        /* and more, "'int'" */
};

/* What the data of all checks begin with; not all have types. */
struct h5map_check {
    struct h5map_place place;
    const struct h5map_kind *type, *second;
};

struct h5map_access {
    struct h5map_place place;
    const struct h5map_kind *type;
    unsigned char log_alignment, way;
};

H5MAP_CHECK_ void h5map_found(const void *place_at, const char *what)
{
    const struct h5map_place *place = (const struct h5map_place *)place_at;

    if (h5map_report)
        h5map_report(place->file, place->line, what);
    __builtin_trap();
}

/* FORMAT has one %s, for the type's name. */
H5MAP_CHECK_ void h5map_found_of(const void *place, const char *format, const struct h5map_kind *type)
{
    char what[160];

    __builtin_snprintf(what, sizeof what, format, type->name);
    h5map_found(place, what);
}

H5MAP_CHECK_ const struct h5map_kind *h5map_type(const void *check)
{
    return ((const struct h5map_check *)check)->type;
}

H5MAP_CHECK_ const struct h5map_kind *h5map_second(const void *check)
{
    return ((const struct h5map_check *)check)->second;
}

/* Arithmetic. */
H5MAP_ON_ void __ubsan_handle_add_overflow(void *check, void *a, void *b)
{
    (void)a, (void)b;
    h5map_found_of(check, "a sum that %s can't hold", h5map_type(check));
}

H5MAP_ON_ void __ubsan_handle_sub_overflow(void *check, void *a, void *b)
{
    (void)a, (void)b;
    h5map_found_of(check, "a difference that %s can't hold", h5map_type(check));
}

H5MAP_ON_ void __ubsan_handle_mul_overflow(void *check, void *a, void *b)
{
    (void)a, (void)b;
    h5map_found_of(check, "a product that %s can't hold", h5map_type(check));
}

H5MAP_ON_ void __ubsan_handle_negate_overflow(void *check, void *a)
{
    (void)a;
    h5map_found_of(check, "a negation that %s can't hold", h5map_type(check));
}

H5MAP_ON_ void __ubsan_handle_divrem_overflow(void *check, void *a, void *b)
{
    (void)a;
    h5map_found_of(check, b ? "a quotient that %s can't hold" : "division of %s by zero", h5map_type(check));
}

H5MAP_ON_ void __ubsan_handle_shift_out_of_bounds(void *check, void *a, void *b)
{
    (void)a, (void)b;
    h5map_found_of(check, "a shift by too many bits, or of a value that does not fit %s", h5map_type(check));
}

H5MAP_ON_ void __ubsan_handle_float_cast_overflow(void *check, void *a)
{
    (void)a;
    h5map_found_of(check, "a value that %s can't hold", h5map_second(check));
}

H5MAP_ON_ void __ubsan_handle_load_invalid_value(void *check, void *a)
{
    (void)a;
    h5map_found_of(check, "a value that is none of %s", h5map_type(check));
}

/* Memory. */
H5MAP_ON_ void __ubsan_handle_out_of_bounds(void *check, void *index)
{
    const struct h5map_kind *of = h5map_second(check);
    const unsigned bits = 1u << (of->info >> 1), unused = bits < 64 ? 64 - bits : 0;
    const unsigned long long raised = (unsigned long long)(__UINTPTR_TYPE__)index << unused;
    char what[160];

    __builtin_snprintf(what, sizeof what, "index %lld is out of bounds of %s",
                       of->info & 1 ? (long long)raised >> unused : (long long)(raised >> unused),
                       h5map_type(check)->name);
    h5map_found(check, what);
}

H5MAP_ON_ void __ubsan_handle_type_mismatch_v1(void *check, void *pointer)
{
    const struct h5map_access *access = (const struct h5map_access *)check;
    const __UINTPTR_TYPE__ low = ((__UINTPTR_TYPE__)1 << access->log_alignment) - 1;

    if (!pointer)
        h5map_found_of(check, "a null pointer to %s", access->type);
    else if ((__UINTPTR_TYPE__)pointer & low)
        h5map_found_of(check, "a misaligned address of %s", access->type);
    else
        h5map_found_of(check, "an address with too little room for %s", access->type);
}

H5MAP_ON_ void __ubsan_handle_pointer_overflow(void *check, void *base, void *result)
{
    (void)result;
    h5map_found(check, base ? "a pointer that wraps around" : "an offset to a null pointer");
}

H5MAP_ON_ void __ubsan_handle_vla_bound_not_positive(void *check, void *bound)
{
    (void)bound;
    h5map_found(check, "an array of a size that is not positive");
}

H5MAP_ON_ void __ubsan_handle_nonnull_arg(void *check)
{
    h5map_found(check, "a null pointer as an argument that must not be null");
}

H5MAP_ON_ void __ubsan_handle_nonnull_return_v1(void *check, void *place)
{
    (void)check;
    h5map_found(place, "a null pointer returned by a function that must not");
}

/* Flow. */
H5MAP_ON_ void __ubsan_handle_builtin_unreachable(void *check)
{
    h5map_found(check, "a place that was said to be unreachable");
}

H5MAP_ON_ void __ubsan_handle_missing_return(void *check)
{
    h5map_found(check, "the end of a function without a return");
}

H5MAP_ON_ void __ubsan_handle_invalid_builtin(void *check)
{
    h5map_found(check, "an argument of 0 for a built-in function that allows none");
}

H5MAP_ON_ void __ubsan_handle_function_type_mismatch(void *check, void *function)
{
    (void)function;
    h5map_found_of(check, "a call through a pointer of another type, %s", h5map_type(check));
}

#endif
