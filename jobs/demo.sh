#!/bin/bash
# demo.sh: h5map on real input, from nothing, on Debian 12 as root or with sudo.
#
# Installs the packages that are missing, builds h5map, maps each vertex of the borders of Norway and Russia to its
# great-circle distance from a city, on one core and on all of them, shows that both give the same, and what came out.
# The results stay in build/demo.
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
borders=/usr/share/gmt-dcw/dcw-gmt.nc # Debian's gmt-dcw: the Digital Chart of the World
missing=65535                         # the longitude that begins a segment of a border and is no vertex
results=$root/build/demo

# shellcheck source=jobs/packages.sh
. "$root/jobs/packages.sh"

# Run a command without its output, unless it fails.
quietly() {
    local log
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        echo "demo.sh: failed: $*" >&2
        exit 3
    fi
    rm -f "$log"
}

# Show a command as one would type it, an option and its value on one line, and run it.
typed() {
    local word line='$' before=''
    for word in "$@"; do
        word=$(printf '%q' "$word")
        if [ $((${#line} + ${#word})) -gt 70 ] && [[ $before != -? ]]; then
            printf '%s \\\n' "$line"
            line='     '
        fi
        line+=" $word"
        before=$word
    done
    printf '%s\n' "$line"
    "$@"
}

build() {
    echo "Building h5map in $root/build/program"
    cd "$root"
    quietly cmake --preset program
    quietly cmake --build --preset program --parallel
    PATH=$root/build/program:$PATH
}

# The number in attribute $1 of the input.
attribute() {
    h5dump -m '%.17g' -a "$1" "$borders" | awk '$1 == "(0):" { print $2 }'
}

# The values of dataset $1 of file $2, one a line.
values() {
    local text
    text=$(mktemp)
    h5dump -d "$1" -y -w 1 -m '%.17g' -o "$text" "$2" >/dev/null
    tr -d ' ,' <"$text" | sed '/^$/d'
    rm -f "$text"
}

# Both outputs hold the same values, byte for byte: h5diff as a user would do, and cmp, for h5diff passes over some
# differences.
compare() {
    local file
    typed h5diff --exclude-path /h5map "$1" "$2"
    for file in "$1" "$2"; do
        quietly h5dump -d /distance -b LE -o "$file.bin" "$file"
    done
    cmp "$1.bin" "$2.bin"
    rm -f "$1.bin" "$2.bin"
    echo "$1 and $2 are the same"
}

# The nearest and the farthest vertex; scale and minimum of both coordinates come from the caller.
summary() {
    local country=$1 city=$2
    paste -d ' ' <(values "/${country}_lon" "$borders") <(values "/${country}_lat" "$borders") \
        <(values /distance "$country-sequential.h5") |
        awk -v missing="$missing" -v country="$country" -v city="$city" -v lon_scale="$lon_scale" \
            -v lon_min="$lon_min" -v lat_scale="$lat_scale" -v lat_min="$lat_min" '
            function place(lon, lat) {
                lon = lon / lon_scale + lon_min
                lat = lat / lat_scale + lat_min
                if (lon > 180)
                    lon -= 360
                return sprintf("%.3f %s, %.3f %s", lon < 0 ? -lon : lon, lon < 0 ? "W" : "E",
                               lat < 0 ? -lat : lat, lat < 0 ? "S" : "N")
            }
            $1 == missing { next }
            !count++ || $3 < near { near = $3; near_place = place($1, $2) }
            count == 1 || $3 > far { far = $3; far_place = place($1, $2) }
            END {
                printf "%s: %d border vertices; the nearest is %.1f km from %s (%s),\n", country, count, near, city,
                       near_place
                printf "    the farthest %.1f km (%s)\n\n", far, far_place
            }'
}

# Country, city, the longitude and latitude of the city in degrees.
demo() {
    local country=$1 city=$2 lon_scale lon_min lat_scale lat_min
    local -a words
    lon_scale=$(attribute "/${country}_lon/scale")
    lon_min=$(attribute "/${country}_lon/min")
    lat_scale=$(attribute "/${country}_lat/scale")
    lat_min=$(attribute "/${country}_lat/min")
    words=(-i "lon=/${country}_lon" -i "lat=/${country}_lat" -p "lon0=$3" -p "lat0=$4" -p "missing=$missing"
        -p "lon_scale=$lon_scale" -p "lon_min=$lon_min" -p "lat_scale=$lat_scale" -p "lat_min=$lat_min")
    rm -f "$country-sequential.h5" "$country-parallel.h5"
    typed h5map run haversine "$borders" "$country-sequential.h5" "${words[@]}"
    typed h5map run -j haversine "$borders" "$country-parallel.h5" "${words[@]}"
    compare "$country-sequential.h5" "$country-parallel.h5"
    summary "$country" "$city"
}

packages_install build demo
build
mkdir -p "$results"
cd "$results"
echo "Working in $results"
echo
demo NO Oslo 10.7522 59.9139
demo RU Moscow 37.6173 55.7558
echo "The results are in $results, e.g.: h5dump -d /distance -c 5 $results/NO-parallel.h5"
