#!/bin/bash
# with_cluster.sh [-Hs] [-n NODES] [-c CPUS] COMMAND...: run COMMAND with a SLURM cluster of its own, on this machine.
#
# Each node is a host in namespaces: its own name (n1, n2, ...), address (10.77.0.1, ...), processes and /dev/shm; files
# are shared. -H: the hosts alone, without SLURM. -s: steady, no node is taken for dead because it is slow. There is a
# user alice beside root. COMMAND finds the cluster's folder in CLUSTER; node.sh cuts cables and kills nodes. The
# cluster and all that runs in it ends with this script. Needs root, and the packages of the group `cluster`
# (jobs/packages.sh). Ends with COMMAND's status, or 77 and a line where it can't run.
set -u
export PATH=$PATH:/usr/sbin:/sbin

nodes=2 cpus=2 slurm=yes silent_s=12 answer_s=4
while getopts Hsn:c: option; do
    case $option in
    H) slurm='' ;;
    s) silent_s=120 answer_s=20 ;;
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
    for program in ip nsenter unshare ${slurm:+munged sbatch slurmctld slurmd}; do
        command -v "$program" >/dev/null || skip "no $program"
    done
    unshare --net --mount --uts --ipc --pid --fork true 2>/dev/null || skip "no namespaces"
    WITH_CLUSTER_INSIDE=1 exec unshare --net --mount --uts --ipc --pid --fork --mount-proc --kill-child -- "$0" "$@"
fi
unset WITH_CLUSTER_INSIDE
shift $((OPTIND - 1))
here=$(dirname "$(readlink -f "$0")")

home=$(mktemp -d "${TMPDIR:-/tmp}/h5map-cluster.XXXXXX") || exit 77
trap 'rm -rf "$home"' EXIT
mkdir -p "$home"/{log,run,spool,state,tmp}
chmod 755 "$home" "$home/run"
chmod 1777 "$home/tmp"
export CLUSTER=$home

hosts() {
    echo 127.0.0.1 localhost
    echo 10.77.0.254 ctl
    for ((k = 1; k <= nodes; k++)); do echo "10.77.0.$k n$k"; done
}

make_network() {
    hostname ctl
    hosts >"$home/hosts"
    mount --bind "$home/hosts" /etc/hosts
    { cat /etc/passwd && echo "alice:x:20001:20001::$home/tmp:/bin/bash"; } >"$home/passwd"
    mount --bind "$home/passwd" /etc/passwd
    mount -t tmpfs tmpfs /dev/shm
    ip link set lo up
    ip link add br0 type bridge
    ip addr add 10.77.0.254/24 dev br0
    ip link set br0 up
}

# All times are short: a node is down when it has been silent for $silent_s.
configure() {
    cat >"$home/slurm.conf" <<CONF
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
MpiDefault=${H5MAP_SRUN_MPI:-pmix}
MailProg=/bin/true
SlurmdParameters=config_overrides
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=$silent_s
TCPTimeout=1
MessageTimeout=$answer_s
BatchStartTimeout=60
KillWait=3
MinJobAge=600
PartitionName=batch Nodes=ALL Default=YES MaxTime=10 State=UP
CONF
    for ((k = 1; k <= nodes; k++)); do
        echo "NodeName=n$k NodeAddr=10.77.0.$k CPUs=$cpus State=UNKNOWN"
    done >>"$home/slurm.conf"
    echo "PMIxCliTmpDirBase=/dev/shm" >"$home/mpi.conf" # private to each node
    export SLURM_CONF=$home/slurm.conf
}

# The nodes share the real cores: don't pin, yield while waiting. Session folders go away with the cluster.
configure_mpi() {
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
    export OMPI_MCA_orte_tmpdir_base=$home/tmp UCX_TLS=tcp,self
}

start_control() {
    dd if=/dev/urandom of="$home/run/munge.key" bs=128 count=1 status=none
    chmod 600 "$home/run/munge.key"
    munged --force --key-file="$home/run/munge.key" --socket="$home/run/munge.sock" \
        --pid-file="$home/run/munged.pid" --log-file="$home/log/munged.log" \
        --seed-file="$home/run/munged.seed" 2>/dev/null || skip "munged does not start"
    slurmctld -c -f "$SLURM_CONF" || skip "slurmctld does not start"
}

is_up() {
    if [ -n "$slurm" ]; then
        [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = "$nodes" ]
    else
        [ "$(find "$home/run" -name 'up*' | wc -l)" = "$nodes" ]
    fi
}

wait_until_up() {
    for ((tries = 0; tries < 200; tries++)); do
        is_up && return
        sleep 0.05
    done
    tail -n 20 "$home"/log/* >&2
    skip "the nodes did not come up"
}

make_network || skip "no network of its own"
configure_mpi
if [ -n "$slurm" ]; then
    configure
    start_control
fi
for ((n = 1; n <= nodes; n++)); do "$here/node.sh" start "$n"; done
wait_until_up
"$@"
