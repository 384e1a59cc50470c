/* The word that somebody meant. Pure; local. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

/* The nearest of the candidates (NULL ends them), by insertions, deletions, substitutions and swaps of neighbours; NULL
 * where none is near: at most a third of the word's letters may differ, and 3 of them. */
const char *suggest(const char *word, const char *const candidates[]);

#endif
