#!/usr/bin/perl

# A database of the version before: copied, migrated, taken back. A migration
# that is killed leaves it usable, one that cannot be preceded by a copy does
# not begin. KILLS (5; LONG=1: 100).

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use Test::More;
use Time::HiRes qw(sleep);
use lib 't/lib';
use Tidraw::Test;
use Tidraw::Util qw(run_ok slurp wait_for);

my $kills = $ENV{KILLS} || ($ENV{LONG} ? 100 : 5);
my $root = $Tidraw::Test::root;

my ($last) = slurp("$root/src/store/ngx_tidraw_migrations.h")
             =~ /NGX_TIDRAW_SCHEMA_VERSION\s+(\d+)/;
my $before = $last - 1;


# The tables as the database describes them.

sub shape {
    my ($t) = @_;

    return join "\n", map { join ' ', map { $_ // '' } @$_ } $t->sql(
        $t->{pg} ? "SELECT table_name, column_name, data_type, is_nullable,"
                   . " column_default FROM information_schema.columns WHERE"
                   . " table_schema = 'public' ORDER BY 1, 2"
                 : "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2");
}


# What people own, every row, as one number: columns that no step touches.

sub rows {
    my ($t) = @_;

    my %columns = (
        users    => 'id, email, name, color, role, password_hash',
        sessions => 'id, user_id, token_hash, created_at, expires_at',
        rooms    => 'num, id, name, clock, history_start, created_by',
        members  => 'room, user_id, role, favourite, folder',
        records  => 'room, id, clock, state',
        history  => 'room, clock, since, at, people, changes',
    );

    return md5_hex(join "\n", map {
        my $table = $_;
        ($table, sort map { join '|', map { $_ // '' } @$_ }
                      $t->sql("SELECT $columns{$table} FROM $table"))
    } sort keys %columns);
}


sub back {
    my ($t) = @_;

    local %ENV = (%ENV, DATABASE_URL => $t->{url}, DATA => $t->dir . '/data',
                  BACKUPS => $t->dir . '/backups', KEEP => 2);

    return run_ok(undef, "$root/tools/downgrade.sh", $before);
}


# The same at once, for those that follow.

sub undo {
    my ($t) = @_;

    my ($steps) = slurp("$root/conf/downgrade.sql")
                  =~ /^-- version $last\n(.*?)(?:^$|\z)/ms;

    $t->sql("$steps DELETE FROM tidraw_version WHERE version = $last");
}


sub version {
    my ($t) = @_;

    return ($t->sql('SELECT max(version) FROM tidraw_version'))[0][0];
}


sub copies {
    my ($t) = @_;

    return map { $_->[0] } $t->sql("SELECT nspname FROM pg_namespace WHERE"
                                   . " nspname LIKE 'tidraw%' ORDER BY 1")
        if $t->{pg};

    return glob $t->dir . '/data/tidraw.db-schema*';
}


sub logged {
    my ($t, $what) = @_;

    return scalar grep { /$what/ } split /\n/, $t->error_log;
}


for my $db (Tidraw::Test->databases) {
    my $t = Tidraw::Test->new(database => $db, workers => 2)->start;
    my $ann = $t->register('ann@example.org');

    $t->room($ann, "Plans $_") for 1 .. 3;
    $t->stop;

    my $text = $t->{pg} ? "repeat(md5(n::text), 300)"
                        : "hex(randomblob(5000))";
    my $series = $t->{pg} ? 'generate_series(1, 600) AS s (n)' : 's';

    $t->sql(($t->{pg} ? '' : 'WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL'
             . ' SELECT n + 1 FROM s WHERE n < 600) ')
            . "INSERT INTO history (room, clock, since, at, people, changes)"
            . " SELECT 1, n + 1, n, " . time() . "000, '[]', $text"
            . " FROM $series");

    my ($shape, $rows) = (shape($t), rows($t));

    # back by one, and on again

    like(back($t), qr/from version $last to $before$/, "$db: back by one");
    is(version($t), $before, 'the database says so');
    is(rows($t), $rows, 'what people made is there');

    $t->start;
    is(version($t), $last, 'and on again');
    is(shape($t), $shape, 'the tables are what they were');
    is(rows($t), $rows, 'and what is in them');
    ok(wait_for(sub { logged($t, qr/event=schema_upgraded/) }, 10),
       'the log tells of the copy');
    is(logged($t, qr/event=schema_upgraded/), 1, 'once');
    is(logged($t, qr/database_away|\[emerg\]/), 0,
       'nobody complained');
    is($t->http('GET', 'api/rooms', cookie => $ann)->{status}, 200,
       'it serves');

    # the copy

    my @copies = copies($t);

    is(scalar @copies, 1, 'there is a copy');

    if ($t->{pg}) {
        is($copies[0], "tidraw_public_$before", 'named by its version');
        is(($t->sql("SELECT count(*) FROM $copies[0].history"))[0][0], 600,
           'with all rows');

    } else {
        like($copies[0], qr/-schema$before-\d{8}T\d{6}Z$/,
             'named by version and time');
        is((stat $copies[0])[2] & 07777, 0600, 'for nobody else');
        is(run_ok("PRAGMA integrity_check; SELECT max(version) FROM"
                  . " tidraw_version; SELECT count(*) FROM history;",
                  'sqlite3', '-batch', $copies[0]), "ok\n$before\n600\n",
           'with all rows');
    }

    $t->stop;

    # killed

    my ($midway, @bad) = (0);

    $t->{ready} = 0;

    for my $i (1 .. $kills) {
        undo($t) if version($t) == $last;
        $t->start;

        if (!$t->{pg} && $i % 2) {

            # as soon as the copy has its name: the migration itself

            my %old = map { $_ => 1 } copies($t);

            wait_for(sub { grep { !$old{$_} && !/partial/ } copies($t) }, 10);
        }

        sleep rand 0.05;
        $t->kill9;

        # a connection that was cut off may live for a moment

        wait_for(sub { !grep { $_->[0] } $t->sql(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name ="
            . " 'tidraw' AND datname = current_database()") }, 10) if $t->{pg};

        my $v = version($t);

        $midway++ if $v == $before;
        push @bad, "kill $i: version $v" if $v != $before && $v != $last;
        push @bad, "kill $i: damaged" if !$t->{pg}
            && ($t->sql('PRAGMA integrity_check'))[0][0] ne 'ok';
        push @bad, "kill $i: rows are missing" if rows($t) ne $rows;
    }

    is_deeply(\@bad, [], "$kills kills, $midway of them before the end");

    delete $t->{ready};
    undo($t) if version($t) == $last;
    $t->start;
    is(shape($t), $shape, 'the tables are right');
    is(rows($t), $rows, 'and what is in them');
    cmp_ok(scalar(my @kept = copies($t)), '<=', 3,
           'the last few copies are kept');
    is(scalar(grep { /partial/ } copies($t)), 0, 'no half ones');
    $t->stop;

    # no copy, no migration

    undo($t);
    $t->{ready} = 0;

    if ($t->{pg}) {
        $t->sql("CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql"
                . " AS 'BEGIN RAISE ''No space left on device''; END';"
                . "CREATE EVENT TRIGGER no ON ddl_command_start WHEN TAG IN"
                . " ('CREATE SCHEMA') EXECUTE FUNCTION no()");
        $t->start;

        ok(wait_for(sub {
            logged($t, qr/database_away error="the tables have to be copied/)
        }, 20), 'a copy that fails is reported');
        is(version($t), $before, 'and there is no migration');
        $t->sql('DROP EVENT TRIGGER no; DROP FUNCTION no()');

    } elsif ($> != 0) {
        diag('a small file system can be mounted by root only: not tried');
        $t->start;

    } else {
        my $data = $t->dir . '/data';

        run_ok(undef, 'cp', '-r', $data, "$data.copy");
        run_ok(undef, 'mount', '-t', 'tmpfs', '-o', 'size=100m,mode=755',
               'tidraw', $data);
        run_ok(undef, 'sh', '-c', "rm $data.copy/*-schema*;"
                                  . " cp -r $data.copy/. $data");
        run_ok(undef, 'mount', '-o', 'remount,size=24m', $data);
        $t->start;

        ok(wait_for(sub {
            logged($t, qr/database_away .*has to be copied.*full/)
        }, 20), 'a disk that is too full for a copy is reported');
        is(version($t), $before, 'and there is no migration');
        run_ok(undef, 'mount', '-o', 'remount,size=100m', $data);
    }

    ok(wait_for(sub { version($t) == $last }, 20),
       'later it goes on by itself');
    delete $t->{ready};
    ok(wait_for(sub { $t->answers }, 20), 'and serves');
    $t->stop;
    run_ok(undef, 'umount', '-l', $t->dir . '/data') if !$t->{pg} && $> == 0;
    $t->finish;
}

done_testing();
