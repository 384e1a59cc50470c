#!/bin/bash
# run.sh [--all]: install what is missing (Debian 12, root or sudo), build, and run all tests.
#
# --all, which CI runs, adds the long tests, kernels in other languages, clusters of its own (SLURM), and with
# MPICH what has to do with ranks. Builds are kept in build/dev, build/sanitize and build/mpich. The last line is
# "N passed, N failed"; the status is 1 if any test failed or nothing ran, 2 if it can't run.
set -u

usage="usage: tests/run.sh [--all]"
all=
case "$#${1-}" in
0) ;;
1--all) all=--all ;;
1-h | 1--help)
    echo "$usage"
    exit 0
    ;;
*)
    echo "$usage" >&2
    exit 2
    ;;
esac
cd "$(dirname "$0")/.." || exit 2

# shellcheck source=jobs/packages.sh
. jobs/packages.sh
packages_install build tests ${all:+cluster languages mpich} || exit 2

home=$(mktemp -d) || exit 2
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$home"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 1777 "$home"

# Of the user's surroundings only what finds programs: no launcher's or scheduler's variables, no settings of MPI or h5map.
while read -r name; do
    unset "$name"
done < <(compgen -e | grep -E '^(SLURM|OMPI|PMI|PMIX|PRTE|MPI|H5MAP|HDF5|CFLAGS|LDFLAGS|CPPFLAGS|CC$|CXX$)')
export TMPDIR=$home XDG_CACHE_HOME=$home/cache PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none
# MPI libraries keep what they allocate once to the end.
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

passed=0 failed=0

# Add the last "WORD: N passed, N failed" of a log; a program that says nothing of the kind, or ends badly without a
# failed test, counts as one failed.
add() {
    local log=$1 status=$2 line good bad

    line=$(grep -E '^[a-z0-9_]+: [0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
    good=$(sed -n 's/.*: \([0-9]*\) passed.*/\1/p' <<<"$line")
    bad=$(sed -n 's/.* \([0-9]*\) failed/\1/p' <<<"$line")
    [ -n "$line" ] || bad=1
    [ "$status" = 0 ] || [ "${bad:-0}" != 0 ] || bad=1
    passed=$((passed + ${good:-0}))
    failed=$((failed + ${bad:-0}))
}

# build PRESET [TARGET...]: quiet unless it fails.
build() {
    local preset=$1

    echo "== build/$preset"
    shift
    if ! { cmake --preset "$preset" && cmake --build --preset "$preset" --parallel "$(nproc)" ${1:+--target "$@"}; } >"$home/log" 2>&1; then
        cat "$home/log"
        echo "FAILED build/$preset"
        failed=$((failed + 1))
        return 1
    fi
}

# step WORDS...: run a program that counts its tests, show what it says, add it up.
step() {
    "$@" 2>&1 | tee "$home/log"
    add "$home/log" "${PIPESTATUS[0]}"
}

# end_to_end PROGRAM WORDS...: beside the tests that mostly sleep, one at a time for each core.
end_to_end() {
    local program=$1

    shift
    step env H5MAP="$program" /usr/bin/python3 tests/e2e/run.py -j "$(nproc)" "$@"
}

# What of the end-to-end tests has to do with MPI: how ranks start, share, send what does not fit in a message, and end.
ranks="parallel ranks launchers direct signals shared ragged_results"

# The same sources with MPICH and its HDF5; before the clusters, which take it too.
with_mpich() {
    build mpich h5map h5map_small test_team test_mail test_rounds test_tables || return
    export H5MAP_TEST_MPICH=$PWD/build/mpich/h5map
    echo "== tests of build/mpich"
    step /usr/bin/python3 tests/units.py mpich -L mpi
    # shellcheck disable=SC2086 # words
    end_to_end "$H5MAP_TEST_MPICH" --mpirun mpiexec.mpich $ranks
}

[ -z "$all" ] || with_mpich
for preset in dev sanitize; do
    if build $preset; then
        echo "== unit tests of build/$preset"
        step /usr/bin/python3 tests/units.py $preset
        echo "== end-to-end tests of build/$preset/h5map"
        if [ $preset = dev ]; then
            end_to_end "$PWD/build/dev/h5map" $all
        else
            H5MAP_SANITIZED=1 end_to_end "$PWD/build/sanitize/h5map" --quick
        fi
    fi
done

echo "$passed passed, $failed failed"
[ $failed = 0 ] && [ $passed != 0 ]
