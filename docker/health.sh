#!/bin/bash

# Does Tidraw answer, whatever its database does?  Exit code 0 if so.

read -r port < /dev/shm/tidraw/port || exit 1

exec 3<> "/dev/tcp/127.0.0.1/$port" || exit 1
printf 'GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 3 _ status _ <&3

[ "$status" = 200 ]
