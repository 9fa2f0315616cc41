#!/bin/sh

# Starts nginx in the container.  Beside what the module reads itself:
#
#   PORT             3000
#   WORKERS          1; a number, or auto for one a core
#   TRUSTED_PROXIES  addresses or networks, by blanks or commas, that may say
#                    in X-Forwarded-For where a request comes from
#   METRICS_FROM     addresses or networks, likewise, that may read /metrics
#   ACCESS_LOG       off; on: requests on stdout

set -e

wrong() {
    echo "tidraw: $1" >&2
    exit 1
}

# As root only to give the volume away.

if [ "$(id -u)" = 0 ]; then
    chown www-data:www-data /data
    exec setpriv --reuid=www-data --regid=www-data --init-groups \
        --inh-caps=-all --no-new-privs sh "$0"
fi

case ${PORT:=3000} in
    *[!0-9]*) wrong "PORT must be a number" ;;
esac

case ${WORKERS:=1} in
    auto) ;;
    *[!0-9]* | 0) wrong "WORKERS must be a number, or auto" ;;
esac

[ -w /data ] || wrong "/data cannot be written by user $(id -u): give the \
volume to it"

networks() {
    for network in $(echo "$2" | tr ',' ' '); do
        case $network in
            *[!0-9a-fA-F.:/]*) wrong "$1 must be addresses or networks such \
as 10.0.0.0/8" ;;
        esac

        echo "$network"
    done
}

run=/dev/shm/tidraw
rm -rf $run
mkdir -p $run

{
    echo "listen $PORT;"
    [ ! -s /proc/net/if_inet6 ] || echo "listen [::]:$PORT;"
} > $run/listen.conf

proxies=$(networks TRUSTED_PROXIES "$TRUSTED_PROXIES")
readers=$(networks METRICS_FROM "$METRICS_FROM")

{
    case ${ACCESS_LOG:-off} in
        off) echo "access_log off;" ;;
        on) echo "access_log /dev/stdout tidraw;" ;;
        *) wrong "ACCESS_LOG must be on or off" ;;
    esac

    for proxy in $proxies; do
        echo "set_real_ip_from $proxy;"
    done

    [ -z "$readers" ] || echo "tidraw_metrics" $readers ";"

    echo "real_ip_header X-Forwarded-For;"
    echo "real_ip_recursive on;"
} > $run/http.conf

if [ -z "$DATABASE_URL$DATABASE_URL_FILE" ]; then
    export DATABASE_URL=sqlite:/data/tidraw.db
fi

echo "$PORT" > $run/port

exec nginx -e stderr -c /etc/tidraw/nginx.conf \
    -g "daemon off; worker_processes $WORKERS;"
