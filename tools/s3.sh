# For the scripts that stand beside it: settings from the environment, and an
# S3 store.  All requests of a batch go over one connection of curl; what it
# is to do, with the signatures, it reads from a pipe, so that no secret stands
# in a command line.


# The value of a variable, or the first line of the file it names.

setting() {
    eval "v=\${$1:-} f=\${$1_FILE:-}"

    if [ -z "$v" ] && [ -n "$f" ]; then
        v=$(head -n 1 -- "$f") && [ -r "$f" ] || exit 1
    fi

    printf '%s\n' "${v:-$2}"
}


# Which store it is; fails when a part of that is missing.

s3_settings() {
    bucket=$(setting S3_BUCKET '')
    region=$(setting S3_REGION us-east-1)
    endpoint=$(setting S3_ENDPOINT '')
    key=$(setting S3_ACCESS_KEY_ID '')
    secret=$(setting S3_SECRET_ACCESS_KEY '')
    prefix=$(setting S3_PREFIX '')
    ca=$(setting S3_CA '')

    if [ -z "$bucket" ] || [ -z "$key" ] || [ -z "$secret" ]; then
        echo "S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be" \
            "set" >&2
        return 2
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
}


# Does what the lines of stdin say, METHOD NAME FILE with tabs between them:
# GET into a file, PUT from a file, DELETE; LIST has a query for a name.  Tells
# for each one "STATUS NAME"; the status is 000 when there was no answer.

s3_batch() {
    base=$base prefix=$prefix key=$key secret=$secret ca=$ca region=$region \
        perl -MDigest::SHA=sha256_hex,hmac_sha256 -MPOSIX=strftime -e '
        my %e = %ENV;
        my $quote = sub { $_[0] =~ s/[\\"]/\\$&/gr };
        my $encode = sub {
            $_[0] =~ s{([^A-Za-z0-9._~/-])}{sprintf "%%%02X", ord $1}ger
        };
        my $next = "";

        while (<STDIN>) {
            chomp;

            my ($method, $name, $file) = split /\t/;
            my ($query, $sha) = ("", sha256_hex(""));
            my $url = "$e{base}/";

            if ($method eq "LIST") {
                $method = "GET";
                $query = $name;
                $name = "list";
            } else {
                $url .= $encode->("$e{prefix}$name");
            }

            if ($method eq "PUT") {
                my $body = eval { Digest::SHA->new(256)->addfile($file, "b") };
                if (!$body) { warn $@; next }
                $sha = $body->hexdigest;
            }

            my ($host, $path) = $url =~ m{^\w+://([^/]+)(/.*)$} or exit 1;

            $host =~ s/:443$// if $url =~ /^https/;
            $host =~ s/:80$// if $url =~ /^http:/;

            my $date = strftime("%Y%m%dT%H%M%SZ", gmtime);
            my $day = substr $date, 0, 8;
            my $names = "host;x-amz-content-sha256;x-amz-date";
            my $scope = "$day/$e{region}/s3/aws4_request";
            my $text = join "\n", $method, $path, $query, "host:" . lc $host,
                "x-amz-content-sha256:$sha", "x-amz-date:$date", "", $names,
                $sha;
            my $sign = join "\n", "AWS4-HMAC-SHA256", $date, $scope,
                sha256_hex($text);
            my $k = "AWS4$e{secret}";

            $k = hmac_sha256($_, $k) for $day, $e{region}, "s3",
                "aws4_request";

            $url .= "?$query" if length $query;

            my @to = ([ url => $url ],
                [ output => $method eq "GET" ? $file : "/dev/null" ],
                [ "write-out" => "%{http_code} $name\\n" ],
                map { [ header => $_ ] }
                "x-amz-content-sha256: $sha", "x-amz-date: $date",
                "Authorization: AWS4-HMAC-SHA256 Credential=$e{key}/$scope,"
                . "SignedHeaders=$names,Signature="
                . unpack("H*", hmac_sha256($sign, $k)));

            push @to, [ "upload-file" => $file ], [ header => "Expect:" ]
                if $method eq "PUT";
            push @to, [ request => $method ] if $method eq "DELETE";
            push @to, [ cacert => $e{ca} ] if length $e{ca};

            print $next, "fail\ngloboff\nconnect-timeout = 10\nretry = 2\n",
                "speed-limit = 1\nspeed-time = 60\n";
            for my $o (@to) {
                my $v = $quote->($o->[1]);
                $v =~ s/\\\\n$/\\n/ if $o->[0] eq "write-out";
                print "$o->[0] = \"$v\"\n";
            }
            $next = "next\n";
        }
    ' | curl -q -sS -K -
}


# One of them, quietly.

s3() {
    printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}" | s3_batch > /dev/null
}


# All objects whose names are those of files: "NAME SIZE SECONDS", the time
# when each was stored, in order.  $1: a file to use meanwhile.

s3_list() {
    token=
    : > "$1.all"

    while :; do
        printf 'LIST\t%s\t%s\n' "$(s3_query "$token")" "$1" | s3_batch \
            | grep -q '^200 ' || return 1

        # the token comes first

        prefix=$prefix perl -MTime::Local=timegm -0777 -ne '
            my $text = sub {
                my ($v) = $_[0] =~ m{<$_[1]>(.*?)</$_[1]>}s or return "";
                my %c = (lt => "<", gt => ">", amp => "&", quot => "\"",
                         apos => "\x27");
                $v =~ s{&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));}
                       {$1 ? chr hex $1 : $2 ? chr $2 : $c{$3}}ger;
            };

            m{<ListBucketResult} or exit 1;
            print $text->($_, "IsTruncated") eq "true"
                ? $text->($_, "NextContinuationToken") : "", "\n";

            while (m{<Contents>(.*?)</Contents>}sg) {
                my $o = $1;
                my ($name) = $text->($o, "Key")
                    =~ m{^\Q$ENV{prefix}\E(([0-9a-f]{2})/\2[0-9a-f]{62}
                         -[\w-]{22})$}x or next;
                my @t = $text->($o, "LastModified")
                    =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)/ or next;

                printf "%s %s %d\n", $name, $text->($o, "Size"),
                    timegm(@t[5, 4, 3, 2], $t[1] - 1, $t[0]);
            }' < "$1" > "$1.page" || return 1

        sed 1d "$1.page" >> "$1.all"
        token=$(head -n 1 "$1.page")
        [ -n "$token" ] || break
    done

    LC_ALL=C sort "$1.all"
    rm -f -- "$1" "$1.page" "$1.all"
}

s3_query() {
    perl -e '
        s{([^A-Za-z0-9._~-])}{sprintf "%%%02X", ord $1}ge for @ARGV;
        print length $ARGV[0] ? "continuation-token=$ARGV[0]&" : "",
            "list-type=2&max-keys=1000&prefix=$ARGV[1]"' -- "$1" "$prefix"
}
