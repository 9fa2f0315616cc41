#!/usr/bin/env node

// convergence.t through three hosts that share a PostgreSQL and a Redis, each
// client on the next of them.  Its variables hold here, too.

process.env.HOSTS ??= '3'
process.env.SEEDS ??= '3'

require('./convergence.t')
