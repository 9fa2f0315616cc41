#!/usr/bin/perl

# What a client may make the server hold: frames, messages, answers.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Session qw(connect_text ping_text pong_text session);
use Tidraw::Test;
use Tidraw::Util qw(free_port slurp);

use constant { CONT => 0, TEXT => 1, PING => 9, PONG => 10 };

my $max = 1024 * 1024;
my $narrow = free_port();

# the second port has a small socket buffer, so that output waits soon

my $t = Tidraw::Test->new(conf => {
    server => "listen 127.0.0.1:$narrow sndbuf=16k;",
    location => 'tidraw_max_message 1m; tidraw_max_queue 256k;' })->start;

my $cookie = $t->register('ann@example.org');
my $room = $t->room($cookie);
my ($worker) = ($t->workers, $t->pid);

sub rss { return slurp("/proc/$worker/status") =~ /^VmRSS:\s+(\d+)/m && $1 }

sub narrow {
    my $ws = Tidraw::WS->new(port => $narrow, timeout => 30);

    $ws->handshake("/connect/$room?sessionId=" . rand, cookie => $cookie);
    $ws->send_text(connect_text());
    $ws->recv_json->{type} eq 'connect' or die 'no connect reply';

    return $ws;
}


# One frame, one message.

my $ws = session($t, $room, cookie => $cookie);

$ws->send_text(ping_text($max));
is($ws->recv, pong_text(), 'a frame of the limit');

$ws->send_frame(TEXT, substr(ping_text($max), 0, 700000), fin => 0);
$ws->send_frame(CONT, substr(ping_text($max), 700000));
is($ws->recv, pong_text(), 'fragments that reach it together');

$ws->raw($ws->frame(TEXT, '', length => $max + 1));
is_deeply($ws->wait_close, [1009, ''], 'one byte more, by its header alone');

for my $len (2 ** 31, 2 ** 32 - 1, 2 ** 32 + 5, 2 ** 62, ~0 >> 1) {
    $ws = session($t, $room, cookie => $cookie);
    $ws->raw($ws->frame(TEXT, '', lenbytes => 8, length => $len));
    is_deeply($ws->wait_close, [1009, ''], "a frame of $len bytes");
}

$ws = session($t, $room, cookie => $cookie);
$ws->send_frame(TEXT, 'a' x 600000, fin => 0);
$ws->raw($ws->frame(CONT, '', fin => 0, length => 600000));
is_deeply($ws->wait_close, [1009, ''], 'fragments that pass it together');


# Endless fragments.

$ws = session($t, $room, cookie => $cookie);

my $part = $ws->frame(CONT, 'a' x 10, fin => 0) x 1000;

$ws->send_frame(TEXT, 'a', fin => 0);

eval { $ws->raw($part) for 1 .. 120 };
is_deeply($ws->wait_close, [1009, ''], 'endless fragments end at the limit');

$ws = session($t, $room, cookie => $cookie);
$ws->send_frame(TEXT, ping_text(), fin => 0);
$ws->raw($ws->frame(CONT, '', fin => 0) x 100000);
$ws->send_frame(CONT, '');
is($ws->recv, pong_text(), 'empty fragments cost nothing');


# A declared length is no reason to take memory.

my $before = rss();
my @idle = map { session($t, $room, cookie => $cookie) } 1 .. 60;
my $idle = rss();

$_->raw(substr $_->frame(TEXT, 'a' x 100, length => $max), 0, 50) for @idle;
$_->send_frame(PING, 'there?') for @{[ $ws ]};
$ws->recv_frame;

cmp_ok(rss() - $idle, '<', 60 * 256,
       'announced megabytes are not taken before they come');

undef @idle;


# Pings without an end, while nobody reads the answers.

$ws = narrow();
$before = rss();

for my $k (1 .. 200) {
    $ws->raw(join '', map { $ws->frame(PING, "$k.$_" . 'x' x 100,
                                       mask => 'abcd') } 1 .. 100);
}

my ($n, $last) = (0, '');

while ($last !~ /^200\.100x/) {
    my $f = $ws->recv_frame or last;
    $last = $f->{payload};
    $n++;
}

like($last, qr/^200\.100x/, 'the newest ping is answered in the end');
cmp_ok($n, '<', 20000, "older ones are left out ($n of 20000)");
cmp_ok(rss() - $before, '<', 16384, 'nothing piles up');
$ws->send_text(ping_text());
is($ws->recv, pong_text(), 'and the session goes on');


# Messages for somebody who does not read.

$ws = narrow();

my $other = session($t, $room, cookie => $cookie);
my $pings = $ws->frame(TEXT, ping_text(), mask => 'abcd') x 1000;

eval { $ws->raw($pings) for 1 .. 60 };

1 while defined $ws->recv;

is_deeply($ws->{close}, [1013, ''], 'who does not read is sent away: 1013');
$other->send_text(ping_text());
is($other->recv, pong_text(), 'others notice nothing');
like($t->error_log, qr/\[info\].*event=slow_reader/, 'the log tells');

done_testing();
