#!/usr/bin/perl

# SQLite on a disk that runs full, and behind a lock of somebody else.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Store qw(op add OK AWAY FULL);
use Test::More;
use Tidraw::Util qw(run_ok wait_for);
use Time::HiRes qw(time);

plan skip_all => 'a small file system can be mounted by root only' if $> != 0;

my $t = Store->new(database => 'sqlite', file => 'small/test.db');
my $small = $t->dir . '/small';

mkdir $small;
run_ok(undef, 'mount', '-t', 'tmpfs', '-o', 'size=1200k', 'tidraw', $small);

END { system('umount', '-l', $small) if -e "$small/test.db" }

$t->allow(qr/database_full/);
$t->start;

my (%sure, @failed);

for my $i (1 .. 200) {
    my $r = $t->run(op('w', [TEST_SETTING_PUT => "s k$i", 'z 20000'],
                            [TEST_SETTING_PUT => "s l$i", 's v']));

    if ($r->{rc} == OK) {
        $sure{$i} = 1;

    } else {
        push @failed, $r->{rc};
        last if @failed == 5;
    }
}

cmp_ok(scalar keys %sure, '>', 5, 'writes while there is room');
is_deeply(\@failed, [(FULL) x 5], 'then the disk is full');

my @r = $t->run(map { op('w', [TEST_SETTING_PUT => "s m$_", 'z 30000'],
                              [TEST_SETTING_PUT => "s n$_", 's v']) } 1 .. 5);
is_deeply([map { $_->{rc} } @r], [(FULL) x 5], 'for a batch, too');

@r = $t->run(map { op('r', [TEST_SETTING_GET => "s k$_"],
                           [TEST_SETTING_GET => "s l$_"]) } sort keys %sure);
is(scalar(grep { $_->{rows}[0] && $_->{rows}[1] } @r), scalar keys %sure,
   'what was acknowledged can be read');
is($t->logged(qr/database_full/), 1, 'it is reported once');

run_ok(undef, 'mount', '-o', 'remount,size=8m', $small);

is($t->run(op('w', [TEST_SETTING_PUT => 's later', 's v']))->{rc}, OK,
   'with room it goes on');
is($t->logged(qr/database_writable/), 1, 'which is reported');

@r = $t->run(op('r', [TEST_SETTING_GET => 's m1']));
is_deeply($r[0]{rows}, [], 'what was refused is not there');

# a lock that somebody else holds

my $sqlite = sub {
    open(my $fh, '|-', 'sqlite3', '-batch', "$small/test.db") or die $!;
    $fh->autoflush(1);
    print $fh "BEGIN IMMEDIATE;\nINSERT INTO settings VALUES ('$_[0]', '');\n"
              . ".shell touch $small/locked\n";
    wait_for(sub { -e "$small/locked" }, 10) or die 'no lock';
    unlink "$small/locked";
    return $fh;
};

my $fh = $sqlite->('by hand');
my $run = $t->begin_run(op('w', [TEST_SETTING_PUT => 's waits', 's v']));

is($t->run(op('r', [TEST_SETTING_GET => 's later']))->{rc}, OK,
   'a lock does not stop reads');

print $fh "COMMIT;\n";
close $fh;

is(($t->finish_run($run))[0]{rc}, OK, 'a write waits for the lock');

$fh = $sqlite->('again');
my $begun = time();

is($t->run(op('w', [TEST_SETTING_PUT => 's away', 's v']))->{rc}, AWAY,
   'but not for ever');
cmp_ok(time() - $begun, '<', 9, 'some seconds');

print $fh "ROLLBACK;\n";
close $fh;

is($t->run(op('w', [TEST_SETTING_PUT => 's away', 's v']))->{rc}, OK,
   'and then it goes on');

$t->stop;
run_ok(undef, 'umount', $small);
$t->finish;

done_testing();
