#!/bin/sh

# Writes the lists of headers and sources in "config" anew, sorted, from the
# files under src.  With "check" changes nothing and fails when they differ.

cd "$(dirname "$0")/.." || exit 1

list() {
    printf '%s="' "$1"
    find src -name "$2" | LC_ALL=C sort | awk -v pad="$3" '
        { printf "%s$ngx_addon_dir/%s \\\n", (NR > 1) ? pad : "", $0 }'
    printf '%s"\n' "${3%?}"
}

new=$(mktemp) || exit 1
trap 'rm -f "$new" "$new.deps" "$new.srcs"' EXIT

pad='                 '
list ngx_module_deps '*.h' "$pad" > "$new.deps"
list ngx_module_srcs '*.c' "$pad" > "$new.srcs"

awk -v deps="$new.deps" -v srcs="$new.srcs" '
    function paste(file,  line) {
        while ((getline line < file) > 0) print line
        skip = 1
    }
    /^ngx_module_deps="/ { paste(deps) }
    /^ngx_module_srcs="/ { paste(srcs) }
    !skip                { print }
    skip && /"$/         { skip = 0 }
' config > "$new" || exit 1

if [ "$1" = check ]; then
    diff -u config "$new"
    exit $?
fi

cmp -s config "$new" || cat "$new" > config
