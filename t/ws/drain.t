#!/usr/bin/perl

# Reload and quit with open connections: all are told, none is cut, the old
# workers go, and the log stays free of alerts (the library looks).

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use lib 't/lib';
use Tidraw::Session qw(ping_text pong_text session);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

use constant { TEXT => 1, CLOSE => 8 };

# valgrind runs a single process, which cannot reload

my @ways = $ENV{TIDRAW_VALGRIND} ? ('quit') : ('reload', 'quit');

for my $tls (0, 1) {
    my $scheme = $tls ? 'https' : 'http';
    my $t = Tidraw::Test->new(tls => $tls)->start;
    my $cookie = $t->register('ann@example.org');
    my $room = $t->room($cookie);

    for my $how (@ways) {
        my @old = $t->workers;
        my @all;

        # who is silent for 20 s is closed

        for my $n (1 .. 60) {
            push @all, session($t, $room, cookie => $cookie);

            next if $n % 20;

            $_->send_text(ping_text()) for @all;
            $_->recv for @all;
        }

        # in the middle of something

        $all[1]->raw(substr $all[1]->frame(TEXT, ping_text(1000)), 0, 50);
        $all[2]->send_frame(TEXT, '{"type":', fin => 0);

        # one that never answers, one that was about to go

        my $mute = $all[3];
        $all[4]->send_text('{garbage');

        # all that was read once this is answered

        $all[5]->send_text(ping_text());
        is($all[5]->recv, pong_text(), "$scheme, $how: all was said");

        my $start = time();

        if ($how eq 'reload') {
            $t->reload;

        } else {
            kill 'QUIT', $t->pid;
        }

        my %codes;

        for my $ws (@all) {
            my $close = $ws->wait_close;

            $codes{"@$close"}++;

            next if $ws == $mute;

            eval { $ws->send_frame(CLOSE, pack 'n', $close->[0]) };
            $ws->close;
        }

        is_deeply(\%codes, { '1012 restart' => 59, '4099 UNKNOWN_ERROR' => 1 },
                  "$scheme, $how: everyone hears why");
        cmp_ok(time() - $start, '<', 8, 'within seconds');

        ok(wait_for(sub { !grep { kill 0, $_ } @old }, 10),
           'the old workers are gone');

        last if $how eq 'quit';

        my $ws = session($t, $room, cookie => $cookie);

        $ws->send_text(ping_text());
        is($ws->recv, pong_text(), 'the new ones serve');
        $ws->finish;
    }

    unlike($t->error_log, qr/open socket|aborting/, 'no socket is left');
}

done_testing();
