#include "parallel/mail.h"
#include "buffers.h"
#include "parallel/team_mpi.h"

#include <stdlib.h>

#define TAG_BATCH 1

struct mail {
    struct team *team;
    MPI_Datatype send_block, receive_block;
    size_t send_block_bytes;
    int receive_blocks; /* of an image */
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

void mail_send(struct mail *mail, int rank, const struct batch *image, size_t bytes)
{
    int k = 0;

    while (mail->send[k] != MPI_REQUEST_NULL)
        k++;
    mail->sent[k] = image;
    mail->sending++;
    MPI_Isend(image, (int)((bytes + mail->send_block_bytes - 1) / mail->send_block_bytes), mail->send_block, rank,
              TAG_BATCH, mail->team->comm, &mail->send[k]);
}

const struct batch *mail_sent(struct mail *mail)
{
    int k = MPI_UNDEFINED, done = 0;

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

bool mail_idle(const struct mail *mail)
{
    return mail->sending == 0;
}

void mail_withdraw(struct mail *mail)
{
    if (!mail)
        return;
    for (int k = 0; mail->receive && k < mail->receives; k++)
        team_withdraw(&mail->receive[k]);
    MPI_Type_free(&mail->send_block);
    MPI_Type_free(&mail->receive_block);
}

void mail_close(struct mail *mail)
{
    mail_withdraw(mail);
    if (!mail)
        return;
    free(mail->images);
    free(mail->send);
    free(mail->sent);
    free(mail->receive);
    free(mail->image);
    free(mail);
}
