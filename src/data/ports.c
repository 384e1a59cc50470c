#include "data/ports.h"

#include "element.h"

#include <stdio.h>
#include <string.h>

#define TYPE_TEXT_BYTES 512

int ports_find(const struct port *ports, int count, const char *name)
{
    for (int k = 0; k < count; k++)
        if (!strcmp(ports[k].name, name))
            return k;
    return -1;
}

int ports_count(const struct port *ports, int count, enum role role)
{
    int found = 0;

    for (int k = 0; k < count; k++)
        found += ports[k].role == role;
    return found;
}

int ports_first(const struct port *ports, int count, enum role role)
{
    for (int k = 0; k < count; k++)
        if (ports[k].role == role)
            return k;
    return -1;
}

bool ports_has_dataset(const struct port *port)
{
    return port->role == ROLE_INPUT || port->role == ROLE_SHARED;
}

static size_t add_name(const char *name, size_t length, char *text, size_t text_bytes)
{
    if (length >= text_bytes)
        return length;
    return length + (size_t)snprintf(text + length, text_bytes - length, "%s%s", length ? ", " : "", name);
}

const char *ports_names(const struct port *ports, int count, enum role role, char *text, size_t text_bytes)
{
    size_t length = 0;

    snprintf(text, text_bytes, "none");
    for (int k = 0; k < count; k++)
        if (ports[k].role == role)
            length = add_name(ports[k].name, length, text, text_bytes);
    return text;
}

const char *ports_dataset_names(const struct port *ports, int count, char *text, size_t text_bytes)
{
    size_t length = 0;

    snprintf(text, text_bytes, "none");
    for (int k = 0; k < count; k++)
        if (ports_has_dataset(&ports[k]))
            length = add_name(ports[k].name, length, text, text_bytes);
    return text;
}

const char *ports_type_text(const struct signature *signature, const struct port *port, char *text, size_t text_bytes)
{
    char type[TYPE_TEXT_BYTES];
    size_t length;

    element_text(signature->field, port->type, port->element, type, sizeof type);
    length = (size_t)snprintf(text, text_bytes, "%s%s", type, port->ragged ? "[*" : port->rank ? "[" : "");

    for (int k = 0; k < port->rank && length < text_bytes; k++) {
        const struct dim *dim = &port->dim[k];
        const char *after = k + 1 < port->rank ? ", " : "]";

        if (dim->name >= 0)
            length +=
                (size_t)snprintf(text + length, text_bytes - length, "%s%s", signature->dim_name[dim->name], after);
        else
            length +=
                (size_t)snprintf(text + length, text_bytes - length, "%llu%s", (unsigned long long)dim->size, after);
    }
    return text;
}
