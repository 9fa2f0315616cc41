#!/bin/sh

# Runs the tests, or those under the paths given, through prove.  What prove
# says at the end is the last thing printed, its exit code is ours.

cd "$(dirname "$0")/.." || exit 1

# the module under the sanitizers, unless valgrind or TIDRAW_ASAN=0 says no

if [ -z "$TIDRAW_ASAN" ] && [ -z "$TIDRAW_VALGRIND" ]; then
    TIDRAW_ASAN=1
fi

[ "$TIDRAW_ASAN" = 1 ] || TIDRAW_ASAN=

FUZZ_SECONDS=${FUZZ_SECONDS:-60}

export TIDRAW_ASAN FUZZ_SECONDS

# tests that call make are no part of the make that called us

unset MAKEFLAGS MFLAGS MAKELEVEL

[ $# -gt 0 ] || set -- t

exec prove -It/lib --timer -j"${TEST_JOBS:-2}" \
     --rules='seq=t/faults/**' --rules='seq=t/browser/**' --rules='par=**' \
     -r "$@"
