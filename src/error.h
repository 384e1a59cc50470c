/* Errors: a code, which is the exit status it leads to, and one line of text.
 *
 * Stages return the code and fill the struct; only main.c prints and only there does the program end:
 *
 *     int stage(const char *path, struct error *error)
 *     {
 *         int code = FAILED, fd = -1;
 *
 *         fd = open(path, O_RDONLY | O_CLOEXEC);
 *         if (fd < 0) {
 *             code = error_set(error, REFUSED, "%s: %s (give a file that exists)", path, strerror(errno));
 *             goto out;
 *         }
 *         code = 0;
 *     out:
 *         if (fd >= 0 && close(fd) && !code)
 *             code = error_set(error, FAILED, "%s: %s", path, strerror(errno));
 *         return code;
 *     }
 */
#ifndef ERROR_H
#define ERROR_H

#define ERROR_TEXT_BYTES 1024

/* What goes wrong, and the exit status that it leads to. */
enum code {
    OK = 0,
    ITEMS_FAILED = 1, /* finished, but some items hold the fill value */
    REFUSED = 2,      /* the request is wrong; nothing was written */
    FAILED = 3,       /* the run failed */
    STOPPED = 75      /* stopped early on a signal */
};

struct error {
    int code;                    /* enum code */
    char text[ERROR_TEXT_BYTES]; /* "WHAT: WHY (what to do)", one line, no newline */
    char *detail;                /* text to show before the line (a compiler's output), malloc'ed, or NULL */
};

/* Fill error with a code and a printf-formatted line; control characters in it become '?'. Returns the code. */
int error_set(struct error *error, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "PATH: no memory for N bytes" in the words every stage uses. Returns the code, FAILED. */
int error_memory(struct error *error, const char *what, unsigned long long bytes);

/* Release the detail and empty the error. */
void error_clear(struct error *error);

#endif
