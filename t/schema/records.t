#!/bin/sh

# The record checks of the server against those of the clients: judge.mjs.

exec node "$(dirname "$0")/judge.mjs"
