#!/usr/bin/perl

# Guessing passwords is slowed down, per account and per address, and does not
# lock anybody out for long.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);
use Time::HiRes qw(time);

my $password = 'correct horse battery staple';

sub login {
    my ($t, $email, $try) = @_;

    return $t->http('POST', 'api/auth/login', json => {
        email => $email, password => $try });
}


{
    my $t = Tidraw::Test->new->start;

    $t->register('ann@example.org');
    $t->register('ben@example.org');

    my $n = 0;
    my $r;

    while ($n < 20) {
        $r = login($t, 'ann@example.org', "wrong $n");
        last if $r->{status} != 401;
        $n++;
    }

    is($n, 5, 'five attempts are free');
    fails($r, 429, 'too_many_attempts', 'the next one');

    my ($wait) = $r->{headers}{'retry-after'}[0] =~ /^(\d+)$/;

    is($wait, 1, 'Retry-After of a second');
    fails(login($t, 'ANN@example.org', $password), 429, 'too_many_attempts',
          'the right password has to wait as well');
    done_with(login($t, 'ben@example.org', $password), 200,
              'another account does not');

    # the wait ends, doubles with each failure, and is over with a success

    my $start = time();

    wait_for(sub {
        $r = login($t, 'ann@example.org', 'wrong');
        $r->{status} == 401;
    }, 5);

    ok(time() - $start < 4, 'the wait ends');
    is(login($t, 'ann@example.org', 'wrong')->{headers}{'retry-after'}[0], 2,
       'the next wait is longer');

    ok(wait_for(sub {
        login($t, 'ann@example.org', $password)->{status} == 200;
    }, 10), 'the right password gets in after it');

    fails(login($t, 'ann@example.org', 'wrong'), 401, 'invalid_credentials',
          'and starts the count anew') for 1 .. 3;
}


# One address, many accounts; also unknown ones count.

{
    my $t = Tidraw::Test->new->start;

    $t->register('ann@example.org');

    my $r;
    my $n = 0;

    while ($n < 60) {
        $r = login($t, "user$n\@example.org", 'wrong');
        last if $r->{status} != 401;
        $n++;
    }

    ok($n >= 20 && $n < 60, "an address is slowed down, too (after $n)");
    fails($r, 429, 'too_many_attempts', 'the next account');
    fails(login($t, 'ann@example.org', $password), 429, 'too_many_attempts',
          'whichever it is');
}


# Many at once do not slip through, and do not fill the memory.

{
    my $t = Tidraw::Test->new->start;

    $t->register('ann@example.org');

    my @clients = map { $t->client(timeout => 60) } 1 .. 40;

    for my $c (@clients) {
        my $body = '{"email":"ann@example.org","password":"wrong"}';

        $c->{socket} = Tidraw::HTTP::dial($c);
        $c->write("POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\n"
                  . "Content-Type: application/json\r\nContent-Length: "
                  . length($body) . "\r\n\r\n$body");
    }

    my %count;

    for my $c (@clients) {
        $c->{deadline} = time() + 60;
        $count{$c->answer('POST')->{status}}++;
    }

    is_deeply(\%count, { 401 => 5, 429 => 35 },
              'forty at once: five are looked at') or diag(explain(\%count));

    my ($worker) = $t->workers;
    my ($peak) = Tidraw::Util::slurp("/proc/$worker/status")
                 =~ /VmHWM:\s+(\d+) kB/;

    # the sanitizers and valgrind have a memory of their own

    if (!$ENV{TIDRAW_ASAN} && !$ENV{TIDRAW_VALGRIND}) {
        cmp_ok($peak, '<', 140 * 1024, "two hashes at a time: $peak kB");
    }
}


# Registration has no throttle but a queue: what does not fit gets 503.

{
    my $t = Tidraw::Test->new->start;

    $t->register('ann@example.org');

    my @clients = map { $t->client(timeout => 60) } 1 .. 90;

    for my $i (0 .. $#clients) {
        my $c = $clients[$i];
        my $body = $Tidraw::HTTP::json->encode({ name => 'N', password =>
            $password, email => "n$i\@example.org" });

        $c->{socket} = Tidraw::HTTP::dial($c);
        $c->write("POST /api/auth/register HTTP/1.1\r\nHost: localhost\r\n"
                  . "Content-Type: application/json\r\nContent-Length: "
                  . length($body) . "\r\n\r\n$body");
    }

    my (%count, $busy);

    for my $c (@clients) {
        $c->{deadline} = time() + 60;
        my $r = $c->answer('POST');
        $count{$r->{status}}++;
        $busy = $r if $r->{status} == 503;
    }

    is(($count{201} // 0) + ($count{503} // 0), 90, 'all are answered')
        or diag(explain(\%count));
    cmp_ok($count{201}, '>=', 66, 'what fits is served');

    SKIP: {
        skip 'the machine hashed faster than requests came', 1 if !$busy;

        fails($busy, 503, 'unavailable', 'what does not fit');
    }

    is(scalar($t->sql('SELECT id FROM users')), $count{201} + 1,
       'and made no account');
}

done_testing();
