#!/bin/sh

# Builds the Debian package for the installed nginx into build/deb, from a copy
# of the project; the web app must have been built.  Prints its path.

set -e

root=$(cd "$(dirname "$0")/.." && pwd)
version=$("$root/tools/version.sh")
date=$(LC_ALL=C date -R -r "$root/src/ngx_tidraw.h")
dir=$root/build/deb
tree=$dir/tidraw-$version

cd "$root"

rm -rf "$dir"
mkdir -p "$tree/web"
cp -r LICENSE Makefile README.md conf config debian docs src tools "$tree"
cp -r web/dist "$tree/web"

cat > "$tree/debian/changelog" <<END
tidraw ($version) unstable; urgency=medium

  * Version $version.

 -- Tidraw maintainers <tidraw@localhost>  $date
END

# the debugging symbols would be a second package of many times the size

cd "$tree"
DEB_BUILD_OPTIONS="noautodbgsym parallel=${JOBS:-$(nproc)}" \
    dpkg-buildpackage -b -us -uc > "$dir/build.log" 2>&1 \
    || { tail -n 30 "$dir/build.log" >&2; exit 1; }

rm -rf "$tree"
ls "$dir"/*.deb
