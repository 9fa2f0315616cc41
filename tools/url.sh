# For the scripts that stand beside it: takes the password out of the
# PostgreSQL URL in $url and leaves it in PGPASSWORD, for whoever may see the
# list of processes shall not see it.

hide_password() {
    rest=${url#*://}
    auth=${rest%%[/?]*}

    case $auth in
        *:*@*)
            auth=${auth%@*}
            url="${url%%://*}://${auth%%:*}@${rest#"$auth"@}"
            PGPASSWORD=$(decoded "${auth#*:}")
            export PGPASSWORD ;;
    esac

    case $url in
        *\?password=* | *\?*\&password=*)
            rest=${url#*[?&]password=}
            url=${url%%[?&]password=*}${url##*[?&]password="${rest%%&*}"}
            PGPASSWORD=$(decoded "${rest%%&*}")
            export PGPASSWORD

            case $url in
                *\?*) ;;
                *\&*) url=${url%%&*}?${url#*&} ;;
            esac ;;
    esac
}


# Without what percent signs stand for.

decoded() {
    printf '%s\n' "$1" | LC_ALL=C awk '
        {
            while (match($0, /%[0-9A-Fa-f][0-9A-Fa-f]/)) {
                x = tolower(substr($0, RSTART + 1, 2))
                printf "%s%c", substr($0, 1, RSTART - 1),
                    (index(d, substr(x, 1, 1)) - 1) * 16 \
                    + index(d, substr(x, 2)) - 1
                $0 = substr($0, RSTART + 3)
            }
            printf "%s", $0
        }' d=0123456789abcdef -
}
