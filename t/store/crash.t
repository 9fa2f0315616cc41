#!/usr/bin/perl

# What was acknowledged is there after kill -9 of every process of nginx at
# any moment.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Store qw(op OK);
use Test::More;
use Time::HiRes qw(sleep time);

my $rounds = $ENV{TIDRAW_ROUNDS} || 8;
my $slower = $ENV{TIDRAW_VALGRIND} ? 20 : 1;

for my $db (Tidraw::Test->databases) {

    my $t = Store->new(database => $db, workers => 2)->start;

    my ($n, @lost, @half) = (0);

    $t->run(op('r', ['PING']));         # the tables are made

    for my $round (1 .. $rounds) {

        my %acknowledged;
        my $end = time() + $slower * (0.1 + rand 0.3);

        pipe(my $from, my $to) or die "pipe: $!";

        my $pid = fork() // die "fork: $!";

        if ($pid == 0) {
            my $left = $end - time();

            sleep $left if $left > 0;
            $t->{owner} = $$;
            kill 'KILL', -$t->pid;
            POSIX::_exit(0);
        }

        for (my $i = 0; ; $i++) {
            my @keys = map { "$round.$i.$_" } 1 .. 4;

            my $run = eval {
                $t->begin_run(map { op('w',
                    [TEST_SETTING_PUT => "s $_.a", 's v'],
                    [TEST_SETTING_PUT => "s $_.b", 's v']) } @keys);
            } or last;

            my @r = $t->finish_run($run, 10) or last;

            for (0 .. $#r) {
                $acknowledged{$keys[$_]} = 1 if $r[$_]{rc} == OK;
            }
        }

        waitpid($pid, 0);
        $t->kill9;
        $t->start;

        my @keys = sort keys %acknowledged;
        $n += @keys;

        while (my @some = splice @keys, 0, 500) {
            my @r = $t->run(map { op('r', [TEST_SETTING_GET => "s $_.a"],
                                          [TEST_SETTING_GET => "s $_.b"]) }
                            @some);

            for (0 .. $#some) {
                push @lost, $some[$_] if !$r[$_]{rows}[0] || !$r[$_]{rows}[1];
            }
        }

        push @half, map { $_->[0] } $t->all(
            "SELECT key FROM settings WHERE key LIKE '%.a' AND"
            . " replace(key, '.a', '.b') NOT IN (SELECT key FROM settings)");
    }

    cmp_ok($n, '>', 100, "$db: $n operations were acknowledged before"
                         . " $rounds crashes");
    is_deeply(\@lost, [], "$db: all of them are there");
    is_deeply(\@half, [], "$db: and no half of one");

    $t->finish;
}

done_testing();
