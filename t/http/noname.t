#!/usr/bin/perl

# "if" and "limit_except" inside of a location that says "tidraw on".

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Test;

my $t = Tidraw::Test->new(conf => { location =>
    'if ($arg_x) { set $y 1; } if ($arg_no) { return 410; }'
    . ' limit_except GET POST { deny all; }' })->start;

my $ann = $t->register('ann@example.org');

is($t->http('GET', '/api/me', cookie => $ann)->{status}, 200, 'as ever');
is($t->http('GET', '/api/me?x=1', cookie => $ann)->{status}, 200,
   'where an "if" is true');
is($t->http('GET', '/api/me?no=1')->{status}, 410, 'and where it says so');
is($t->http('POST', '/api/rooms?x=1', cookie => $ann,
            json => { name => 'N' })->{status}, 201, 'a body, too');
is($t->http('DELETE', '/api/me/sessions', cookie => $ann)->{status}, 403,
   '"limit_except" denies');

$t->finish;

my $all = Tidraw::Test->new(conf => { location =>
    'limit_except GET { allow all; }' })->start;

like($all->register('bob@example.org'), qr/=/, 'and allows');

$all->finish;
done_testing();
