#!/bin/sh

# Copies of a whole instance: the database, the files of its boards and its
# secret.  The server goes on meanwhile.  docs/backup.md tells how to use it.
#
#   backup.sh [save]          a new backup; then the old ones go
#   backup.sh list            what there is
#   backup.sh verify [NAME]   reads a backup (the newest) again, every byte
#   backup.sh restore NAME    into an instance where there is nothing yet
#   backup.sh raise           after a restore by other means, see there
#
#   DATABASE_URL  sqlite:$DATA/tidraw.db, or postgresql://…
#   DATA          data: the state directory
#   UPLOAD_DIR    $DATA/uploads
#   BACKUPS       $DATA/backups
#   KEEP          7 newest ones, 0: any number
#   KEEP_DAYS     0: any age; the newest one always stays
#   S3_BUCKET     and what else move-files.sh reads, for files that lie in S3
#   S3_OBJECTS    no: these are listed and not copied
#   OWNER         restore, as root: whose the files become; as it was
#
# Needs sqlite3, or psql, pg_dump and pg_restore no older than the server; for
# S3 curl and perl.
#
# A backup is a folder whose name is the time it was begun.  It is made as
# NAME.partial and renamed when all of it is on the disk; what an aborted run
# left is removed by the next one.  Files of boards never change and bear their
# hash as a name, so those that the last backup has are hard links to it.  What
# came from S3 waits in .objects until a backup is complete.

set -eu
umask 077

LC_ALL=C
export LC_ALL

me=${0##*/}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/url.sh"
. "$here/s3.sh"
new=
work=


die() {
    echo "$me: $*" >&2
    exit 1
}


number() {
    case $2 in
        '' | *[!0-9]*) die "$1 must be a number" ;;
    esac
}


absolute() {
    case $1 in
        /*) printf '%s\n' "$1" ;;
        *)  printf '%s\n' "$PWD/$1" ;;
    esac
}


settings() {
    data=$(absolute "$(setting DATA data)")
    url=$(setting DATABASE_URL "sqlite:$data/tidraw.db")
    uploads=$(absolute "$(setting UPLOAD_DIR "$data/uploads")")
    backups=$(absolute "$(setting BACKUPS "$data/backups")")
    keep=$(setting KEEP 7)
    keep_days=$(setting KEEP_DAYS 0)
    objects=$(setting S3_OBJECTS yes)

    case $objects in
        yes | no) ;;
        *) die "S3_OBJECTS is neither yes nor no" ;;
    esac

    number KEEP "$keep"
    number KEEP_DAYS "$keep_days"

    case $url in
        sqlite:*)
            kind=sqlite
            file=database.sqlite
            path=$(absolute "${url#sqlite:}")
            want='sqlite3' ;;
        postgres://* | postgresql://*)
            kind=postgresql
            file=database.pgdump
            want='psql pg_dump pg_restore'
            hide_password ;;
        *)
            die "DATABASE_URL is neither sqlite: nor postgresql:" ;;
    esac

    for w in $want flock b2sum sha256sum; do
        command -v "$w" > /dev/null || die "$w is not installed"
    done
}


quoted() {
    printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"
}


# Statements of stdin, on an SQLite file or on the PostgreSQL of the URL.

lite() {
    { echo '.timeout 10000'; cat; } | sqlite3 -batch -bail -init /dev/null "$1"
}

pg() {
    psql -qAtX -v ON_ERROR_STOP=1 -f - "$url"
}


# Everything under a folder, sorted, and what the names of files say.

inside() {
    [ ! -d "$1" ] || (cd "$1" && find . -type f -printf '%P\n' | sort)
}

# A hash is SHA-256 or BLAKE2b-256: what the first one does not tell is asked
# of the other.

wrong_names() {
    suspects=$(sums "$1" sha256sum | named 0)

    [ -z "$suspects" ] || {
        printf '%s\n' "$suspects"
        printf '%s\n' "$suspects" | sums "$1" b2sum -l 256 | named 1
    } | sort | uniq -u
}

sums() {
    (cd "$1" && shift && xargs -r -d '\n' "$@" --)
}

named() {
    awk -v so="$1" '{ name = $0; sub(/^[^ ]* ./, "", name)
                      sum = substr($1, length($1) - 63)
                      if ((substr(name, 4, 64) == sum) == so) print name }'
}

hash_of() {
    b2sum -l 256 < "$1" | cut -d' ' -f1
}


# Statements that list what belongs into the upload folder; %s: the place.

blobs_sql="SELECT substr(hash, 1, 2) || '/' || hash || '-' || gen FROM blobs
           WHERE place"

live() {
    case $kind in
        sqlite) lite "$path" ;;
        *)      pg ;;
    esac
}


# Links what the last backup has of the files that $1 names, and leaves the
# others in "missing".

reuse() {
    inside "$new/uploads" | comm -13 - "$1" > "$work/missing"

    if [ -n "$last" ]; then
        inside "$last/uploads" > "$work/last"

        if [ -f "$last/damaged" ]; then
            comm -23 "$work/last" "$last/damaged" > "$work/good"
            mv "$work/good" "$work/last"
        fi

        # a file system without links, or too many of them: a copy does

        (cd "$last/uploads" && comm -12 "$work/last" "$work/missing" \
            | xargs -r -d '\n' cp -l --parents -t "$new/uploads" -- \
                2> /dev/null) || true

        inside "$new/uploads" | comm -13 - "$1" > "$work/missing"
    fi
}


# Copies the files that $1 names, as far as they are there.

copy_files() {
    reuse "$1"

    [ -s "$work/missing" ] || return 0
    [ -d "$uploads" ] || return 0

    (cd "$uploads" \
        && xargs -r -d '\n' cp --parents --preserve=timestamps \
                --reflink=auto -t "$new/uploads" -- \
            < "$work/missing" 2> "$work/errors") || true

    # what is gone meanwhile, nothing names any more

    if grep -v 'No such file' "$work/errors" >&2; then
        die "the files could not be copied"
    fi

    inside "$new/uploads" | comm -12 - "$work/missing" >> "$work/copied"
}


# The same for objects in S3.  Each is looked at as soon as it has come; what
# an interrupted backup fetched is taken first.

copy_objects() {
    reuse "$1"

    [ -s "$work/missing" ] || return 0

    fetched "$1"
    fetch 50

    # a signature is good for some minutes only, and large ones take long

    fetch 1
}

fetched() {
    inside "$spool" | comm -12 - "$work/missing" > "$work/here"

    (cd "$spool" && { xargs -r -d '\n' cp -l --parents -t "$new/uploads" -- \
        || xargs -r -d '\n' cp --parents -t "$new/uploads" -- < "$work/here"
    } < "$work/here" 2> /dev/null) || die "the objects could not be copied"

    inside "$new/uploads" | comm -13 - "$1" > "$work/missing"
    list=$1
}

fetch() {
    comm -23 "$work/missing" "$work/gone" > "$work/todo"

    if [ ! -s "$work/todo" ] || [ -n "$away" ]; then return; fi

    split -a 6 -l "$1" "$work/todo" "$work/batch."

    for b in "$work"/batch.*; do
        rm -rf "$spool/.tmp"
        mkdir -p "$spool/.tmp"

        cut -c 1-2 "$b" | sort -u > "$work/folders"
        (cd "$spool/.tmp" && xargs mkdir -- < "$work/folders")
        (cd "$spool" && xargs mkdir -p -- < "$work/folders")

        dir=$spool/.tmp awk '{ print "GET\t" $0 "\t" ENVIRON["dir"] "/" $0 }' \
            "$b" | s3_batch 2>> "$work/errors" > "$work/codes" || true

        sed -n 's/^404 //p' "$work/codes" >> "$work/gone"
        sort -o "$work/gone" "$work/gone"

        # what is not what its name says is as good as not come

        inside "$spool/.tmp" | wrong_names "$spool/.tmp" > "$work/wrong"
        (cd "$spool/.tmp" && xargs -r -d '\n' rm -f -- < "$work/wrong")

        while read -r d; do
            find "$spool/.tmp/$d" -type f -exec mv -t "$spool/$d" -- {} +
        done < "$work/folders"

        if ! grep -q -v '^000' "$work/codes"; then
            tail -n 1 "$work/errors" >&2
            echo "$me: S3 cannot be reached" >&2
            away=1
            break
        fi
    done

    rm -rf "$work"/batch.* "$spool/.tmp"
    fetched "$list"
}


# The database as it is at one moment, whoever writes to it, and what it says
# of itself: "count TABLE ROWS", the files it needs, those that lie elsewhere.
# Within a transaction SQLite copies one state of its pages and never starts
# anew.

copy_sqlite() {
    to=$new/$file

    lite "$path" <<END > /dev/null
BEGIN;
SELECT count(*) FROM tidraw_version;
.backup main $(quoted "$to")
COMMIT;
END

    [ "$(echo 'PRAGMA journal_mode = DELETE;' | lite "$to")" = delete ] \
        || die "the copy of the database cannot be opened"

    check=$(echo 'PRAGMA quick_check(1);' | lite "$to")
    [ "$check" = ok ] || die "the database is damaged: $check"

    version=$(echo 'SELECT max(version) FROM tidraw_version;' | lite "$to")

    echo "SELECT name FROM sqlite_master WHERE type = 'table'
          AND name NOT LIKE 'sqlite_%' ORDER BY name;" | lite "$to" \
        | while read -r t; do
            echo "SELECT 'count $t ' || count(*) FROM \"$t\";"
        done | lite "$to" > "$work/counts"

    if [ "$version" -ge 6 ]; then
        echo "$blobs_sql = 'disk';" | lite "$to" | sort > "$work/files"
        echo "$blobs_sql <> 'disk';" | lite "$to" | sort > "$work/elsewhere"
    fi
}

copy_pgsql() {
    to=$new/$file
    schema=$(echo "SELECT nspname FROM pg_namespace n JOIN pg_class c ON
        c.relnamespace = n.oid WHERE c.oid = to_regclass('tidraw_version');" \
        | pg)

    [ -n "$schema" ] || die "there are no tables of Tidraw in the database"

    pg_dump -Fc -n "\"$schema\"" -f "$to" "$url"

    # what it holds is read from the dump itself, which shows that it can be

    { pg_restore -a -f - "$to" || echo 'tidraw: failed'; } | awk '
        /^tidraw: failed/ { failed = 1 }
        table == "" && /^COPY / {
            table = $2
            sub(/.*\./, "", table)
            gsub(/"/, "", table)
            line = $0
            sub(/^[^(]*\(/, "", line)
            sub(/\).*/, "", line)
            split(line, names, /, /)
            for (i in names) column[names[i]] = i
            rows[table] = 0
            next
        }
        $0 == "\\." { table = ""; next }
        table == "" { next }
        { rows[table]++ }
        table == "tidraw_version" && $(column["version"]) + 0 > version {
            version = $(column["version"]) + 0
        }
        table == "blobs" {
            split($0, f, "\t")
            hash = f[column["hash"]]
            print substr(hash, 1, 2) "/" hash "-" f[column["gen"]] \
                > (f[column["place"]] == "disk" ? disk : elsewhere)
        }
        END {
            if (failed || !version) exit 1
            for (t in rows) print "count", t, rows[t]
            print version > number
        }' disk="$work/files" elsewhere="$work/elsewhere" \
           number="$work/version" > "$work/counts" \
        || die "the dump cannot be read"

    version=$(cat "$work/version")

    for f in files elsewhere counts; do
        sort -o "$work/$f" "$work/$f"
    done
}


save() {
    case $kind in
        sqlite) [ -f "$path" ] || die "there is no database $path" ;;
    esac

    mkdir -p "$backups"
    exec 9> "$backups/.lock"
    flock -n 9 || die "somebody else is at work in $backups"

    # ours is the lock, so nobody makes these any more

    rm -rf "$backups"/*.partial

    last=$(newest)
    [ -z "$last" ] || last=$backups/$last

    name=$(date -u +%Y%m%dT%H%M%SZ)

    while [ -e "$backups/$name" ]; do
        sleep 0.1
        name=$(date -u +%Y%m%dT%H%M%SZ)
    done

    new=$backups/$name.partial
    work=$new/work
    mkdir -p "$work" "$new/uploads"

    for f in files elsewhere copied errors gone; do : > "$work/$f"; done

    spool=$backups/.objects
    away=
    unset_store=

    if [ "$objects" = yes ] && [ -z "$(setting S3_BUCKET '')" ]; then
        objects=no
        unset_store=1
    fi

    if [ "$objects" = yes ]; then
        s3_settings || die "S3_BUCKET is set, but not all of the others"

        for w in curl perl; do
            command -v "$w" > /dev/null || die "$w is not installed"
        done

        # the machine may have gone down while they were written

        mkdir -p "$spool"
        rm -rf "$spool/.tmp"
        inside "$spool" | wrong_names "$spool" > "$work/wrong"
        (cd "$spool" && xargs -r -d '\n' rm -f -- < "$work/wrong")
    fi

    # What a board lost just now may be deleted at once, so the files come
    # first; what was brought since then stays for a day, and comes last.

    if [ "$(echo 'SELECT max(version) FROM tidraw_version;' | live)" -ge 6 ]
    then
        echo "$blobs_sql = 'disk';" | live | sort > "$work/before"
        copy_files "$work/before"

        if [ "$objects" = yes ]; then
            echo "$blobs_sql <> 'disk';" | live | sort > "$work/before"
            copy_objects "$work/before"
        fi
    fi

    case $kind in
        sqlite) copy_sqlite ;;
        *)      copy_pgsql ;;
    esac

    copy_files "$work/files"

    if [ "$objects" = yes ]; then
        : > "$work/gone"
        copy_objects "$work/elsewhere"
        sort -o "$work/files" "$work/files" "$work/elsewhere"
    fi

    inside "$new/uploads" > "$work/have"
    comm -23 "$work/have" "$work/files" \
        | (cd "$new/uploads" && xargs -r -d '\n' rm -f --)

    sort -u "$work/copied" | comm -12 - "$work/files" \
        | wrong_names "$new/uploads" > "$work/bad"
    comm -13 "$work/have" "$work/files" >> "$work/bad"

    [ ! -f "$data/secret" ] || cp "$data/secret" "$new/secret"

    mv "$work/files" "$new/files"
    [ ! -s "$work/elsewhere" ] || mv "$work/elsewhere" "$new/elsewhere"
    [ ! -s "$work/bad" ] || sort -o "$new/damaged" "$work/bad"

    manifest > "$work/manifest"
    echo "end $(hash_of "$work/manifest")" >> "$work/manifest"
    mv "$work/manifest" "$new/manifest"
    rm -rf "$work"

    sync -f "$new"
    mv "$new" "$backups/$name"
    new=
    sync "$backups"
    rm -rf "$spool"

    echo "$backups/$name"
    rotate

    said_wrong "$backups/$name"
}


# Names what is not in a backup and should be.

said_wrong() {
    wrong=0

    if [ -f "$1/damaged" ]; then
        cat "$1/elsewhere" 2> /dev/null \
            | disk=$uploads/ s3=${prefix:-} awk -v me="$me" '
                FILENAME == "-" { object[$0]; next }
                $0 in object {
                    print me ": missing or damaged in S3: " ENVIRON["s3"] $0
                    next
                }
                { print me ": missing or damaged: " ENVIRON["disk"] $0 }
            ' - "$1/damaged" >&2
        wrong=1
    fi

    if [ -f "$1/elsewhere" ] && [ -n "$unset_store" ]; then
        echo "$me: files in S3 are listed and not copied: S3_BUCKET and what" \
            "belongs to it, or S3_OBJECTS=no, must be set" >&2
        wrong=1
    fi

    return $wrong
}


manifest() {
    echo "tidraw-backup 1"
    echo "made $name"
    echo "version $(version)"
    echo "schema $version"
    echo "database $kind"
    [ "$kind" = sqlite ] || echo "namespace $schema"
    echo "owner $(stat -c %U "$(owned)" 2> /dev/null || id -un)"
    cat "$work/counts"
    echo "files $(wc -l < "$new/files")"
    echo "bytes $(find "$new/uploads" -type f -printf '%s\n' \
                  | awk '{ n += $1 } END { printf "%.0f", n }')"
    [ ! -f "$new/elsewhere" ] || echo "elsewhere $(wc -l < "$new/elsewhere")"

    for f in "$file" secret files elsewhere damaged; do
        [ ! -f "$new/$f" ] || echo "b2 $(hash_of "$new/$f") $f"
    done
}

owned() {
    case $kind in
        sqlite) printf '%s\n' "$path" ;;
        *)      printf '%s\n' "$uploads" ;;
    esac
}

version() {
    if [ -f "$here/version" ]; then
        cat "$here/version"
    else
        "$here/version.sh"
    fi
}


names() {
    [ ! -d "$backups" ] || (cd "$backups" \
        && find . -maxdepth 1 -type d -name '[0-9]*T*Z' -printf '%P\n' | sort)
}

newest() {
    names | tail -n 1
}


# Renamed first, so that half a backup never looks like one.

rotate() {
    n=0
    oldest=$(date -u -d "-$keep_days days" +%Y%m%dT%H%M%SZ)

    for b in $(names | sort -r); do
        n=$((n + 1))

        if [ "$n" -gt 1 ] && { too_many || too_old; }; then
            mv "$backups/$b" "$backups/$b.partial"
            rm -rf "$backups/$b.partial"
        fi
    done
}

too_many() {
    [ "$keep" -gt 0 ] && [ "$n" -gt "$keep" ]
}

too_old() {
    [ "$keep_days" -gt 0 ] && expr "$b" '<' "$oldest" > /dev/null
}


list() {
    for b in $(names); do
        sed -n '1d; /^b2\|^end\|^made/d; s/^count //; p' \
            "$backups/$b/manifest" | tr '\n' ',' \
            | sed "s/^/$b: /; s/,\$//; s/,/, /g"
        echo
    done
}


# Sets "from" to a backup whose manifest, database and lists are as they were
# written.

open_backup() {
    b=${1:-$(newest)}
    [ -n "$b" ] || die "there is no backup in $backups"

    case $b in
        */*) from=${b%/} ;;
        *)   from=$backups/$b ;;
    esac

    case $from in
        *.partial) die "$from was never finished" ;;
    esac

    [ -f "$from/manifest" ] || die "$from is no backup"
    from=$(absolute "$from")

    [ "$(head -n 1 "$from/manifest")" = "tidraw-backup 1" ] \
        || die "$from is of a kind that this program does not know"

    [ "$(sed '$d' "$from/manifest" | b2sum -l 256 | cut -d' ' -f1)" \
      = "$(sed -n '$s/^end //p' "$from/manifest")" ] \
        || die "$from/manifest is damaged"

    sed -n 's/^b2 //p' "$from/manifest" | while read -r hash f; do
        [ -f "$from/$f" ] || die "$from/$f is missing"
        [ "$(hash_of "$from/$f")" = "$hash" ] || die "$from/$f is damaged"
    done || exit 1
}

said() {
    sed -n "s/^$1 //p" "$from/manifest"
}

missing_files() {
    inside "$from/uploads" | comm -13 - "$from/files"
}


verify() {
    open_backup "$@"

    bad=$(missing_files; inside "$from/uploads" | wrong_names "$from/uploads")

    if [ -n "$bad" ]; then
        printf '%s\n' "$bad" \
            | sed "s|^|$me: missing or damaged: $from/uploads/|" >&2
        return 1
    fi

    echo "$from is as it was made"
}


# Nobody who was connected may take an older board for the one he knows: each
# clock goes beyond any that was ever told, and with it the start of the
# history, so that whoever comes back is sent the board whole.  The time, in
# 2^20ths of a second, is beyond what edits can have counted up to, and beyond
# what an earlier restore made of it; numbers stay exact in JavaScript.

raise_sql() {
    echo "UPDATE rooms SET clock = CASE WHEN clock < $(($(date +%s) * 1048576))
          THEN $(($(date +%s) * 1048576)) ELSE clock + 1048576 END;
          UPDATE rooms SET history_start = clock;
          DELETE FROM tombstones;"

    # what follows in the history begins with the board stored whole

    [ "$1" -lt 4 ] || echo "UPDATE rooms SET logged = 0;"

    [ -z "${to_disk:-}" ] || echo "UPDATE blobs SET place = 'disk';"
}


restore() {
    [ $# = 1 ] || die "which one?  $me list shows what there is"
    open_backup "$1"

    [ "$kind" = "$(said database)" ] \
        || die "the backup is of $(said database), DATABASE_URL is not"

    schema=$(said schema)
    new=$(mktemp -d)
    empty
    destination

    bad=$(missing_files)
    [ -z "$bad" ] || printf '%s\n' "$bad" \
        | sed "s|^|$me: missing in the backup: |" >&2

    owner=${OWNER:-$(said owner)}

    if [ "$(id -u)" = 0 ]; then
        id "$owner" > /dev/null 2>&1 \
            || die "there is no user $owner here: OWNER= names another"
        group=$(id -gn "$owner")
    fi

    folder "$data"
    folder "$uploads"

    # a link that stands there already is not written through

    inside "$from/uploads" | comm -23 - "$new/objects" > "$new/files"

    (cd "$from/uploads" && xargs -r -d '\n' cp --parents \
        --remove-destination --preserve=timestamps --reflink=auto \
        -t "$uploads" -- < "$new/files")
    own "$uploads"
    store_objects

    if [ -f "$from/secret" ]; then
        cp --remove-destination "$from/secret" "$data/secret"
        own "$data/secret"
    fi

    sync -f "$uploads"
    sync -f "$data"

    # the database comes last: without it there is no instance

    case $kind in
        sqlite) restore_sqlite ;;
        *)      restore_pgsql ;;
    esac

    echo "restored: tidraw $(said version), schema $schema, $(said made)"
}


# Where the objects of the backup go: into S3, if there is one here and what is
# new goes there as well, else to the other files.

destination() {
    to_disk=
    : > "$new/objects"

    [ -f "$from/elsewhere" ] || return 0

    if [ -n "$(setting S3_BUCKET '')" ] \
       && [ "$(setting S3_UPLOADS s3)" = s3 ]
    then
        s3_settings || die "S3_BUCKET is set, but not all of the others"
        inside "$from/uploads" | comm -12 - "$from/elsewhere" \
            > "$new/objects"

    elif [ -z "$(comm -23 "$from/elsewhere" "$from/files")" ]; then
        to_disk=1

    else
        echo "$me: its files in S3 were not copied, and stay there" >&2
    fi
}


# Those that are there already, for it may be the same store or the second
# attempt, are not sent again.

store_objects() {
    [ -s "$new/objects" ] || return 0

    s3_list "$new/list" > "$new/there" || die "the bucket cannot be listed"
    cut -d ' ' -f 1,2 "$new/there" > "$new/sizes"

    (cd "$from/uploads" && xargs -d '\n' stat -c '%n %s' -- \
        < "$new/objects") | comm -23 - "$new/sizes" | cut -d ' ' -f 1 \
        > "$new/todo"

    [ -s "$new/todo" ] || return 0

    split -a 6 -l 50 "$new/todo" "$new/batch."

    for b in "$new"/batch.*; do
        dir=$from/uploads awk \
            '{ print "PUT\t" $0 "\t" ENVIRON["dir"] "/" $0 }' "$b" \
            | s3_batch > "$new/codes" || true

        sed -n 's/^200 //p' "$new/codes" | sort | comm -13 - "$b" \
            > "$new/failed"

        if [ -s "$new/failed" ]; then
            sed "s|^|$me: not stored in S3: |" "$new/failed" >&2
            die "start it again when S3 is well"
        fi
    done
}


# Refuses whatever is not empty, but takes what an aborted restore of the same
# backup left.

empty() {
    case $kind in
        sqlite)
            for f in "$path" "$path-wal" "$path-journal"; do
                [ ! -e "$f" ] || die "$f exists: not restored"
            done ;;
        *)
            namespace=$(said namespace)
            n=$(echo "SELECT count(*) FROM pg_class c JOIN pg_namespace n
                ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v')
                AND n.nspname = $(quoted "$namespace");" | pg)

            [ "$n" = 0 ] \
                || die "there are tables in schema $namespace: not restored"

            n=$(echo "SELECT count(*) FROM pg_namespace
                WHERE nspname = $(quoted "$namespace");" | pg)

            [ "$n" = 1 ] || die "there is no schema $namespace: CREATE it" ;;
    esac

    other=$(inside "$uploads" | comm -23 - "$from/files" | head -n 1)
    [ -z "$other" ] || die "$uploads/$other exists: not restored"

    if [ -f "$data/secret" ] && ! cmp -s "$data/secret" "$from/secret"; then
        die "$data/secret is another one: not restored"
    fi
}

folder() {
    [ -d "$1" ] || { mkdir -p "$1"; own "$1"; }
}

own() {
    [ "$(id -u)" != 0 ] || chown -R "$owner:$group" "$1"
}

restore_sqlite() {
    folder "$(dirname "$path")"

    to=$path.restoring
    rm -f "$to" "$to-journal"
    cp "$from/$file" "$to"

    { echo "BEGIN;"; raise_sql "$schema"; echo "COMMIT;"; } | lite "$to"

    own "$to"
    sync "$to"
    mv -n "$to" "$path"
    sync "$(dirname "$path")"
}

restore_pgsql() {
    {
        echo "BEGIN;"
        pg_restore --no-owner --no-privileges -n "$namespace" -f - \
            "$from/$file" \
            && echo "SET search_path TO \"$namespace\";" \
            && raise_sql "$schema" \
            && echo "COMMIT;" \
            && echo "SELECT 'restored';"
    } | pg | grep -qx restored || die "the database was not restored"
}


raise() {
    schema=$(echo 'SELECT max(version) FROM tidraw_version;' | live)

    { echo "BEGIN;"; raise_sql "$schema"; echo "COMMIT;"; } | live
}


finish() {
    [ -z "$new" ] || rm -rf "$new"
}

trap finish EXIT
trap 'exit 130' INT TERM HUP

what=${1:-save}
[ $# = 0 ] || shift

case $what in
    save | list | verify | restore | raise)
        settings
        "$what" "$@" ;;
    *)
        sed -n '3,/^$/s/^# \{0,1\}//p' "$0" | sed -n '4,9p' >&2
        exit 2 ;;
esac
