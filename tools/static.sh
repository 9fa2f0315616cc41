#!/bin/sh

# Builds a whole nginx with Tidraw linked in, from the same "config" as the
# dynamic module, into build/static.  nginx-dev has no C sources, so those of
# the installed version come from Debian's source archive (or from
# NGINX_TARBALL), without touching the lists of the system's apt.
#
# Exit code 77: the sources are not to be had.

set -e

root=$(cd "$(dirname "$0")/.." && pwd)
dir=$root/build/static
nginx=${NGINX_BIN:-/usr/sbin/nginx}

version=$("$nginx" -v 2>&1 | sed 's,.*/,,; s/[^0-9.].*//')
tarball=${NGINX_TARBALL:-$dir/nginx_$version.orig.tar.gz}

mkdir -p "$dir"

if [ ! -s "$tarball" ]; then
    echo "fetching the sources of nginx $version"

    apt=$dir/apt
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")

    mkdir -p "$apt/lists/partial" "$apt/cache"
    echo "deb-src http://deb.debian.org/debian $release main" \
        > "$apt/sources.list"

    cd "$dir"

    # A mirror may lack the packaging files; the sources proper will do.

    for what in update "source --download-only nginx"; do
        set -- $what
        apt-get -q -o "Dir::Etc::sourcelist=$apt/sources.list" \
            -o Dir::Etc::sourceparts=/dev/null \
            -o "Dir::State::lists=$apt/lists" \
            -o "Dir::Cache=$apt/cache" \
            -o APT::Sandbox::User=root "$@" > "$dir/apt.log" 2>&1 || true
    done

    if [ ! -s "$tarball" ]; then
        echo "the sources of nginx $version are not to be had:" >&2
        tail -n 3 "$dir/apt.log" >&2
        exit 77
    fi
fi

src=$dir/nginx-$version

if [ ! -x "$src/configure" ]; then
    tar -xzf "$tarball" -C "$dir"
fi

cd "$src"

if [ ! -f objs/Makefile ] || [ "$root/config" -nt objs/Makefile ]; then
    echo "configuring nginx $version with Tidraw"

    ./configure --with-threads --with-http_ssl_module --with-http_v2_module \
        --with-debug --prefix="$dir/prefix" --with-cc-opt="-g -O1" \
        --add-module="$root" > configure.log 2>&1 \
        || { tail -n 20 configure.log >&2; exit 1; }
fi

echo "building it"
make -s -j"${JOBS:-$(nproc)}" -f objs/Makefile binary

echo "$src/objs/nginx"
