#!/bin/sh

# Builds build/tidraw, one static executable: nginx (Debian's source package),
# the module without PostgreSQL, Redis and libcurl, and everything that they
# read from files.  The web app must have been built.
#
# Exit code 77: the sources of nginx are not to be had.

set -e

root=$(cd "$(dirname "$0")/.." && pwd)
dir=$root/build/single
src=$("$root/tools/nginx-source.sh" "$root/build/source")

TIDRAW_WITHOUT='pgsql redis curl'
export TIDRAW_WITHOUT

# what is unpacked at the start, with times that stay the same

bundle=$root/build/single.bundle

rm -rf "$bundle"
mkdir -p "$bundle"
cp -r "$root/web/dist" "$bundle/web"
cp -r "$root/conf/schema" "$root/conf/templates" "$root/conf/passwords.txt" \
    "$bundle"

sed -e '/@USER@/d; /load_module/d; /mime\.types/d' \
    -e '/\(proxy\|fastcgi\|uwsgi\|scgi\)_temp_path/d' \
    -e 's,"@\(WEB\|SCHEMA\|TEMPLATES\)@","@DATA@/run/app/\L\1",' \
    -e 's,"@PASSWORDS@","@DATA@/run/app/passwords.txt",' \
    "$root/conf/nginx.conf" > "$bundle/nginx.conf"

if [ ! -f "$dir/objs/Makefile" ] || [ "$root/config" -nt "$dir/objs/Makefile" ]
then
    echo "configuring ${src##*/} as one file"

    rm -rf "$dir"
    mkdir -p "$dir"
    cp -r "$src/." "$dir"
    cd "$dir"

    ./configure --prefix=. --with-threads --with-file-aio \
        --with-http_realip_module --with-http_stub_status_module \
        --without-http_charset_module --without-http_ssi_module \
        --without-http_userid_module --without-http_auth_basic_module \
        --without-http_mirror_module --without-http_autoindex_module \
        --without-http_split_clients_module --without-http_rewrite_module \
        --without-http_referer_module --without-http_proxy_module \
        --without-http_fastcgi_module --without-http_uwsgi_module \
        --without-http_scgi_module --without-http_grpc_module \
        --without-http_memcached_module --without-http_empty_gif_module \
        --without-http_browser_module --without-pcre \
        --with-cc-opt="-O2 -fPIE -Wno-error -fstack-protector-strong \
                       -D_FORTIFY_SOURCE=2" \
        --with-ld-opt="-static-pie -Wl,-z,relro,-z,now" \
        --add-module="$root" --add-module="$root/single" \
        > configure.log 2>&1 \
        || { tail -n 20 configure.log >&2; exit 1; }
fi

cd "$dir"

stamp=$(stat -c %Y "$root/web/dist/index.html")

tar -C "$bundle" --format=ustar --sort=name --owner=0 --group=0 \
    --numeric-owner --mtime="@$stamp" -cf - . | gzip -9n > bundle.new

cmp -s bundle.new bundle.gz || cp bundle.new bundle.gz

# the linker warns of functions that look up names, which we never call

echo "building it"
make -s -j"${JOBS:-$(nproc)}" -f objs/Makefile binary 2> make.log \
    || { cat make.log >&2; exit 1; }

strip -o tidraw objs/nginx
mv tidraw "$root/build/tidraw"

echo "build/tidraw: $(stat -c %s "$root/build/tidraw") bytes"
