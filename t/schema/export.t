#!/bin/sh

# The exporter: what is committed, and apps with their own shapes.

exec node "$(dirname "$0")/export.mjs"
