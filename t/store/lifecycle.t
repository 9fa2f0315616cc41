#!/usr/bin/perl

# Start, reload and end: who owns the files, what is finished, what is left.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Store qw(op add OK UNKNOWN);
use Test::More;
use Tidraw::Util qw(wait_for slurp write_file);

my $runs = $ENV{TIDRAW_VALGRIND} ? 20 : 400;

# the file and its folder

SKIP: {
    skip 'only root starts workers of another user', 8 if $> != 0;

    my $t = Store->new(database => 'sqlite', file => 'var/lib/test.db');
    my $dir = $t->dir;

    chmod 0755, $dir;

    no warnings 'redefine';
    my $configure = \&Tidraw::Test::configure;
    local *Tidraw::Test::configure = sub {
        my ($self) = @_;

        $configure->($self);
        write_file("$dir/nginx.conf", slurp("$dir/nginx.conf")
                   =~ s/user root;/user nobody nogroup;/r);
    };

    my $nobody = getpwnam('nobody');

    ok(($t->check)[0], 'the configuration is good');
    ok(!-e "$dir/var", 'nginx -t makes nothing');

    $t->start;

    is($t->run(add('one'))->{rc}, OK, 'an unprivileged worker writes');
    is((stat("$dir/var/lib"))[4], $nobody, q{the folder is the worker's});
    is((stat _)[2] & 07777, 0700, q{and nobody else's});
    is((stat("$dir/var/lib/test.db"))[2] & 07777, 0600, 'so is the file');

    $t->stop;

    # it belonged to somebody else before

    my @other = (getpwnam('daemon'))[2, 3];

    chown @other, "$dir/var/lib", glob("$dir/var/lib/*");
    $t->start;
    is($t->run(add('two'))->{rc}, OK, 'files of another user are taken over');
    is((stat("$dir/var/lib/test.db"))[4], $nobody, q{as the worker's});

    $t->finish;
}

for my $db (Tidraw::Test->databases) {

    my $t = Store->new(database => $db, workers => 2)->start;

    # reloads under load

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        my $bad = 0;

        for my $i (1 .. $runs) {
            my @r = eval { $t->run(map { op('w',
                [TEST_SETTING_PUT => "s k$i.$_", 's v'],
                [TEST_CLOCK_ADD => 's none', 'i 1']) } 1 .. 5) };

            $bad++ if @r != 5 || grep { $_->{rc} != OK } @r;
        }

        POSIX::_exit($bad ? 1 : 0);
    }

    my $reloads = 0;

    while (waitpid($pid, POSIX::WNOHANG()) == 0) {
        $t->reload;
        $reloads++;

        # where workers end slowly their generations must not pile up

        wait_for(sub { $t->workers < 12 }, 30);
    }

    is($?, 0, "$db: $reloads reloads, and every operation went well");
    ok(wait_for(sub { $t->workers == 2 }, 15), "$db: old workers go");
    is(($t->all('SELECT count(*) FROM settings'))[0][0], 5 * $runs,
       "$db: all was stored");

    my $fds = sub {
        my ($pid) = @_;
        return scalar(() = glob "/proc/$pid/fd/*");
    };

    my $before = $fds->($t->pid);
    $t->reload for 1 .. 3;
    ok(wait_for(sub { $fds->($t->pid) <= $before }, 15),
       "$db: no descriptor is left over");

    # a graceful end lets operations finish, however long they take

    $t->{shutdown} = 60;
    $t->reload;

    my $slow = $t->begin_run(op('w', [TEST_SPIN => 'i 1000000'],
                                     [TEST_SETTING_PUT => 's slow', 's v']));
    $t->taken($slow);
    $t->quit(60);
    is(($t->finish_run($slow, 60))[0]{rc}, OK,
       "$db: quit waits for operations");

    # a fast one does not wait for long, and loses nothing acknowledged

    $t->start;
    $slow = $t->begin_run(op('w', [TEST_SPIN => 'i 300000'],
                                  [TEST_SETTING_PUT => 's fast', 's v']));
    $t->taken($slow);
    $t->stop;

    is_deeply([$t->all("SELECT value FROM settings WHERE key = 'slow'")],
              [['v']], "$db: what was answered is stored");
    is($t->logged(qr/open socket|\[alert\]/), 0, "$db: and no alert");

    $t->finish;
}

done_testing();
