#!/bin/sh

# Fails when the module $1 lacks a function of its own: a shared object links
# without, and nginx would refuse it only at start.

lost=$(nm -D --undefined-only "$1" \
       | awk '$2 ~ /^(ngx_tidraw|td)_/ { print $2 }')

[ -z "$lost" ] && exit 0

echo "$1 lacks (does config list every source? make sources):" >&2
echo "$lost" >&2

exit 1
