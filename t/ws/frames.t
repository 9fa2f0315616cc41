#!/usr/bin/perl

# Frames on a connected session, RFC 6455 by its section numbers, over http
# and https: what is understood, and the close code for what is not.  A ping
# of the sync protocol serves as echo.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Session qw(ping_text pong_text session);
use Tidraw::Test;

use constant { CONT => 0, TEXT => 1, BINARY => 2,
               CLOSE => 8, PING => 9, PONG => 10 };

for my $tls (0, 1) {
    my $t = Tidraw::Test->new(tls => $tls)->start;
    my $cookie = $t->register('ann@example.org');
    my $room = $t->room($cookie);
    my $scheme = $tls ? 'https' : 'http';

    my $session = sub { session($t, $room, cookie => $cookie) };

    # what is right; all on one connection

    my $ws = $session->();

    for my $len (64, 125, 126, 127, 4096, 65535, 65536, 262144, 700000) {
        $ws->send_text(ping_text($len));
        is($ws->recv, pong_text(), "$scheme: 5.2: a message of $len bytes");
    }

    $ws->send_frame(BINARY, ping_text());
    is($ws->recv, pong_text(), '5.6: binary counts as text');

    my $text = ping_text(300, "gr\xc3\xbc\xc3\x9fe \xe2\x82\xac "
                              . "\xf0\x9f\x98\x80");

    $ws->send_text($text);
    is($ws->recv, pong_text(), '8.1: UTF-8');

    $ws->send_frame(TEXT, $text, mask => pack 'N', 0);
    is($ws->recv, pong_text(), '5.3: a mask of zeros');

    # fragments, cut at every byte at the front, control frames in between

    $ws->send_frame(TEXT, '', fin => 0);
    $ws->send_frame(CONT, substr($text, $_, 1), fin => 0)
        for 0 .. length($text) - 1;
    $ws->send_frame(CONT, '');
    is($ws->recv, pong_text(), '5.4: a fragment for each byte');

    $ws->send_frame(TEXT, substr($text, 0, 20), fin => 0);
    $ws->send_frame(PING, 'one');
    $ws->send_frame(CONT, substr($text, 20, 2), fin => 0);
    $ws->send_frame(PONG, 'nobody asked');
    $ws->send_frame(CONT, '', fin => 0);
    $ws->send_frame(PING, '');
    $ws->send_frame(CONT, substr($text, 22));

    my @got = map { $ws->recv_frame } 1 .. 3;

    is_deeply([map { [$_->{opcode}, $_->{payload}] } @got],
              [[PONG, 'one'], [PONG, ''], [TEXT, pong_text()]],
              '5.4, 5.5.2: control frames between fragments');
    is(join('', map { "$_->{fin}$_->{rsv}" . ($_->{masked} ? 1 : 0) } @got),
       '100' x 3, '5.1: what the server sends is whole and not masked');

    my $long = join '', map { chr($_ % 256) } 1 .. 125;

    $ws->send_frame(PING, $long);
    is($ws->recv_frame->{payload}, $long, '5.5.2: a ping of 125 bytes');

    # the way bytes arrive does not matter

    my $bytes = $ws->frame(TEXT, $text, fin => 0)
                . $ws->frame(PING, 'slow') . $ws->frame(CONT, '');

    $ws->raw($bytes, 1 .. 40, length($bytes) - 20 .. length($bytes) - 1);
    is($ws->recv_frame->{payload}, 'slow', 'byte by byte: a ping');
    is($ws->recv, pong_text(), 'byte by byte: a message');

    $ws->raw($ws->frame(TEXT, ping_text()) x 500);
    is(scalar(grep { $ws->recv eq pong_text() } 1 .. 500), 500,
       '500 messages in one write');

    $ws->raw(join('', map { $ws->frame(PING, "$_") } 1 .. 300)
             . $ws->frame(TEXT, ping_text(200000))
             . $ws->frame(TEXT, ping_text()));
    is_deeply([map { $ws->recv_frame->{payload} } 1 .. 302],
              [1 .. 300, pong_text(), pong_text()],
              'pings and messages of all sizes keep their order');

    is_deeply($ws->finish(1000, 'done'), [1000, ''], '5.5.1: a clean close');

    # what is wrong: the code of the close frame

    my @wrong = (
        ['5.1: not masked', 1002, [TEXT, ping_text(), mask => undef]],
        ['5.1: a ping that is not masked', 1002, [PING, '', mask => undef]],
        ['5.2: RSV1', 1002, [TEXT, '{}', rsv => 4]],
        ['5.2: RSV2', 1002, [TEXT, '{}', rsv => 2]],
        ['5.2: RSV3', 1002, [PING, '', rsv => 1]],
        (map { ["5.2: opcode $_", 1002, [$_, '']] } 3 .. 7, 11 .. 15),
        ['5.2: 16 bits of length for 5', 1002, [TEXT, 'aaaaa', lenbytes => 2]],
        ['5.2: 64 bits of length for 200', 1002,
         [TEXT, 'a' x 200, lenbytes => 8]],
        ['5.2: the top bit of 64', 1002,
         [TEXT, '', lenbytes => 8, length => 1 << 63]],
        ['5.4: a continuation of nothing', 1002, [CONT, 'a']],
        ['5.4: a message in a message', 1002, [TEXT, 'a', fin => 0],
         [TEXT, 'b']],
        ['5.4: binary in a text', 1002, [TEXT, 'a', fin => 0],
         [BINARY, 'b', fin => 0]],
        ['5.5: a ping of 126 bytes', 1002, [PING, 'a' x 126]],
        ['5.5: a ping with 16 bits of length', 1002,
         [PING, 'a', lenbytes => 2]],
        ['5.5: a fragmented ping', 1002, [PING, 'a', fin => 0]],
        ['5.5: a fragmented close', 1002,
         [CLOSE, pack('n', 1000), fin => 0]],
        ['5.5.1: a close of one byte', 1002, [CLOSE, 'a']],
        ['8.1: a byte that is none', 1007, [TEXT, "{\"a\":\"\xff\"}"]],
        ['8.1: a surrogate', 1007, [TEXT, "{\"a\":\"\xed\xa0\x80\"}"]],
        ['8.1: an overlong character', 1007, [TEXT, "\xc0\xaf"]],
        ['8.1: beyond U+10FFFF', 1007, [TEXT, "\xf4\x90\x80\x80"]],
        ['8.1: a character cut by the end', 1007, [TEXT, "\xe2\x82"]],
        ['8.1: a character cut by the last fragment', 1007,
         [TEXT, "\xe2", fin => 0], [CONT, '', fin => 0], [CONT, "\x82"]],
        ['8.1: known before the message ends', 1007,
         [TEXT, "\xff", fin => 0]],
        ['8.1: also in binary', 1007, [BINARY, "\xff"]],
        ['8.1: in the reason of a close', 1007,
         [CLOSE, pack('n', 1000) . "\xff"]],
    );

    for my $case (@wrong) {
        my ($name, $code, @frames) = @$case;

        $ws = $session->();

        $ws->raw(join '', map { $ws->frame(@$_) } @frames);
        is_deeply($ws->wait_close, [$code, ''], $name);
        is($ws->recv_frame, undef, 'and the stream ends');
    }

    # 7.4: codes of the peer's close frame, and what comes back

    my %answer = map { $_ => $_ } 1000 .. 1003, 1007 .. 1014, 3000, 3999,
                                  4000, 4099, 4999;

    for my $code (0, 1, 999, 1000 .. 1016, 1100, 2000, 2999, 3000, 3999, 4000,
                  4099, 4999, 5000, 65535)
    {
        my $want = $answer{$code} || 1002;

        $ws = $session->();
        $ws->send_frame(CLOSE, pack('n', $code) . 'reason');
        is_deeply($ws->wait_close, [$want, ''], "7.4: code $code: $want");
        is($ws->recv_frame, undef, 'and the stream ends');
    }

    $ws = $session->();
    $ws->send_frame(CLOSE, '');
    is_deeply($ws->wait_close, [1005, ''],
              '5.5.1: a close without a code is answered by the same');

    $ws = $session->();
    $ws->raw($ws->frame(CLOSE, pack 'n', 1000)
             . $ws->frame(TEXT, ping_text()) . "\xff\xff\xff");
    is_deeply($ws->wait_close, [1000, ''],
              '5.5.1: nothing counts after a close');

    $ws = $session->();
    $ws->send_frame(TEXT, '{"type":', fin => 0);
    $ws->send_frame(CLOSE, pack 'n', 1001);
    is_deeply($ws->wait_close, [1001, ''], '5.4: a close between fragments');
}

done_testing();
