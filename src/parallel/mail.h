/* The mail: batches to and from other ranks, one message each, never blocking. Root sends tickets and receives
 * results; the others receive tickets and send results. A message is an image (job.h, struct batch) whose length is a
 * number of blocks of a committed type, so that no count overflows an int. All functions but mail_open are local. */
#ifndef PARALLEL_MAIL_H
#define PARALLEL_MAIL_H

#include "parallel/team.h"

struct mail;

struct mail_spec {
    size_t send_bytes, receive_bytes; /* the largest image each way */
    int sends;                        /* the most sends of images on the way at a time */
    int copies;                       /* the most of small ones, which are copied, at a time */
    int receives;                     /* images to receive into, which the mail owns */
    bool sparse;                      /* what is received is mostly far smaller than that */
    int count_limit;                  /* the largest count given to MPI, INT_MAX but in tests */
};

/* The size of an image buffer for images of up to `bytes`: whole blocks. */
size_t mail_image_bytes(size_t bytes, int count_limit);

/* A block of such images. What is sent is read in whole blocks: so much must be readable behind each start. */
size_t mail_block_bytes(size_t bytes, int count_limit);

/* Local in effect (no messages), but every rank opens its mail. The sizes are the same on all ranks, crosswise. */
int mail_open(struct team *team, const struct mail_spec *spec, struct mail **mail, struct error *error);

/* Send `bytes` of the image to the rank; the image belongs to the mail until mail_sent returns it. A small one is
 * copied, and returned without waiting for the receiver, who may be asleep. */
void mail_send(struct mail *mail, int rank, const struct batch *image, size_t bytes);

/* An image whose sending is complete, or which was copied; or NULL. */
const struct batch *mail_sent(struct mail *mail);

/* An image that has arrived, or NULL; the caller's until mail_again gives it back to receive the next. */
struct batch *mail_received(struct mail *mail);
void mail_again(struct mail *mail, struct batch *image);

/* May mail_send be called now? */
bool mail_room(const struct mail *mail);

/* Is nothing on the way out? */
bool mail_idle(struct mail *mail);

/* Withdraw what was posted and release everything. NULL is fine. */
void mail_close(struct mail *mail);

/* The end in a hurry: withdraw what was posted, and leave the images to a kernel that still uses them. NULL is fine; no
 * other call follows. */
void mail_withdraw(struct mail *mail);

#endif
