#include "parallel/mail.h"
#include "buffers.h"
#include "parallel/team_mpi.h"

#include <stdlib.h>
#include <string.h>

#define TAG_BATCH 1
#define COPY_BYTES 1024

/* Small images on the way, as copies. */
struct copies {
    int count;
    char *room;           /* [count][COPY_BYTES] */
    MPI_Request *request; /* [count] */
    int *free;            /* [free_count] those not on the way */
    int free_count;
    const struct batch **copied; /* [count], a ring: images to be told of by mail_sent */
    int copied_first, copied_count;
};

struct mail {
    struct team *team;
    MPI_Datatype send_block, receive_block;
    size_t send_block_bytes;
    int receive_blocks; /* of an image */
    struct copies copies;
    int sends, receives;
    int sending;               /* sends on the way */
    MPI_Request *send;         /* [sends] */
    const struct batch **sent; /* [sends] their images */
    MPI_Request *receive;      /* [receives] */
    struct batch **image;      /* [receives] */
    char *images;              /* they lie here */
};

size_t mail_block_bytes(size_t bytes, int limit)
{
    const size_t units = (bytes + BATCH_ALIGN - 1) / BATCH_ALIGN;

    return BATCH_ALIGN * ((units + (size_t)limit - 1) / (size_t)limit);
}

size_t mail_image_bytes(size_t bytes, int count_limit)
{
    const size_t block = mail_block_bytes(bytes, count_limit);

    return (bytes + block - 1) / block * block;
}

static void post(struct mail *mail, int k)
{
    MPI_Irecv(mail->image[k], mail->receive_blocks, mail->receive_block, MPI_ANY_SOURCE, TAG_BATCH, mail->team->comm,
              &mail->receive[k]);
}

static int copies_allocate(struct copies *copies)
{
    const size_t count = (size_t)copies->count;

    copies->room = malloc((count + 1) * COPY_BYTES);
    copies->request = calloc(count + 1, sizeof *copies->request);
    copies->free = calloc(count + 1, sizeof *copies->free);
    copies->copied = calloc(count + 1, sizeof *copies->copied);
    if (!copies->room || !copies->request || !copies->free || !copies->copied)
        return FAILED;
    for (; copies->free_count < copies->count; copies->free_count++) {
        copies->request[copies->free_count] = MPI_REQUEST_NULL;
        copies->free[copies->free_count] = copies->free_count;
    }
    return OK;
}

static void copies_free(struct copies *copies)
{
    free(copies->room);
    free(copies->request);
    free(copies->free);
    free(copies->copied);
}

/* Those that have been sent are free again. */
static void copies_reap(struct copies *copies)
{
    int k = MPI_UNDEFINED, done = 1;

    while (done && copies->free_count < copies->count) {
        MPI_Testany(copies->count, copies->request, &k, &done, MPI_STATUS_IGNORE);
        if (!done || k == MPI_UNDEFINED)
            return;
        copies->free[copies->free_count++] = k;
    }
}

static int mail_allocate(struct mail *mail, size_t image_bytes, bool sparse)
{
    mail->send = calloc((size_t)mail->sends + 1, sizeof *mail->send);
    mail->sent = calloc((size_t)mail->sends + 1, sizeof *mail->sent);
    mail->receive = calloc((size_t)mail->receives + 1, sizeof *mail->receive);
    mail->image = calloc((size_t)mail->receives + 1, sizeof *mail->image);
    for (int k = 0; mail->send && k < mail->sends; k++)
        mail->send[k] = MPI_REQUEST_NULL;
    for (int k = 0; mail->receive && k < mail->receives; k++)
        mail->receive[k] = MPI_REQUEST_NULL;
    mail->images = buffers_alloc((size_t)mail->receives, image_bytes, !sparse);
    if (copies_allocate(&mail->copies))
        return FAILED;
    if (!mail->send || !mail->sent || !mail->receive || !mail->image || !mail->images)
        return FAILED;
    for (int k = 0; k < mail->receives; k++)
        mail->image[k] = (struct batch *)(void *)(mail->images + (size_t)k * image_bytes);
    return OK;
}

int mail_open(struct team *team, const struct mail_spec *spec, struct mail **mail_out, struct error *error)
{
    const size_t in_bytes = mail_image_bytes(spec->receive_bytes, spec->count_limit);
    const size_t in_block = mail_block_bytes(spec->receive_bytes, spec->count_limit);
    struct mail *mail = calloc(1, sizeof *mail);

    if (!mail)
        return error_memory(error, "message buffers", sizeof *mail);
    mail->team = team;
    mail->sends = spec->sends;
    mail->receives = spec->receives;
    mail->copies.count = spec->copies;
    mail->send_block_bytes = mail_block_bytes(spec->send_bytes, spec->count_limit);
    mail->send_block = team_type(mail->send_block_bytes);
    mail->receive_block = team_type(in_block);
    mail->receive_blocks = (int)(in_bytes / in_block);
    if (mail_allocate(mail, in_bytes, spec->sparse)) {
        mail_close(mail);
        return error_memory(error, "message buffers", (unsigned long long)in_bytes * (unsigned)spec->receives);
    }
    for (int k = 0; k < mail->receives; k++)
        post(mail, k);
    *mail_out = mail;
    return OK;
}

/* Send a copy. false: there is no room for it. */
static bool send_copy(struct mail *mail, int rank, const struct batch *image, int blocks)
{
    struct copies *copies = &mail->copies;
    const size_t bytes = (size_t)blocks * mail->send_block_bytes;
    char *room;
    int k;

    if (bytes > COPY_BYTES || copies->copied_count == copies->count)
        return false;
    if (copies->free_count == 0)
        copies_reap(copies);
    if (copies->free_count == 0)
        return false;
    k = copies->free[--copies->free_count];
    room = copies->room + (size_t)k * COPY_BYTES;
    memcpy(room, image, bytes);
    MPI_Isend(room, blocks, mail->send_block, rank, TAG_BATCH, mail->team->comm, &copies->request[k]);
    copies->copied[(copies->copied_first + copies->copied_count++) % copies->count] = image;
    return true;
}

void mail_send(struct mail *mail, int rank, const struct batch *image, size_t bytes)
{
    const int blocks = (int)((bytes + mail->send_block_bytes - 1) / mail->send_block_bytes);
    int k = 0;

    if (send_copy(mail, rank, image, blocks))
        return;
    while (mail->send[k] != MPI_REQUEST_NULL)
        k++;
    mail->sent[k] = image;
    mail->sending++;
    MPI_Isend(image, blocks, mail->send_block, rank, TAG_BATCH, mail->team->comm, &mail->send[k]);
}

const struct batch *mail_sent(struct mail *mail)
{
    struct copies *copies = &mail->copies;
    int k = MPI_UNDEFINED, done = 0;

    if (copies->copied_count) {
        k = copies->copied_first;
        copies->copied_first = (k + 1) % copies->count;
        copies->copied_count--;
        return copies->copied[k];
    }
    if (mail->sending == 0)
        return NULL;
    MPI_Testany(mail->sends, mail->send, &k, &done, MPI_STATUS_IGNORE);
    if (!done || k == MPI_UNDEFINED)
        return NULL;
    mail->sending--;
    return mail->sent[k];
}

struct batch *mail_received(struct mail *mail)
{
    int k = MPI_UNDEFINED, done = 0;

    MPI_Testany(mail->receives, mail->receive, &k, &done, MPI_STATUS_IGNORE);
    return done && k != MPI_UNDEFINED ? mail->image[k] : NULL;
}

void mail_again(struct mail *mail, struct batch *image)
{
    int k = 0;

    while (mail->image[k] != image)
        k++;
    post(mail, k);
}

bool mail_room(const struct mail *mail)
{
    return mail->sending < mail->sends;
}

bool mail_idle(struct mail *mail)
{
    struct copies *copies = &mail->copies;

    copies_reap(copies);
    return mail->sending == 0 && copies->copied_count == 0 && copies->free_count == copies->count;
}

void mail_withdraw(struct mail *mail)
{
    if (!mail)
        return;
    for (int k = 0; mail->receive && k < mail->receives; k++)
        team_withdraw(mail->team, &mail->receive[k]);
    MPI_Type_free(&mail->send_block);
    MPI_Type_free(&mail->receive_block);
}

void mail_close(struct mail *mail)
{
    mail_withdraw(mail);
    if (!mail)
        return;
    copies_free(&mail->copies);
    free(mail->images);
    free(mail->send);
    free(mail->sent);
    free(mail->receive);
    free(mail->image);
    free(mail);
}
