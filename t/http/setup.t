#!/usr/bin/perl

# The first account: at once from the machine itself, from elsewhere with the
# code of the log, and only once.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database slowed);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

my $password = 'correct horse battery staple';

sub account {
    my ($t, $email, %o) = @_;

    my $headers = delete $o{headers} || [];

    return $t->http('POST', 'api/auth/register', headers => $headers, json => {
        email => $email, password => $password, name => 'Ann', %o });
}


sub code {
    my ($t) = @_;

    my $code;

    wait_for(sub {
        ($code) = $t->error_log =~ /event=setup_code code=((?:[A-Z]{4}-?){3})/;
    }, 10);

    return $code;
}


sub stored {
    my ($t) = @_;

    return ($t->sql("SELECT count(*) FROM settings WHERE key = 'setup_code'"))
           [0][0];
}


each_database(sub {
    my ($t) = @_;

    my $code = code($t);

    like($code, qr/^[A-Z]{4}-[A-Z]{4}-[A-Z]{4}$/, 'a code is logged');
    is(scalar(() = $t->error_log =~ /event=setup_code/g), 1, 'once');
    unlike(join(',', map { $_->[0] } $t->sql('SELECT value FROM settings')),
           qr/$code/, 'and not stored');

    # not from the machine itself, as far as the server can know

    for my $headers (['X-Forwarded-For', '127.0.0.1'], ['X-Real-IP', '::1'],
                     ['Forwarded', 'for=127.0.0.1'], ['Via', '1.1 x'],
                     ['X-Forwarded-Proto', 'http'],
                     ['Host', 'boards.example.org'], ['Host', '10.0.0.1'],
                     ['Host', '127.0.0.1.example.org'])
    {
        my $c = $t->api('GET', 'api/config', headers => [@$headers]);

        ok($c->{setup}{needed} && $c->{setup}{code_required},
           "@$headers: config says that a code is required");
        fails(account($t, 'ann@example.org', headers => [@$headers]),
              403, 'setup_code_required', "@$headers");
    }

    my @far = ('X-Forwarded-For', '203.0.113.9');

    fails(account($t, 'ann@example.org', headers => [@far],
                  setup_code => $_),
          403, 'setup_code_invalid', "code '$_'")
        for 'AAAA-AAAA-AAAA', 'x', substr($code, 0, 13), "${code}A";

    fails(account($t, 'ann@example.org', headers => [@far],
                  setup_code => 'x' x 65), 400, 'bad_request', 'a long code');

    # after a restart it is the same one, for whoever lost the first log

    $t->restart;

    ok(wait_for(sub { (() = $t->error_log =~ /event=setup_code/g) == 2 }, 10),
       'logged again at the next start');
    is(($t->error_log =~ /event=setup_code code=(\S+)/g)[1], $code,
       'the same code');

    # written otherwise, it is still the code

    my $r = account($t, 'ann@example.org', headers => [@far],
                    setup_code => lc($code) =~ s/-/ /gr);

    is(done_with($r, 201, 'with the code')->{user}{role}, 'admin',
       'the first account');

    is(stored($t), 0, 'the code is gone');

    $r = account($t, 'ben@example.org', headers => [@far],
                 setup_code => $code);
    is(done_with($r, 201, 'with the code again')->{user}{role}, 'user',
       'it is good for nothing now');

    $t->restart;
    done_with($t->http('GET', 'api/config'), 200, 'started again');
    is(scalar(() = $t->error_log =~ /event=setup_code/g), 2,
       'no code any more');
});


# Guessing gets slower and slower.

{
    my $t = Tidraw::Test->new->start;
    my $code = code($t);
    my @far = ('X-Forwarded-For', '203.0.113.9');

    # a wait of two seconds, so that the right one comes while it lasts

    my $s = slowed(sub {
        return account($t, 'ann@example.org', headers => [@far],
                       setup_code => 'AAAA-AAAA-AAAA');
    }, failed => 6);
    my $r = $s->{answer};

    is($s->{early}, 0, 'guesses have to wait');
    fails($r, 429, 'too_many_attempts', 'guessing the code');
    like($r->{headers}{'retry-after'}[0], qr/^[1-9]\d*$/, 'Retry-After');
    fails(account($t, 'ann@example.org', headers => [@far],
                  setup_code => $code),
          429, 'too_many_attempts', 'the right one has to wait, too');
    done_with(account($t, 'ann@example.org'), 201, 'the machine itself not');
}


# Many at once: exactly one administrator.  Rounds, since luck is involved.

each_database(sub {
    my ($t) = @_;

    for my $round (1 .. 5) {
        $t->sql('DELETE FROM sessions');
        $t->sql('DELETE FROM users');
        $t->restart;
        wait_for(sub { stored($t) }, 10);

        my @clients = map { $t->client(timeout => 30) } 1 .. 8;

        $_->{socket} = Tidraw::HTTP::dial($_) for @clients;

        for my $i (0 .. $#clients) {
            my $body = $Tidraw::HTTP::json->encode({ password => $password,
                email => "a$i\@example.org", name => "A$i" });

            $clients[$i]->write("POST /api/auth/register HTTP/1.1\r\n"
                . "Host: localhost\r\nContent-Type: application/json\r\n"
                . 'Content-Length: ' . length($body) . "\r\n\r\n$body");
        }

        my %count;

        for my $c (@clients) {
            $c->{deadline} = time() + 30;
            my $r = $c->answer('POST');
            $count{"$r->{status} " . ($r->{json}{user}{role} // '')}++;
        }

        is_deeply(\%count, { '201 admin' => 1, '201 user' => 7 },
                  "round $round: one is administrator")
            or diag(explain(\%count));
        is(($t->sql("SELECT count(*) FROM users WHERE role = 'admin'"))[0][0],
           1, 'in the database as well');
    }
}, workers => 2);

done_testing();
