#include "cli/help.h"

#include <string.h>

#define USAGE                                                                    \
    "Usage: h5map run KERNEL INPUT OUTPUT [options]\n"                           \
    "       h5map kernels [KERNEL]\n"                                            \
    "       h5map template INPUT [-i NAME=/DATASET ...]\n"                       \
    "       h5map --help | --version\n"                                          \
    "\n"                                                                         \
    "Map KERNEL, a compiled function that handles one item, over the items of\n" \
    "INPUT, an HDF5 dataset, and write the results to OUTPUT, an HDF5 file.\n"   \
    "\n"

#define WORDS                                                                           \
    "  KERNEL  a built-in (square, haversine, stats), a shared object (./norm.so) or\n" \
    "          C source (norm.c), compiled on the spot; FILE:NAME picks one of many\n"  \
    "  INPUT   FILE, whose datasets bind to the kernel's inputs by name, or\n"          \
    "          FILE:/DATASET for a kernel with one input, or count:N for N items\n"     \
    "          of a kernel without inputs\n"                                            \
    "  OUTPUT  FILE, or FILE:/DATASET for a kernel with one result\n"                   \
    "\n"

#define OPTIONS                                                                         \
    "What goes in and out:\n"                                                           \
    "  -i, --input NAME=[FILE:]/DATASET  read input NAME, or shared table NAME, from\n" \
    "                                    this dataset\n"                                \
    "  -o, --output NAME=/DATASET        write result NAME to this dataset\n"           \
    "  -p, --param NAME=VALUE            set the kernel's parameter NAME\n"             \
    "      --items START:STOP[:STEP]     map only these items of axis 0; START and\n"   \
    "                                    STOP may be left out\n"                        \
    "      --cast                        convert types that may not fit; an item\n"     \
    "                                    whose value does not fit fails\n"              \
    "      --raw                         take packed values as they are stored\n"       \
    "                                    (scale_factor, add_offset, _FillValue)\n"      \
    "      --compress LEVEL              compress the results, 1 (fast) to 9\n"         \
    "                                    (small), shuffled (default 0: off)\n"          \
    "      --seed N                      seed of random numbers (default 0)\n"          \
    "      --overwrite                   start afresh: replace OUTPUT, or what\n"       \
    "                                    there is of it\n"                              \
    "      --max-failures N|P%           stop the run when more items than this have\n" \
    "                                    failed (default 1% of all)\n"                  \
    "Going on: the same command again goes on where it stopped:\n"                      \
    "      --checkpoint DURATION         how often finished items are made safe on\n"   \
    "                                    the disk (default 10s)\n"                      \
    "      --time-limit DURATION         stop after this time, and keep what is\n"      \
    "                                    finished\n"                                    \
    "      --accept FIELD,...            go on although these have changed: kernel,\n"  \
    "                                    flags, input, param, items, options\n"         \
    "      --retry-failed                redo the items that failed\n"                  \
    "How it runs:\n"                                                                    \
    "  -j [N]                            run N ranks on this machine (default: one a\n" \
    "                                    core); without -j, one, or those of mpirun\n"  \
    "      --memory SIZE                 buffers of a rank (default 48M, at\n"          \
    "                                    least 1M)\n"                                   \
    "      --schedule dynamic|static     the next slice to who asks, or equal\n"        \
    "                                    slices in rounds (default dynamic)\n"          \
    "      --slice N                     items in a slice (default: chosen)\n"          \
    "      --io root|direct              rank 0 reads and writes for all (default),\n"  \
    "                                    or each rank for itself, where all see\n"      \
    "                                    the files\n"                                   \
    "      --cflags FLAGS                added before the source when it is compiled\n" \
    "      --libs LIBS                   added after it, e.g. -lgsl\n"                  \
    "      --debug-kernel                compile the .c kernel with checks of bounds\n" \
    "                                    and undefined behaviour, and stop at the\n"    \
    "                                    first that finds something\n"                  \
    "What it tells:\n"                                                                  \
    "      --progress auto|none          a bar on a terminal, a line every 30 s\n"      \
    "                                    elsewhere, or neither (default auto)\n"        \
    "  -q, --quiet                       print errors only\n"                           \
    "  -v, --verbose                     print more\n"                                  \
    "  -h, --help                        print this\n"                                  \
    "      --version                     print the version\n"                           \
    "\n"

#define STATUSES                                                      \
    "Exit status:\n"                                                  \
    "   0  every item is mapped\n"                                    \
    "   1  finished, but some items failed and hold the fill value\n" \
    "   2  the request is wrong; nothing was written\n"               \
    "   3  the run failed; what was finished is kept, and the same\n" \
    "      command goes on with it once the cause is gone\n"          \
    "  75  stopped early on a signal or the time limit; what was\n"   \
    "      finished is kept, and the same command goes on with it\n"  \
    "\n"

#define UNITS                                                                     \
    "A DURATION is 90s, 10m, 1.5h, M:SS or [D-]HH:MM:SS; a SIZE is a number of\n" \
    "bytes, or of K, M, G or T (64M).\n"                                          \
    "\n"

#define EXAMPLES                                                                 \
    "Examples:\n"                                                                \
    "  h5map run norm.c particles.h5:/pos speed.h5\n"                            \
    "  h5map run -j norm.c particles.h5:/pos speed.h5\n"                         \
    "  mpirun -n 8 h5map run stats raw.h5 -i x=/images stats.h5 --items :1000\n" \
    "  h5map kernels haversine\n"

#define KERNELS                                                                        \
    "Usage: h5map kernels [KERNEL] [--cflags FLAGS] [--libs LIBS]\n"                   \
    "\n"                                                                               \
    "List the built-in kernels, or describe KERNEL: its summary and signature, what\n" \
    "it takes and gives, its dims, and a command that runs it. Where KERNEL is a\n"    \
    "file without :NAME, all kernels in it are described.\n"                           \
    "\n"                                                                               \
    "Examples:\n"                                                                      \
    "  h5map kernels haversine\n"                                                      \
    "  h5map kernels norm.c\n"

#define TEMPLATE                                                                         \
    "Usage: h5map template INPUT [-i NAME=[FILE:]/DATASET[@/OFFSETS] ...]\n"             \
    "\n"                                                                                 \
    "Print the C source of a kernel to start from: it compiles and runs as it is, and\n" \
    "has an input for each dataset, of its type and shape, whose first axis is the\n"    \
    "items; compounds are structs. Without -i, and where INPUT is no FILE:/DATASET,\n"   \
    "these are the datasets at the root of INPUT that have as many items as most. Of\n"  \
    "those that -i names, one that has not as many items as the first is a shared\n"     \
    "table.\n"                                                                           \
    "\n"                                                                                 \
    "Examples:\n"                                                                        \
    "  h5map template particles.h5 >total.c\n"                                           \
    "  h5map template particles.h5 -i x=/run7/pos -i m=/run7/mass >total.c\n"

static const struct {
    const char *topic, *text;
} topics[] = {
    {"run", "Usage: h5map run KERNEL INPUT OUTPUT [options]\n\n" WORDS OPTIONS UNITS EXAMPLES},
    {"kernels", KERNELS},
    {"template", TEMPLATE},
};

const char *help_text(const char *topic)
{
    for (size_t k = 0; topic && k < sizeof topics / sizeof *topics; k++)
        if (!strcmp(topics[k].topic, topic))
            return topics[k].text;
    return USAGE WORDS OPTIONS UNITS STATUSES EXAMPLES;
}

const char *help_version(void)
{
    return "h5map " H5MAP_VERSION " (" H5MAP_MPI_TEXT ", " H5MAP_HDF5_TEXT ")\n"
           "Copyright (c) 2026, the h5map authors\n"
           "License: BSD-3-Clause\n";
}
