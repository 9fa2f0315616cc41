package Tidraw::Test;

# A real nginx with the module, on a port of its own and in a folder of its
# own, for one test.
#
#     my $t = Tidraw::Test->new(database => 'postgres')->start;
#     my $cookie = $t->register('ann@example.org');
#     my $id = $t->room($cookie, 'Plans');
#     my $ws = $t->ws("connect/$id", cookie => $cookie);
#
# When the object goes, everything it started goes, and what it left behind
# counts as a failure of the test: an alert in the log, a report of a
# sanitizer or of valgrind, a process.
#
# Environment: TIDRAW_DATABASE (sqlite), TIDRAW_ASAN=1 (the module of
# build/asan), TIDRAW_VALGRIND=1, TIDRAW_LOG (info), TIDRAW_PORTS (low-high),
# TIDRAW_KEEP=1 (leaves the folder).

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use Scalar::Util qw(weaken);
use Test::More ();
use Tidraw::HTTP;
use Tidraw::Pg;
use Tidraw::Redis;
use Tidraw::Util qw(wait_for free_port spawn reap members gone slurp
                    write_file run_ok);
use Tidraw::WS;

our $root = abs_path(__FILE__ =~ s{[^/]*$}{}r . '../../..');

my $broken = 0;
my %live;

my $password = 'correct horse battery staple';


# For tests that run on every database: for my $db (Tidraw::Test->databases).

sub databases { return ('sqlite', 'postgres') }


# database   sqlite, postgres, or a URL of one's own
# redis      none; 1: the one that the test's servers share, "tls": the same
#            with TLS, or a URL
# workers    1
# tls        0; 1 makes a certificate for localhost
# location   '/'
# netns      the network namespace that nginx runs in
# address    127.0.0.1; where it listens
# backend    { netns, address } of the PostgreSQL and the Redis of the test
# shutdown   5 s; how long workers that go wait for their connections
# ready      1: start() waits until the database is there, too; 0: it does not
# module     1; 0 leaves the module out (for tests of this library)
# static     0; 1 where NGINX_BIN has the module linked in
# conf       more lines for { main, events, http, server, location }; a
#            tidraw_ directive in location replaces the one from here
# without    a directive of ours that shall not be there
# env        environment of nginx, { NAME => value }
# preload    a library for LD_PRELOAD

sub new {
    my ($class, %o) = @_;

    my $self = bless {
        workers  => 1,
        location => '/',
        address  => '127.0.0.1',
        module   => 1,
        database => $ENV{TIDRAW_DATABASE} || 'sqlite',
        shutdown => 5,
        port     => 0,
        allow    => [],
        pid      => 0,
        owner    => $$,
        %o,
        dir      => tempdir('tidraw-test-XXXXXX', TMPDIR => 1),
    }, $class;

    weaken($live{$self} = $self);

    chmod 0755, $self->{dir};
    mkdir "$self->{dir}/$_" for qw(data run);

    my $db = $self->{database};

    if ($db eq 'sqlite') {
        $self->{url} = "sqlite:$self->{dir}/data/tidraw.db";

    } elsif ($db eq 'postgres' && $self->{module}) {
        $self->{pg} = Tidraw::Pg->shared(%{ $self->{backend} || {} });
        $self->{dbname} = $self->{pg}->createdb;
        $self->{url} = $self->{pg}->url($self->{dbname});

    } else {
        $self->{url} = $db;
    }

    if (($self->{redis} // '') eq 'tls') {
        my $redis = Tidraw::Redis->shared(tls => 1);

        $self->{redis} = $redis->url;
        $self->{env} = { SSL_CERT_FILE => "$redis->{dir}/cert.pem",
                         %{ $self->{env} || {} } };
    }

    if (($self->{redis} // '') eq '1') {
        $self->{redis} = Tidraw::Redis->shared(%{ $self->{backend} || {} })
            ->url;
    }

    $self->certificate if $self->{tls};

    return $self;
}


sub certificate {
    my ($self) = @_;

    run_ok(undef, 'openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
           'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
           '-subj', '/CN=localhost', '-addext',
           'subjectAltName=DNS:localhost,IP:127.0.0.1',
           '-keyout', "$self->{dir}/key.pem", '-out', "$self->{dir}/cert.pem");
}


# The files of nginx and how it runs.

sub configure {
    my ($self) = @_;

    my ($dir, $c) = ($self->{dir}, $self->{conf} || {});
    my %conf = map { $_ => $c->{$_} // '' }
               qw(main events http server location);

    my $ssl = $self->{tls} ? ' ssl' : '';
    my $user = $> == 0 ? 'user root;' : '';
    my $level = $ENV{TIDRAW_LOG} || 'info';
    my $server = $self->{tls}
        ? "ssl_certificate $dir/cert.pem; ssl_certificate_key $dir/key.pem;"
        : '';

    my @lines = ('return 200 "plain\n";');

    if ($self->{module}) {
        @lines = ('tidraw on;', "tidraw_database \"$self->{url}\";",
                  "tidraw_state_dir $dir/data;",
                  "tidraw_web $root/web/dist;",
                  "tidraw_schema $root/conf/schema;",
                  "tidraw_passwords $root/conf/passwords.txt;",
                  "tidraw_templates $root/conf/templates;",
                  'tidraw_registration open;');

        push @lines, "tidraw_redis \"$self->{redis}\";" if $self->{redis};

        @lines = grep { my ($name) = /^(\w+)/;
                        $conf{location} !~ /^\s*$name\s/m
                            && $name ne ($self->{without} // '') } @lines;
    }

    my $load = $self->{module} && !$self->{static}
        ? 'load_module ' . $self->module_file . ';' : '';
    my $location = join "\n            ", @lines;

    write_file("$dir/nginx.conf", <<"END");
$user
daemon off;
worker_processes $self->{workers};
worker_shutdown_timeout $self->{shutdown}s;
pid $dir/run/nginx.pid;
error_log $dir/error.log $level;
$load
thread_pool default threads=4 max_queue=65536;
$conf{main}
events {
    worker_connections 4096;
    $conf{events}
}
http {
    access_log off;
    client_body_temp_path $dir/run/body;
    proxy_temp_path $dir/run/proxy;
    fastcgi_temp_path $dir/run/fastcgi;
    uwsgi_temp_path $dir/run/uwsgi;
    scgi_temp_path $dir/run/scgi;
    include /etc/nginx/mime.types;
    $conf{http}
    server {
        listen $self->{address}:$self->{port}$ssl;
        server_name localhost;
        $server
        $conf{server}
        location $self->{location} {
            $location
            $conf{location}
        }
    }
}
END
}


sub module_file {
    return $root . ($ENV{TIDRAW_ASAN} ? '/build/asan' : '/build')
           . '/ngx_http_tidraw_module.so';
}


sub nginx { return $ENV{NGINX_BIN} || '/usr/sbin/nginx' }


# nginx -t on the configuration: (true or false, what it said).

sub check {
    my ($self) = @_;

    $self->{port} ||= free_port();
    $self->configure;

    my $text = eval {
        run_ok(undef, $self->sanitizer, nginx(), '-t', '-e', 'stderr', '-p',
               $self->{dir}, '-c', "$self->{dir}/nginx.conf");
    };

    return defined $text ? (1, $text) : (0, $@);
}


# What comes before nginx on the command line.

sub sanitizer {
    my ($self) = @_;

    my @preload = $self->{preload} // ();

    if ($ENV{TIDRAW_VALGRIND} && $self->{module}) {
        return ((map { ('env', "LD_PRELOAD=$_") } @preload), 'valgrind',
                '--fair-sched=try', '--leak-check=full',
                '--errors-for-leak-kinds=none',
                '--show-leak-kinds=definite', '--num-callers=30',
                "--suppressions=$root/t/lib/valgrind.supp",
                "--log-file=$self->{dir}/valgrind.%p");
    }

    if ($ENV{TIDRAW_ASAN} && $self->{module}) {
        chomp(my $asan = run_ok(undef, 'gcc', '-print-file-name=libasan.so'));

        return ('env', 'ASAN_OPTIONS=detect_leaks=0:exitcode=99',
                'UBSAN_OPTIONS=print_stacktrace=1',
                'LD_PRELOAD=' . join ':', $asan, @preload);
    }

    return map { ('env', "LD_PRELOAD=$_") } @preload;
}


# Starts nginx and waits until it answers.

sub start {
    my ($self) = @_;

    my $again = $self->{port};

    for my $try (1 .. 3) {
        $self->{port} ||= free_port();
        $self->configure;

        $self->{pid} = spawn([$self->sanitizer, nginx(), '-e',
                              "$self->{dir}/error.log", '-p', $self->{dir},
                              '-c', "$self->{dir}/nginx.conf"],
                             output => "$self->{dir}/stderr",
                             dir => $self->{dir}, env => $self->{env},
                             netns => $self->{netns});

        return $self if $self->listening;

        my $log = $self->error_log . slurp("$self->{dir}/stderr");

        $self->stop;

        if ($again || $log !~ /Address already in use/ || $try == 3) {
            push @{ $self->{allow} }, qr/./;
            die "nginx did not start:\n$log\n";
        }

        $self->{port} = 0;
        write_file("$self->{dir}/error.log", '');
    }
}


sub listening {
    my ($self) = @_;

    return wait_for(sub {
        return -1 if defined reap($self->{pid});

        return $self->answers;
    }, $ENV{TIDRAW_VALGRIND} ? 60 : 15) == 1;
}


# Is the port open, and, unless $self->{ready} is 0, the database there?

sub answers {
    my ($self) = @_;

    if (!$self->{module} || !($self->{ready} // 1)) {
        return IO::Socket::INET->new(PeerAddr => $self->{address},
                                     PeerPort => $self->{port}) ? 1 : 0;
    }

    my $r = eval { $self->client->request('GET', $self->path('readyz')) };

    return $r && $r->{status} == 200 ? 1 : 0;
}


sub port { $_[0]{port} }

sub dir { $_[0]{dir} }

sub pid { $_[0]{pid} }

sub error_log { return slurp("$_[0]{dir}/error.log") }


# The pids of the workers (of all generations).

sub workers {
    my ($self) = @_;

    return grep { $_ != $self->{pid} } members($self->{pid});
}


# A new generation of workers, with the configuration of now; returns when
# the new ones run and the old ones take nothing any more.

sub reload {
    my ($self) = @_;

    my %old = map { $_ => 1 } $self->workers;

    $self->configure;
    kill 'HUP', $self->{pid};

    wait_for(sub {
        my @workers = $self->workers;

        (grep { !$old{$_} } @workers) >= $self->{workers}
            && !(grep { $old{$_} && listens($_) } @workers) && $self->answers
    }, 20) or die "reload: no new workers\n" . $self->error_log;
}


# Has the process a socket that listens?  nginx tells its old workers to go
# some time after the new ones began.

sub listens {
    my ($pid) = @_;

    my %inode = map { (split)[3] eq '0A' ? ((split)[9] => 1) : () }
                map { split /\n/, slurp("/proc/$pid/net/$_") } qw(tcp tcp6);

    return grep { $inode{$_} } map { (readlink || '') =~ /^socket:\[(\d+)/ }
                                   glob "/proc/$pid/fd/*";
}


# Graceful end, and the fast one.

sub quit { $_[0]->end('QUIT', $_[1] // 20) }

sub stop { $_[0]->end($ENV{TIDRAW_VALGRIND} ? 'QUIT' : 'TERM', 20) }


sub end {
    my ($self, $signal, $limit) = @_;

    my $pid = $self->{pid} or return;

    kill $signal, $pid;

    if (!defined reap($pid, $limit)) {
        $self->problem("nginx did not stop after SIG$signal");
        kill 'KILL', -$pid;
        reap($pid, 5);
    }

    $self->left_over($pid);
    $self->{pid} = 0;
}


# A crash: every process at once.

sub kill9 {
    my ($self) = @_;

    my $pid = $self->{pid} or return;

    kill 'KILL', -$pid;
    reap($pid, 5);
    $self->left_over($pid);
    $self->{pid} = 0;
}


sub restart {
    my ($self) = @_;

    $self->stop;

    return $self->start;
}


sub left_over {
    my ($self, $group) = @_;

    return if gone($group);

    $self->problem('processes were left behind');
    kill 'KILL', -$group;
}


# Lines of level crit and worse that this test provokes on purpose.

sub allow {
    my ($self, @patterns) = @_;

    push @{ $self->{allow} }, @patterns;
}


sub problem {
    my ($self, $what) = @_;

    $broken = 1;
    Test::More::diag("$self->{dir}: $what");
}


sub inspect {
    my ($self) = @_;

    for my $line (split /\n/, $self->error_log) {
        next if $line !~ /\[(?:crit|alert|emerg)\]/;
        next if grep { $line =~ $_ } @{ $self->{allow} };
        $self->problem($line);
    }

    for my $file ("$self->{dir}/stderr", "$self->{dir}/error.log") {
        my $text = slurp($file);

        if ($text =~ /^(.*(?:Sanitizer|runtime error:).*(?:\n.*){0,40})/m) {
            $self->problem($1);
        }
    }

    for my $file (glob "$self->{dir}/valgrind.*") {
        my $text = slurp($file) =~ s/^==\d+== ?//mgr;

        for my $block (split /\n\s*\n/, $text) {
            $self->problem($block)
                if $block =~ /^\s+(?:at|by) 0x/m
                   && $block =~ /: (?:ngx_tidraw|td)_\w+ \(/;
        }
    }
}


# Stops and looks; also by itself when the object goes.

sub finish {
    my ($self) = @_;

    return if $self->{owner} != $$ || $self->{finished}++;

    local ($?, $@);

    $self->stop;
    $self->inspect;

    delete $live{$self};

    if ($ENV{TIDRAW_KEEP}) {
        Test::More::diag("kept: $self->{dir}");

    } else {
        remove_tree($self->{dir});
    }
}


sub DESTROY { $_[0]->finish }


# What a caller of this library outside of Test::More wants to know.

sub broken { return $broken }


$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { exit 1 };

END {
    $_->finish for grep { $_ } values %live;
    $? ||= 1 if $broken;
}


# Clients.  Paths are relative to the location.

sub path {
    my ($self, $path) = @_;

    return $path =~ m{^/} ? $path : $self->{location} . $path;
}


sub client {
    my ($self, %o) = @_;

    return Tidraw::HTTP->new(host => $self->{address}, port => $self->{port},
                             tls => $self->{tls}, %o);
}


# One request on a connection that is kept; options of Tidraw::HTTP::request.

sub http {
    my ($self, $method, $path, %o) = @_;

    if (!$self->{client} || $self->{client}{port} != $self->{port}) {
        $self->{client} = $self->client(timeout => 120);
    }

    return $self->{client}->request($method, $self->path($path), %o);
}


# As http(), for what has to succeed: its JSON.

sub api {
    my ($self, $method, $path, %o) = @_;

    my $r = $self->http($method, $path, %o);

    die "$method $path: $r->{status} $r->{body}\n"
        if $r->{status} < 200 || $r->{status} > 299;

    return wantarray ? ($r->{json}, $r) : $r->{json};
}


# An account; the value for a Cookie header.

sub register {
    my ($self, $email, %o) = @_;

    # from another machine, the first one needs the code of the log

    ($o{setup_code}) = $self->error_log
        =~ /event=setup_code code=((?:[A-Z]{4}-?){3})/
        if $self->{address} !~ /^127\./ && !$self->{registered}++;

    my (undef, $r) = $self->api('POST', 'api/auth/register', json => {
        email => $email, password => $password, name => $email =~ s/@.*//r,
        %o });

    return cookie($r);
}


sub login {
    my ($self, $email, %o) = @_;

    my (undef, $r) = $self->api('POST', 'api/auth/login', json => {
        email => $email, password => $password, %o });

    return cookie($r);
}


sub cookie {
    my ($r) = @_;

    return join '; ', map { /^([^;]+)/ } @{ $r->{headers}{'set-cookie'} };
}


sub room {
    my ($self, $cookie, $name) = @_;

    return $self->api('POST', 'api/rooms', cookie => $cookie,
                      json => { name => $name // 'A board' })->{id};
}


# A share link; its token.

sub link {
    my ($self, $cookie, $room, $role, %o) = @_;

    return $self->api('POST', "api/rooms/$room/links", cookie => $cookie,
                      json => { role => $role // 'editor', %o })->{token};
}


# A WebSocket, open; dies when the handshake is refused.

sub ws {
    my ($self, $path, %o) = @_;

    my $ws = $self->ws_raw(%o);

    my $answer = $ws->handshake($self->path($path), %o);

    die "$path: $answer->{status} $answer->{body}\n" if !$ws->accepted;

    return $ws;
}


# A connection on which nothing was said yet.

sub ws_raw {
    my ($self, %o) = @_;

    return Tidraw::WS->new(port => $self->{port}, tls => $self->{tls},
                           timeout => $o{timeout} || 10);
}


# Runs SQL past the server; rows as lists of strings (undef: null).

sub sql {
    my ($self, $sql) = @_;

    return $self->{pg}->sql($self->{dbname}, $sql) if $self->{pg};

    my $text = run_ok(".timeout 10000\n.separator \"\x1f\" \"\x1e\"\n"
                      . ".nullvalue \"\x1d\"\n$sql;\n", 'sqlite3', '-batch',
                      '-bail', "$self->{dir}/data/tidraw.db");

    return Tidraw::Pg::rows($text);
}


1;
