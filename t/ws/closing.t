#!/usr/bin/perl

# The ends of a connection: who closes, who answers, who is just gone; and
# that none is left over.

use strict;
use warnings;

use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(time);
use lib 't/lib';
use Tidraw::Session qw(connect_text ping_text pong_text session);
use Tidraw::Test;
use Tidraw::Util qw(free_port wait_for);

use constant { TEXT => 1, CLOSE => 8, PING => 9 };

for my $tls (0, 1) {
    my $narrow = free_port();
    my $ssl = $tls ? ' ssl' : '';
    my $scheme = $tls ? 'https' : 'http';

    my $t = Tidraw::Test->new(tls => $tls, conf => {
        server => "listen 127.0.0.1:$narrow sndbuf=16k$ssl;" })->start;

    my $cookie = $t->register('ann@example.org');
    my $room = $t->room($cookie);
    my ($worker) = ($t->workers, $t->pid);

    # one that stays: who is silent for 20 s is closed

    undef $t->{client};

    my $first = session($t, $room, cookie => $cookie);
    my $alive = sub {
        $first->send_text(ping_text());
        return ($first->recv // '') eq pong_text();
    };

    my $session = sub {
        $alive->();
        return session($t, $room, cookie => $cookie);
    };

    my $sockets = sub {
        scalar grep { (readlink($_) // '') =~ /^socket/ }
               glob "/proc/$worker/fd/*";
    };

    my $before = $sockets->();

    # the server closes: a message that is no JSON

    my $ws = $session->();

    $ws->send_text('{garbage');
    is_deeply($ws->wait_close, [4099, 'UNKNOWN_ERROR'],
              "$scheme: 4099 and a reason for garbage");

    my $start = time();

    $ws->send_frame(CLOSE, pack 'n', 4099);
    is($ws->recv_frame, undef, 'the stream ends');
    cmp_ok(time() - $start, '<', 1.5, 'with our answer');

    $ws = $session->();
    $start = time();
    $ws->send_text('{garbage');
    $ws->wait_close;
    is($ws->recv_frame, undef, 'without an answer it ends, too');
    cmp_ok(time() - $start, '>', 1, 'but there was time for one');

    $ws = $session->();
    $ws->raw($ws->frame(TEXT, '{garbage') . $ws->frame(TEXT, ping_text())
             . $ws->frame(PING, 'x'));
    is_deeply($ws->wait_close, [4099, 'UNKNOWN_ERROR'],
              'nothing is answered after the close frame');
    $ws->send_text(ping_text(100000));
    $ws->send_frame(PING, 'x');
    $start = time();
    $ws->send_frame(CLOSE, pack 'n', 4099);
    is($ws->recv_frame, undef, 'nor what comes before its answer');
    cmp_ok(time() - $start, '<', 1.5, 'which is understood');

    # after an error the peer may go on sending; the code still arrives

    $ws = $session->();
    eval { $ws->raw($ws->frame(3, '') . 'x' x 300000) };
    is_deeply($ws->wait_close, [1002, ''], 'the code arrives before a reset');

    # the client is gone without a word

    $ws = $session->();
    $ws->close;

    $ws = $session->();
    setsockopt($ws->{socket}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0);
    $ws->close;

    $ws = $session->();
    $ws->raw(substr $ws->frame(TEXT, ping_text(5000)), 0, 700);
    $ws->close;

    if (!$tls) {
        $ws = $session->();
        shutdown($ws->{socket}, 1);
        is($ws->recv_frame, undef, 'half a close is a whole one');
    }

    # the client closes while its answers wait

    for my $read (1, 0) {
        $ws = Tidraw::WS->new(port => $narrow, tls => $tls, timeout => 15);

        $ws->handshake("/connect/$room?sessionId=a", cookie => $cookie);
        $ws->send_text(connect_text());
        $ws->recv;

        $ws->raw($ws->frame(TEXT, ping_text()) x 20000);
        $ws->send_frame(CLOSE, pack 'n', 1000);

        if ($read) {
            is_deeply($ws->wait_close, [1000, ''],
                      'a close is answered before what waits');
            is($ws->recv_frame, undef, 'and the stream ends');
        }
    }

    ok($ws->{socket} && wait_for(sub {
        $alive->();
        $sockets->() <= $before;
    }, 15), 'no connection is left, not even of who does not read');
    ok($alive->(), 'and the others are still there');
}

done_testing();
