#!/usr/bin/perl

# Tokens stand in addresses; no log may show them.  Lines of the error log have
# one form.

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
like($t->error_log, qr/event=message_refused\ room=$room\ user=\S+
                       \ request=\w{32}\ error="malformed\ message"/x,
     'which has what the client did');

my $r = $t->http('GET', 'api/rooms/none', cookie => $ann);
my $id = $r->{headers}{'x-request-id'}[0];

ok(wait_for(sub {
    $t->error_log =~ /event=call_refused status=404 code=not_found request=$id/
}, 10), 'a refusal has its request');

my $value = qr/[\w.:\/@+,%-]+|"(?:[^"\\[:cntrl:]]|\\["\\]|\\x[0-9a-f]{2})*"/;
my $pairs = qr/event=[a-z_]+(?: [a-z]+=(?:$value))*/;
my @odd = grep { !/tidraw: $pairs(?:, | while |$)/ }
          grep { /tidraw: / } split /\n/, $t->error_log;

is_deeply(\@odd, [], 'all lines are pairs of a key and a value');

done_testing();
