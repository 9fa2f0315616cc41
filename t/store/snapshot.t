#!/usr/bin/perl

# The reads of one operation see one state of the database, while another
# process writes.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Store qw(op add OK);
use Test::More;

for my $db (Tidraw::Test->databases) {

    my $t = Store->new(database => $db, workers => 2)->start;

    $t->run(add('a'));
    $t->run(add('b'));

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        # two rows that are changed by the same amount, over and over

        my $write = op('w', [TEST_CLOCK_ADD => 's a', 'i 1'],
                            [TEST_CLOCK_ADD => 's b', 'i 1']);

        $t->run(($write) x 5) for 1 .. 200;

        POSIX::_exit(0);
    }

    # what comes between the two reads takes its time

    my $read = op('r', [TEST_ROOM_GET => 's a'], [TEST_SPIN => 'i 2000'],
                       [TEST_ROOM_GET => 's b']);

    my ($n, $torn, $moved, $last) = (0, 0, 0, 0);

    while (waitpid($pid, POSIX::WNOHANG()) == 0) {

        for my $r ($t->run(($read) x 2)) {
            my ($one, $two) = ($r->{rows}[0][0][2], $r->{rows}[2][0][2]);

            $n++;
            $torn++ if $one != $two;
            $moved++ if $one != $last;
            $last = $one;
        }
    }

    is($?, 0, "$db: the writer went well");
    cmp_ok($moved, '>', 10, "$db: $n reads saw it $moved times at work");
    is($torn, 0, "$db: and never half of an operation");

    is($t->run($read)->{rows}[0][0][2], 1001, "$db: nothing was lost");

    $t->finish;
}

done_testing();
