#include "job.h"
#include "store/folder.h"
#include "store/journal.h"
#include "store/journal_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct journal_reader {
    FILE *file;
    char *data;
    size_t room;
    char name[PATH_BYTES];
};

/* NULL, errno set, also where it is no regular file: reading a pipe would wait for ever. */
static FILE *open_regular(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status = {0};
    FILE *file = NULL;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode))
        errno = EINVAL;
    else
        file = S_ISREG(status.st_mode) ? fdopen(fd, "r") : NULL;
    if (!file)
        close(fd);
    return file;
}

int journal_read(const char *path, const char *name, unsigned attempt, struct journal_reader **reader_out,
                 struct error *error)
{
    struct journal_reader *reader = calloc(1, sizeof *reader);
    char file[PATH_BYTES];

    *reader_out = NULL;
    if (!reader)
        return error_memory(error, name, sizeof *reader);
    snprintf(reader->name, sizeof reader->name, "%s", name);
    snprintf(file, sizeof file, "%s.jnl.%u", path, attempt);
    reader->file = open_regular(file);
    if (!reader->file) {
        error_set(error, FAILED, "%s: can't read its journal: %s", name, strerror(errno));
        journal_end(reader);
        return error->code;
    }
    *reader_out = reader;
    return OK;
}

/* All of them, or false: the file ends there, or can't be read. */
static bool read_bytes(struct journal_reader *reader, void *to, size_t bytes, struct error *error)
{
    if (fread(to, 1, bytes, reader->file) == bytes)
        return true;
    if (ferror(reader->file))
        error_set(error, FAILED, "%s: can't read its journal: %s", reader->name, strerror(errno));
    return false;
}

static bool is_head(const struct record_head *head)
{
    return head->magic == RECORD_MAGIC && head->crc == record_crc(head) && head->bytes <= RECORD_BYTES_MOST;
}

static bool make_room(struct journal_reader *reader, size_t bytes, struct error *error)
{
    char *larger;

    if (bytes <= reader->room)
        return true;
    larger = realloc(reader->data, bytes);
    if (!larger) {
        error_memory(error, reader->name, bytes);
        return false;
    }
    reader->data = larger;
    reader->room = bytes;
    return true;
}

bool journal_next(struct journal_reader *reader, uint32_t *type, const void **data, size_t *bytes, struct error *error)
{
    struct record_head head;

    if (!read_bytes(reader, &head, sizeof head, error) || !is_head(&head) ||
        !make_room(reader, record_padded(head.bytes), error) ||
        !read_bytes(reader, reader->data, record_padded(head.bytes), error) ||
        crc_add(0, reader->data, head.bytes) != head.payload_crc)
        return false;
    *type = head.type;
    *data = reader->data;
    *bytes = head.bytes;
    return true;
}

void journal_end(struct journal_reader *reader)
{
    if (!reader)
        return;
    if (reader->file)
        fclose(reader->file);
    free(reader->data);
    free(reader);
}

/* ---- which there are ---- */

static int each(const char *path, const char *name, folder_see *see, void *self, struct error *error)
{
    const struct folder_kin kin = {path, name, ".jnl.", ".new"};

    return folder_each(&kin, see, self, error);
}

static int take_newest(void *self, const char *file, unsigned attempt, bool is_new, struct error *error)
{
    unsigned *newest = self;

    (void)file;
    (void)error;
    if (!is_new && attempt > *newest)
        *newest = attempt;
    return OK;
}

int journal_newest(const char *path, const char *name, unsigned *attempt, struct error *error)
{
    *attempt = 0;
    return each(path, name, take_newest, attempt, error);
}

struct removal {
    const char *name;
    unsigned but;
};

static int remove_one(void *self, const char *file, unsigned attempt, bool is_new, struct error *error)
{
    const struct removal *removal = self;

    if (attempt == removal->but && !is_new)
        return OK;
    if (unlink(file) && errno != ENOENT)
        return error_set(error, FAILED, "%s: can't remove %s: %s", removal->name, file, strerror(errno));
    return OK;
}

int journal_remove_others(const char *path, const char *name, unsigned but, struct error *error)
{
    struct removal removal = {name, but};

    return each(path, name, remove_one, &removal, error);
}
