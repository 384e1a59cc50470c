#!/bin/bash
# run.sh [--quick] [--repeat N] [WORK...]: h5map beside what people write by hand, on this machine, in one run.
#
# Prints a Markdown table (a quarter of an hour; two minutes with --quick); see run.py. `run.sh checkpoint` compares h5map
# with itself, with a checkpoint every 10 s and with none (half an hour; 20 minutes with --repeat 3), on the disk under
# $TMPDIR. Installs what is missing (Debian 12, root or sudo) and builds h5map, unless $H5MAP names the program. Needs 10 GB
# under $TMPDIR. Nothing here passes or fails by its time; the status is not 0 only when something can't run, or when two
# programs disagree about a result.
set -u

cd "$(dirname "$0")/../.." || exit 2

# shellcheck source=jobs/packages.sh
. jobs/packages.sh
packages_install build peers || exit 2

if [ -z "${H5MAP-}" ]; then
    log=$(mktemp) || exit 2
    if ! { cmake --preset program && cmake --build --preset program --parallel; } >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        exit 2
    fi
    rm -f "$log"
    H5MAP=$PWD/build/program/h5map
fi
export H5MAP
exec /usr/bin/python3 tests/bench/run.py "$@"
