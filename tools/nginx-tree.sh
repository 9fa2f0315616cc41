#!/bin/sh

# Makes $1 a copy of nginx's build tree, configured like the installed nginx,
# with Tidraw as dynamic module.  $2 is the tree that nginx-dev installs
# (headers, configure, conf_flags), or one with all sources of that version.

set -e

tree=$1
src=$2
root=$(cd "$(dirname "$0")/.." && pwd)

if [ ! -x "$src/configure" ] && [ ! -d "$src/auto" ]; then
    echo "There is no nginx build tree in $src: install nginx-dev, or name" >&2
    echo "another one with NGINX_SRC=" >&2
    exit 1
fi

rm -rf "$tree"
mkdir -p "$tree"
cp -r "$src/." "$tree"

# nginx adds -Werror; a compiler newer than ours must not stop anybody for what
# it warns of.  The tests build with it.

exec bash -c '
    cd "$1" || exit 1
    NGX_CONF_FLAGS=( --with-compat --with-threads --with-http_ssl_module )
    [ ! -f conf_flags ] || . ./conf_flags
    [ -x configure ] || cp auto/configure configure

    if ! ./configure "${NGX_CONF_FLAGS[@]}" --with-cc-opt="$3" \
         --add-dynamic-module="$2" > configure.log 2>&1
    then
        tail -n 20 configure.log >&2
        exit 1
    fi
' nginx-tree "$tree" "$root" \
  "-g -O2 -Wno-error -fno-plt -fstack-protector-strong -D_FORTIFY_SOURCE=2"
