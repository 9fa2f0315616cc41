#!/bin/sh

# Objects in S3 that no file of the database has, such as a server leaves that
# is killed between an upload and its commit, or a restore of an older backup.
#
#   tools/strays.sh [delete]
#
# Lists those that are older than a day; "delete" removes them.  What does not
# bear the name of a file under S3_PREFIX is not looked at.  Variables as for
# move-files.sh; nobody else's files may lie under the same prefix.

set -eu

LC_ALL=C
export LC_ALL

me=${0##*/}
here=$(dirname "$0")
. "$here/url.sh"
. "$here/s3.sh"

case ${1:-} in
    '' | delete) ;;
    *) echo "usage: $0 [delete]" >&2; exit 2 ;;
esac

s3_settings || exit
url=$(setting DATABASE_URL "sqlite:${DATA:-data}/tidraw.db")
hide_password

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

s3_list "$work/page" > "$work/there" || {
    echo "$me: the bucket cannot be listed" >&2
    exit 1
}

# the rows are read after the objects, so that none is missed that came since;
# all of them, as a file on disk may be about to move

sql="SELECT substr(hash, 1, 2) || '/' || hash || '-' || gen FROM blobs;"

case $url in
    sqlite:*)
        printf '.timeout 10000\n%s\n' "$sql" \
            | sqlite3 -batch -bail "${url#sqlite:}" ;;
    *)
        printf '%s\n' "$sql" | psql -qAtX -v ON_ERROR_STOP=1 "$url" ;;
esac > "$work/rows"

sort -o "$work/rows" "$work/rows"

awk -v before="$(($(date +%s) - 86400))" '$3 < before { print $1 }' \
    "$work/there" | comm -23 - "$work/rows" > "$work/strays"

if [ "${1:-}" != delete ]; then
    cat "$work/strays"
    exit 0
fi

[ -s "$work/strays" ] || exit 0

if [ -z "$(cut -d ' ' -f 1 "$work/there" | comm -12 - "$work/rows")" ]; then
    echo "$me: the database knows none of the objects, it may be another one:" \
        "nothing deleted" >&2
    exit 1
fi

split -a 6 -l 50 "$work/strays" "$work/batch."

for b in "$work"/batch.*; do
    awk '{ print "DELETE\t" $0 }' "$b" | s3_batch
done > "$work/codes" || true

sed -n 's/^20[04] //p; s/^404 //p' "$work/codes" | sort > "$work/done"

echo "deleted: $(wc -l < "$work/done")"
comm -13 "$work/done" "$work/strays" | sed "s/^/$me: not deleted: /" >&2
cmp -s "$work/done" "$work/strays"
