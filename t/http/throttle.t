#!/usr/bin/perl

# Guessing passwords is slowed down, per account and per address, and does not
# lock anybody out for long.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with slowed);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);
use Time::HiRes qw(sleep time);

my $password = 'correct horse battery staple';

sub login {
    my ($t, $email, $try) = @_;

    return $t->http('POST', 'api/auth/login', json => {
        email => $email, password => $try });
}


# Retry-After: what is left of the wait.

sub told {
    my ($s, $name) = @_;

    my ($told) = $s->{answer}{headers}{'retry-after'}[0] =~ /^(\d+)$/;

    ok($told >= $s->{left} && $told <= $s->{wait}, $name)
        or diag("$told, of $s->{wait} there are $s->{left} left");
}


{
    my $t = Tidraw::Test->new->start;

    $t->register('ann@example.org');
    $t->register('ben@example.org');

    my $wrong = sub { login($t, 'ann@example.org', 'wrong') };
    my ($s, $right);

    # until both are answered while the wait lasts

    for (1 .. 3) {
        $s = slowed($wrong);
        $right = login($t, 'ANN@example.org', $password);
        last if time() < $s->{since} + $s->{wait};
        wait_for(sub {
            login($t, 'ann@example.org', $password)->{status} == 200;
        }, 20);
    }

    ok($s->{failed} >= 5 && !$s->{early}, 'five attempts are free');
    fails($s->{answer}, 429, 'too_many_attempts', 'the next one');
    told($s, 'Retry-After of a second');
    fails($right, 429, 'too_many_attempts',
          'the right password has to wait as well');
    done_with(login($t, 'ben@example.org', $password), 200,
              'another account does not');

    # the wait ends, doubles with each failure, and is over with a success

    my $start = time();
    my $n = $s->{failed};

    $s = slowed($wrong, after => $s, failed => $n + 1);
    ok($s->{since} - $start < 2 ** ($n - 5) + 3, 'the wait ends');
    ok(!$s->{early} && $s->{wait} >= 2, 'the next wait is longer');
    told($s, 'which is told');

    sleep $s->{left} if $s->{left} > 0;
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

    my $n = 0;
    my ($s, $right);

    for (1 .. 4) {
        $s = slowed(sub { login($t, 'user' . $n++ . '@example.org', 'wrong') },
                    free => 30, after => $s);
        $right = login($t, 'ann@example.org', $password);
        last if $right->{status} != 200;

        # that one was not counted

        ok(time() >= $s->{since} + $s->{wait}, 'who gets in has waited');
    }

    ok($s->{failed} >= 20 && $s->{failed} < 60 && !$s->{early},
       "an address is slowed down, too (after $s->{failed})");
    fails($s->{answer}, 429, 'too_many_attempts', 'the next account');
    fails($right, 429, 'too_many_attempts', 'whichever it is');
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
