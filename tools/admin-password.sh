#!/bin/sh

# A link to set a new password, without mail: for the administrator who lost
# his own.  Whoever may write to the database may use it.
#
#   tools/admin-password.sh [E-MAIL]
#
# Without an address: the oldest active administrator.  The database is that
# of DATABASE_URL, or data/tidraw.db; "sqlite3" or "psql" must be installed.
# PUBLIC_URL is put before the link.  It works once, for an hour.

set -e

. "$(dirname "$0")/url.sh"

url=${DATABASE_URL:-sqlite:${DATA:-data}/tidraw.db}
email=$(printf %s "$1" | tr 'A-Z' 'a-z')
hide_password
base=${PUBLIC_URL:-http://localhost:${PORT:-3000}/}

case $email in
    *[!a-z0-9@.!#$%\&*+/=?^_\`{\|}~-]*)
        echo "this is no e-mail address" >&2
        exit 2 ;;
esac

sql() {
    case $url in
        sqlite:*)
            [ -f "${url#sqlite:}" ] || {
                echo "there is no database ${url#sqlite:}" >&2
                exit 1
            }
            printf '.timeout 10000\n%s\n' "$1" \
                | sqlite3 -batch -bail "${url#sqlite:}" ;;
        *)
            printf '%s\n' "$1" | psql -qAtX -v ON_ERROR_STOP=1 "$url" ;;
    esac
}

if [ -n "$email" ]; then
    who="email = '$email' AND disabled = 0"
else
    who="role = 'admin' AND disabled = 0"
fi

found=$(sql "SELECT email FROM users WHERE id = (SELECT id FROM users
             WHERE $who ORDER BY created_at LIMIT 1);")

if [ -z "$found" ]; then
    echo "there is no such account" >&2
    exit 1
fi

token=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')
hash=$(printf %s "$token" | b2sum -l 256 | cut -d' ' -f1)
now=$(($(date +%s) * 1000))

sql "INSERT INTO resets (token_hash, user_id, created_at, expires_at)
     SELECT '$hash', id, $now, $((now + 3600000)) FROM users
     WHERE $who ORDER BY created_at LIMIT 1;"

echo "for $found, once, within an hour: ${base%/}/reset/$token"
