#!/bin/sh

# Moves the files of boards between the upload folder and S3, while the server
# runs.
#
#   tools/move-files.sh s3 | disk
#
# Each content gets a new name where it goes, the row in the database is
# changed if it still is what was read, and then the old copy is deleted.  So
# it may be stopped at any time, and started again, on several hosts, too.
#
# DATABASE_URL and UPLOAD_DIR (or DATA, "data") say where the files are,
# S3_BUCKET, S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY,
# S3_PREFIX, S3_STYLE and S3_CA (or NAME_FILE) which store it is.

set -eu

here=$(dirname "$0")
. "$here/url.sh"
. "$here/s3.sh"

to=${1:-}
data=${DATA:-data}
url=${DATABASE_URL:-sqlite:$data/tidraw.db}
dir=${UPLOAD_DIR:-$data/uploads}
hide_password

case $to in
    s3) from=disk ;;
    disk) from=s3 ;;
    *) echo "usage: $0 s3 | disk" >&2; exit 2 ;;
esac

s3_settings || exit

sql() {
    case $url in
        sqlite:*)
            printf '.timeout 10000\n%s\n' "$1" \
                | sqlite3 -batch -bail -separator ' ' "${url#sqlite:}" ;;
        *)
            printf '%s\n' "$1" | psql -qAtX -F ' ' -v ON_ERROR_STOP=1 "$url" ;;
    esac
}

delete() {
    if [ "$1" = s3 ]; then
        s3 DELETE "$2" \
            || echo "left behind in the store: $2" >&2
    else
        rm -f -- "$dir/$2"
    fi
}

temp=
trap '[ -z "$temp" ] || rm -f -- "$temp"' EXIT
trap 'exit 130' INT TERM

after=
moved=0
failed=0

while :; do
    row=$(sql "SELECT hash, gen, size FROM blobs WHERE place = '$from'
               AND hash > '$after' ORDER BY hash LIMIT 1;")
    [ -n "$row" ] || break

    hash=${row%% *}
    gen=${row#* } size=${gen#* } gen=${gen% *}
    new=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')
    folder=$(printf %.2s "$hash")
    old=$folder/$hash-$gen name=$folder/$hash-$new
    after=$hash

    if [ "$to" = s3 ]; then
        s3 PUT "$name" "$dir/$old" || {
            echo "not moved: $old" >&2
            failed=$((failed + 1))
            continue
        }
    else
        # as an upload that is under way, then under its name

        mkdir -p "$dir/tmp" "$dir/$folder"
        temp=$dir/tmp/moving-$new

        if ! s3 GET "$old" "$temp" \
           || [ "$(stat -c %s "$temp")" != "$size" ]
        then
            echo "not moved: $old" >&2
            failed=$((failed + 1))
            rm -f -- "$temp"
            continue
        fi

        chmod 600 "$temp"
        chown -h --reference="$dir" "$temp" "$dir/$folder" 2>/dev/null || :
        sync "$temp"
        mv "$temp" "$dir/$name"
        temp=
        sync "$dir/$folder" "$dir"
    fi

    won=$(sql "UPDATE blobs SET place = '$to', gen = '$new'
               WHERE hash = '$hash' AND gen = '$gen' AND place = '$from'
               RETURNING 1;")

    if [ -n "$won" ]; then
        delete $from "$old"
        moved=$((moved + 1))
    else
        delete $to "$name"
    fi
done

left=$(sql "SELECT count(*) FROM blobs WHERE place = '$from';")

echo "moved: $moved, left: $left"
[ "$failed" = 0 ]
