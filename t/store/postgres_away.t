#!/usr/bin/perl

# PostgreSQL goes and comes back: operations wait, end with what is known
# about them, and go on.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Store qw(op add OK AWAY FULL UNKNOWN);
use Test::More;
use Tidraw::Pg;
use Tidraw::Util qw(wait_for);
use Time::HiRes qw(time);

my $pg = Tidraw::Pg->new->start;
my $name = $pg->createdb;

$pg->stop;

# away at the start

my $t = Store->new(database => 'postgres', pg => $pg, dbname => $name);

$t->start;

my $write = $t->begin_run(add('first'));
my $read = $t->begin_run(op('r', [TEST_ROOM_COUNT => ()]));

ok(wait_for(sub { $t->logged(qr/database_away/) }, 10),
   'a database that is away is reported');

$pg->start;

is(($t->finish_run($write))[0]{rc}, OK, 'a write waited for it');
is(($t->finish_run($read))[0]{rc}, OK, 'a read, too');
is($t->logged(qr/database_away/), 1, 'reported once');
is($t->logged(qr/database_back/), 1, 'and its return');

# stopped and started

$pg->restart;

ok(wait_for(sub { $t->logged(qr/database_away/) == 2 }, 10),
   'its end is noticed without an operation');
is($t->run(add('second'))->{rc}, OK, 'after a restart it goes on');

# killed under load

my (%rc, %sure);

my $killer = fork() // die "fork: $!";

if ($killer == 0) {
    select undef, undef, undef, 0.3;
    $pg->kill9;
    $pg->{owner} = 0;
    POSIX::_exit(0);
}

for (my $i = 0, my $end = time() + 20; time() < $end; $i++) {
    my @r = $t->run(map { op('w', [TEST_SETTING_PUT => "s k$i.$_", 's v'],
                                  [TEST_SETTING_PUT => "s l$i.$_", 's v']) }
                    1 .. 20);

    for (0 .. $#r) {
        $rc{$r[$_]{rc}}++;
        $sure{"k$i." . ($_ + 1)} = 1 if $r[$_]{rc} == OK;
    }

    last if grep { $_->{rc} != OK } @r;
}

waitpid($killer, 0);
$pg->end('KILL');
$pg->start;

diag('killed under load: ' . join ', ', map { "$_: $rc{$_}" } sort keys %rc);
cmp_ok($rc{+OK}, '>', 0, 'some writes were acknowledged');
ok(!(grep { $_ != OK && $_ != UNKNOWN && $_ != AWAY } keys %rc),
   'the others are unknown, or were not sent');

is($t->run(op('r', ['PING']))->{rc}, OK, 'it comes back');

my %there = map { $_->[0] => 1 } $t->all('SELECT key FROM settings');

is(scalar(grep { !$there{$_} } keys %sure), 0,
   'what was acknowledged is there');
is(scalar(grep { /^k(.*)/ && !$there{"l$1"} } keys %there), 0,
   'and nothing by half');

# a connection that is cut while an operation runs

my $cut = sub {
    my ($op) = @_;

    my $run = $t->begin_run($op);

    wait_for(sub {
        $t->all("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                . " WHERE query LIKE 'WITH RECURSIVE%' AND state = 'active'")
    }, 10);

    return ($t->finish_run($run))[0]{rc};
};

is($cut->(op('w', [TEST_SETTING_PUT => 's cut', 's v'],
                  [TEST_SPIN => 'i 200000000'])), UNKNOWN,
   'the outcome of a write is unknown');
is($cut->(op('r', [TEST_SPIN => 'i 3000000'])), OK,
   'a read is done once more');

is_deeply($t->run(op('r', [TEST_SETTING_GET => 's cut']))->{rows}, [],
          'the write was not stored');

# read-only, as after a fail-over

$t->allow(qr/database_full/);

my $set = sub {
    $t->all("ALTER DATABASE $name SET default_transaction_read_only = $_[0]");
    $t->all('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
            . " WHERE application_name = 'tidraw'");
};

$set->('on');
ok(wait_for(sub { $t->run(add('ro' . rand))->{rc} == FULL }, 10),
   'a read-only database refuses writes');
is($t->run(op('r', [TEST_ROOM_COUNT => ()]))->{rc}, OK, 'and reads');

$t->all("SET default_transaction_read_only = off;"
        . " ALTER DATABASE $name SET default_transaction_read_only = off");
ok(wait_for(sub { $t->run(add('rw' . rand))->{rc} == OK }, 10),
   'it is found again when it takes writes');
is($t->logged(qr/database_full/), 1, 'reported once');
is($t->logged(qr/database_writable/), 1, 'and its end');

# silence: sockets stay open, nobody answers

$pg->pause;

my $begun = time();
$write = $t->begin_run(add('silent'));
my @reads = map { $t->begin_run(op('r', [TEST_ROOM_COUNT => ()])) } 1 .. 8;

is(($t->finish_run($write, 40))[0]{rc}, UNKNOWN,
   'a write into silence is unknown');
cmp_ok(time() - $begun, '<', 13, 'after about 10 s');
is(scalar(grep { $_->{rc} == AWAY } map { $t->finish_run($_, 40) } @reads), 8,
   'reads are given up');
cmp_ok(time() - $begun, '<', 25, 'a little later');

$pg->resume;

is($t->run(add('loud'))->{rc}, OK, 'when it speaks again it goes on');

$t->quit;
$t->finish;

done_testing();
