#!/usr/bin/perl

# The benchmark: Tidraw, the upstream server and the floor program (floor.c)
# under the same loads (load.c), one core for the server, one for the load.
#
#     perl t/bench/bench.pl            after "make", or "make bench"
#
# Everything is chosen by environment:
#
#   SERVERS   floor,tidraw,tidraw-2 (two workers, on both cores),tidraw-pg (with
#             PostgreSQL and Redis),tidraw-hosts (two of those),upstream,
#             upstream-sqlite; also upstream-3 (3.15.6), tidraw-nohistory
#   ROWS      presence30,presence60,presence100,edits30,rooms50,strokes10,
#             idle2000,return2000,board4000
#   SECONDS   10, measured;  WARMUP  2, before;  DRAIN  20, at most afterwards
#   RUNS      1: how often each row is run; the one in the middle is shown
#   CORES     0,1: of the server, of the load generator
#   PORT      18400
#   DIR       build/bench: a folder on the disk that is meant, since every edit
#             waits for it.  Databases and logs go to tidraw-bench in there
#   TIDRAW_MODULE  build/ngx_http_tidraw_module.so
#   TIDRAW_CONF    more directives for the location
#   NGINX_BIN  /usr/sbin/nginx;  NODE  node
#
# For example:  SERVERS=floor,tidraw ROWS=edits30 RUNS=3 perl t/bench/bench.pl
#
# Each row has a server of its own, fresh.  Its CPU time is that of all its
# processes and threads between the first and the last second of the measured
# window, its memory the sum of their PSS.  Latencies are from the sending of
# a push to its arrival at another client, and ("durable") to its own result.
#
# The table goes to stdout and to build/bench.md.  The status is 1 when
# Tidraw or the floor did something wrong, not when a target is missed.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(make_path remove_tree);
use File::Spec;
use FindBin;
use IO::Handle;
use IO::Select;
use JSON::PP;
use POSIX ();
use Time::HiRes qw(time);

use lib $FindBin::RealBin;

use BenchReport;
use BenchServer;

$| = 1;

my $here = $FindBin::RealBin;
my $root = abs_path("$here/../..");
my $out = "$root/build/bench";

my $seconds = number('SECONDS', 10);
my $warmup = number('WARMUP', 2);
my $drain = number('DRAIN', 20);
my $runs = number('RUNS', 1);
my $port = number('PORT', 18400);
my $dir = ($ENV{DIR} || $out) . '/tidraw-bench';
my $node = $ENV{NODE} || 'node';

my ($server_core, $load_core) = split /,/, $ENV{CORES} || '0,1';

# What is run.  edits: the database has work; v7: clients of 3.15.6; latency:
# which of the measured ones is shown.

my @rows = (
    { id => 'presence30', title => '30 clients, 30 presence/s each',
      args => [qw(-c 30 -P 30)], latency => 'presence' },
    { id => 'presence60', title => '60 clients, 30 presence/s each',
      args => [qw(-c 60 -P 30)], latency => 'presence' },
    { id => 'presence100', title => '100 clients, 30 presence/s each',
      args => [qw(-c 100 -P 30)], latency => 'presence' },
    { id => 'edits30', title => '30 clients, 30 edits/s each',
      args => [qw(-c 30 -E 30)], latency => 'edit', edits => 1 },
    { id => 'rooms50',
      title => '50 rooms x 5 clients, 15 presence/s and 2 edits/s each',
      args => [qw(-r 50 -c 5 -P 15 -E 2)], rooms => 50,
      latency => 'presence', edits => 1 },
    { id => 'strokes10',
      title => '10 clients drawing strokes at 30/s (3.15.6)',
      args => [qw(-m strokes -c 10 -E 30)], latency => 'edit', v7 => 1,
      edits => 1 },
    { id => 'idle2000', title => '2 000 idle clients in 200 rooms',
      args => [qw(-r 200 -c 10)], rooms => 200, clients => 2000, idle => 1 },
    { id => 'return2000', title => '2 000 clients come back after a reload',
      args => [qw(-m return -r 200 -c 10)], rooms => 200, reload => 1,
      servers => qr/^tidraw/ },
    { id => 'board4000', title => 'the first message of a 4 000-shape board',
      args => [qw(-m board -n 4000 -k 20)], shapes => 4000, edits => 1 },
);

my @server_names = qw(floor tidraw tidraw-2 tidraw-pg tidraw-hosts upstream
                      upstream-sqlite);

my (%result, $wrong);

# so that the END block of the servers is reached

$SIG{INT} = $SIG{TERM} = sub { exit 130 };
$SIG{PIPE} = 'IGNORE';

main();


sub main {
    my @names = chosen('SERVERS', \@server_names, [server_names()]);
    my @ids = chosen('ROWS', [map { $_->{id} } @rows],
                     [map { $_->{id} } @rows]);

    die "the benchmark needs two cores: CORES=server,load\n"
        unless online($server_core) && online($load_core)
               && $server_core != $load_core;

    run_or_die('make', '-s', '-C', $here, 'build', "OUT=$out");

    run_or_die('make', '-s', '-C', $here, 'upstream', "OUT=$out")
        if grep { /^upstream/ } @names;

    if (grep { $_ eq 'upstream-sqlite' } @names and !node_has_sqlite()) {
        warn "warning: neither better-sqlite3 nor node:sqlite works with this"
             . " Node: upstream-sqlite is left out\n";
        @names = grep { $_ ne 'upstream-sqlite' } @names;
    }

    die "no server is left to run\n" if !@names;

    make_path($dir);
    $dir = abs_path($dir);

    %BenchServer::set = (
        root => $root, out => $out, dir => $dir, port => $port,
        core => $server_core, cores => "$server_core,$load_core",
        node => $node,
        module => File::Spec->rel2abs($ENV{TIDRAW_MODULE}
                      || "$root/build/ngx_http_tidraw_module.so"),
        nginx => $ENV{NGINX_BIN} || '/usr/sbin/nginx',
        conf => $ENV{TIDRAW_CONF} || '',
    );

    # from here on nothing of ours runs beside the server

    run_or_die('sh', '-c', "taskset -c -p $load_core $$ > /dev/null");

    my $load = load_average();

    warn sprintf("warning: the machine is busy (load %.1f), the figures will"
                 . " be worse than they should\n", $load)
        if $load > 0.7;

    for my $row (grep { my $r = $_; grep { $r->{id} eq $_ } @ids } @rows) {
        for my $name (@names) {
            my $server = server($name);

            next if $server->{only_edits} && !$row->{edits};
            next if $server->{rows} && $row->{id} !~ $server->{rows};
            next if $row->{servers} && $name !~ $row->{servers};
            next if $row->{v7} && $name eq 'upstream-sqlite';

            $result{$row->{id}}{$name} = measure_runs($row, $name, $server);
        }
    }

    %BenchReport::set = (
        rows => \@rows, result => \%result, names => \@names, load => $load,
        seconds => $seconds, warmup => $warmup, dir => $dir, node => $node,
    );

    my $text = report();

    print $text;

    open(my $fh, '>', "$root/build/bench.md") or die "build/bench.md: $!\n";
    print $fh $text;
    close $fh or die "build/bench.md: $!\n";

    exit($wrong ? 1 : 0);
}


# Several runs of a row: the one whose CPU is in the middle, or the first that
# went wrong.

sub measure_runs {
    my ($row, $name, $server) = @_;
    my @done;

    for my $n (1 .. $runs) {
        my $r = measure($row, $name, $server);

        print STDERR progress($row, $name, $r);

        if (!$r->{ok}) {
            $wrong = 1 if $name =~ /^(floor|tidraw)$/;
            return $r;
        }

        push @done, $r;
    }

    @done = sort { $a->{core} <=> $b->{core} } @done;

    return $done[$#done / 2];
}


sub measure {
    my ($row, $name, $server) = @_;
    my $v7 = $row->{v7} || $server->{v7};

    remove_tree($dir, { keep_root => 1 });

    my $s = start($name, $v7);
    my $fresh = memory($s);

    prepare_rooms($s, $row->{rooms} || 1) if $s->{prepare};

    my $before;

    if ($row->{idle}) {

        # what is made once, by the first use of anything, is no session's

        load($s, $v7, { window => 1, warmup => 0.5 },
             qw(-c 10 -P 30 -E 30));
        $before = memory($s);
    }

    my $r = load($s, $v7, { reload => $row->{reload} }, @{$row->{args}},
                 $row->{shapes} && $name eq 'floor' ? (-N => 0) : ());

    $r->{fresh} = $fresh;
    $r->{session} = ($r->{memory}{total} - $before->{total}) / $row->{clients}
        if $row->{idle};

    if ($row->{shapes} && $server->{disk} && $r->{ok}) {

        # the same board once more, as the first client after a restart

        stop($s);
        $s = start($name, $v7, $s);

        my $cold = load($s, $v7, {}, qw(-m board -n 0 -k 0 -N),
                        $row->{shapes});

        $r->{cold} = $cold->{whole_reply}{p50};
        $r->{ok} = $cold->{ok};
        push @{$r->{errors}}, @{$cold->{errors}};
    }

    stop($s);

    return $r;
}


# Runs the generator against the server and reads the server's CPU and memory
# at the moments the generator names.

sub load {
    my ($s, $v7, $opt, @args) = @_;

    my @cmd = ('taskset', '-c', $load_core, "$out/load", '-i',
               -p => join(',', @{$s->{ports} || [$port]}),
               -V => $v7 ? 7 : 8, -S => $s->{schema},
               -w => $opt->{warmup} // $warmup,
               -d => $opt->{window} // $seconds, -D => $drain,
               $s->{rooms} ? (-R => $s->{rooms}) : (),
               (map { (-H => $_) } @{$s->{headers} || []}), @args);

    pipe(my $in_r, my $in_w) or die "pipe: $!\n";
    pipe(my $out_r, my $out_w) or die "pipe: $!\n";
    pipe(my $err_r, my $err_w) or die "pipe: $!\n";

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        open(STDIN, '<&', $in_r);
        open(STDOUT, '>&', $out_w);
        open(STDERR, '>&', $err_w);
        exec @cmd or POSIX::_exit(127);
    }

    close $_ for $in_r, $out_w, $err_w;

    my $deadline = time + $seconds + $warmup + $drain + 120;
    my $select = IO::Select->new($out_r, $err_r);
    my ($line, $noise, $json, %cpu, %busy, $wall, $memory) = ('', '', '');

    while ($select->count) {

        if (time > $deadline) {
            kill 'KILL', $pid;
            waitpid $pid, 0;
            failed($s, 'the load generator did not come to an end');
        }

        for my $fh ($select->can_read(1)) {
            my $n = sysread($fh, my $data, 65536);

            if (!$n) {
                $select->remove($fh);
                next;
            }

            if ($fh == $out_r) {
                $json .= $data;
                next;
            }

            $line .= $data;

            while ($line =~ s/^(.*)\n//) {
                my $event = $1;

                if ($event eq 'event start' || $event eq 'event end') {
                    $cpu{$event} = cpu($s);
                    $busy{$event} = core_busy($server_core);
                    $wall = time - ($wall // 0);
                    kill 'HUP', $s->{pid}
                        if $opt->{reload} && $event eq 'event start';

                } elsif ($event eq 'event done') {
                    $memory = memory($s);
                    print $in_w "\n";
                    $in_w->flush;

                } elsif ($event !~ /^event /) {
                    $noise .= "$event\n";
                }
            }
        }
    }

    close $in_w;
    waitpid $pid, 0;

    my $status = $? >> 8;

    failed($s, "the load generator said: $noise$json (status $status)")
        if $status > 1 || $? & 127 || $json !~ /^\{.*\}\n$/;

    my $r = decode_json($json);

    if ($r->{ok} && !$memory) {
        $r->{ok} = JSON::PP::false;
        push @{$r->{errors}}, 'the generator did not end well';
    }

    # a server that fell may still have told what it did until then

    if ($cpu{'event end'} && !$opt->{reload}) {
        $r->{cpu} = $cpu{'event end'} - $cpu{'event start'};
        $r->{core} = $r->{cpu} / $wall;

        # what ran on the server's core without being the server

        $r->{others} = ($busy{'event end'} - $busy{'event start'}) / $wall
                       - $r->{core};
    }

    $r->{memory} = $memory || memory($s);

    if (!alive($s)
        || !$opt->{reload} && "@{$s->{pids}}" ne join ' ', tree($s->{pid}))
    {
        $r->{ok} = JSON::PP::false;
        push @{$r->{errors}}, 'a process of the server died';
    }

    print STDERR log_tail($s) if !$r->{ok};

    warn sprintf("warning: the load generator used %.0f %% of its core\n",
                 $r->{generator_core} * 100)
        if $r->{generator_core} > 0.85 && $r->{seconds} > 0.5;

    return $r;
}


# Options

sub number {
    my ($name, $default) = @_;
    my $value = $ENV{$name} // '';

    return $default if $value eq '';

    die "$name must be a number above 0\n"
        unless $value =~ /^\d+(\.\d+)?$/ && $value > 0;

    return $value;
}


sub chosen {
    my ($name, $default, $all) = @_;

    return @$default if !$ENV{$name};

    my @list = split /[\s,]+/, $ENV{$name};

    for my $item (@list) {
        die "$name: there is no $item, only @{[sort @$all]}\n"
            unless grep { $item eq $_ } @$all;
    }

    return @list;
}


sub online {
    my ($core) = @_;

    return defined $core && $core =~ /^\d+$/
           && -d "/sys/devices/system/cpu/cpu$core";
}


sub node_has_sqlite {
    return system('sh', '-c', 'cd "$1" && "$2" -e "try {'
                  . ' new (require(\'better-sqlite3\'))(\':memory:\')'
                  . ' } catch (e) { require(\'node:sqlite\') }"'
                  . ' 2> /dev/null', 'sh', "$out/upstream", $node) == 0;
}


sub run_or_die {
    my @cmd = @_;

    # stdout is for the table

    open(my $keep, '>&', \*STDOUT) or die "dup: $!\n";
    open(STDOUT, '>&', \*STDERR) or die "dup: $!\n";

    my $status = system(@cmd);

    open(STDOUT, '>&', $keep) or die "dup: $!\n";

    die "@cmd: failed\n" if $status != 0;
}
