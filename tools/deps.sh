#!/bin/sh

# Installs from Debian what is missing to run ("run") or to test ("test").
# Asks dpkg first: when everything is there it is silent, needs no rights and
# costs some milliseconds.

set -e

want="gcc libc6-dev make ca-certificates
      nginx nginx-dev libpq-dev libsodium-dev libsqlite3-dev"

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
    test)
        want="$want perl libio-socket-ssl-perl openssl curl
              postgresql-15 redis-server sqlite3 libcmocka-dev
              valgrind clang libclang-rt-14-dev"
        command -v chromium > /dev/null || want="$want chromium"
        ;;
    *)
        echo "usage: $0 run|test" >&2
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
    echo "    apt-get install$missing" >&2
    exit 1
fi

echo "Installing:$missing"

# The packages of the servers would start them; ours are started by us, so
# that nothing appears on port 80 or 5432 behind the operator's back.

policy=/usr/sbin/policy-rc.d

if [ ! -e $policy ]; then
    trap '$as_root rm -f $policy' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy > /dev/null
    $as_root chmod 755 $policy
fi

$as_root apt-get -qq update
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y install --no-install-recommends $missing
