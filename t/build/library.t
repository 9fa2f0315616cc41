#!/usr/bin/perl

# The library of the tests itself, against nginx without the module.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Pg;
use Tidraw::Test;
use Tidraw::Util qw(members);

my $t = Tidraw::Test->new(module => 0, workers => 2, conf => {
    server => 'location /echo { add_header X-A $http_x_a;
                                return 201 $request_method; }' })->start;

my $r = $t->http('GET', '/');

is($r->{status}, 200, 'an answer');
is($r->{body}, "plain\n", 'its body');

$r = $t->http('PUT', 'echo', headers => ['X-A' => 'b c'], json => { a => 1 });

is("$r->{status} $r->{body} $r->{headers}{'x-a'}[0]", '201 PUT b c',
   'method, headers and a body on the same connection');

is(scalar(() = $t->workers), 2, 'two workers');

my %before = map { $_ => 1 } $t->workers;

$t->reload;
ok((grep { !$before{$_} } $t->workers) >= 2, 'a reload brings new workers');
is($t->http('GET', '/')->{status}, 200, 'and the answer goes on');

my ($dir, $group) = ($t->dir, $t->pid);

$t->kill9;
is(scalar(() = members($group)), 0, 'kill9 ends every process');

$t->start;
is($t->http('GET', '/')->{status}, 200, 'start after kill9, on its port');

$group = $t->pid;
undef $t;
ok(!-e $dir, 'the folder goes with the object');
is(scalar(() = members($group)), 0, 'and so do the processes');

$t = Tidraw::Test->new(module => 0, tls => 1)->start;
is($t->http('GET', '/')->{status}, 200, 'over TLS');
$t->quit;
undef $t;

# a frame as RFC 6455, 5.7 shows it

is(unpack('H*', Tidraw::WS->frame(1, 'Hello', mask => pack('H*', '37fa213d'))),
   '818537fa213d7f9f4d5158', 'a masked frame');
is(unpack('H*', Tidraw::WS->frame(0, 'lo', mask => undef)), '80026c6f',
   'a frame without mask');
is(unpack('H4', Tidraw::WS->frame(2, 'x' x 256)), '82fe', '16-bit length');

my $pg = Tidraw::Pg->new->start;
my $db = $pg->createdb;

is_deeply([$pg->sql($db, "CREATE TABLE a (x text, y int); INSERT INTO a"
                         . " VALUES ('a b', 1), (NULL, 2);"
                         . ' SELECT * FROM a ORDER BY y')],
          [['a b', 1], [undef, 2]], 'rows of PostgreSQL');

$pg->kill9;
$pg->start;
is(scalar(() = $pg->sql($db, 'SELECT x FROM a')), 2, 'after its crash');

my $bad = Tidraw::Test->new(module => 0, conf => { http => 'nonsense;' });
my ($ok, $said) = $bad->check;

ok(!$ok, 'nginx -t refuses nonsense');
like($said, qr/unknown directive "nonsense"/, 'and says what');

done_testing();
