#!/usr/bin/perl

# Builds and runs every t/unit/test_*.c; one result per program, with the
# program's failed checks and everything it wrote on stderr as diagnostics.
# UNIT_BUILD names another build folder than build/unit.

###############################################################################

use warnings;
use strict;

use Test::More;
use File::Basename qw/ basename dirname /;
use File::Spec;

###############################################################################

chdir dirname(File::Spec->rel2abs(__FILE__)) or die "chdir: $!";

my $build = $ENV{UNIT_BUILD} || '../../build/unit';

# one at a time, both tests build the same library

my $make = "mkdir -p '$build' && flock '$build' make -s 'BUILD=$build'";

my @tests = map { basename($_, '.c') } sort glob('test_*.c');

plan tests => scalar @tests;

foreach my $test (@tests) {
    my $log = `$make '$build/$test' 2>&1`;

    if ($? != 0) {
        fail("$test builds");
        diag($log);
        next;
    }

    my $out = `'$build/$test' 2>&1`;
    my $status = $?;

    my ($plan) = $out =~ /^1\.\.(\d+)$/m;
    my $passed = () = $out =~ /^ok \d+/mg;

    my $good = $status == 0 && defined $plan && $plan == $passed;

    ok($good, "$test: $passed of " . ($plan // 'an unknown number of')
        . ' checks pass');

    if (!$good) {
        diag("exit status " . ($status >> 8) . ", signal " . ($status & 127));
        diag($_) for grep { !/^(?:ok \d+|1\.\.\d+$)/ } split /\n/, $out;
    }
}

###############################################################################
