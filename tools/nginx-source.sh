#!/bin/sh

# Fetches nginx's sources as Debian has them, its patches applied, into the
# folder $1 and prints where they lie.  $2: "stable" is the release of this
# system (the default), any other suite is taken by its name.  The lists and
# settings of the system's apt are left alone.
#
# NGINX_TARBALL names sources that are there already; nothing is fetched then.
#
# Exit code 77: the sources are not to be had.

set -e

dir=$1
suite=${2:-stable}

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

if [ -n "$NGINX_TARBALL" ]; then
    tar -xzf "$NGINX_TARBALL" -C "$dir"
    echo "$dir/$(tar -tzf "$NGINX_TARBALL" | sed -n '1s,/.*,,p')"
    exit
fi

release=$(. /etc/os-release && echo "$VERSION_CODENAME")
[ "$suite" != stable ] || suite=$release

have=$dir/$suite.path

if [ -s "$have" ] && [ -x "$(cat "$have")/configure" ]; then
    cat "$have"
    exit
fi

apt=$dir/apt.$suite

mkdir -p "$apt/lists/partial" "$apt/cache"
echo "deb-src http://deb.debian.org/debian $suite main" > "$apt/list"

if [ "$suite" = "$release" ]; then
    echo "deb-src http://deb.debian.org/debian-security $suite-security main" \
        >> "$apt/list"
fi

own() {
    "$@" -q -o "Dir::Etc::sourcelist=$apt/list" \
        -o Dir::Etc::sourceparts=/dev/null \
        -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" \
        -o APT::Sandbox::User=root $more 2>> "$apt/log"
}

: > "$apt/log"
cd "$dir"

more=update own apt-get >> "$apt/log" || true

# A mirror may lack the files of the newest version: the next one has to do.

for version in $(more='showsrc nginx' own apt-cache \
                 | sed -n 's/^Version: //p' | sort -rV)
do
    tree=$dir/nginx-$version

    if more="source --download-only nginx=$version" own apt-get >> "$apt/log" \
       && rm -rf "$tree" \
       && dpkg-source --no-check -x "nginx_$version.dsc" "$tree" \
          >> "$apt/log" 2>&1
    then
        [ -x "$tree/configure" ] || cp "$tree/auto/configure" "$tree/configure"
        echo "$tree" | tee "$have"
        exit
    fi

    echo "nginx $version cannot be fetched" >&2
done

echo "the sources of nginx ($suite) are not to be had:" >&2
tail -n 3 "$apt/log" >&2
exit 77
