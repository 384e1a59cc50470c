/* Results on their way into OUTPUT.part and back: as they are, or with others in encoded chunks. */
#include "run/cutting.h"
#include "run/encoder.h"
#include "run/image.h"
#include "run/staging.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ITEMS 1000
#define ITEM_BYTES (8 + 2 + 24) /* of all results */

/* Chunks of 128 items; of 300 items, so that the last one is short; no chunks. */
static const struct plan plan = {
    .items = ITEMS,
    .out_count = 3,
    .out = {{TYPE_DOUBLE, 1, 8, {{0}}, false, {8 * ITEMS, 1024}},
            {TYPE_INT16, 1, 2, {{0}}, false, {2 * ITEMS, 600}},
            {TYPE_DOUBLE, 3, 24, {{0}}, false, {0, 0}}},
    .block = 1,
    .slice = ITEMS,
    .compress = 1,
    .reasons_bytes = 1024,
};

struct stage {
    char folder[64], output[128];
    struct place *place;
    struct layout layout;
    struct encoder *encoder;
    struct batch *image;
    struct error error;
};

static void begin(struct stage *stage)
{
    const struct place_spec spec = {stage->output, "out.h5", PLACE_PART};

    *stage = (struct stage){.layout = {.result_offset = {512, 8704, 12800}, .file_bytes = 40000}};
    strcpy(stage->folder, "/tmp/h5map-staging-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(stage->folder));
    snprintf(stage->output, sizeof stage->output, "%s/out.h5", stage->folder);
    CU_ASSERT_EQUAL_FATAL(place_make(&spec, &stage->place, &stage->error), OK);
    staging_layout(&plan, &stage->layout);
    CU_ASSERT_EQUAL(place_cut(stage->place, stage->layout.staged_bytes, &stage->error), OK);
    CU_ASSERT_EQUAL_FATAL(encoder_open(&plan, &stage->encoder, &stage->error), OK);
    stage->image = aligned_alloc(BATCH_ALIGN, image_results_bytes_max(&plan, ITEMS));
    CU_ASSERT_PTR_NOT_NULL_FATAL(stage->image);
}

static void end(struct stage *stage)
{
    place_remove(stage->place);
    place_close(stage->place);
    encoder_close(stage->encoder);
    free(stage->image);
    CU_ASSERT_EQUAL(rmdir(stage->folder), 0);
}

/* Byte b of a result: noise where `noisy`, else a slow count. */
static unsigned char byte_of(int result, uint64_t b, bool noisy)
{
    const uint64_t word = b / 8 * 0x9e3779b97f4a7c15u + (uint64_t)result;

    return (unsigned char)(noisy ? word >> (8 * (b % 8)) ^ word >> 29 : b / plan.out[result].bytes / 50);
}

/* An image of these items, one of which failed. */
static void make_image(struct stage *stage, uint64_t first, uint64_t count, bool noisy)
{
    void *out[PORTS_MAX];

    *stage->image = (struct batch){.first = first, .count = count, .verb = VERB_MAP, .failed = 1, .reason_bytes = 5};
    image_results(&plan, count, stage->image, out);
    for (int k = 0; k < plan.out_count; k++)
        for (uint64_t b = 0; b < count * plan.out[k].bytes; b++)
            ((unsigned char *)out[k])[b] = byte_of(k, first * plan.out[k].bytes + b, noisy);
    memset(image_bitmap(&plan, stage->image), 0x5a, (count + 7) / 8);
    memcpy(image_reasons(&plan, stage->image), "why?", 5);
}

/* Have them packed, if that is wanted, and put. */
static void put(struct stage *stage, uint64_t first, uint64_t count, bool noisy, bool packed)
{
    const struct staging staging = {stage->place, &stage->layout, &plan};

    make_image(stage, first, count, noisy);
    if (packed)
        encoder_pack(stage->encoder, stage->image);
    CU_ASSERT_STRING_EQUAL(image_reasons(&plan, stage->image), "why?");
    CU_ASSERT(*image_bitmap(&plan, stage->image) == 0x5a && image_bitmap(&plan, stage->image)[(count - 1) / 8] == 0x5a);
    CU_ASSERT(image_result_bytes(&plan, stage->image) <= image_results_bytes_max(&plan, count));
    CU_ASSERT_EQUAL(staging_put(&staging, stage->image, &stage->error), OK);
}

/* Are all items there, whatever stretches they are read in? */
static bool all_there(struct stage *stage, bool noisy)
{
    struct staging_reader *reader;
    unsigned char got[24 * ITEMS];
    bool same = true;

    CU_ASSERT_EQUAL_FATAL(staging_open(stage->place, &stage->layout, &reader, &stage->error), OK);
    for (int k = 0; k < plan.out_count; k++)
        for (uint64_t at = 0, bytes = 1; at < plan.out[k].bytes * ITEMS; at += bytes, bytes = bytes * 5 % 4099) {
            const uint64_t left = plan.out[k].bytes * ITEMS - at;
            const struct stretch stretch = {k, at, bytes = bytes < left ? bytes : left};
            bool sound;

            CU_ASSERT_EQUAL(staging_read(reader, &stretch, got, &sound, &stage->error), OK);
            same &= sound;
            for (uint64_t b = 0; b < bytes; b++)
                same &= got[b] == byte_of(k, at + b, noisy);
        }
    staging_close(reader);
    return same;
}

/* Encoded chunks of a result, and the bytes of them. */
static int encoded(struct stage *stage, int result, size_t *bytes)
{
    const struct cutting *cutting = &plan.out[result].cutting;
    struct staging_reader *reader;
    unsigned char chunk[1024];
    int count = 0;

    *bytes = 0;
    CU_ASSERT_EQUAL_FATAL(staging_open(stage->place, &stage->layout, &reader, &stage->error), OK);
    for (uint64_t at = 0; at < cutting->row_bytes; at += cutting->chunk_bytes) {
        size_t chunk_bytes;

        CU_ASSERT_EQUAL(staging_chunk(reader, result, at, chunk, &chunk_bytes, &stage->error), OK);
        count += chunk_bytes > 0;
        *bytes += chunk_bytes;
    }
    staging_close(reader);
    return count;
}

static void cuts_rows(void)
{
    const struct cutting cutting = {100, 30};
    struct segment segment = cutting_at(&cutting, 95, 130);

    CU_ASSERT(segment.first == 95 && segment.bytes == 5 && segment.chunk == 3 && !cutting_is_whole(&segment));
    CU_ASSERT(segment.chunk_first == 90 && segment.chunk_bytes == 10);
    segment = cutting_at(&cutting, 130, 1000);
    CU_ASSERT(segment.bytes == 30 && segment.chunk == 5 && segment.chunk_first == 130 && cutting_is_whole(&segment));
    segment = cutting_at(&cutting, 290, 300);
    CU_ASSERT(segment.bytes == 10 && segment.chunk == 11 && cutting_is_whole(&segment));
    CU_ASSERT_EQUAL(cutting_chunks(&cutting, 300), 12);
    CU_ASSERT(cutting_most(&cutting, 300) >= 12 && cutting_most(&(struct cutting){0}, 300) == 0);
}

static void gives_back_what_was_put(void)
{
    for (int packed = 0; packed < 2; packed++)
        for (uint64_t count = 1; count < 2 * ITEMS; count = 3 * count + 7) {
            struct stage stage;

            begin(&stage);
            for (uint64_t first = 0; first < ITEMS; first += count)
                put(&stage, first, first + count < ITEMS ? count : ITEMS - first, packed && count == 1, packed);
            CU_ASSERT(all_there(&stage, packed && count == 1));
            end(&stage);
        }
}

static void encodes_whole_chunks(void)
{
    struct stage stage;
    size_t bytes;

    begin(&stage);
    put(&stage, 0, 1, false, true);
    CU_ASSERT_EQUAL(encoded(&stage, 0, &bytes), 0);
    put(&stage, 1, 383, false, true); /* chunks 1 and 2 of a, none of b but that from 300 is cut off */
    CU_ASSERT_EQUAL(encoded(&stage, 0, &bytes), 2);
    CU_ASSERT(bytes > 0 && bytes < 1024);
    CU_ASSERT_EQUAL(encoded(&stage, 1, &bytes), 0);
    put(&stage, 384, ITEMS - 384, false, true);
    CU_ASSERT_EQUAL(encoded(&stage, 0, &bytes), 7);
    CU_ASSERT_EQUAL(encoded(&stage, 1, &bytes), 2);
    CU_ASSERT(all_there(&stage, false));
    end(&stage);
}

static void leaves_noise_as_it_is(void)
{
    struct stage stage;
    size_t bytes;

    begin(&stage);
    put(&stage, 0, ITEMS, true, true);
    CU_ASSERT_EQUAL(encoded(&stage, 0, &bytes), 0);
    CU_ASSERT(all_there(&stage, true));
    end(&stage);
}

static void makes_messages_smaller(void)
{
    struct stage stage;
    size_t plain;

    begin(&stage);
    make_image(&stage, 0, ITEMS, false);
    plain = image_result_bytes(&plan, stage.image);
    encoder_pack(stage.encoder, stage.image);
    CU_ASSERT(image_result_bytes(&plan, stage.image) < plain - 8 * ITEMS);
    CU_ASSERT(stage.image->pack_s > 0 && stage.image->busy_s == stage.image->pack_s);
    end(&stage);
}

/* What ended badly, or was not mapped, stays as it is. */
static void leaves_errors_alone(void)
{
    struct stage stage;

    begin(&stage);
    make_image(&stage, 0, ITEMS, false);
    stage.image->error = FAILED;
    encoder_pack(stage.encoder, stage.image);
    CU_ASSERT_EQUAL(stage.image->packed_bytes, 0);
    stage.image->error = OK;
    stage.image->verb = VERB_GAVE_UP;
    encoder_pack(stage.encoder, stage.image);
    CU_ASSERT_EQUAL(stage.image->packed_bytes, 0);
    encoder_pack(NULL, stage.image);
    end(&stage);
}

/* One that was cut off and still writes, cut otherwise: both ways of lying there hold the same. */
static void either_way_may_come_twice(void)
{
    struct stage stage;

    begin(&stage);
    put(&stage, 0, 200, false, false);
    put(&stage, 0, ITEMS, false, true);
    CU_ASSERT(all_there(&stage, false));
    put(&stage, 100, 600, false, false);
    CU_ASSERT(all_there(&stage, false));
    end(&stage);
}

static void clears_what_is_to_be_put_anew(void)
{
    struct stage stage;
    const struct staging staging = {NULL, &stage.layout, &plan};
    struct staging here = staging;
    size_t bytes;

    begin(&stage);
    here.place = stage.place;
    put(&stage, 0, ITEMS, false, true);
    CU_ASSERT_EQUAL(encoded(&stage, 0, &bytes), 8);
    CU_ASSERT_EQUAL(staging_clear(&here, 255, 130, &stage.error), OK);
    CU_ASSERT_EQUAL(encoded(&stage, 0, &bytes), 5); /* those from 128, 256 and 384 */
    CU_ASSERT_EQUAL(encoded(&stage, 1, &bytes), 2);
    put(&stage, 128, 384, false, false);
    CU_ASSERT_FALSE(all_there(&stage, false)); /* of b, items that were encoded with those */
    put(&stage, 0, 600, false, false);
    CU_ASSERT(all_there(&stage, false));
    CU_ASSERT_EQUAL(staging_clear(&here, 0, ITEMS, &stage.error), OK);
    CU_ASSERT(encoded(&stage, 0, &bytes) == 0 && encoded(&stage, 1, &bytes) == 0);
    end(&stage);
}

/* The power went: an entry without its chunk, or the other way round. */
static void notices_damage(void)
{
    struct stage stage;
    struct staging_reader *reader;
    unsigned char got[1024];
    bool sound;
    size_t bytes;

    begin(&stage);
    put(&stage, 0, ITEMS, false, true);
    CU_ASSERT_EQUAL(place_put(stage.place, stage.layout.slots[0].offset + 1024 + 3, "?!", 2, &stage.error), OK);
    CU_ASSERT_EQUAL_FATAL(staging_open(stage.place, &stage.layout, &reader, &stage.error), OK);
    for (uint64_t chunk = 0; chunk < 3; chunk++) {
        CU_ASSERT_EQUAL(staging_read(reader, &(struct stretch){0, chunk * 1024, 1024}, got, &sound, &stage.error), OK);
        CU_ASSERT_EQUAL(sound, chunk != 1);
    }
    CU_ASSERT_EQUAL(staging_chunk(reader, 0, 1024, got, &bytes, &stage.error), FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(stage.error.text, "is damaged (run the same command again)"));
    error_clear(&stage.error);
    CU_ASSERT_EQUAL(place_put(stage.place, stage.layout.slots[0].entries, "\377\377\377\377", 4, &stage.error), OK);
    CU_ASSERT_EQUAL(staging_read(reader, &(struct stretch){0, 5, 1}, got, &sound, &stage.error), OK);
    CU_ASSERT_FALSE(sound);
    staging_close(reader);
    end(&stage);
}

int main(void)
{
    CU_TestInfo tests[] = {{"cuts rows", cuts_rows},
                           {"gives back what was put", gives_back_what_was_put},
                           {"encodes whole chunks", encodes_whole_chunks},
                           {"leaves noise as it is", leaves_noise_as_it_is},
                           {"makes messages smaller", makes_messages_smaller},
                           {"leaves errors alone", leaves_errors_alone},
                           {"either way may come twice", either_way_may_come_twice},
                           {"clears what is to be put anew", clears_what_is_to_be_put_anew},
                           {"notices damage", notices_damage},
                           CU_TEST_INFO_NULL};

    return suite_run("staging", tests);
}
