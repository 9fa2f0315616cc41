#!/usr/bin/perl

# A reload in the middle of calls that wait for a thread or the database: each
# one is answered by the worker that has it.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(done_with each_database);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

my $password = 'correct horse battery staple';

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');

    for my $round (1 .. 3) {
        my @old = $t->workers;
        my @clients = map { $t->client(timeout => 30) } 1 .. 16;

        $_->{socket} = Tidraw::HTTP::dial($_) for @clients;

        for my $i (0 .. $#clients) {
            my $body = $Tidraw::HTTP::json->encode({ name => 'N', password =>
                $password, email => "n$round-$i\@example.org" });

            $clients[$i]->write("POST /api/auth/register HTTP/1.1\r\n"
                . "Host: localhost\r\nContent-Type: application/json\r\n"
                . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
        }

        # one that is answered shows that the others are under way

        $clients[0]{deadline} = time() + 30;
        is($clients[0]->answer('POST')->{status}, 201, 'the first is there');

        $t->reload;

        my %count;

        for my $c (@clients[1 .. $#clients]) {
            $c->{deadline} = time() + 30;
            $count{eval { $c->answer('POST')->{status} } // 'none'}++;
        }

        is_deeply(\%count, { 201 => 15 }, "round $round: all are answered")
            or diag(explain(\%count));

        $_->close for @clients;

        ok(wait_for(sub {
            my %now = map { $_ => 1 } $t->workers;
            !grep { $now{$_} } @old;
        }, 20), 'the old worker goes');
    }

    done_with($t->http('GET', 'api/me', cookie => $ann), 200,
              'sessions outlive a reload');
}, shutdown => 60);

done_testing();
