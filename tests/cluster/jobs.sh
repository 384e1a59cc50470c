#!/bin/bash
# jobs.sh H5MAP SBATCH: what must hold under SLURM; run by with_cluster.sh in an empty folder that holds in.h5 (items: 1000
# doubles) and one.h5, the same mapped by `square` on one rank. A line for each case: "ok NAME" or "FAILED NAME: ...".
set -u
export H5MAP=$1
sbatch_file=$2

passed() { echo "ok $1"; }
failed() {
    echo "FAILED $1: $2"
    [ -z "${3:-}" ] || tail -n 12 "$3" | sed 's/^/    /'
}

# Wait for a job's end; its exit code. (sbatch --wait looks only every few seconds.)
wait_for_job() {
    for ((tries = 0; tries < 600; tries++)); do
        case $(squeue -h -t all -j "$1" -o %T 2>/dev/null) in
        PENDING | RUNNING | COMPLETING | CONFIGURING) sleep 0.1 ;;
        *) break ;;
        esac
    done
    scontrol show job "$1" | sed -n 's/.*ExitCode=\([0-9]*\):.*/\1/p'
}

# submit NAME STATUS OUT WORDS...: with the words of sbatch, then a --, then those of h5map.
submit() {
    local name=$1 status=$2 job code options=()

    shift 2
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    job=$(sbatch --parsable -o "$name.log" "${options[@]}" "$sbatch_file" "$@") || {
        failed "$name" "sbatch refused"
        return 1
    }
    code=$(wait_for_job "$job")
    if [ "$code" != "$status" ]; then
        failed "$name" "status $code, not $status" "$name.log"
        scancel "$job" 2>/dev/null
        return 1
    fi
}

same() {
    if [ -e "$2" ] && h5diff --exclude-path /h5map one.h5 "$2" >/dev/null; then passed "$1"; else failed "$1" "$2 differs" "$1.log"; fi
}

ranks_of() {
    h5dump -H -d /h5map/ranks "$1" | sed -n 's/.*DATASPACE *SIMPLE { ( \([0-9]*\).*/\1/p'
}

batch_on_two_nodes() {
    submit sbatch 0 -N2 --ntasks-per-node=2 -- square in.h5 sbatch.h5 || return
    [ "$(ranks_of sbatch.h5)" = 4 ] || {
        failed sbatch "$(ranks_of sbatch.h5) ranks, not 4" sbatch.log
        return
    }
    same sbatch sbatch.h5
}

batch_status() {
    submit sbatch_refused 2 -N1 -n2 -- square in.h5:/nope refused.h5 || return
    if [ -e refused.h5 ]; then failed sbatch_refused "refused.h5 is there"; else passed sbatch_refused; fi
}

# Stopped before its end, the job's progress is kept, and the same job goes on, on other ranks.
batch_usr1() {
    local job kept

    job=$(sbatch --parsable -o usr1.log -N2 --ntasks-per-node=2 "$sbatch_file" "$KERNELS/e2e_work.c:nap" naps.h5 usr1.h5)
    for ((tries = 0; tries < 300; tries++)); do
        [ -e usr1.h5.part ] && break
        sleep 0.1
    done
    sleep 0.5
    scancel --batch --signal=USR1 "$job"
    code=$(wait_for_job "$job")
    kept=$(sed -n 's/.*; \([0-9]*\) of 20000 items are kept .*/\1/p' usr1.log)
    if [ "$code" != 75 ]; then
        failed sbatch_usr1 "status $code, not 75" usr1.log
        scancel "$job" 2>/dev/null
    elif [ -e usr1.h5 ] || [ -e usr1.h5.lock ] || [ "${kept:-0}" = 0 ]; then
        failed sbatch_usr1 "${kept:-0} items are kept" usr1.log
    else
        passed sbatch_usr1
        submit sbatch_goes_on 75 -N1 -n3 -- "$KERNELS/e2e_work.c:nap" naps.h5 usr1.h5 --time-limit 2s || return
        if grep -q "going on, $kept of 20000 items are there" sbatch_goes_on.log; then
            passed sbatch_goes_on
        else
            failed sbatch_goes_on "does not go on from $kept items" sbatch_goes_on.log
        fi
    fi
}

step_pmix() {
    if srun --mpi=pmix -N2 --ntasks-per-node=2 "$H5MAP" run square in.h5 pmix.h5 >srun_pmix.log 2>&1; then
        if [ "$(ranks_of pmix.h5)" = 4 ]; then same srun_pmix pmix.h5; else failed srun_pmix "not 4 ranks" srun_pmix.log; fi
    else
        failed srun_pmix "status $?" srun_pmix.log
    fi
}

# srun that Open MPI can't join: three programs of one rank each. One line, status 2, the output untouched.
step_wrong() {
    local before after status lines

    for old in none there; do
        name=srun_none_$old
        rm -f wrong.h5
        [ $old = none ] || cp one.h5 wrong.h5
        before=$(stat -c '%i %s %Y' wrong.h5 2>&1)
        srun --mpi=none -n3 "$H5MAP" run --overwrite square in.h5 wrong.h5 >$name.log 2>&1
        status=$?
        after=$(stat -c '%i %s %Y' wrong.h5 2>&1)
        lines=$(grep -c '^h5map: ' $name.log)
        if [ $status != 2 ] || [ "$lines" != 1 ] || [ "$before" != "$after" ] || [ -e wrong.h5.part ]; then
            failed $name "status $status, $lines lines, '$before' then '$after'" $name.log
        else
            passed $name
        fi
    done
}

mpirun_in_allocation() {
    if salloc -Q -N2 --ntasks-per-node=2 mpirun -q "$H5MAP" run square in.h5 salloc.h5 >salloc.log 2>&1; then
        same salloc salloc.h5
    else
        failed salloc "status $?" salloc.log
    fi
}

batch_on_two_nodes
batch_status
batch_usr1
step_pmix
step_wrong
mpirun_in_allocation
