#include "cli/parse.h"

#include "cli/form.h"
#include "cli/option.h"
#include "cli/setting.h"
#include "cli/values.h"

#include <string.h>

#define RANKS_MAX 100000
#define MEMORY_DEFAULT (48 * 1024 * 1024)
#define CHECKPOINT_DEFAULT_S 10
#define WORDS_MAX (FORM_WORDS_MAX + 2) /* the command, its words, and the first that is too many */

struct parser {
    int argc;
    const char *const *argv;
    struct options *options;
    const char *word[WORDS_MAX]; /* what is no option, in order */
    int words;
    uint64_t given; /* bit k: option_known[k] */
    bool help, version;
};

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

static void note_option(struct parser *parser, int option)
{
    for (int k = 0; option_known[k].name; k++)
        if (option_known[k].val == option)
            parser->given |= UINT64_C(1) << k;
}

static int take_option(struct parser *parser, int option, int index, struct error *error)
{
    note_option(parser, option);
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

static int check_words(const struct parser *parser, const struct form *form, struct error *error)
{
    const int words = parser->words - 1, most = form_words(form);

    if (words < form->needed)
        return error_set(error, REFUSED, "%s: %s is missing (%s)", form->name, form->words[words], form->usage);
    if (words > most)
        return error_set(error, REFUSED, "%s: one word too many (%s)", parser->word[most + 1], form->usage);
    for (int k = 0; k < words; k++)
        if (!*parser->word[k + 1])
            return error_set(error, REFUSED, "%s: %s is an empty word (%s)", form->name, form->words[k], form->usage);
    return OK;
}

static int check_options(const struct parser *parser, const struct form *form, struct error *error)
{
    if (parser->options->parallel && !form_takes(form, 'j'))
        return error_set(error, REFUSED, "-j: does not go with %s (%s)", form->name, form->usage);
    for (int k = 0; option_known[k].name; k++)
        if (parser->given >> k & 1 && !form_takes(form, option_known[k].val))
            return error_set(error, REFUSED, "--%s: does not go with %s (%s)", option_known[k].name, form->name,
                             form->usage);
    return OK;
}

static int take_words(const struct parser *parser, struct error *error)
{
    struct options *options = parser->options;
    const struct form *form;

    if (parser->words == 0)
        return error_set(error, REFUSED, "command: missing (%s, or h5map --help)", form_find("run")->usage);
    form = form_find(parser->word[0]);
    if (!form)
        return form_refuse(parser->word[0], error);
    if (check_words(parser, form, error) || check_options(parser, form, error))
        return error->code;
    options->command = form->command;
    options->kernel = form->command == COMMAND_TEMPLATE ? NULL : parser->word[1];
    options->input = form->command == COMMAND_TEMPLATE ? parser->word[1] : parser->word[2];
    options->output = parser->word[3];
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
        options->topic = parser.words && form_find(parser.word[0]) ? parser.word[0] : NULL;
        return OK;
    }
    if (parser.words && !form_find(parser.word[0])) /* its options may be unknown as well */
        return form_refuse(parser.word[0], error);
    if (code)
        return error_set(error, code, "%s", first.text);
    return take_words(&parser, error) ? error->code : settings_agree(options, error);
}
