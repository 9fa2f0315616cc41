#!/usr/bin/perl

# Throttles count over all workers and survive a reload; registration has one;
# and what "tidraw_zone" takes.

use strict;
use warnings;

use Cwd qw(abs_path);
use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails slowed);
use Tidraw::Test;

sub login {
    my ($t) = @_;

    return $t->http('POST', 'api/auth/login', json => {
        email => 'ann@example.org', password => 'wrong password' });
}


{
    my $t = Tidraw::Test->new(workers => 4)->start;

    $t->register('ann@example.org');

    my $s = slowed(sub { login($t) }, row => 8);

    ok($s->{failed} >= 5 && !$s->{early}, 'five attempts are free');
    fails($s->{answer}, 429, 'too_many_attempts', 'whichever worker is asked');

    # a reload before each attempt, until one is refused

    $s = slowed(sub { login($t) }, after => $s, failed => 7);
    $s = slowed(sub { $t->reload; login($t) }, after => $s);

    fails($s->{answer}, 429, 'too_many_attempts', 'after a reload as well');
    is($s->{early}, 0, 'nobody got in before his time');
    cmp_ok($s->{answer}{headers}{'retry-after'}[0], '>=', $s->{left},
           'and for as long');

    $t->{conf}{location} = 'tidraw_zone 1m;';
    $t->reload;

    is(login($t)->{status}, 401, 'a zone of another size starts anew');
}


# A hundred registrations are free, good ones or bad.

{
    my $t = Tidraw::Test->new->start;

    $t->register('ann@example.org');

    # that of ann was the first one

    my $s = slowed(sub {
        return $t->http('POST', 'api/auth/register', json => { name => 'N',
            email => 'ann@example.org', password => 'long enough' });
    }, free => 99);

    ok($s->{failed} >= 99 && !$s->{early},
       'a hundred registrations of an address');
    fails($s->{answer}, 429, 'too_many_attempts', 'the next one');
    is(login($t)->{status}, 401, 'who has an account is not concerned');
}


# One process is all there is.

{
    my $t = Tidraw::Test->new(conf => { main => 'master_process off;' });

    $t->{workers} = 1;
    $t->start;
    $t->register('ann@example.org');

    my $s = slowed(sub { login($t) });

    ok($s->{failed} >= 5 && !$s->{early}, 'alone, five attempts');
    fails($s->{answer}, 429, 'too_many_attempts', 'the sixth');
}


for my $size ('16', '1k', '127k', '2g', 'much', '') {
    my $t = Tidraw::Test->new(conf => { location => "tidraw_zone '$size';" });
    my ($ok, $said) = $t->check;

    ok(!$ok, "\"tidraw_zone $size\" is refused");
    like($said, qr/must be from 128k to 1024m, such as 16m/, 'with a hint');
}

for my $size ('128k', '16m') {
    my $t = Tidraw::Test->new(conf => { location => "tidraw_zone $size;" });

    ok(($t->check)[0], "\"tidraw_zone $size\" is not");
}

{
    my $t = Tidraw::Test->new;

    $t->{conf}{http} = 'tidraw_schema ' . abs_path('conf/schema') . ';'
                     . 'tidraw_passwords ' . abs_path('conf/passwords.txt')
                     . ';';
    $t->{conf}{server} = "location /other/ { tidraw on; tidraw_zone 1m; "
                         . "tidraw_database \"$t->{url}\"; }";

    my ($ok, $said) = $t->check;

    ok(!$ok, 'one site cannot have two zones');
    like($said, qr/"tidraw_zone" must be the same wherever/, 'with a hint');
}

done_testing();
