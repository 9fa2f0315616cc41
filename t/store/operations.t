#!/usr/bin/perl

# What an operation does is the same on every database.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Store qw(op add text OK ERROR DECLINED CONFLICT AWAY FULL UNKNOWN);
use Test::More;
use Tidraw::Util qw(wait_for);

for my $db (Tidraw::Test->databases) {

    my $t = Store->new(database => $db)->start;

    my $get = sub { op('r', [TEST_ROOM_GET => "s $_[0]"]) };
    my $name = sub { ($t->run($get->($_[0])))[0]{rows}[0][0][1] };

    my $r = $t->run(add('one', 'first'));
    is($r->{rc}, OK, "$db: a row is written");
    my $num = $r->{rows}[0][0][0];
    like($num, qr/^\d+$/, "$db: RETURNING gives its number");

    $r = $t->run($get->('one'));
    is_deeply($r->{rows}[0], [[$num, 'first', 1, undef]],
              "$db: and read, null as null");
    is($r->{ready}, 1, "$db: the database is ready");

    is_deeply($t->run($get->('none'))->{rows}, [], "$db: no row is no row");

    # guards

    is($t->run(op('w', [TEST_ROOM_GUARD => 's one', 's second']))->{rc}, OK,
       "$db: a guard that matches passes");
    is($name->('one'), 'second', "$db: and has changed the row");

    is($t->run(op('w', [TEST_ROOM_GUARD => 's none', 's x']))->{rc}, DECLINED,
       "$db: a guard that matches nothing declines");

    is($t->run(op('w', [TEST_SETTING_PUT => 's k', 's v'],
                       [TEST_ROOM_GUARD => 's none', 's x'],
                       [TEST_SETTING_PUT => 's l', 's v']))->{rc}, DECLINED,
       "$db: a guard between other steps declines");
    is_deeply($t->run(op('r', [TEST_SETTING_GET => 's k'],
                              [TEST_SETTING_GET => 's l']))->{rows}, [],
              "$db: and nothing of its operation is stored");

    # conflicts

    is($t->run(add('one'))->{rc}, CONFLICT, "$db: a key that exists");
    is($t->run(op('w', [TEST_SETTING_PUT => 's k', 's v'],
                       [TEST_ROOM_ADD => 's one', 's x', 'i 1']))->{rc},
       CONFLICT, "$db: a conflict in the second step");
    is_deeply($t->run(op('r', [TEST_SETTING_GET => 's k']))->{rows}, [],
              "$db: undoes the first step");

    is($t->run(op('w', [TEST_MEMBER_ADD => "i $num", 's nobody']))->{rc},
       ERROR, "$db: foreign keys are enforced");

    # operations of one batch stand alone

    my @r = $t->run(
        add('b1'),
        op('w', [TEST_SETTING_PUT => 's lost', 's x'],
                [TEST_ROOM_GUARD => 's none', 's x']),
        add('b2'),
        op('w', [TEST_SETTING_PUT => 's lost', 's x'],
                [TEST_ROOM_ADD => 's one', 's x', 'i 1']),
        op('r', ['TEST_BAD']),
        op('w', [TEST_SETTING_PUT => 's lost', 's x'], ['TEST_BAD']),
        op('w', [TEST_SETTING_PUT => 's kept', 's y'],
                [TEST_ROOM_GUARD => 's one', 's third']),
        add('b3'));

    is_deeply([map { $_->{rc} } @r], [OK, DECLINED, OK, CONFLICT, ERROR,
                                      ERROR, OK, OK],
              "$db: each operation of a batch has its own outcome");

    @r = $t->run(op('r', [TEST_SETTING_GET => 's lost'],
                         [TEST_SETTING_GET => 's kept']),
                 map { $get->($_) } qw(b1 b2 b3));

    is_deeply($r[0]{rows}, [undef, [['y']]], "$db: what failed left no trace");
    is(scalar(grep { @{ $_->{rows}[0] || [] } } @r[1 .. 3]), 3,
       "$db: what did not fail is there");
    is($name->('one'), 'third', "$db: with all of its steps");

    # values

    is_deeply($t->run(op('r', [TEST_ECHO => 's ' . text(),
                               'i 9223372036854775807'],
                              [TEST_ECHO => 'S ' . text(),
                               'i -9223372036854775808'],
                              [TEST_ECHO => 's ', 'i 0'],
                              [TEST_ECHO => 'n', 'n']))->{rows},
              [[[text(), '9223372036854775807']],
               [[text(), '-9223372036854775808']],
               [['', 0]], [[undef, undef]]],
              "$db: texts, integers and nulls come back as they went");

    $r = $t->run(op('w', [TEST_SETTING_PUT => 's k', 'x 610062']));
    is($r->{rc}, ERROR, "$db: a null character is refused");
    is($r->{refused}, 1, "$db: when it is put in");
    is_deeply($t->run(op('r', [TEST_SETTING_GET => 's k']))->{rows}, [],
              "$db: and nothing is stored");

    is($t->run(op('w', [TEST_SETTING_PUT => 's n', 'n']))->{rc}, OK,
       "$db: a null is stored");
    is($t->run(op('w', [TEST_SETTING_PUT => 's n', 's t']))->{rc}, OK,
       "$db: a text where a null was before");
    is_deeply($t->run(op('r', [TEST_SETTING_GET => 's n']))->{rows}[0],
              [['t']], "$db: is a text");

    # size

    is($t->run(op('w', [TEST_SETTING_PUT => 's big', 'z 2000000']))->{rc}, OK,
       "$db: 2 MB in one text");
    like($t->run(op('r', [TEST_SETTING_GET => 's big']))->{rows}[0][0][0],
         qr/^#2000000:/, "$db: come back");

    $r = $t->run(op('r', [TEST_MANY => 'i 20000', 'z 100']));
    is(scalar @{ $r->{rows}[0] }, 20000, "$db: 2 MB in 20 000 rows");
    is_deeply([map { $_->[0] } @{ $r->{rows}[0] }], [1 .. 20000],
              "$db: all of them, in order");
    is(scalar(grep { !/^#100:/ } map { $_->[1] } @{ $r->{rows}[0] }), 0,
       "$db: each as it is");

    # many

    @r = $t->run(map { op('w', [TEST_SETTING_PUT => "s m$_", "s v$_"],
                               [TEST_CLOCK_ADD => 's one', 'i 1']) }
                 1 .. 500);
    is(scalar(grep { $_->{rc} == OK } @r), 500, "$db: 500 at once");
    is($t->run($get->('one'))->{rows}[0][0][2], 501, "$db: none twice");

    @r = $t->run(map { op('r', [TEST_SETTING_GET => "s m$_"]) } 1 .. 500);
    is_deeply([map { $_->{rows}[0][0][0] } @r], [map { "v$_" } 1 .. 500],
              "$db: 500 reads at once, each its own");

    @r = $t->run(op('w', map { [TEST_SETTING_PUT => "s s$_", 's v'] }
                         1 .. 1000));
    is($r[0]{rc}, OK, "$db: an operation of 1 000 steps");

    # bounds

    @r = $t->run(map { op('r', ['PING']) } 1 .. 4500);
    is(scalar(grep { $_->{rc} == OK } @r), 4096, "$db: 4 096 are taken");
    is(scalar(grep { $_->{rc} == AWAY } @r), 404, "$db: more are refused");
    is($t->run(op('r', ['PING']))->{rc}, OK, "$db: and then it goes on");

    # cancel

    @r = $t->run(op('w', [TEST_SETTING_PUT => 's c', 's v']) . "!\n",
                 op('r', ['PING']));
    is($r[0]{rc}, undef, "$db: who cancelled hears nothing");
    ok(wait_for(sub { @{ $t->run(op('r', [TEST_SETTING_GET => 's c']))
                         ->{rows}[0] || [] } }, 10),
       "$db: the operation is done nevertheless");

    # the real statements fit the tables

    @r = $t->run(op('r', [ROOM_OPEN => 's one'], [ROOM_RECORDS => 's one'],
                         [ROOM_TOMBSTONES => 's one']));
    is($r[0]{rc}, OK, "$db: a board is opened");
    my ($clock) = $r[0]{rows}[0][0][1];

    my $commit = sub {
        op('w', [ROOM_COMMIT => "i $num", "i $_[0]", 'i ' . ($_[0] + 1), 'i 5',
                 's {}', 'i 1', 'i 0', 'i 0', 'i 7'],
                [RECORD_PUT => "i $num", 's shape:a', 'i ' . ($_[0] + 1),
                 "s {\"x\":$_[1]}"],
                [TOMBSTONE_PUT => "i $num", 's shape:b',
                 'i ' . ($_[0] + 1)]);
    };

    @r = $t->run($commit->($clock, 1), $commit->($clock, 2));
    is_deeply([sort map { $_->{rc} } @r], [DECLINED, OK],
              "$db: of two commits from one clock one wins");
    my ($won) = grep { $r[$_]{rc} == OK } 0, 1;
    @r = $t->run(op('r', [ROOM_CLOCK => "i $num"],
                         [ROOM_RECORDS_SINCE => "i $num", "i $clock"],
                         [ROOM_TOMBSTONES_SINCE => "i $num", "i $clock"]));
    is_deeply($r[0]{rows}, [[[$clock + 1, 1, '{}']],
                            [['shape:a', $clock + 1,
                              '{"x":' . ($won + 1) . '}']],
                            [['shape:b', $clock + 1]]],
              "$db: and its records are what is stored");

    $t->finish;
}

done_testing();
