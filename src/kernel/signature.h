/* A kernel's signature, one line of text, into struct signature. Pure; local. */
#ifndef KERNEL_SIGNATURE_H
#define KERNEL_SIGNATURE_H

#include "job.h"

/* Parse "x: double[n], param eps: double = 1e-9 -> y: double[n, 3]". REFUSED with one line that names the kernel, shows
 * what is wrong and where. What parses but can't be run yet (compounds, strings, ragged items) is
 * refused by name. Every dim of a result is bound by an input or an integer parameter; names are unique. */
int signature_parse(const char *text, const char *kernel, struct signature *signature, struct error *error);

/* The values of the parameters, by in[] index: the defaults, overridden by -p. REFUSED for a name that is no parameter
 * (with the candidates), a value that is none of its type, a parameter left without a value. */
int signature_params(const struct signature *signature, const struct assignments *given, struct scalar value[PORTS_MAX],
                     struct error *error);

/* One input, parameter or result as the signature has it: "x: double[n]"; returns snprintf's result. */
int signature_port_text(const struct signature *signature, const struct port *port, char *text, size_t text_bytes);

#endif
