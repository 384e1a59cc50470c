#include "kernel/lines.h"

#include "kernel/file.h"

#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of the format: DWARF 4, 6.2.5 and 7.21. */
enum standard {
    COPY = 1,
    ADVANCE_PC,
    ADVANCE_LINE,
    SET_FILE,
    SET_COLUMN,
    NEGATE_STMT,
    SET_BASIC_BLOCK,
    CONST_ADD_PC,
    FIXED_ADVANCE_PC
};
enum extended { END_SEQUENCE = 1, SET_ADDRESS };

/* A part of the table; what is beyond its end reads as 0, and `over` says so. */
struct reader {
    const unsigned char *at, *end;
    bool over;
};

/* The header of one compilation's program, and where it is. */
struct program {
    struct reader code, names; /* of the directories and files */
    uint8_t least_step, opcode_base, line_range;
    int8_t line_base;
    const unsigned char *lengths; /* [opcode_base - 1] arguments of the standard opcodes */
};

struct row {
    uint64_t address, file, line;
};

static uint64_t take(struct reader *reader, size_t bytes)
{
    uint64_t value = 0;

    if ((size_t)(reader->end - reader->at) < bytes) {
        reader->over = true;
        reader->at = reader->end;
        return 0;
    }
    memcpy(&value, reader->at, bytes < sizeof value ? bytes : sizeof value); /* of this machine's byte order */
    reader->at += bytes;
    return value;
}

static uint64_t take_leb(struct reader *reader)
{
    uint64_t value = 0, byte;
    unsigned shift = 0;

    do {
        byte = take(reader, 1);
        if (shift < 64)
            value |= (byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return value;
}

static int64_t take_signed_leb(struct reader *reader)
{
    const unsigned char *const first = reader->at;
    uint64_t value = take_leb(reader);
    const size_t bits = 7 * (size_t)(reader->at - first);

    if (bits && bits < 64 && value >> (bits - 1) & 1)
        value |= ~UINT64_C(0) << bits;
    return (int64_t)value;
}

static const char *take_text(struct reader *reader)
{
    const char *text = (const char *)reader->at;
    const unsigned char *end = memchr(reader->at, 0, (size_t)(reader->end - reader->at));

    reader->over = reader->over || !end;
    reader->at = end ? end + 1 : reader->end;
    return end ? text : "";
}

/* The program at the reader, which goes on behind it. false: there is none that can be read. */
static bool take_program(struct reader *table, struct program *program)
{
    const uint64_t bytes = take(table, 4);
    struct reader unit = {table->at, table->at + bytes, false};
    uint64_t version, header_bytes;

    if (table->over || bytes == 0 || bytes > (uint64_t)(table->end - table->at))
        return false;
    table->at += bytes;
    version = take(&unit, 2);
    header_bytes = take(&unit, 4);
    if (version < 2 || version > 4 || header_bytes > (uint64_t)(unit.end - unit.at))
        return false;
    program->code = (struct reader){unit.at + header_bytes, unit.end, false};
    unit.end = unit.at + header_bytes;
    program->least_step = (uint8_t)take(&unit, 1);
    take(&unit, version == 4 ? 2 : 1); /* operations of an instruction, is_stmt */
    program->line_base = (int8_t)take(&unit, 1);
    program->line_range = (uint8_t)take(&unit, 1);
    program->opcode_base = (uint8_t)take(&unit, 1);
    program->lengths = unit.at;
    if (!program->line_range || !program->opcode_base || unit.end - unit.at < program->opcode_base - 1)
        return false;
    unit.at += program->opcode_base - 1;
    program->names = unit;
    return !unit.over;
}

static void file_name(const struct program *program, uint64_t number, char name[LINES_FILE_BYTES])
{
    struct reader names = program->names;
    const char *found = "?", *slash;

    while (*take_text(&names)) /* the directories */
        continue;
    for (uint64_t k = 1; k <= number && !names.over; k++) {
        found = take_text(&names);
        for (int skipped = 0; skipped < 3; skipped++) /* directory, time, size */
            take_leb(&names);
    }
    slash = strrchr(found, '/');
    snprintf(name, LINES_FILE_BYTES, "%s", slash ? slash + 1 : found);
}

/* An extended opcode; true: a row ends here, the sequence's last. */
static bool extend(struct reader *code, struct row *row)
{
    const uint64_t bytes = take_leb(code);
    struct reader operation = {code->at, code->end, false};
    uint64_t opcode;

    if (bytes > (uint64_t)(code->end - code->at)) {
        code->over = true;
        return false;
    }
    operation.end = code->at + bytes;
    code->at += bytes;
    opcode = take(&operation, 1);
    if (opcode == SET_ADDRESS)
        row->address = take(&operation, (size_t)(operation.end - operation.at));
    return opcode == END_SEQUENCE;
}

/* A standard opcode; true: a row ends here. */
static bool step(struct reader *code, const struct program *program, uint8_t opcode, struct row *row)
{
    switch (opcode) {
    case COPY:
        return true;
    case ADVANCE_PC:
        row->address += take_leb(code) * program->least_step;
        return false;
    case ADVANCE_LINE:
        row->line += (uint64_t)take_signed_leb(code);
        return false;
    case SET_FILE:
        row->file = take_leb(code);
        return false;
    case CONST_ADD_PC:
        row->address += (255u - program->opcode_base) / program->line_range * program->least_step;
        return false;
    case FIXED_ADVANCE_PC:
        row->address += take(code, 2);
        return false;
    default:
        for (int k = 0; k < program->lengths[opcode - 1]; k++)
            take_leb(code);
        return false;
    }
}

/* Run the program until it passes the address: the row before has it. */
static bool run(const struct program *program, uint64_t address, struct row *found)
{
    const struct row first = {.file = 1, .line = 1};
    struct reader code = program->code;
    struct row row = first, before = {0};
    bool any = false;

    while (code.at < code.end && !code.over) {
        const uint8_t opcode = (uint8_t)take(&code, 1);
        bool ended = false, made;

        if (opcode >= program->opcode_base) {
            const unsigned special = (unsigned)(opcode - program->opcode_base);

            row.address += special / program->line_range * program->least_step;
            row.line += (uint64_t)(int64_t)(program->line_base + (int)(special % program->line_range));
            made = true;
        } else if (opcode == 0)
            made = ended = extend(&code, &row);
        else
            made = step(&code, program, opcode, &row);
        if (!made)
            continue;
        if (any && before.address <= address && address < row.address) {
            *found = before;
            return true;
        }
        any = !ended;
        if (row.line)
            before = row;
        else
            before.address = row.address; /* made of several lines: the one before is near */
        if (ended)
            row = first;
    }
    return false;
}

/* The section of the name; false: there is none that can be read. */
static bool find_section(Elf *elf, const char *wanted, struct reader *table)
{
    Elf_Scn *section = NULL;
    size_t names;

    if (elf_getshdrstrndx(elf, &names))
        return false;
    while ((section = elf_nextscn(elf, section))) {
        const char *name;
        GElf_Shdr header;
        Elf_Data *data;

        if (!gelf_getshdr(section, &header) || !(name = elf_strptr(elf, names, header.sh_name)) || strcmp(name, wanted))
            continue;
        data = header.sh_flags & SHF_COMPRESSED ? NULL : elf_rawdata(section, NULL);
        if (!data || !data->d_buf)
            return false;
        *table = (struct reader){data->d_buf, (const unsigned char *)data->d_buf + data->d_size, false};
        return true;
    }
    return false;
}

bool lines_find(const void *object, size_t bytes, uint64_t address, struct source_line *line)
{
    struct program program;
    struct reader table;
    struct row row;
    bool found = false;
    Elf *elf = NULL;

    if (elf_version(EV_CURRENT) != EV_NONE)
        elf = elf_memory((char *)(uintptr_t)object, bytes); /* only read: libelf's signature has no const */
    if (elf && find_section(elf, ".debug_line", &table))
        while (!found && table.at < table.end && take_program(&table, &program))
            found = run(&program, address, &row);
    if (found) {
        file_name(&program, row.file, line->file);
        line->line = row.line;
    }
    if (elf)
        elf_end(elf);
    return found;
}

bool lines_of_file(const char *path, uint64_t address, struct source_line *line)
{
    struct content content = {NULL, 0};
    struct error error = {0};
    bool found;

    if (file_read(path, &content, &error))
        return false;
    found = lines_find(content.bytes, content.count, address, line);
    free(content.bytes);
    return found;
}
