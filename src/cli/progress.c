#include "cli/progress.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LOG_INTERVAL_S 30
#define BAR_INTERVAL_S 0.2
#define COLUMNS_DEFAULT 80
#define COLUMNS_MIN 20
#define COLUMNS_MAX 400
#define BAR_MIN 5
#define BAR_MAX 40
#define LINE_BYTES 512
#define TEXT_BYTES 48

/* Counts and seconds as people read them. */

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* "2.9 million", "310 thousand", "12", "0.25" */
static void format_rate(double rate, char text[TEXT_BYTES])
{
    static const char *const units[] = {"", " thousand", " million", " billion", " trillion"};
    int unit = 0;

    while (rate >= 999.5 && unit < 4) {
        rate /= 1000;
        unit++;
    }
    if (unit == 0 && rate < 1)
        snprintf(text, TEXT_BYTES, "%.2g", rate);
    else
        snprintf(text, TEXT_BYTES, rate < 9.95 && rate != floor(rate) ? "%.1f%s" : "%.0f%s", rate, units[unit]);
}

/* "0:12", "1:02:03", "2-01:00:00" */
static void format_clock(double seconds, char text[TEXT_BYTES])
{
    const unsigned long long s = seconds < 1e15 ? (unsigned long long)ceil(seconds) : 0;
    const unsigned minute = s / 60 % 60, hour = s / 3600 % 24;

    if (seconds >= 1e15)
        snprintf(text, TEXT_BYTES, "ages");
    else if (s >= 86400)
        snprintf(text, TEXT_BYTES, "%llu-%02u:%02u:%02u", s / 86400, hour, minute, (unsigned)(s % 60));
    else if (s >= 3600)
        snprintf(text, TEXT_BYTES, "%u:%02u:%02u", hour, minute, (unsigned)(s % 60));
    else
        snprintf(text, TEXT_BYTES, "%u:%02u", minute, (unsigned)(s % 60));
}

/* Items of this run: those that were there at the start say nothing about its speed. */
static double rate_of(const struct tally *tally)
{
    const uint64_t mapped = tally->done > tally->kept ? tally->done - tally->kept : 0;

    return tally->elapsed_s > 0 ? (double)mapped / tally->elapsed_s : 0;
}

/* Whole per cent; 100 only when all is done. */
static int percent_of(const struct tally *tally)
{
    const double percent = tally->items ? 100 * ((double)tally->done / (double)tally->items) : 100;

    return tally->done < tally->items && percent >= 99 ? 99 : (int)percent;
}

/* "1200000 of 2000000 items (60 %), 2.9 million items/s, 0:12 left, 3 failed" */
static void format_tally(const struct tally *tally, char text[LINE_BYTES])
{
    const double rate = rate_of(tally);
    char rate_text[TEXT_BYTES], left_text[TEXT_BYTES];
    int length = snprintf(text, LINE_BYTES, "%llu of %llu item%s (%d %%)", (unsigned long long)tally->done,
                          (unsigned long long)tally->items, plural(tally->items), percent_of(tally));

    if (rate > 0) {
        format_rate(rate, rate_text);
        format_clock((double)(tally->items - tally->done) / rate, left_text);
        length += snprintf(text + length, LINE_BYTES - (size_t)length, ", %s items/s, %s left", rate_text, left_text);
    }
    if (tally->failed)
        snprintf(text + length, LINE_BYTES - (size_t)length, ", %llu failed", (unsigned long long)tally->failed);
}

/* The terminal. */

/* Columns that the terminal has, 0: not known. Under mpirun the stream is a pipe, and /dev/tty the terminal itself. */
static int ask_columns(FILE *stream)
{
    struct winsize size = {0};
    int tty;

    if (!ioctl(fileno(stream), TIOCGWINSZ, &size))
        return size.ws_col;
    tty = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (tty < 0)
        return 0;
    if (ioctl(tty, TIOCGWINSZ, &size))
        size.ws_col = 0;
    close(tty); /* nothing was written */
    return size.ws_col;
}

/* Columns that a line may take, within reason. */
static int columns_of(const struct progress_state *progress)
{
    int columns = progress->columns ? progress->columns : ask_columns(progress->stream);

    if (columns == 0)
        columns = COLUMNS_DEFAULT;
    columns = columns < COLUMNS_MIN ? COLUMNS_MIN : columns;
    return columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
}

/* "[#####-----] " of as many columns as there are left for it, or "" */
static void format_bar(const struct tally *tally, int room, char bar[LINE_BYTES])
{
    const int width = room - 3 > BAR_MAX ? BAR_MAX : room - 3;
    const int full = width * percent_of(tally) / 100;

    bar[0] = '\0';
    if (width < BAR_MIN)
        return;
    bar[0] = '[';
    memset(bar + 1, '#', (size_t)full);
    memset(bar + 1 + full, '-', (size_t)(width - full));
    memcpy(bar + 1 + width, "] ", 3);
}

/* One column stays free: writing the last one makes some terminals go to the next line. */
static void show_bar(struct progress_state *progress, const struct tally *tally)
{
    const int columns = columns_of(progress) - 1;
    char text[LINE_BYTES], bar[LINE_BYTES], line[2 * LINE_BYTES];
    int length, blank;

    format_tally(tally, text);
    format_bar(tally, columns - (int)strlen(text), bar);
    length = snprintf(line, sizeof line, "%s%s", bar, text);
    length = length > columns ? columns : length;
    blank = progress->width > length ? progress->width - length : 0;
    fprintf(progress->stream, "\r%.*s%*s", length, line, blank, "");
    progress->width = length;
}

void progress_start(struct progress_state *progress, FILE *stream, bool terminal, const struct options *options)
{
    *progress = (struct progress_state){.stream = stream, .terminal = terminal};
    progress->none = options->quiet || options->progress == PROGRESS_NONE;
    progress->interval_s = terminal ? BAR_INTERVAL_S : LOG_INTERVAL_S;
}

void progress_show(struct progress_state *progress, const struct tally *tally)
{
    char text[LINE_BYTES];

    if (progress->none || tally->elapsed_s - progress->last_s < progress->interval_s)
        return;
    progress->last_s = tally->elapsed_s;
    if (progress->terminal) {
        show_bar(progress, tally);
    } else {
        format_tally(tally, text);
        fprintf(progress->stream, "h5map: %s\n", text);
    }
    if (fflush(progress->stream) || ferror(progress->stream))
        progress->none = true; /* nobody is there to read it */
}

void progress_end(struct progress_state *progress)
{
    if (progress->width == 0)
        return;
    fprintf(progress->stream, "\r%*s\r", progress->width, "");
    progress->width = 0;
    if (fflush(progress->stream) || ferror(progress->stream))
        progress->none = true;
}

/* The closing line, written in one go. */

/* A path may hold anything; a line may not. */
static void copy_path(const char *path, char text[PATH_BYTES])
{
    size_t k = 0;

    for (; path[k] && k < PATH_BYTES - 1; k++)
        text[k] = (unsigned char)path[k] < 0x20 || path[k] == 0x7f ? '?' : path[k];
    text[k] = '\0';
}

static int seconds_digits(double seconds)
{
    return seconds < 10 ? 2 : seconds < 100 ? 1 : 0;
}

/* ", 4.9 million items/s, ranks busy 87 %; 12 items failed (see /h5map/failures)" */
static void format_balance(const struct outcome *outcome, char text[LINE_BYTES])
{
    const struct tally *tally = &outcome->tally;
    const double rate = rate_of(tally);
    char rate_text[TEXT_BYTES];
    int length = 0;

    text[0] = '\0';
    if (rate > 0) {
        format_rate(rate, rate_text);
        length = snprintf(text, LINE_BYTES, ", %s items/s, rank%s busy %.0f %%", rate_text,
                          plural((uint64_t)tally->ranks), 100 * outcome->busy_share);
    }
    if (tally->failed)
        snprintf(text + length, LINE_BYTES - (size_t)length, "; %llu item%s failed (see /h5map/failures)",
                 (unsigned long long)tally->failed, plural(tally->failed));
}

/* " (12 failed, see /h5map/failures; --retry-failed redoes them)", or "" */
static void format_failed(uint64_t failed, char text[LINE_BYTES])
{
    text[0] = '\0';
    if (failed)
        snprintf(text, LINE_BYTES, " (%llu failed, see /h5map/failures; --retry-failed redoes %s)",
                 (unsigned long long)failed, failed == 1 ? "it" : "them");
}

/* " (1200 were there)", or "" */
static void format_kept(uint64_t kept, char text[LINE_BYTES])
{
    text[0] = '\0';
    if (kept)
        snprintf(text, LINE_BYTES, " (%llu %s there)", (unsigned long long)kept, kept == 1 ? "was" : "were");
}

static void print_nothing(FILE *stream, const char *path, const struct tally *tally)
{
    char failed[LINE_BYTES];

    format_failed(tally->failed, failed);
    fprintf(stream, "h5map: %s: nothing to do, complete: %llu item%s%s\n", path, (unsigned long long)tally->items,
            plural(tally->items), failed);
}

static void print_finished(FILE *stream, const char *path, const struct outcome *outcome)
{
    const struct tally *tally = &outcome->tally;
    char kept[LINE_BYTES], balance[LINE_BYTES];

    format_kept(tally->kept, kept);
    format_balance(outcome, balance);
    fprintf(stream, "h5map: %s: %llu item%s%s in %.*f s on %d rank%s%s\n", path, (unsigned long long)tally->done,
            plural(tally->done), kept, seconds_digits(tally->elapsed_s), tally->elapsed_s, tally->ranks,
            plural((uint64_t)tally->ranks), balance);
}

void progress_closing(FILE *stream, const struct options *options, const struct outcome *outcome)
{
    char path[PATH_BYTES];

    if (options->quiet || !(outcome->finished || outcome->nothing))
        return;
    copy_path(options->output, path);
    if (outcome->nothing)
        print_nothing(stream, path, &outcome->tally);
    else
        print_finished(stream, path, outcome);
    fflush(stream);
}
