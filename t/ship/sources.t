#!/usr/bin/perl

# Newer nginx than this Debian's, built from its sources with the module in
# it: as far as Debian has them, which is where nginx.org's stable releases
# come from here.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Ship qw(draw);
use Tidraw::Test;

plan skip_all => 'the long form only (LONG=1, make test-ship)' if !$ENV{LONG};

for my $suite (qw(trixie sid)) {
    my $said = qx{tools/static.sh $suite 2>&1};

    SKIP: {
        skip "no sources of nginx in $suite: $said", 1 if $? >> 8 == 77;

        is($?, 0, "nginx of $suite builds with the module") or diag($said);

        my ($binary) = $said =~ m{^(/\S+/objs/nginx)$}m or next;
        my ($version) = qx{$binary -v 2>&1} =~ m{nginx/([\d.]+)};

        local $ENV{NGINX_BIN} = $binary;
        local $ENV{TIDRAW_ASAN};

        my $t = Tidraw::Test->new(static => 1)->start;
        my $url = "http://127.0.0.1:" . $t->port . '/';
        my $draw = draw($url, 'ann@example.org');

        $t->restart;

        my $seen = $draw->finish;

        cmp_ok($seen->{shapes} // 0, '>', 5,
               "nginx $version: two people drew, across a restart");
        is_deeply($seen->{faults}, [], 'and saw nothing strange');
        $t->finish;
    }
}

done_testing();
