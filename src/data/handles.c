#include "data/handles.h"

int handles_close(const hid_t *ids, int count)
{
    int result = 0;

    /* a call that succeeds empties the stack, so nothing is called after the first that does not */
    for (int k = 0; k < count && result == 0; k++)
        if (ids[k] >= 0 && H5Idec_ref(ids[k]) < 0)
            result = -1;
    return result;
}
