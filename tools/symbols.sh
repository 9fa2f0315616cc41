#!/bin/sh

# Fails when the module $1 lacks a function of its own, or calls one of libpq or
# libcurl that its tables of them lack: a shared object links without, and nginx
# would refuse it only at start.

lost=$(nm -D --undefined-only "$1" \
       | awk '$2 ~ /^(ngx_tidraw_|td_|PQ|curl_)/ { print $2 }')

[ -z "$lost" ] && exit 0

echo "$1 lacks (does config list every source? make sources;" >&2
echo "is a function of libpq or libcurl in the list of its header?):" >&2
echo "$lost" >&2

exit 1
