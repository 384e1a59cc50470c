#include "store/journal.h"
#include "job.h"
#include "store/folder.h"
#include "store/journal_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES (64 * 1024) /* what is kept in memory at most, or one record */

struct journal {
    int fd;
    bool published, broken;
    uint64_t written;    /* bytes of whole records in the file */
    size_t filled, room; /* of the buffer */
    char *buffer;
    char path[PATH_BYTES], new_path[PATH_BYTES]; /* once published, until then */
    char name[PATH_BYTES];                       /* of the output, in messages */
};

static int name_files(struct journal *journal, const char *path, unsigned attempt, struct error *error)
{
    const int length = snprintf(journal->new_path, sizeof journal->new_path, "%s.jnl.%u.new", path, attempt);

    snprintf(journal->path, sizeof journal->path, "%s.jnl.%u", path, attempt);
    if (length >= (int)sizeof journal->new_path)
        return error_set(error, REFUSED, "%s: the path is too long", journal->name);
    return OK;
}

int journal_create(const char *path, const char *name, unsigned attempt, struct journal **journal_out,
                   struct error *error)
{
    struct journal *journal = calloc(1, sizeof *journal);

    *journal_out = NULL;
    if (!journal)
        return error_memory(error, name, sizeof *journal);
    journal->fd = -1;
    snprintf(journal->name, sizeof journal->name, "%s", name);
    if (!name_files(journal, path, attempt, error)) {
        unlink(journal->new_path);
        journal->fd = open(journal->new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (journal->fd < 0)
            error_set(error, FAILED, "%s: can't make its journal: %s", name, strerror(errno));
    }
    if (error->code) {
        journal->published = true; /* nothing to remove */
        journal_close(journal);
        return error->code;
    }
    *journal_out = journal;
    return OK;
}

static const char *name_of(const struct journal *journal)
{
    return journal->published ? journal->path : journal->new_path;
}

/* Does the name still lead to our file? A run that took over may have put its own there, of the same attempt. errno: 0,
 * or why it can't be seen. */
static bool is_ours(const struct journal *journal)
{
    struct stat ours, named;

    errno = 0;
    return fstat(journal->fd, &ours) == 0 && lstat(name_of(journal), &named) == 0 && ours.st_ino == named.st_ino &&
           ours.st_dev == named.st_dev;
}

static void remove_ours(const struct journal *journal)
{
    if (is_ours(journal))
        unlink(name_of(journal));
}

/* Nothing more is written; what was written in part is cut off, as far as that can be done. */
static int give_up(struct journal *journal, const char *what, struct error *error)
{
    const int problem = errno;

    journal->broken = true;
    if (ftruncate(journal->fd, (off_t)journal->written))
        journal->filled = 0; /* the reader stops at a record that is cut short, too */
    return error_set(error, FAILED, "%s: can't %s its journal: %s", journal->name, what,
                     problem ? strerror(problem) : "nothing was taken");
}

static int check_broken(const struct journal *journal, struct error *error)
{
    if (!journal->broken)
        return OK;
    return error_set(error, FAILED, "%s: its journal can't be written any more", journal->name);
}

static int write_buffer(struct journal *journal, struct error *error)
{
    for (size_t done = 0; done < journal->filled;) {
        const ssize_t wrote =
            pwrite(journal->fd, journal->buffer + done, journal->filled - done, (off_t)(journal->written + done));

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote == 0)
            errno = 0;
        if (wrote <= 0)
            return give_up(journal, "write", error);
        done += (size_t)wrote;
    }
    journal->written += journal->filled;
    journal->filled = 0;
    return OK;
}

static int make_room(struct journal *journal, size_t bytes, struct error *error)
{
    const size_t room = bytes > BUFFER_BYTES ? bytes : BUFFER_BYTES;
    char *larger;

    if (journal->filled + bytes > journal->room && write_buffer(journal, error))
        return error->code;
    if (bytes <= journal->room)
        return OK;
    larger = realloc(journal->buffer, room);
    journal->broken = !larger;
    if (!larger)
        return error_memory(error, journal->name, room);
    journal->buffer = larger;
    journal->room = room;
    return OK;
}

int journal_put(struct journal *journal, uint32_t type, const void *data, size_t bytes, struct error *error)
{
    struct record_head head = {.magic = RECORD_MAGIC, .type = type, .bytes = bytes};
    const size_t padded = record_padded(bytes);
    char *to;

    if (check_broken(journal, error))
        return error->code;
    journal->broken = bytes > RECORD_BYTES_MOST;
    if (journal->broken)
        return error_set(error, FAILED, "%s: %zu bytes are too much for its journal", journal->name, bytes);
    if (make_room(journal, sizeof head + padded, error))
        return error->code;
    head.payload_crc = crc_add(0, data, bytes);
    head.crc = record_crc(&head);
    to = journal->buffer + journal->filled;
    memcpy(to, &head, sizeof head);
    memset(to + sizeof head, 0, padded);
    if (bytes)
        memcpy(to + sizeof head, data, bytes);
    journal->filled += sizeof head + padded;
    return OK;
}

int journal_sync(struct journal *journal, struct error *error)
{
    if (check_broken(journal, error) || write_buffer(journal, error))
        return error->code;
    return fdatasync(journal->fd) ? give_up(journal, "sync", error) : OK;
}

int journal_publish(struct journal *journal, struct error *error)
{
    if (journal_sync(journal, error))
        return error->code;
    journal->broken = !is_ours(journal);
    if (journal->broken && errno && errno != ENOENT && errno != ESTALE)
        return error_set(error, FAILED, "%s: can't look at %s: %s", journal->name, journal->new_path, strerror(errno));
    if (journal->broken)
        return error_set(error, FAILED, "%s: %s is no longer this run's file", journal->name, journal->new_path);
    journal->broken = rename(journal->new_path, journal->path) != 0;
    if (journal->broken)
        return error_set(error, FAILED, "%s: can't rename its journal: %s", journal->name, strerror(errno));
    journal->published = true;
    journal->broken = folder_sync(journal->path, journal->name, error) != OK;
    return error->code;
}

bool journal_is_published(const struct journal *journal)
{
    return journal->published;
}

void journal_remove(struct journal *journal)
{
    remove_ours(journal);
    journal->published = true;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    if (!journal->published)
        remove_ours(journal);
    if (journal->fd >= 0)
        close(journal->fd); /* what counts was synced */
    free(journal->buffer);
    free(journal);
}
