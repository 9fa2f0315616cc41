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

. "$(dirname "$0")/url.sh"

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

# the value of a variable, or the first line of the file it names

setting() {
    eval "value=\${$1:-} file=\${$1_FILE:-}"

    if [ -z "$value" ] && [ -n "$file" ]; then
        value=$(head -n 1 "$file")
    fi

    printf %s "${value:-$2}"
}

# percent-encoded, but for slashes

encode() {
    perl -e 'print $ARGV[0] =~ s{([^A-Za-z0-9._~/-])}{
                 sprintf "%%%02X", ord $1}ger' -- "$1"
}

bucket=$(setting S3_BUCKET '')
region=$(setting S3_REGION us-east-1)
endpoint=$(setting S3_ENDPOINT '')
key=$(setting S3_ACCESS_KEY_ID '')
secret=$(setting S3_SECRET_ACCESS_KEY '')
prefix=$(encode "$(setting S3_PREFIX '')")
ca=$(setting S3_CA '')

if [ -z "$bucket" ] || [ -z "$key" ] || [ -z "$secret" ]; then
    echo "S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set" >&2
    exit 2
fi

if [ -z "$endpoint" ]; then
    endpoint=https://s3.$region.amazonaws.com
    case $bucket in *.*) style=path ;; *) style=host ;; esac
else
    style=path
fi

endpoint=${endpoint%/}

case $(setting S3_STYLE $style) in
    host) base=${endpoint%%://*}://$bucket.${endpoint#*://} ;;
    *) base=$endpoint/$bucket ;;
esac

sql() {
    case $url in
        sqlite:*)
            printf '.timeout 10000\n%s\n' "$1" \
                | sqlite3 -batch -bail -separator ' ' "${url#sqlite:}" ;;
        *)
            printf '%s\n' "$1" | psql -qAtX -F ' ' -v ON_ERROR_STOP=1 "$url" ;;
    esac
}

# method, object, SHA-256 of the body, and what curl needs beside that; the
# secret stands in no command line

s3() {
    method=$1 object=$base/$prefix$2 sha=$3
    shift 3

    sign "$method" "$object" "$sha" \
        | curl -sS -f -K - --connect-timeout 10 --speed-limit 1 \
               --speed-time 60 ${ca:+--cacert "$ca"} "$@" "$object"
}

# the headers of Signature Version 4, as a configuration of curl

sign() {
    key=$key secret=$secret perl -MDigest::SHA=sha256_hex,hmac_sha256 \
        -MPOSIX=strftime -e '
        my ($method, $url, $sha, $region) = @ARGV;
        my ($host, $path) = $url =~ m{^\w+://([^/]+)(/.*)$} or exit 1;

        $host =~ s/:443$// if $url =~ /^https/;
        $host =~ s/:80$// if $url =~ /^http:/;

        my $date = strftime("%Y%m%dT%H%M%SZ", gmtime);
        my $day = substr $date, 0, 8;
        my $names = "host;x-amz-content-sha256;x-amz-date";
        my $scope = "$day/$region/s3/aws4_request";
        my $text = join "\n", $method, $path, "", "host:" . lc $host,
            "x-amz-content-sha256:$sha", "x-amz-date:$date", "", $names, $sha;
        my $sign = join "\n", "AWS4-HMAC-SHA256", $date, $scope,
            sha256_hex($text);
        my $k = "AWS4$ENV{secret}";

        $k = hmac_sha256($_, $k) for $day, $region, "s3", "aws4_request";
        my $signature = unpack "H*", hmac_sha256($sign, $k);

        print map { s/[\\"]/\\$&/gr =~ s/^(.*)$/header = "$1"\n/r }
            "x-amz-content-sha256: $sha", "x-amz-date: $date",
            "Authorization: AWS4-HMAC-SHA256 Credential=$ENV{key}/$scope,"
            . "SignedHeaders=$names,Signature=$signature";
    ' -- "$method" "$object" "$sha" "$region"
}

sha256() { sha256sum -- "$1" | cut -d ' ' -f 1; }

empty=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

delete() {
    if [ "$1" = s3 ]; then
        s3 DELETE "$2" "$empty" -X DELETE -o /dev/null \
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
        s3 PUT "$name" "$(sha256 "$dir/$old")" -T "$dir/$old" -H 'Expect:' \
           -o /dev/null || {
            echo "not moved: $old" >&2
            failed=$((failed + 1))
            continue
        }
    else
        # as an upload that is under way, then under its name

        mkdir -p "$dir/tmp" "$dir/$folder"
        temp=$dir/tmp/moving-$new

        if ! s3 GET "$old" "$empty" -o "$temp" \
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
