package BenchServer;

# The servers of the benchmark: starting, waiting for, stopping them, and
# what /proc knows of them.  At most one runs, and it never outlives the
# process that started it.

use strict;
use warnings;

use Exporter qw(import);
use File::Path qw(make_path);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use POSIX qw(:sys_wait_h setsid);
use Time::HiRes qw(time sleep);

use FindBin;
use lib "$FindBin::RealBin/../lib";

use Tidraw::Pg;
use Tidraw::Redis;

our @EXPORT = qw(server_names server start stop alive failed log_tail
                 prepare_rooms cpu core_busy memory tree);

# root, out, dir, port, core, cores, module, nginx, node, conf: bench.pl sets
# them

our %set;

# v7: serves clients of 3.15.6 only; disk: keeps boards over a restart;
# only_edits: a database is all that is new.

# both: on the core of the load, too; rows: all that it is run with.

my %servers = (
    'floor' => { start => \&start_floor },
    'tidraw' => { start => \&start_tidraw, disk => 1 },
    'tidraw-nohistory' => { start => \&start_tidraw, only_edits => 1,
                            conf => 'tidraw_history off;' },
    'tidraw-2' => { start => \&start_tidraw, both => 1,
                    rows => qr/^(?!idle|board)/ },
    'tidraw-pg' => { start => \&start_tidraw,
                     rows => qr/^(?:presence|edits)30$/ },
    'tidraw-hosts' => { start => \&start_tidraw, both => 1,
                        rows => qr/^(?:presence|edits)30$/ },
    'upstream' => { start => \&start_upstream },
    'upstream-sqlite' => { start => \&start_upstream, disk => 1,
                           only_edits => 1 },
    'upstream-3' => { start => \&start_upstream, v7 => 1 },
);

my $running;

END {
    my $status = $?;
    stop($running) if $running;
    $? = $status;
}


sub server_names {
    return sort keys %servers;
}


sub server {
    return $servers{$_[0]};
}


# Each start_ routine returns the command and how to reach it; then the server
# is waited for, and looked after, in the same way.

sub start {
    my ($name, $v7, $again) = @_;

    my $probe = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1',
                                      LocalPort => $set{port}, ReuseAddr => 1);
    die "port $set{port} is in use: PORT= names another one\n" if !$probe;
    close $probe;

    my $s = $servers{$name}{start}->($name, $v7);

    $s->{name} = $name;
    $s->{log} = "$set{dir}/$name.log";

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        setsid();
        open(STDIN, '<', '/dev/null');
        open(STDOUT, '>>', $s->{log}) or POSIX::_exit(126);
        open(STDERR, '>&', \*STDOUT);

        # nginx takes a variable of this name for sockets it inherits

        delete $ENV{NGINX};

        exec 'taskset', '-c', $servers{$name}{both} ? $set{cores} : $set{core},
             @{$s->{command}}
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
    return { command => ["$set{out}/floor", $set{port}] };
}


sub start_upstream {
    my ($name, $v7) = @_;
    my @db;

    if ($name eq 'upstream-sqlite') {
        make_path("$set{dir}/boards");
        @db = "$set{dir}/boards";
    }

    return { command => [$set{node}, "$set{out}/upstream/server.js",
                         $set{port}, $v7 ? 3 : 5, @db],
             probe => '/schema' };
}


# tidraw-2 has two workers; tidraw-pg is a host with PostgreSQL and Redis,
# tidraw-hosts are two of those.

sub start_tidraw {
    my ($name) = @_;
    my ($dir, $root, $module) = @set{qw(dir root module)};

    -e $module or die "$module: $!: \"make\" builds it, TIDRAW_MODULE names",
                      " another one\n";

    my $user = $> == 0 ? "user root;\n" : '';
    my $temp = join '', map { "    ${_}_temp_path $dir/temp_$_;\n" }
                            qw(client_body proxy fastcgi uwsgi scgi);
    my $web = -d "$root/web/dist" ? "tidraw_web $root/web/dist;" : '';

    my $conf = join ' ', $set{conf}, $servers{$name}{conf} // ();
    my $workers = $name eq 'tidraw-2' ? 2 : 1;
    my $reuse = $workers > 1 ? ' reuseport' : '';
    my $database = "sqlite:$dir/data.$set{port}/tidraw.db";
    my @ports = $set{port};
    my ($redis, @keep) = ('');

    push @ports, $set{port} + 1 if $name eq 'tidraw-hosts';

    if ($name =~ /-(?:pg|hosts)$/) {
        @keep = (Tidraw::Pg->new(conf => "fsync = on\n")->start,
                 Tidraw::Redis->new->start);
        $database = $keep[0]->url($keep[0]->createdb);
        $redis = 'tidraw_redis ' . $keep[1]->url . ';';
    }

    for my $port (@ports) {
        make_path("$dir/data.$port");

        open(my $fh, '>', "$dir/nginx.$port.conf")
            or die "$dir/nginx.$port.conf: $!\n";
        print $fh <<"END";
load_module $module;
${user}daemon off;
worker_processes $workers;
worker_rlimit_nofile 16384;
pid $dir/nginx.$port.pid;
error_log stderr notice;
thread_pool default threads=4 max_queue=65536;

events {
    worker_connections 8192;
}

http {
$temp
    access_log off;

    server {
        listen 127.0.0.1:$port$reuse;

        location / {
            tidraw on;
            tidraw_state_dir $dir/data.$port;
            tidraw_secret "of all hosts";
            tidraw_database $database;
            $redis
            tidraw_schema $root/conf/schema;
            tidraw_passwords $root/conf/passwords.txt;
            $web
            $conf
        }
    }
}
END
        close $fh or die "$dir/nginx.$port.conf: $!\n";
    }

    my @commands = map { [$set{nginx}, '-p', $dir, '-c',
                          "$dir/nginx.$_.conf"] } @ports;

    # of several, one process that ends with them and ends them

    my $herd = 'my @all = map { my @c = splice @ARGV, 0, 5; my $p = fork;'
               . ' exec @c if !$p; $p } 1, 2;'
               . ' $SIG{TERM} = sub { kill TERM => @all }; 1 while wait > 0;';

    return { command => @commands > 1
                 ? [$^X, '-e', $herd, map { @$_ } @commands] : $commands[0],
             ports => \@ports, keep => \@keep, probe => '/readyz',
             prepare => 1 };
}


sub ready {
    my ($s) = @_;

    if ($s->{probe}) {
        my $http = HTTP::Tiny->new(timeout => 5);

        for my $port (@{$s->{ports} || [$set{port}]}) {
            return 0 if !$http->get("http://127.0.0.1:$port$s->{probe}")
                              ->{success};
        }

        return 1;
    }

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $set{port});
    close $socket if $socket;

    return defined $socket;
}


# The schema its clients come with: the upstream server tells its own, for
# the others it is that of the newest description.

sub schema {
    my ($s, $v7) = @_;
    my $file = "$set{dir}/schema.json";
    my $text;

    if ($s->{name} =~ /^upstream/) {
        my $r = HTTP::Tiny->new->get("http://127.0.0.1:$set{port}/schema");

        failed($s, 'no schema') if !$r->{success};
        $text = $r->{content};

    } else {
        my $major = $v7 ? 3 : 5;
        my @files = sort { version($a) <=> version($b) }
                         glob("$set{root}/conf/schema/tldraw-$major.*.json");

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
    my $base = "http://127.0.0.1:$set{port}";
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

    open(my $fh, '>', "$set{dir}/rooms") or die "$set{dir}/rooms: $!\n";

    for my $i (1 .. $n) {
        $r = $http->post("$base/api/rooms", {
            headers => { %headers, Cookie => $cookie },
            content => encode_json({ name => "Board $i" }),
        });

        failed($s, "rooms: $r->{status} $r->{content}") if $r->{status} != 201;

        print $fh decode_json($r->{content})->{id}, "\n";
    }

    close $fh or die "$set{dir}/rooms: $!\n";

    $s->{headers} = ["Cookie: $cookie"];
    $s->{rooms} = "$set{dir}/rooms";
}


sub stop {
    my ($s) = @_;

    stop_it($s);
    delete $s->{keep};
}


sub stop_it {
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


# Seconds that a core was busy with anything.

sub core_busy {
    my ($core) = @_;

    open(my $fh, '<', '/proc/stat') or die "/proc/stat: $!\n";

    while (<$fh>) {
        next if !/^cpu$core (\d+) (\d+) (\d+) \d+ \d+ (\d+) (\d+)/;

        return ($1 + $2 + $3 + $4 + $5)
               / POSIX::sysconf(POSIX::_SC_CLK_TCK());
    }

    die "/proc/stat: no cpu$core\n";
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


1;
