#!/bin/sh

# Installs from Debian what is missing to run ("run"), to build the package
# ("deb") or to test ("test").
# Asks dpkg first: when everything is there it is silent, needs no rights and
# costs some milliseconds.

set -e

want="gcc libc6-dev make perl ca-certificates
      nginx nginx-dev libpq-dev libsodium-dev libsqlite3-dev
      libhiredis-dev libcurl4-openssl-dev libssl-dev zlib1g-dev"

node_ok() {
    command -v node > /dev/null && case $(node --version) in
        v1[89].* | v[2-9][0-9].* | v[1-9][0-9][0-9].*) true ;;
        *) false ;;
    esac
}

node_ok                    || want="$want nodejs"
command -v npm > /dev/null || want="$want npm"

case $1 in
    run)
        ;;
    deb)
        want="$want dpkg-dev debhelper fakeroot"
        ;;
    test)
        want="$want libio-socket-ssl-perl openssl postgresql sqlite3 dpkg-dev
              curl redis-server valgrind clang libclang-rt-dev
              libfuse3-dev e2fsprogs apache2-bin caddy haproxy"
        command -v chromium > /dev/null || want="$want chromium"
        [ -z "$LONG" ] || want="$want debhelper debootstrap lintian"
        ;;
    *)
        echo "usage: $0 run|deb|test" >&2
        exit 2
        ;;
esac

have=$(dpkg-query -W -f '${Package}:${db:Status-Status}\n' $want \
       2> /dev/null || true)

missing=
for p in $want; do
    case "
$have
" in
        *"
$p:installed
"*) ;;
        *) missing="$missing $p" ;;
    esac
done

if [ -z "$missing" ]; then
    exit 0
fi

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo > /dev/null; then
    as_root=sudo
else
    echo "These packages are missing, and installing them needs root:" >&2
    echo "    apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

echo "Installing from Debian:$missing"

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
ours=

finish() {
    rm -f "$log"
    [ -z "$ours" ] || $as_root rm -f $policy
}

trap finish EXIT
trap 'exit 130' INT TERM

# The packages of the servers would start them; ours are started by us, so
# that nothing appears on port 80 or 5432 behind the operator's back.

if [ ! -e $policy ]; then
    ours=1
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy > /dev/null
    $as_root chmod 755 $policy
fi

# Hundreds of packages would be thousands of lines: what comes and how far it
# is will do, unless something fails.

apt() {
    {
        $as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
            apt-get -q -y -o Dpkg::Use-Pty=0 "$@" < /dev/null 2>&1 \
            || echo "apt-get failed"
    } | tee "$log" | perl -ne '
        BEGIN { $| = 1; $tenth = 0 }

        $steps = 3 * ($1 + $2)
            if /^(\d+) upgraded, (\d+) newly installed, /;

        $steps *= 2 / 3 if /^Need to get 0 B/;

        print "    $_"
            if / newly installed, |^Need to get|^After this/;

        if ($steps && /^(?:Get:|Unpacking |Setting up )/
            && int(++$n * 10 / $steps) > $tenth)
        {
            $tenth = int($n * 10 / $steps);
            print "    ", $tenth * 10, " %\n";
        }'

    if [ "$(tail -n 1 "$log")" = "apt-get failed" ]; then
        tail -n 30 "$log" >&2
        exit 1
    fi
}

apt update
apt install --no-install-recommends $missing
