#!/usr/bin/perl

# The schema: made once however many processes start, refused when newer.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Store qw(op add OK AWAY);
use Test::More;
use Tidraw::Util qw(wait_for);

my ($last) = Tidraw::Util::slurp('src/store/ngx_tidraw_migrations.h')
             =~ /NGX_TIDRAW_SCHEMA_VERSION\s+(\d+)/;

for my $db (Tidraw::Test->databases) {

    # eight workers of two servers on an empty database

    my $one = Store->new(database => $db, workers => 4);
    my $two;

    if ($db eq 'sqlite') {
        $two = Store->new(database => $db, workers => 4,
                          file => $one->dir . '/data/test.db');
    } else {
        $two = Store->new(database => $db, workers => 4,
                          dbname => $one->{dbname});
    }

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        srand;          # or both would take the same port
        $two->{owner} = $$;
        $two->start;
        my @r = map { $two->run(add("two$_")) } 1 .. 20;
        $two->quit;
        $two->finish;
        POSIX::_exit((grep { $_->{rc} != OK } @r) || Tidraw::Test::broken()
                     ? 1 : 0);
    }

    $one->start;
    my @r = map { $one->run(add("one$_")) } 1 .. 20;

    is(scalar(grep { $_->{rc} == OK } @r), 20, "$db: one server works");

    waitpid($pid, 0);
    is($?, 0, "$db: so does the other");

    is_deeply([$one->all('SELECT version FROM tidraw_version'
                         . ' ORDER BY version')], [map { [$_] } 1 .. $last],
              "$db: one of them migrated");
    is($one->logged(qr/database_away|\[emerg\]/), 0, "$db: nobody complained");

    # a database from the future

    $one->stop;
    $one->all('INSERT INTO tidraw_version VALUES (1000, 0)');

    $one->allow(qr/database_newer/);
    $one->{workers} = 1;
    $one->start;

    my $run = $one->begin_run(add('late'));

    ok(wait_for(sub { $one->logged(qr/\[emerg\].*database_newer/) },
                10), "$db: a newer schema is reported");

    @r = $one->finish_run($run, 20);
    is($r[0]{rc}, AWAY, "$db: and nothing is written");
    is($one->logged(qr/database_newer/), 1, "$db: it is said once");

    # cancelled at once, so that the answer does not wait

    my $ready = sub { ($one->run(op('r', ['PING']) . "!\n"))[0]{ready} };

    is($ready->(), 0, "$db: not ready");

    $one->all('DELETE FROM tidraw_version WHERE version = 1000');

    ok(wait_for($ready, 10),
       "$db: ready when the version fits again");
    is($one->logged(qr/database_back/), 1, "$db: which is said too");

    $one->finish;
}

done_testing();
