#include "cli/parse.h"

#include "cli/option.h"
#include "cli/setting.h"
#include "cli/suggest.h"
#include "cli/values.h"

#include <string.h>

#define RUN_FORM "h5map run KERNEL INPUT OUTPUT [options]"
#define RANKS_MAX 100000
#define MEMORY_DEFAULT (48 * 1024 * 1024)
#define CHECKPOINT_DEFAULT_S 10
#define WORDS_MAX 5 /* the command, KERNEL, INPUT, OUTPUT, and the first that is too many */

static const char *const commands[] = {"run", NULL};
static const char *const later_commands[] = {"check", "verify", "report", "kernels", "template", NULL};

struct parser {
    int argc;
    const char *const *argv;
    struct options *options;
    const char *word[WORDS_MAX]; /* what is no option, in order */
    int words;
    bool help, version;
};

static bool is_one_of(const char *word, const char *const names[])
{
    for (int k = 0; names[k]; k++)
        if (!strcmp(word, names[k]))
            return true;
    return false;
}

static void add_word(struct parser *parser, const char *word)
{
    if (parser->words < WORDS_MAX)
        parser->word[parser->words++] = word;
}

/* -j, -jN or -j N: getopt knows optional values only in the first two forms, so the next word is looked at here. */
static int take_ranks(struct parser *parser, struct error *error)
{
    const char *next = optind < parser->argc ? parser->argv[optind] : "";
    const char *text = optarg;
    uint64_t ranks = 0;

    if (!text && *next && !next[strspn(next, "0123456789")]) {
        text = next;
        optind++;
    }
    if (text && parse_whole(text, "-j", (struct bounds){1, RANKS_MAX}, &ranks, error))
        return REFUSED;
    parser->options->parallel = true;
    parser->options->ranks = (int)ranks;
    return OK;
}

static int take_option(struct parser *parser, int option, int index, struct error *error)
{
    switch (option) {
    case '?':
    case ':':
        return option_refuse(parser->argv[optind - 1], option, error);
    case 1:
        add_word(parser, optarg);
        return OK;
    case 'h':
        parser->help = true;
        return OK;
    case OPT_VERSION:
        parser->version = true;
        return OK;
    case 'j':
        return take_ranks(parser, error);
    case OPT_LATER:
        return error_set(error, REFUSED, "--%s: not in this version (see h5map --help)", option_known[index].name);
    default:
        return setting_take(option, optarg, parser->options, error);
    }
}

/* All of argv; the first error is kept, for --help behind it still counts. */
static int scan(struct parser *parser, struct error *error)
{
    struct error later = {0};
    int code = OK, option, index = 0;

    opterr = 0;
    optind = 0; /* glibc: start afresh */
    /* argv is not permuted when words come in order; getopt's type only can't say so */
    while ((option = getopt_long(parser->argc, (char *const *)parser->argv, option_letters, option_known, &index)) !=
           -1) {
        if (code)
            take_option(parser, option, index, &later);
        else
            code = take_option(parser, option, index, error);
    }
    while (optind < parser->argc)
        add_word(parser, parser->argv[optind++]);
    return code;
}

static int refuse_command(const char *word, struct error *error)
{
    const char *near;

    if (is_one_of(word, later_commands))
        return error_set(error, REFUSED, "%s: not in this version (see h5map --help)", word);
    near = suggest(word, commands);
    if (near)
        return error_set(error, REFUSED, "%s: unknown command (did you mean %s?)", word, near);
    return error_set(error, REFUSED, "%s: unknown command (" RUN_FORM ")", word);
}

static int take_words(const struct parser *parser, struct error *error)
{
    static const char *const names[] = {"the command", "KERNEL", "INPUT", "OUTPUT"};

    if (parser->words == 0)
        return error_set(error, REFUSED, "command: missing (" RUN_FORM ", or h5map --help)");
    if (!is_one_of(parser->word[0], commands))
        return refuse_command(parser->word[0], error);
    if (parser->words < WORDS_MAX - 1)
        return error_set(error, REFUSED, "run: %s is missing (" RUN_FORM ")", names[parser->words]);
    if (parser->words == WORDS_MAX)
        return error_set(error, REFUSED, "%s: one word too many (" RUN_FORM ")", parser->word[WORDS_MAX - 1]);
    for (int k = 1; k < parser->words; k++)
        if (!*parser->word[k])
            return error_set(error, REFUSED, "run: %s is an empty word (" RUN_FORM ")", names[k]);
    parser->options->kernel = parser->word[1];
    parser->options->input = parser->word[2];
    parser->options->output = parser->word[3];
    return OK;
}

int options_parse(int argc, const char *const argv[], struct options *options, struct error *error)
{
    struct parser parser = {.argc = argc, .argv = argv, .options = options};
    struct error first = {0};
    int code;

    *options = (struct options){.command = COMMAND_RUN,
                                .max_failures = {.percent = true, .value = 1},
                                .memory_bytes = MEMORY_DEFAULT,
                                .checkpoint_s = CHECKPOINT_DEFAULT_S,
                                .argc = argc,
                                .argv = argv};
    code = scan(&parser, &first);
    if (parser.help || parser.version) {
        options->command = parser.help ? COMMAND_HELP : COMMAND_VERSION;
        options->topic = parser.words && is_one_of(parser.word[0], commands) ? parser.word[0] : NULL;
        return OK;
    }
    if (parser.words && is_one_of(parser.word[0], later_commands))
        return refuse_command(parser.word[0], error);
    if (code)
        return error_set(error, code, "%s", first.text);
    return take_words(&parser, error) ? error->code : settings_agree(options, error);
}
