#!/bin/bash
# mpirun.sh: h5map on several hosts without a scheduler.
#
#   jobs/mpirun.sh hosts.txt KERNEL INPUT OUTPUT [options]
#
# runs `h5map run KERNEL INPUT OUTPUT [options]` on the hosts that hosts.txt names, one on a line with the number of its
# ranks: "n1 slots=4". Rank 0 is on the first; it reads and writes for all, so only that host needs the files. h5map and
# the MPI library must be at the same paths everywhere, and ssh must reach the hosts without a password.
#
#   H5MAP         the program, if it is not `h5map` on the PATH
#   H5MAP_MPIRUN  the launcher, if it is not `mpirun` on the PATH (Open MPI's or MPICH's)
#   H5MAP_RSH     what starts a command on a host, if it is not ssh
#   H5MAP_LOST_S  seconds after which a host that is not heard of is given up (10)
#
# Ctrl-C, TERM and USR1 stop it in good order, a second Ctrl-C or TERM at once. The status is h5map's: 0 all items mapped,
# 1 some items failed, 2 the request is wrong, 3 the run failed (also where a host, a rank or mpirun was lost), 75 stopped
# early. After 3 and 75 the same command goes on, on these hosts or on others.

program=${H5MAP:-h5map}
mpirun=${H5MAP_MPIRUN:-mpirun}
rsh=${H5MAP_RSH:-}
lost_s=${H5MAP_LOST_S:-10}

refuse() {
    echo "mpirun.sh: $1" >&2
    exit 2
}

[ $# -ge 4 ] || refuse "a word is missing (mpirun.sh hosts.txt KERNEL INPUT OUTPUT [options])"
hosts=$1
shift
[ -r "$hosts" ] || refuse "$hosts: no such file of hosts (lines like \"n1 slots=4\")"
found=$(command -v "$program") || refuse "$program: no such program (set H5MAP to h5map's path)"
program=$(realpath "$found")
command -v "$mpirun" >/dev/null || refuse "$mpirun: no such program (set H5MAP_MPIRUN to mpirun's path)"
case $lost_s in
'' | *[!0-9]*) refuse "H5MAP_LOST_S=$lost_s: not a whole number of seconds" ;;
esac

half_s=$(((lost_s + 1) / 2))
scratch=$(mktemp -d) || exit 3
watcher=''
trap '[ -z "$watcher" ] || kill "$watcher" 2>/dev/null; rm -rf "$scratch"' EXIT

# A connection that is silent for half of lost_s is probed every second, for the other half.
with_open_mpi() {
    launch=("$mpirun" -q --bind-to none --hostfile "$hosts"
        --mca oob_tcp_keepalive_time "$half_s" --mca oob_tcp_keepalive_intvl 1
        --mca oob_tcp_keepalive_probes $((lost_s / 2 > 0 ? lost_s / 2 : 1)))
    [ -z "$rsh" ] || launch+=(--mca plm_rsh_agent "$rsh")
    # a rank on another host gets no other variables from here
    [ -z "${OMP_NUM_THREADS:-}" ] || launch+=(-x OMP_NUM_THREADS)
}

# Its host files say "n1:4". It never hears of a cut cable, so the hosts are asked.
with_mpich() {
    sed -E 's/#.*//; s/[[:space:]]+slots=([0-9]+).*/:\1/; /^[[:space:]]*$/d' "$hosts" >"$scratch/hosts"
    launch=("$mpirun" -f "$scratch/hosts"
        -n "$(awk -F: '{ count += NF > 1 ? $2 : 1 } END { print count }' "$scratch/hosts")")
    [ -z "$rsh" ] || launch+=(-launcher rsh -launcher-exec "$rsh")
    watch=yes
}

# Those of these hosts that do not answer within half of lost_s, all asked at once.
silent() {
    local host

    for host in "$@"; do
        timeout "$half_s" "${rsh:-ssh}" "$host" true </dev/null >/dev/null 2>&1 || echo "$host" &
    done 2>/dev/null
    wait
}

pause() {
    sleep "$1" &
    wait "$!"
}

# A host that answered at first and then twice does not is lost: the run is asked to stop, and is ended if it can't.
watch_hosts() {
    local hosts lost=()

    trap 'kill "$!" 2>/dev/null; exit' TERM
    mapfile -t hosts < <(sed 's/:.*//' "$scratch/hosts")
    mapfile -t lost < <(silent "${hosts[@]}")
    mapfile -t hosts < <(printf '%s\n' "${hosts[@]}" | grep -vxF -e "$(printf '%s\n' "${lost[@]}")")
    lost=()
    while [ ${#hosts[@]} -gt 0 ] && [ ${#lost[@]} -eq 0 ]; do
        pause "$half_s"
        mapfile -t lost < <(silent "${hosts[@]}")
        [ ${#lost[@]} -eq 0 ] || mapfile -t lost < <(silent "${lost[@]}")
    done
    [ ${#lost[@]} -gt 0 ] || return
    echo "mpirun.sh: no answer from ${lost[*]}; the run is stopped" >&2
    kill -USR1 "$pid"
    pause 10
    kill -TERM "$pid"
    pause 3
    kill -KILL "$pid"
}

case $("$mpirun" --version 2>&1) in
*"Open MPI"* | *OpenRTE*) with_open_mpi ;;
*) with_mpich ;;
esac

# Rank 0 tells here that it has begun, then its exit status, where it is on this host: mpirun has statuses of its own.
export H5MAP_STATUS=$scratch/status
: >"$H5MAP_STATUS"

# Requests, which mpirun would take as an order to end everything, become USR1, which it hands on to the ranks; the
# second one is meant so. In a session of its own it does not get the terminal's Ctrl-C.
pid='' handed_on='' asked=''
request() {
    handed_on=yes
    [ -n "$pid" ] || return
    if [ -n "$asked" ] && [ "$1" = TERM ]; then kill -TERM "$pid"; else kill -USR1 "$pid"; fi
    [ "$1" = USR1 ] || asked=yes
}
trap 'request USR1' USR1
trap 'request TERM' TERM INT HUP
setsid "${launch[@]}" "$program" run "$@" </dev/null &
pid=$!
if [ -n "${watch:-}" ]; then
    watch_hosts &
    watcher=$!
fi
while :; do
    handed_on=''
    wait "$pid"
    status=$?
    [ -n "$handed_on" ] || break
done

told=$(cat "$H5MAP_STATUS")
case ${told:-none$status} in
[0-9]*) exit "$told" ;;
none[0-3] | none75) exit "$status" ;; # it has not begun, or rank 0 is on another host
esac
echo "mpirun.sh: a rank, a host or $mpirun was lost (status $status): what the last checkpoint holds is kept (run the same command again)" >&2
exit 3
