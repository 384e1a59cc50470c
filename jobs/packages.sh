# shellcheck shell=bash
# packages.sh: h5map's Debian 12 packages. For bash, to be sourced:
#
#   . jobs/packages.sh
#   packages_install build demo     # or tests, languages, cluster, mpich, peers: install what is missing of these groups
#
# Returns 0 when all of them are there, 2 (and one line) when some are missing and can't be installed.

packages_of() {
    case $1 in
    build) echo gcc libc6-dev make cmake pkg-config libopenmpi-dev openmpi-bin libhdf5-dev libelf-dev libmd-dev libdeflate-dev libisal-dev zlib1g-dev ;;
    demo) echo gmt-dcw hdf5-tools ;;
    languages) echo g++ gfortran cython3 python3-dev libblas-dev liblapack-dev ;;
    tests) echo g++ libcunit1-dev python3 python3-h5py python3-numpy hdf5-tools gmt-dcw ;;
    cluster) echo slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge iproute2 gnuplot-nox ;;
    mpich) echo mpich libmpich-dev libhdf5-mpich-dev ;;
    peers) echo cython3 python3 python3-dev python3-h5py python3-numpy python3-mpi4py python3-joblib python3-dask ;;
    *)
        echo "packages.sh: $1: no such group (build, demo, tests, languages, cluster, mpich, peers)" >&2
        return 2
        ;;
    esac
}

# Those of the words that are no installed package, once each.
packages_missing() {
    local package

    for package in $(printf '%s\n' "$@" | sort -u); do
        case $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) in
        ?i*) ;;
        *) echo "$package" ;;
        esac
    done
}

# apt-get, quiet unless it fails.
packages_apt() {
    local log status=0
    local -a as_root=()

    [ "$(id -u)" = 0 ] || as_root=(sudo)
    log=$(mktemp) || return 2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$log" 2>&1 </dev/null || status=2
    [ "$status" = 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$status"
}

packages_install() {
    local group wanted='' missing more

    for group in "$@"; do
        more=$(packages_of "$group") || return 2
        wanted+=" $more"
    done
    if ! command -v dpkg-query >/dev/null; then
        echo "packages.sh: no Debian system; these packages, or the like, should be there:$wanted" >&2
        return 0
    fi
    # shellcheck disable=SC2086 # words
    missing=$(packages_missing $wanted | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        echo "packages.sh: missing packages: ${missing% } (run as root, or install them)" >&2
        return 2
    fi
    echo "Installing ${missing% }" >&2
    # shellcheck disable=SC2086
    if ! packages_apt update || ! packages_apt install -y --no-install-recommends $missing; then
        echo "packages.sh: could not install: ${missing% }" >&2
        return 2
    fi
}
