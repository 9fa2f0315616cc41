#!/usr/bin/perl

# nginx with the module linked in, from the same config script, serves.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Test;

my $said = qx{JOBS=1 tools/static.sh 2>&1};

if ($? >> 8 == 77) {
    plan skip_all => "no sources of nginx: $said";
}

is($?, 0, 'nginx with the module builds statically') or diag($said);

my ($binary) = $said =~ m{^(/\S+/objs/nginx)$}m;

ok($binary && -x $binary, 'a binary') or do { done_testing(); exit 1 };

like(qx{$binary -V 2>&1}, qr/--add-module=/, 'made by --add-module');

{
    local $ENV{NGINX_BIN} = $binary;
    local $ENV{TIDRAW_ASAN};
    local $ENV{TIDRAW_VALGRIND};

    my $t = Tidraw::Test->new(static => 1)->start;

    is($t->http('GET', 'healthz')->{status}, 200, 'it answers');

    my $id = $t->room($t->register('ann@example.org'), 'Board');

    like($id, qr/^[\w-]{22}$/, 'and works: an account and a board');

    $t->finish;
}

done_testing();
