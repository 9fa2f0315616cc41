#!/bin/sh

# Builds a whole nginx with Tidraw linked in, from the same "config" as the
# dynamic module, into build/static, and prints its path.  nginx-dev has no C
# sources, so they come from Debian's source package (nginx-source.sh; $1: of
# another suite).
#
# Exit code 77: the sources are not to be had.

set -e

root=$(cd "$(dirname "$0")/.." && pwd)
dir=$root/build/static${1:+-$1}
src=$("$root/tools/nginx-source.sh" "$root/build/source" "$1")

if [ ! -f "$dir/objs/Makefile" ] || [ "$root/config" -nt "$dir/objs/Makefile" ]
then
    echo "configuring ${src##*/} with Tidraw"

    rm -rf "$dir"
    mkdir -p "$dir"
    cp -r "$src/." "$dir"
    cd "$dir"

    ./configure --with-threads --with-http_ssl_module --with-http_v2_module \
        --with-debug --prefix="$dir/prefix" --with-cc-opt="-g -O1" \
        --add-module="$root" > configure.log 2>&1 \
        || { tail -n 20 configure.log >&2; exit 1; }
fi

cd "$dir"

echo "building it"
make -s -j"${JOBS:-$(nproc)}" -f objs/Makefile binary

echo "$dir/objs/nginx"
