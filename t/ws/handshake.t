#!/usr/bin/perl

# The opening handshake, RFC 6455 4.1 and 4.2: what is refused, with which
# status, and that nothing which comes with it gets lost.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Session qw(connect_text ping_text pong_text);
use Tidraw::Test;
use Tidraw::Util qw(free_port);

for my $tls (0, 1) {
    my $scheme = $tls ? 'https' : 'http';

    my $t = Tidraw::Test->new(tls => $tls, conf => {
        location => 'tidraw_public_url https://draw.example.org/boards;' });

    $t->start;

    my $cookie = $t->register('ann@example.org');
    my $room = $t->room($cookie);
    my $path = $t->path("connect/$room?sessionId=a");
    my $own = "$scheme://127.0.0.1:" . $t->port;

    # the status of a handshake that differs in some way, and the answer

    my $try = sub {
        my (%o) = @_;

        my $ws = $t->ws_raw;
        my $answer = $ws->handshake($path, cookie => $cookie, %o);

        return ($answer->{status}, $answer, $ws);
    };

    my $with = sub {
        my (%headers) = @_;

        return ($try->(headers => \%headers))[0];
    };

    my ($status, $answer, $ws) = $try->();

    is($status, 101, "$scheme: a handshake is accepted");
    ok($ws->accepted, 'with the right Sec-WebSocket-Accept');
    is(lc $answer->{headers}{upgrade}[0], 'websocket', 'Upgrade');
    is(lc $answer->{headers}{connection}[0], 'upgrade', 'Connection');
    ok(!$answer->{headers}{'sec-websocket-extensions'}
       && !$answer->{headers}{'sec-websocket-protocol'},
       'no extension, no subprotocol');

    is($with->('Sec-WebSocket-Extensions' => 'permessage-deflate',
               'Sec-WebSocket-Protocol' => 'chat'), 101,
       'those of the client are ignored');

    # 4.2.1

    is($with->(Upgrade => undef), 400, '4.2.1(3): no Upgrade');
    is($with->(Upgrade => 'h2c'), 400, '4.2.1(3): another Upgrade');
    is($with->(Upgrade => 'websockets'), 400, '4.2.1(3): a longer token');
    is($with->(Upgrade => 'WebSocket'), 101, '4.2.1(3): in any case');
    is($with->(Upgrade => 'h2c, websocket'), 101, '4.2.1(3): in a list');
    is($with->(Connection => undef), 400, '4.2.1(4): no Connection');
    is($with->(Connection => 'keep-alive'), 400,
       '4.2.1(4): another Connection');
    is($with->(Connection => 'keep-alive , upgrade'), 101,
       '4.2.1(4): in a list');
    is($with->(Connection => ['keep-alive', 'Upgrade']), 101,
       '4.2.1(4): in two lines');
    is($with->(Host => undef), 400, '4.2.1(2): no Host');

    is($with->('Sec-WebSocket-Key' => undef), 400, '4.2.1(5): no key');
    is($with->('Sec-WebSocket-Key' => 'AAAA'), 400, '4.2.1(5): a short key');
    is($with->('Sec-WebSocket-Key' => 'A' x 24), 400,
       '4.2.1(5): a key of 18 bytes');
    is($with->('Sec-WebSocket-Key' => '!!!!!!!!!!!!!!!!!!!!!!=='), 400,
       '4.2.1(5): a key that is not base64');
    is($with->('Sec-WebSocket-Key' => ['dGhlIHNhbXBsZSBub25jZQ=='] x 2), 400,
       '11.3.1: two keys');

    for my $version (undef, '12', '8', '013', '13, 8', '') {
        my ($status, $answer)
            = $try->(headers => { 'Sec-WebSocket-Version' => $version });

        is($status, 426, '4.4: version ' . ($version // 'missing'));
        is($answer->{headers}{'sec-websocket-version'}[0], '13',
           'the answer names the right one');
    }

    for my $method (qw(POST PUT DELETE)) {
        my ($status, $answer) = $try->(method => $method);

        is($status, 405, "4.2.1(1): $method");
        like($answer->{headers}{allow}[0], qr/\bGET\b/, 'Allow');
    }

    is(($try->(protocol => 'HTTP/1.0'))[0], 400, '4.2.1(1): HTTP/1.0');
    is($with->('Content-Length' => 5), 400, 'a request with a body');

    ($status, $answer) = $try->(headers => { Upgrade => undef });
    ok($answer->{json}{error}{code}, 'a refusal is told in JSON');

    # the same as in the RFC

    ($status, $answer) = $try->(headers => {
        'Sec-WebSocket-Key' => 'dGhlIHNhbXBsZSBub25jZQ==' });
    is($answer->{headers}{'sec-websocket-accept'}[0],
       's3pPLMBiTxaQ9kYGzzhZRbK+xOo=', '1.3: the example of the RFC');

    # pages of other sites

    is($with->(Origin => $own), 101, 'origin: the own');
    is($with->(Origin => uc $own), 101, 'origin: in capitals');
    is($with->(Origin => 'https://draw.example.org'), 101,
       'origin: the public one');
    is($with->(Origin => 'https://evil.example.org'), 403,
       'origin: another host');
    is($with->(Origin => 'http://draw.example.org'), 403,
       'origin: another scheme than the public one');
    is($with->(Origin => "$scheme://127.0.0.1"), 403, 'origin: another port');
    is($with->(Origin => "$own.evil.org"), 403, 'origin: a longer name');
    is($with->(Origin => 'null'), 403, 'origin: null');
    is($with->(Origin => ''), 403, 'origin: empty');
    is($with->(Origin => 'garbage'), 403, 'origin: no URL');
    is($with->('Sec-Fetch-Site' => 'same-origin'), 101,
       'Sec-Fetch-Site: same-origin');
    is($with->('Sec-Fetch-Site' => 'none'), 101, 'Sec-Fetch-Site: none');
    is($with->('Sec-Fetch-Site' => 'cross-site'), 403,
       'Sec-Fetch-Site: cross-site');
    is($with->('Sec-Fetch-Site' => 'same-site'), 403,
       'Sec-Fetch-Site: same-site');

    # frames that come with the handshake

    my $first = Tidraw::WS->frame(1, connect_text())
                . Tidraw::WS->frame(1, ping_text());

    ($status, undef, $ws) = $try->(pipeline => $first);
    is($ws->recv_json->{type}, 'connect', 'frames in the same write count');
    is($ws->recv, pong_text(), 'all of them');

    ($status, undef, $ws) = $try->(pipeline => substr $first, 0, 3);
    $ws->raw(substr $first, 3);
    is($ws->recv_json->{type}, 'connect', 'also when the first one is cut');

    ($status, undef, $ws) = $try->(
        pipeline => $first . Tidraw::WS->frame(1, ping_text(100000)));
    is($ws->recv_json->{type}, 'connect', 'or followed by a large one');
    is($ws->recv, pong_text(), 'which is answered');
    is($ws->recv, pong_text(), 'in its turn');

    $ws = $t->ws_raw;

    my $text = $ws->handshake_text($path, cookie => $cookie);

    $ws->raw($text . $first, 1, 10, length($text) - 1, length($text) + 1);
    is($ws->handshake_answer->{status}, 101, 'a handshake in many pieces');
    is($ws->recv_json->{type}, 'connect', 'and what follows it');

    # a connection that was used for plain requests before

    my $client = $t->client;
    $client->request('GET', '/healthz');
    my $used = bless { %$client, timeout => 10 }, 'Tidraw::WS';
    is($used->handshake($path, cookie => $cookie)->{status}, 101,
       'an upgrade after a plain request');
    $used->send_text(connect_text());
    is($used->recv_json->{type}, 'connect', 'works');
}


# HTTP/2 knows no upgrade; a request by hand: preface, settings, headers.

{
    my $port = free_port();
    my $t = Tidraw::Test->new(conf => {
        server => "listen 127.0.0.1:$port http2;" })->start;

    my $cookie = $t->register('ann@example.org');
    my $path = '/connect/' . $t->room($cookie);
    my $h2 = Tidraw::WS->new(port => $port);

    my $frame = sub {
        my ($type, $flags, $stream, $payload) = @_;

        return substr(pack('N', length $payload), 1)
               . pack('CCN', $type, $flags, $stream) . $payload;
    };

    my $headers = "\x82\x86" . pack('CC/a*', 0x04, $path)
                  . pack('CC/a*', 0x01, 'localhost')
                  . pack('CC/a*C/a*', 0x00, 'cookie', $cookie);

    $h2->raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . $frame->(4, 0, 0, '')
             . $frame->(1, 5, 1, $headers));

    my ($type, $block) = (0, '');

    while ($type != 1) {
        $h2->{deadline} = time() + 10;

        my ($high, $low, $got) = unpack 'CnC', $h2->bytes(9);

        $type = $got;
        $block = $h2->bytes($high << 16 | $low);
    }

    like($block, qr/^\x20?\x8c/, 'an upgrade over HTTP/2: 400');
}

done_testing();
