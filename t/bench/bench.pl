#!/usr/bin/perl

# The benchmark: Tidraw, the upstream server and the floor program (floor.c)
# under the same loads (load.c), one core for the server, one for the load.
#
#     perl t/bench/bench.pl            after "make", or "make bench"
#
# Everything is chosen by environment:
#
#   SERVERS   floor,tidraw,upstream,upstream-sqlite; also upstream-3 (3.15.6)
#   ROWS      presence30,presence60,presence100,edits30,rooms50,strokes10,
#             idle2000,board4000
#   SECONDS   10, measured;  WARMUP  2, before;  DRAIN  20, at most afterwards
#   RUNS      1: how often each row is run; the one in the middle is shown
#   CORES     0,1: of the server, of the load generator
#   PORT      18400
#   DIR       build/bench/run: databases and logs.  A folder on the disk that
#             is meant: every edit waits for it
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
use Fcntl;
use File::Path qw(make_path remove_tree);
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use POSIX qw(:sys_wait_h setsid);
use Time::HiRes qw(time sleep);

$| = 1;

my $here = abs_path(__FILE__) =~ s{/[^/]*$}{}r;
my $root = abs_path("$here/../..");
my $out = "$root/build/bench";

my $seconds = number('SECONDS', 10);
my $warmup = number('WARMUP', 2);
my $drain = number('DRAIN', 20);
my $runs = number('RUNS', 1);
my $port = number('PORT', 18400);
my $dir = $ENV{DIR} || "$out/run";
my $module = $ENV{TIDRAW_MODULE} || "$root/build/ngx_http_tidraw_module.so";
my $nginx = $ENV{NGINX_BIN} || '/usr/sbin/nginx';
my $node = $ENV{NODE} || 'node';

my ($server_core, $load_core) = split /,/, $ENV{CORES} || '0,1';

# What is run.  only: servers that have the row without being asked for it;
# v7: clients of 3.15.6; latency: which of the measured ones is shown.

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
    { id => 'board4000', title => 'the first message of a 4 000-shape board',
      args => [qw(-m board -n 4000 -k 20)], shapes => 4000, edits => 1 },
);

# generation: which clients it serves; disk: keeps boards over a restart.

my %servers = (
    'floor' => { start => \&start_floor },
    'tidraw' => { start => \&start_tidraw, disk => 1 },
    'upstream' => { start => \&start_upstream },
    'upstream-sqlite' => { start => \&start_upstream, disk => 1,
                           only_edits => 1 },
    'upstream-3' => { start => \&start_upstream, v7 => 1 },
);

my @server_names = qw(floor tidraw upstream upstream-sqlite);

my (%result, $running, $wrong);

# a server outlives nothing: not a die, not Ctrl-C

$SIG{INT} = $SIG{TERM} = sub { exit 130 };
$SIG{PIPE} = 'IGNORE';

END {
    my $status = $?;
    stop($running) if $running;
    $? = $status;
}

main();


sub main {
    my @names = chosen('SERVERS', \@server_names, [keys %servers]);
    my @ids = chosen('ROWS', [map { $_->{id} } @rows],
                     [map { $_->{id} } @rows]);

    die "the benchmark needs two cores: CORES=server,load\n"
        unless online($server_core) && online($load_core)
               && $server_core != $load_core;

    run_or_die('make', '-s', '-C', $here, 'build', "OUT=$out");

    run_or_die('make', '-s', '-C', $here, 'upstream', "OUT=$out")
        if grep { /^upstream/ } @names;

    make_path($dir);
    $dir = abs_path($dir);

    # from here on nothing of ours runs beside the server

    run_or_die('sh', '-c', "taskset -c -p $load_core $$ > /dev/null");

    my $load = load_average();

    warn sprintf("warning: the machine is busy (load %.1f), the figures will"
                 . " be worse than they should\n", $load)
        if $load > 0.7;

    for my $row (grep { my $r = $_; grep { $r->{id} eq $_ } @ids } @rows) {
        for my $name (@names) {
            my $server = $servers{$name};

            next if $server->{only_edits} && !$row->{edits};
            next if $row->{v7} && $name eq 'upstream-sqlite';

            $result{$row->{id}}{$name} = measure_runs($row, $name, $server);
        }
    }

    my $text = report(\@names, \@ids, $load);

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

    my $s = start($name, $server, $v7);
    my $fresh = memory($s);

    prepare_rooms($s, $row->{rooms} || 1) if $s->{prepare};

    my $before;

    if ($row->{idle}) {

        # what is made once, by the first use of anything, is no session's

        load($s, $v7, { window => 1, warmup => 0.5 },
             qw(-c 10 -P 30 -E 30));
        $before = memory($s);
    }

    my $r = load($s, $v7, {}, @{$row->{args}},
                 $row->{shapes} && $name eq 'floor' ? (-N => 0) : ());

    $r->{fresh} = $fresh;
    $r->{session} = ($r->{memory}{total} - $before->{total}) / $row->{clients}
        if $row->{idle};

    if ($row->{shapes} && $server->{disk} && $r->{ok}) {

        # the same board once more, as the first client after a restart

        stop($s);
        $s = start($name, $server, $v7, $s);

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

    my @cmd = ('taskset', '-c', $load_core, "$out/load", '-i', -p => $port,
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
    my ($line, $noise, $json, %cpu, $wall, $memory) = ('', '', '');

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
                    $wall = time - ($wall // 0);

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

    if ($cpu{'event end'}) {
        $r->{cpu} = $cpu{'event end'} - $cpu{'event start'};
        $r->{core} = $r->{cpu} / $wall;
    }

    $r->{memory} = $memory || memory($s);

    if (!alive($s) || "@{$s->{pids}}" ne join ' ', tree($s->{pid})) {
        $r->{ok} = JSON::PP::false;
        push @{$r->{errors}}, 'a process of the server died';
    }

    print STDERR log_tail($s) if !$r->{ok};

    warn sprintf("warning: the load generator used %.0f %% of its core\n",
                 $r->{generator_core} * 100)
        if $r->{generator_core} > 0.85;

    return $r;
}


# Servers.  Each start_ routine returns the command and how to reach it; then
# the server is waited for, and looked after, in the same way.

sub start {
    my ($name, $server, $v7, $again) = @_;

    my $probe = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1',
                                      LocalPort => $port, ReuseAddr => 1);
    die "port $port is in use: PORT= names another one\n" if !$probe;
    close $probe;

    my $s = $server->{start}->($name, $v7);

    $s->{name} = $name;
    $s->{log} = "$dir/$name.log";

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        setsid();
        open(STDIN, '<', '/dev/null');
        open(STDOUT, '>>', $s->{log}) or POSIX::_exit(126);
        open(STDERR, '>&', \*STDOUT);

        # nginx takes a variable of this name for sockets it inherits

        delete $ENV{NGINX};

        exec 'taskset', '-c', $server_core, @{$s->{command}}
            or POSIX::_exit(127);
    }

    $s->{pid} = $pid;
    $running = $s;

    my $deadline = time + 20;

    while (1) {
        failed($s, 'it ended while starting') if !alive($s);
        failed($s, 'it did not start within 20 s') if time > $deadline;
        last if ready($s);
        sleep 0.05;
    }

    # the processes of now are those whose time is counted

    sleep 0.2;
    $s->{pids} = [tree($pid)];

    if ($again) {
        $s->{$_} = $again->{$_} for qw(headers rooms);
    }

    $s->{schema} = schema($s, $v7);

    return $s;
}


sub start_floor {
    return { command => ["$out/floor", $port] };
}


sub start_upstream {
    my ($name, $v7) = @_;
    my @db;

    if ($name eq 'upstream-sqlite') {
        make_path("$dir/boards");
        @db = "$dir/boards";
    }

    return { command => [$node, "$out/upstream/server.js", $port,
                         $v7 ? 3 : 5, @db],
             probe => '/schema' };
}


sub start_tidraw {
    -e $module or die "$module: $!: \"make\" builds it, TIDRAW_MODULE names",
                      " another one\n";

    make_path("$dir/data");

    my $user = $> == 0 ? "user root;\n" : '';
    my $temp = join '', map { "    ${_}_temp_path $dir/temp_$_;\n" }
                            qw(client_body proxy fastcgi uwsgi scgi);
    my $web = -d "$root/web/dist" ? "tidraw_web $root/web/dist;" : '';
    my $more = $ENV{TIDRAW_CONF} || '';

    open(my $fh, '>', "$dir/nginx.conf") or die "$dir/nginx.conf: $!\n";
    print $fh <<"END";
load_module $module;
${user}daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid $dir/nginx.pid;
error_log stderr notice;
thread_pool default threads=4 max_queue=65536;

events {
    worker_connections 8192;
}

http {
$temp
    access_log off;

    server {
        listen 127.0.0.1:$port;

        location / {
            tidraw on;
            tidraw_state_dir $dir/data;
            tidraw_database sqlite:$dir/data/tidraw.db;
            tidraw_schema $root/conf/schema;
            $web
            $more
        }
    }
}
END
    close $fh or die "$dir/nginx.conf: $!\n";

    return { command => [$nginx, '-p', $dir, '-c', "$dir/nginx.conf"],
             probe => '/healthz', prepare => 1 };
}


sub ready {
    my ($s) = @_;

    if ($s->{probe}) {
        return HTTP::Tiny->new(timeout => 5)
                         ->get("http://127.0.0.1:$port$s->{probe}")
                         ->{success};
    }

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $port);
    close $socket if $socket;

    return defined $socket;
}


# The schema its clients come with: the upstream server tells its own, for
# the others it is that of the newest description.

sub schema {
    my ($s, $v7) = @_;
    my $file = "$dir/schema.json";
    my $text;

    if ($s->{name} =~ /^upstream/) {
        my $r = HTTP::Tiny->new->get("http://127.0.0.1:$port/schema");

        failed($s, 'no schema') if !$r->{success};
        $text = $r->{content};

    } else {
        my $major = $v7 ? 3 : 5;
        my @files = sort { version($a) <=> version($b) }
                         glob("$root/conf/schema/tldraw-$major.*.json");

        die "conf/schema: no description of tldraw $major\n" if !@files;

        open(my $fh, '<', $files[-1]) or die "$files[-1]: $!\n";
        local $/;

        my $schema = decode_json(<$fh>)->{schema}
            or die "$files[-1]: no \"schema\"\n";
        $text = JSON::PP->new->canonical->encode($schema);
    }

    open(my $fh, '>', $file) or die "$file: $!\n";
    print $fh $text;
    close $fh or die "$file: $!\n";

    return $file;
}


sub version {
    my @n = $_[0] =~ /-(\d+)\.(\d+)\.(\d+)/ or return 0;

    return ($n[0] * 1000 + $n[1]) * 1000 + $n[2];
}


# An account, its boards, and the header that opens them.

sub prepare_rooms {
    my ($s, $n) = @_;
    my $base = "http://127.0.0.1:$port";
    my $http = HTTP::Tiny->new(timeout => 20);
    my %headers = ('Content-Type' => 'application/json');

    my $r = $http->post("$base/api/auth/register", {
        headers => \%headers,
        content => encode_json({ email => 'bench@example.org', name => 'Bench',
                                 password => 'correct horse battery' }),
    });

    failed($s, "register: $r->{status} $r->{content}") if $r->{status} != 201;

    my $cookie = $r->{headers}{'set-cookie'}
        // failed($s, 'register: no cookie');

    $cookie = $cookie->[0] if ref $cookie;
    $cookie =~ s/;.*//s;

    open(my $fh, '>', "$dir/rooms") or die "$dir/rooms: $!\n";

    for my $i (1 .. $n) {
        $r = $http->post("$base/api/rooms", {
            headers => { %headers, Cookie => $cookie },
            content => encode_json({ name => "Board $i" }),
        });

        failed($s, "rooms: $r->{status} $r->{content}") if $r->{status} != 201;

        print $fh decode_json($r->{content})->{id}, "\n";
    }

    close $fh or die "$dir/rooms: $!\n";

    $s->{headers} = ["Cookie: $cookie"];
    $s->{rooms} = "$dir/rooms";
}


sub stop {
    my ($s) = @_;
    my $deadline = time + 15;

    $running = undef;

    return if !alive($s);

    kill 'TERM', $s->{pid};

    while (alive($s)) {
        if (time > $deadline) {
            warn "$s->{name} did not stop within 15 s\n";
            kill 'KILL', tree($s->{pid});
            waitpid $s->{pid}, 0;
            return;
        }

        sleep 0.02;
    }
}


sub alive {
    my ($s) = @_;

    return 0 if $s->{dead};

    $s->{dead} = 1 if waitpid($s->{pid}, WNOHANG) != 0;

    return !$s->{dead};
}


sub failed {
    my ($s, $reason) = @_;

    die "$s->{name}: $reason\n", log_tail($s);
}


sub log_tail {
    my ($s) = @_;

    open(my $fh, '<', $s->{log}) or return "(no log)\n";
    my @lines = <$fh>;

    splice @lines, 0, @lines - 25 if @lines > 25;

    return join '', "-- the end of $s->{log}:\n", @lines, "--\n";
}


# /proc

# The process and all below it.

sub tree {
    my ($top) = @_;
    my %children;

    for my $stat (glob '/proc/[0-9]*/stat') {
        open(my $fh, '<', $stat) or next;
        my $line = <$fh> // next;

        push @{$children{$2}}, $1 if $line =~ /^(\d+) \(.*\) \S (\d+)/s;
    }

    my @found = $top;

    for (my $i = 0; $i < @found; $i++) {
        push @found, @{$children{$found[$i]} || []};
    }

    return @found;
}


# Seconds of CPU of the server until now: of its threads by the scheduler's
# own account, in ns; where the kernel has none, in ticks.

sub cpu {
    my ($s) = @_;
    my $sum = 0;

    for my $pid (@{$s->{pids}}) {
        my $found;

        for my $file (glob "/proc/$pid/task/*/schedstat") {
            open(my $fh, '<', $file) or next;
            my ($ns) = split ' ', <$fh> // next;

            $sum += $ns / 1e9;
            $found = 1;
        }

        next if $found;

        if (open(my $fh, '<', "/proc/$pid/stat")) {
            my @f = split ' ', (<$fh> =~ s/^.*\) //sr);

            $sum += ($f[11] + $f[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
        }
    }

    return $sum;
}


# KB: of all processes; of the last one, which is nginx's worker.

sub memory {
    my ($s) = @_;
    my ($total, $last) = (0, 0);

    for my $pid (@{$s->{pids}}) {
        open(my $fh, '<', "/proc/$pid/smaps_rollup") or next;

        while (<$fh>) {
            if (/^Pss:\s+(\d+) kB/) {
                $total += $1;
                $last = $1;
            }
        }
    }

    return { total => $total, worker => $last };
}


sub load_average {
    open(my $fh, '<', '/proc/loadavg') or return 0;

    return (split ' ', <$fh>)[0];
}


sub machine {
    my $model = 'unknown processor';

    if (open(my $fh, '<', '/proc/cpuinfo')) {
        while (<$fh>) {
            $model = $1, last if /^model name\s*:\s*(.+)$/;
        }
    }

    my ($fs) = `stat -f -c %T '$dir' 2>/dev/null` =~ /(\S+)/;
    my ($version) = `'$node' --version 2>/dev/null` =~ /v(\S+)/;

    return sprintf('%s, Linux %s, %s%s', $model,
                   (POSIX::uname())[2] =~ /^(\d+\.\d+)/,
                   $version ? "Node $version, " : '',
                   'databases on ' . ($fs // 'an unknown file system'));
}


# Report

sub report {
    my ($names, $ids, $load) = @_;
    my $text = "# Benchmark\n\n";
    my @targets;

    $text .= sprintf("%s: one core for the server, one for the load, %d s"
                     . " measured after %g s. %s.%s\n\n",
                     POSIX::strftime('%Y-%m-%d', gmtime), $seconds, $warmup,
                     machine(),
                     $load > 0.7 ? sprintf(' The machine was busy with other'
                                           . ' things (load %.1f).', $load)
                                 : '');

    my @loads = grep { exists $result{$_->{id}} && $_->{latency} } @rows;

    if (@loads) {
        $text .= "| load | server | core used | of the floor"
                 . " | deliveries per CPU second | p50 / p99 ms"
                 . " | durable p50 / p99 ms | memory MB |\n"
                 . "|---|---|---|---|---|---|---|---|\n";
    }

    for my $row (@loads) {
        for my $name (@$names) {
            my $r = $result{$row->{id}}{$name} or next;
            my $l = $r->{$row->{latency}};

            $text .= sprintf("| %s | %s | %s | %s | %s | %s | %s | %s |\n",
                             $row->{title}, label($name, $row),
                             core($r), ratio($row, $r),
                             $r->{cpu} ? thousands($r->{received} / $r->{cpu})
                                       : '–',
                             pair($l), pair($r->{durable}), mb($r));

            $text .= trouble($r);
        }

        push @targets, targets($row);
    }

    if (my $results = $result{idle2000}) {
        $text .= "\n| 2 000 idle clients in 200 rooms | core used"
                 . " | KB a session | memory MB | fresh server MB |\n"
                 . "|---|---|---|---|---|\n";

        for my $name (grep { $results->{$_} } @$names) {
            my $r = $results->{$name};

            $text .= sprintf("| %s | %s | %.1f | %s | %s |\n", label($name),
                             core($r, 4), $r->{session} // 0, mb($r),
                             mb({ memory => $r->{fresh} }));
            $text .= trouble($r);
        }

        if (my $r = $results->{tidraw}) {
            push @targets,
                target('idle server, MB', $r->{fresh}{total} / 1024, 15),
                target('idle session, KB', $r->{session}, 8);
        }
    }

    if (my $results = $result{board4000}) {
        $text .= "\n| first message of a 4 000-shape board | first byte ms"
                 . " | whole p50 / max ms | CPU ms a client"
                 . " | after a restart ms | MB sent | memory MB |\n"
                 . "|---|---|---|---|---|---|---|\n";

        for my $name (grep { $results->{$_} } @$names) {
            my $r = $results->{$name};

            next if $name eq 'floor' && $r->{ok};

            $text .= sprintf("| %s | %s | %s | %s | %s | %s | %s |\n",
                             label($name), ms($r->{first_byte}{p50}),
                             ms($r->{whole_reply}{p50}) . ' / '
                             . ms($r->{whole_reply}{max}),
                             ms($r->{cpu} ? $r->{cpu} * 1000
                                            / $r->{whole_reply}{n} : undef),
                             ms($r->{cold}),
                             sprintf('%.2f', ($r->{reply_bytes} || 0) / 1e6),
                             mb($r));
            $text .= trouble($r);
        }

        if (my $r = $results->{tidraw}) {
            push @targets,
                target('first message of 4 000 shapes, whole, ms',
                       $r->{whole_reply}{max}, 50);
        }
    }

    $text .= "\nMemory of Tidraw: master and worker, the worker alone in"
             . " brackets.\n" if grep { $_ eq 'tidraw' } @$names;

    $text .= "\nTargets:\n\n" . join('', @targets) if @targets;

    return $text;
}


sub targets {
    my ($row) = @_;
    my $results = $result{$row->{id}};
    my $r = $results->{tidraw} or return;
    my @found;

    push @found, target("$row->{title}: times the floor",
                        $r->{core} / $results->{floor}{core}, 2)
        if $r->{core} && $results->{floor} && $results->{floor}{core};

    push @found, target("$row->{title}: p99, ms", $r->{presence}{p99}, 25)
        if $row->{id} eq 'presence100';

    push @found, target("$row->{title}: durable p50, ms", $r->{durable}{p50},
                        10),
                 target("$row->{title}: durable p99, ms", $r->{durable}{p99},
                        30)
        if $row->{edits};

    return @found;
}


sub target {
    my ($what, $value, $limit) = @_;

    return "- **missed**: $what: no figure (wanted: at most $limit)\n"
        if !defined $value;

    return sprintf("- met: %s: %.2f (at most %g)\n", $what, $value, $limit)
        if $value <= $limit;

    return sprintf("- **missed**: %s: %.2f, %.0f %% above the %g wanted\n",
                   $what, $value, ($value / $limit - 1) * 100, $limit);
}


# What went wrong, as a line under its own.

sub trouble {
    my ($r) = @_;

    my @notes = $r->{ok} ? () : @{$r->{errors}};

    push @notes, sprintf('%d of %d cursor positions were left out',
                         $r->{skipped_presence}, $r->{skipped_presence}
                                                 + $r->{received})
        if $r->{skipped_presence};

    push @notes, sprintf('%d of %d moves came only as part of a later one',
                         $r->{skipped_edits}, $r->{skipped_edits}
                                              + $r->{received})
        if $r->{skipped_edits};

    push @notes, sprintf('the generator used %.0f %% of its core',
                         $r->{generator_core} * 100)
        if $r->{generator_core} > 0.85;

    return join '', map { s/\|/ /gr } map { "| | $_ |\n" } @notes;
}


sub progress {
    my ($row, $name, $r) = @_;

    return sprintf("%-12s %-16s core %s  p50/p99 %s  durable %s  memory %s"
                   . "  generator %.2f%s\n", $row->{id}, $name, core($r),
                   pair($r->{$row->{latency} || 'whole_reply'}),
                   pair($r->{durable}), mb($r), $r->{generator_core},
                   $r->{ok} ? '' : "  WRONG: @{$r->{errors}}");
}


sub label {
    my ($name, $row) = @_;

    return { 'floor' => 'floor', 'tidraw' => '**Tidraw**',
             'upstream' => $row && $row->{v7} ? 'upstream 3.15.6'
                                              : 'upstream 5.4.2',
             'upstream-sqlite' => 'upstream 5.4.2, SQLite',
             'upstream-3' => 'upstream 3.15.6' }->{$name};
}


sub core {
    my ($r, $digits) = @_;

    return '–' if !defined $r->{core};

    return sprintf('%.*f', $digits || 3, $r->{core});
}


sub ratio {
    my ($row, $r) = @_;
    my $floor = $result{$row->{id}}{floor};

    return '–' if !$floor || !$floor->{core} || !defined $r->{core};

    return sprintf('%.1f', $r->{core} / $floor->{core});
}


sub ms {
    return defined $_[0] ? sprintf('%.1f', $_[0]) : '–';
}


sub pair {
    my ($l) = @_;

    return $l ? ms($l->{p50}) . ' / ' . ms($l->{p99}) : '–';
}


sub mb {
    my ($r) = @_;
    my $m = $r->{memory} or return '–';

    return sprintf('%.1f', $m->{total} / 1024)
           . ($m->{worker} != $m->{total}
              ? sprintf(' (%.1f)', $m->{worker} / 1024) : '');
}


sub thousands {
    my $n = sprintf('%.0f', $_[0]);

    1 while $n =~ s/^(\d+)(\d{3})/$1 $2/;

    return $n;
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


sub run_or_die {
    my @cmd = @_;

    # stdout is for the table

    open(my $keep, '>&', \*STDOUT) or die "dup: $!\n";
    open(STDOUT, '>&', \*STDERR) or die "dup: $!\n";

    my $status = system(@cmd);

    open(STDOUT, '>&', $keep) or die "dup: $!\n";

    die "@cmd: failed\n" if $status != 0;
}
