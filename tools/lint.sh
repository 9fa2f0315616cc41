#!/bin/sh

# Compiles every source by gcc and clang with all warnings as errors and no
# output.  $1: a configured nginx tree, whose headers count as system headers.
# nginx's handlers have fixed arguments, of which not all use all: what
# includes nginx is spared that one warning, as in nginx's own build.

cd "$(dirname "$0")/.." || exit 1

tree=$1
failed=0

inc=$(find src -type d | sed 's/^/-I/')
pq=$(pg_config --includedir 2> /dev/null || echo /usr/include/postgresql)
sys="-isystem $pq"

for dir in objs src/core src/event src/event/modules src/os/unix \
           src/http src/http/modules src/http/v2
do
    sys="$sys -isystem $tree/$dir"
done

for file in $(find src single -name '*.c' | LC_ALL=C sort); do
    case $file in
        src/core/td_*) flags= ;;
        *)             flags="-Wno-unused-parameter $sys" ;;
    esac

    for cc in gcc clang; do
        $cc -std=gnu11 -O1 -fsyntax-only -Wall -Wextra -Wpointer-arith \
            -Werror $inc $flags "$file" || failed=1
    done
done

[ $failed = 0 ] && echo "lint: no warnings"

exit $failed
