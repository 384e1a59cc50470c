#!/bin/bash
# with_cluster.sh [-n NODES] [-c CPUS] COMMAND...: run COMMAND with a SLURM cluster of its own, on this machine.
#
# Each node is a host in namespaces: its own name (n1, n2, ...), address (10.77.0.1, ...), processes and /dev/shm. The
# cluster and all that runs in it ends with this script. Needs root, and the packages of the group `cluster`
# (jobs/packages.sh). Ends with COMMAND's status, or 77 and a line where it can't run.
set -u
export PATH=$PATH:/usr/sbin:/sbin

nodes=2 cpus=2
while getopts n:c: option; do
    case $option in
    n) nodes=$OPTARG ;;
    c) cpus=$OPTARG ;;
    *) exit 2 ;;
    esac
done

skip() {
    echo "with_cluster.sh: $1" >&2
    exit 77
}

# First of all, into namespaces; --kill-child and the process namespace take everything down at the end.
if [ -z "${WITH_CLUSTER_INSIDE:-}" ]; then
    [ "$(id -u)" = 0 ] || skip "not root"
    for program in ip nsenter unshare munged sbatch slurmctld slurmd; do
        command -v "$program" >/dev/null || skip "no $program"
    done
    unshare --net --mount --uts --ipc --pid --fork true 2>/dev/null || skip "no namespaces"
    WITH_CLUSTER_INSIDE=1 exec unshare --net --mount --uts --ipc --pid --fork --mount-proc --kill-child -- "$0" "$@"
fi
unset WITH_CLUSTER_INSIDE
shift $((OPTIND - 1))

home=$(mktemp -d "${TMPDIR:-/tmp}/h5map-cluster.XXXXXX") || exit 77
trap 'rm -rf "$home"' EXIT
mkdir -p "$home"/{log,run,spool,state,tmp}
chmod 755 "$home" "$home/run"
chmod 1777 "$home/tmp"

hosts() {
    echo 127.0.0.1 localhost
    echo 10.77.0.254 ctl
    for ((k = 1; k <= nodes; k++)); do echo "10.77.0.$k n$k"; done
}

make_network() {
    hostname ctl
    hosts >"$home/hosts"
    mount --bind "$home/hosts" /etc/hosts
    mount -t tmpfs tmpfs /dev/shm
    ip link set lo up
    ip link add br0 type bridge
    ip addr add 10.77.0.254/24 dev br0
    ip link set br0 up
}

configure() {
    cat >"$home/slurm.conf" <<EOF
ClusterName=test
SlurmctldHost=ctl(10.77.0.254)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$home/run/munge.sock
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool/%n
SlurmctldPidFile=$home/run/slurmctld.pid
SlurmdPidFile=$home/run/slurmd.%n.pid
SlurmctldLogFile=$home/log/slurmctld.log
SlurmdLogFile=$home/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
MpiDefault=pmix
MailProg=/bin/true
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=10
KillWait=3
MinJobAge=600
PartitionName=batch Nodes=ALL Default=YES MaxTime=10 State=UP
EOF
    for ((k = 1; k <= nodes; k++)); do
        echo "NodeName=n$k NodeAddr=10.77.0.$k CPUs=$cpus State=UNKNOWN"
    done >>"$home/slurm.conf"
    echo "PMIxCliTmpDirBase=/dev/shm" >"$home/mpi.conf" # private to each node
    export SLURM_CONF=$home/slurm.conf
    # The nodes share the real cores: don't pin, yield while waiting. Session folders go away with the cluster.
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
    export OMPI_MCA_orte_tmpdir_base=$home/tmp
}

start_control() {
    dd if=/dev/urandom of="$home/run/munge.key" bs=128 count=1 status=none
    chmod 600 "$home/run/munge.key"
    munged --force --key-file="$home/run/munge.key" --socket="$home/run/munge.sock" \
        --pid-file="$home/run/munged.pid" --log-file="$home/log/munged.log" \
        --seed-file="$home/run/munged.seed" 2>/dev/null || skip "munged does not start"
    slurmctld -c -f "$SLURM_CONF" || skip "slurmctld does not start"
}

# What runs inside a node: bring its end of the cable up, then slurmd.
# shellcheck disable=SC2016 # expanded there
node_script='
    hostname "n$1"
    mount -t tmpfs tmpfs /dev/shm
    ip link set lo up
    until [ -e "$2/run/cable$1" ]; do sleep 0.02; done
    ip link set "ve$1" name eth0
    ip addr add "10.77.0.$1/24" dev eth0
    ip link set eth0 up
    ip route add default via 10.77.0.254
    slurmd -D -N "n$1" -f "$2/slurm.conf" &
    sleep infinity &
    wait'

start_node() {
    local k=$1 outside inside=''

    mkdir -p "$home/spool/n$k"
    unshare --net --mount --uts --pid --fork --mount-proc --kill-child -- \
        bash -c "$node_script" node "$k" "$home" >"$home/log/node$k.log" 2>&1 </dev/null &
    outside=$!
    until [ -n "$inside" ]; do
        inside=$(cat "/proc/$outside/task/$outside/children" 2>/dev/null)
        inside=${inside%% *}
    done
    until [ "$(readlink "/proc/$inside/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    ip link add "sw$k" type veth peer name "ve$k" netns "$inside"
    ip link set "sw$k" master br0
    ip link set "sw$k" up
    : >"$home/run/cable$k"
}

wait_until_idle() {
    for ((tries = 0; tries < 200; tries++)); do
        [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = "$nodes" ] && return
        sleep 0.05
    done
    sinfo -Nel >&2
    tail -n 20 "$home"/log/* >&2
    skip "the nodes did not come up"
}

make_network || skip "no network of its own"
configure
start_control
for ((n = 1; n <= nodes; n++)); do start_node "$n"; done
wait_until_idle
"$@"
