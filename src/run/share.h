/* Who did how much. */
#ifndef RUN_SHARE_H
#define RUN_SHARE_H

#include "parallel/team.h"
#include "run/results.h"

/* Collective. Every rank's host to root, which adds what it knows from the results: items, busy time, and how much of
 * the `elapsed_s` of its own mapping each waited. *shares is root's, [ranks], to be freed; NULL elsewhere. `results`
 * and `elapsed_s` are used on root only. */
int share_collect(struct team *team, const struct results *results, double elapsed_s, struct share **shares,
                  struct error *error);

/* The share of the time that the lanes were busy, 0 to 1. */
double share_busy(const struct share *shares, int ranks, double elapsed_s);

#endif
