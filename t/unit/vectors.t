#!/usr/bin/perl

# Applies and computes patches as the published packages of protocol 7 and 8
# do: vectors/generate.mjs asks them, check_vectors compares.
# VECTOR_SEED chooses other vectors, UNIT_BUILD another build folder.

###############################################################################

use warnings;
use strict;

use Test::More tests => 3;
use File::Basename qw/ dirname /;
use File::Spec;

###############################################################################

chdir dirname(File::Spec->rel2abs(__FILE__)) or die "chdir: $!";

my $build = $ENV{UNIT_BUILD} || '../../build/unit';

# one at a time, both tests build the same library

my $make = "mkdir -p '$build' && flock '$build' make -s 'BUILD=$build'";

my $seed = $ENV{VECTOR_SEED} || 1;

my $log = `$make '$build/check_vectors' 2>&1`;
is($?, 0, 'the checker builds') or diag($log);

my $lock = 'vectors/node_modules/.package-lock.json';
$log = '';

if (! -e $lock || -M $lock > -M 'vectors/package-lock.json') {
    $log = `cd vectors && npm ci --ignore-scripts --no-audit --no-fund 2>&1`;
}

ok(-e $lock, 'the published packages are installed') or diag($log);

$log = `node vectors/generate.mjs $seed 5000 | '$build/check_vectors' 2>&1`;

my ($checked, $differing) = $log =~ /^checked (\d+) differing (\d+)$/m;

ok($? == 0 && defined $checked && $checked >= 20000 && $differing == 0,
    ($checked // 0) . " vectors agree with the packages (seed $seed)")
    or diag(map { substr($_, 0, 400) . "\n" } split /\n/, $log);

###############################################################################
