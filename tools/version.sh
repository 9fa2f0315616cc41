#!/bin/sh

# The version of Tidraw, which stands in src/ngx_tidraw.h and nowhere else.

sed -n 's/^#define NGX_TIDRAW_VERSION *"\(.*\)"/\1/p' \
    "$(dirname "$0")/../src/ngx_tidraw.h"
