#include "cli/suggest.h"

#include <string.h>

#define WORD_MAX 31 /* longer words have no near one */

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance; d[i][j] is that of the first i letters of a and j of b. */
static int distance(const char *a, const char *b)
{
    int d[WORD_MAX + 1][WORD_MAX + 1];
    const int a_length = (int)strlen(a), b_length = (int)strlen(b);

    for (int i = 0; i <= a_length; i++)
        d[i][0] = i;
    for (int j = 0; j <= b_length; j++)
        d[0][j] = j;
    for (int i = 1; i <= a_length; i++)
        for (int j = 1; j <= b_length; j++) {
            d[i][j] = least(d[i - 1][j], d[i][j - 1]) + 1;
            d[i][j] = least(d[i][j], d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[a_length][b_length];
}

const char *suggest(const char *word, const char *const candidates[])
{
    const size_t length = strlen(word);
    const char *nearest = NULL;
    int best = least((int)(length > WORD_MAX ? 0 : length + 2) / 3, 3) + 1;

    if (length > WORD_MAX)
        return NULL;
    for (int k = 0; candidates[k]; k++) {
        const int far = strlen(candidates[k]) > WORD_MAX ? best : distance(word, candidates[k]);

        if (far < best) {
            best = far;
            nearest = candidates[k];
        }
    }
    return nearest;
}
