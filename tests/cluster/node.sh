#!/bin/bash
# node.sh WORD NODE [COMMAND...]: what happens to node NODE (1, 2, ...) of the cluster in CLUSTER (with_cluster.sh).
#
#   start NODE            make the host; with slurmd, where the cluster has SLURM
#   kill NODE             a power cut
#   cut NODE, mend NODE   its cable
#   exec NODE COMMAND...  run a command there, in this folder
#
# As rsh, for mpirun: H5MAP_RSH=rsh.sh, a link to this file, is called with a host's name and a command line.
set -u
export PATH=$PATH:/usr/sbin:/sbin

# What runs inside: bring its end of the cable up, then slurmd.
# shellcheck disable=SC2016 # expanded there
inside_script='
    hostname "n$1"
    mount -t tmpfs tmpfs /dev/shm
    ip link set lo up
    until [ -e "$2/run/cable$1" ]; do sleep 0.02; done
    ip link set "ve$1" name eth0
    ip addr add "10.77.0.$1/24" dev eth0
    ip link set eth0 up
    ip route add default via 10.77.0.254
    : >"$2/run/up$1"
    if [ -e "$2/slurm.conf" ]; then slurmd -D -c -N "n$1" -f "$2/slurm.conf" & fi
    sleep infinity &
    wait'

start() {
    local k=$1 outside inside=''

    mkdir -p "$CLUSTER/spool/n$k"
    rm -f "$CLUSTER/run/cable$k" "$CLUSTER/run/up$k"
    ip link del "sw$k" 2>/dev/null # of an earlier life
    unshare --net --mount --uts --pid --fork --mount-proc --kill-child -- \
        bash -c "$inside_script" node "$k" "$CLUSTER" >>"$CLUSTER/log/node$k.log" 2>&1 </dev/null &
    outside=$!
    until [ -n "$inside" ]; do
        inside=$(cat "/proc/$outside/task/$outside/children" 2>/dev/null)
        inside=${inside%% *}
    done
    until [ "$(readlink "/proc/$inside/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    echo "$inside" >"$CLUSTER/run/node$k.pid"
    # the same address in each life, for others remember it
    ip link add "sw$k" type veth peer name "ve$k" address "$(printf '02:00:0a:4d:00:%02x' "$k")" netns "$inside"
    ip link set "sw$k" master br0
    ip link set "sw$k" up
    : >"$CLUSTER/run/cable$k"
}

enter() {
    local k=$1
    shift
    exec nsenter -t "$(cat "$CLUSTER/run/node$k.pid")" -n -m -u -p -- "$@"
}

if [ "$(basename "$0")" = rsh.sh ]; then
    while [[ ${1-} == -* ]]; do shift; done
    host=$1
    shift
    # a connection is refused there where a cable leads to the host
    [[ $(LC_ALL=C timeout 3 bash -c "</dev/tcp/10.77.0.${host#n}/9" 2>&1) == *refused* ]] || exit 255
    enter "${host#n}" /bin/sh -c "cd '$PWD' && $*"
fi
word=$1 node=$2
shift 2
case $word in
start) start "$node" ;;
kill) kill -9 "$(cat "$CLUSTER/run/node$node.pid")" ;;
cut) ip link set "sw$node" down ;;
mend) ip link set "sw$node" up ;;
exec) enter "$node" /bin/sh -c "cd '$PWD' && exec \"\$@\"" sh "$@" ;;
*) exit 2 ;;
esac
