#include "run/share.h"

#include <stdlib.h>
#include <unistd.h>

int share_collect(struct team *team, const struct results *results, double elapsed_s, struct share **shares,
                  struct error *error)
{
    struct share mine = {.rank = team_rank(team)};
    const bool root = team_rank(team) == 0;

    *shares = root ? calloc((size_t)team_size(team), sizeof **shares) : NULL;
    if (root && !*shares)
        error_memory(error, "the ranks' shares", sizeof mine);
    if (team_agree(team, error))
        return error->code;
    gethostname(mine.host, sizeof mine.host - 1);
    team_collect(team, &mine, sizeof mine, *shares);
    for (int rank = 0; root && rank < team_size(team); rank++) {
        struct share *share = &(*shares)[rank];

        share->items = results->shares[rank].items;
        share->busy_s = results->shares[rank].busy_s;
        share->waiting_s = elapsed_s > share->busy_s ? elapsed_s - share->busy_s : 0;
    }
    return OK;
}

double share_busy(const struct share *shares, int ranks, double elapsed_s)
{
    double busy_s = 0;

    if (!shares)
        return 0;
    for (int rank = 0; rank < ranks; rank++)
        busy_s += shares[rank].busy_s;
    return elapsed_s > 0 ? busy_s / (elapsed_s * ranks) : 0;
}
