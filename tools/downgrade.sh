#!/bin/sh

# Takes the database back to the schema of an older version, keeping what
# people drew with the newer one.  This is the newer version's program: it runs
# before the older one is installed, with the server stopped.
#
#   downgrade.sh VERSION      of the schema, as the older one's log says it:
#                             "this module knows 7"
#
# DATABASE_URL and DATA as for backup.sh, which makes a backup first.

set -eu

me=${0##*/}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/url.sh"
steps=$here/downgrade.sql
[ -f "$steps" ] || steps=$here/../conf/downgrade.sql

case ${1:-} in
    '' | *[!0-9]*)
        sed -n '3,/^$/s/^# \{0,1\}//p' "$0" >&2
        exit 2 ;;
esac

data=${DATA:-data}
url=${DATABASE_URL:-}

if [ -z "$url" ] && [ -n "${DATABASE_URL_FILE:-}" ]; then
    url=$(cat "$DATABASE_URL_FILE")
fi

url=${url:-sqlite:$data/tidraw.db}
hide_password


sql() {
    case $url in
        sqlite:*)
            { echo '.timeout 10000'; cat; } \
                | sqlite3 -batch -bail -init /dev/null "${url#sqlite:}" ;;
        *)
            psql -qAtX -v ON_ERROR_STOP=1 -f - "$url" ;;
    esac
}


now=$(echo 'SELECT max(version) FROM tidraw_version;' | sql)
text=

if [ "$now" -le "$1" ]; then
    echo "$me: the schema has version $now" >&2
    exit 1
fi

v=$now

while [ "$v" -gt "$1" ]; do
    step=$(sed -n "/^-- version $v\$/,/^\$/p" "$steps")

    if [ -z "$step" ]; then
        echo "$me: there is no way back from version $v" >&2
        exit 1
    fi

    text="$text
$step
DELETE FROM tidraw_version WHERE version = $v;"
    v=$((v - 1))
done

S3_OBJECTS=no "$here/backup.sh"

# whatever fails before COMMIT, nothing has happened

printf '%s\n' 'BEGIN;' "$text" 'COMMIT;' | sql

echo "the schema went from version $now to $1"
