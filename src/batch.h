/* What is scattered, mapped and gathered. */
#ifndef BATCH_H
#define BATCH_H

#include "sizes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verb {
    VERB_MAP,     /* root -> rank: map these; back: done */
    VERB_SYNC,    /* root -> rank: have on disk what you have written; back: it is, or error */
    VERB_GAVE_UP, /* back: not done, the run ends */
    VERB_PAYLOAD, /* back: count bytes of a ticket's payload, from payload_at on, behind the header */
    VERB_STOP     /* root -> rank: no more tickets */
};

/* What an error of a batch is about. */
enum cause {
    CAUSE_STOP,  /* the kernel said stop */
    CAUSE_CRASH, /* the kernel crashed */
    CAUSE_INPUT, /* an input can't be decoded; the first reason is all that is to be said */
    CAUSE_RANK   /* something else: reading, writing */
};

/* A batch travels as an image: this header, then each part ([count] items of one input or result), each part padded to
 * BATCH_ALIGN bytes. In place of an input's items there may be a bundle. Under direct_in a ticket has no inputs; under
 * direct_out a result has only its edges (image.h). Behind the results of a batch with failed items: a bitmap of its
 * items, then the reasons. */
#define BATCH_ALIGN 64

struct batch {
    _Alignas(BATCH_ALIGN) uint64_t first; /* position of the first item */
    uint64_t count;
    uint64_t failed;        /* items that failed */
    uint64_t reason_bytes;  /* struct reason records behind the bitmap */
    uint64_t packed_bytes;  /* 0, or the results are packed: up to their end, with the header (image.h) */
    uint64_t payload_bytes; /* of all ragged results, which go to root before the result (VERB_PAYLOAD) */
    uint64_t payload_at;
    double busy_s; /* time of the lane */
    double pack_s; /* of it, for encoding results */
    int32_t verb;  /* enum verb */
    int32_t error; /* enum code: why the run must end, or 0; the first reason says it */
    int32_t rank;  /* that mapped it */
    int32_t slot;
    int32_t cause;           /* enum cause, of the error */
    uint32_t bundled;        /* bit k: of input k there is a bundle (codec/bundle.h) */
    uint32_t crc[PORTS_MAX]; /* of each result's items (crc_add) */
};
_Static_assert(sizeof(struct batch) % BATCH_ALIGN == 0, "a batch's header is whole blocks");

/* Why an item failed: this, then text_bytes bytes of text, padded to 8. SAME_REASON: the text of the record before. */
struct reason {
    uint64_t index;
    uint32_t text_bytes;
    uint32_t same; /* 1: the same text as the record before, none follows */
};

#define REASON_TEXT_MAX 255       /* bytes of text kept of a reason */
#define REASONS_BYTES (64 * 1024) /* the most room for reasons in a batch */
#define FAILURES_KEPT 65536       /* failures listed in the output */

#endif
