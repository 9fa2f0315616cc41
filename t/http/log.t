#!/usr/bin/perl

# Tokens stand in addresses; no log may show them.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Test;
use Tidraw::Util qw(wait_for slurp);

my $t = Tidraw::Test->new(
    database => 'sqlite',
    conf => { server => 'access_log access.log;' },
)->start;

my $ann = $t->register('ann@example.org');
my $room = $t->room($ann, 'Plans');
my $token = $t->link($ann, $room, 'editor');
my $invite = 'i' x 43;

$t->http('GET', "api/rooms/$room?link=$token");
$t->http('GET', "board/$room?link=$token");
$t->http('GET', "api/invites/$invite");
$t->http('GET', "api/inv%69tes/$invite");
$t->http('GET', "invite/$invite");

my $ws = $t->ws("connect/$room?link=$token&sessionId=s");
$ws->send_text('{bad');
$ws->wait_close;

my $log = $t->dir . '/access.log';

ok(wait_for(sub { slurp($log) =~ m{GET /connect/$room HTTP} }, 10),
   'the upgrade is in the access log');
like(slurp($log), qr{GET /api/rooms/$room HTTP}, 'a call is');
like(slurp($log), qr{GET /api/invites/\.\.\. HTTP}, 'an invitation is');
unlike(slurp($log), qr/\Q$token\E/, 'not the token of the link');
unlike(slurp($log), qr/$invite/, 'not the token of the invitation');
unlike($t->error_log, qr/\Q$token\E/, 'nor in the error log');
like($t->error_log, qr/malformed message/, 'which has what the client did');

done_testing();
