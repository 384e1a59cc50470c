/* Ends the run at one value, in the way that `how` says. */
#include <h5map/kernel.h>
#include <signal.h>
#include <stdlib.h>

enum how { STOP, SEGFAULT, ABORT, EXIT };

static int stop(const h5map_item_t *item)
{
    const double x = *(const double *)item->in[0];

    *(double *)item->out[0] = x;
    if (x != *(const double *)item->in[1])
        return 0;
    switch (*(const int32_t *)item->in[2]) {
    case SEGFAULT:
        raise(SIGSEGV);
        break;
    case ABORT:
        abort();
    case EXIT:
        _Exit(0);
    default:
        break;
    }
    return h5map_stop(item, "%g is where it ends", x);
}

H5MAP_KERNEL(stop, .signature = "x: double, param at: double, param how: int32 = 0 -> y: double");
