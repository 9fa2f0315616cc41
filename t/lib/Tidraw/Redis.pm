package Tidraw::Redis;

# A Redis of its own, in a temporary folder and on a port of the loopback
# address.  It keeps nothing.  TIDRAW_REDIS (redis-server) names another
# program of the kind, as valkey-server.

use strict;
use warnings;

use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::UNIX;
use Tidraw::Util qw(wait_for free_port spawn reap signal_all slurp run_ok);

my $shared;


# The one that all servers of this test share; the first call makes it.

sub shared {
    my (undef, %o) = @_;

    return $shared ||= Tidraw::Redis->new(%o)->start;
}


# password   none
# tls        0; 1 makes a certificate for localhost, and takes only that
# netns      the network namespace it runs in
# address    one more that it listens on, and how servers reach it

sub new {
    my ($class, %o) = @_;

    my $self = bless {
        %o,
        dir   => tempdir('tidraw-redis-XXXXXX', TMPDIR => 1, CLEANUP => 0),
        port  => free_port(),
        pid   => 0,
        owner => $$,
    }, $class;

    run_ok(undef, 'openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
           'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
           '-subj', '/CN=localhost', '-addext',
           'subjectAltName=DNS:localhost,IP:127.0.0.1',
           '-keyout', "$self->{dir}/key.pem",
           '-out', "$self->{dir}/cert.pem") if $self->{tls};

    return $self;
}


sub start {
    my ($self) = @_;

    my @tls = $self->{tls}
        ? ('--port', 0, '--tls-port', $self->{port},
           '--tls-cert-file', "$self->{dir}/cert.pem",
           '--tls-key-file', "$self->{dir}/key.pem",
           '--tls-auth-clients', 'no')
        : ('--port', $self->{port});

    $self->{pid} = spawn([$ENV{TIDRAW_REDIS} || 'redis-server', @tls,
                          '--bind', '127.0.0.1 127.0.0.2'
                              . ($self->{address} ? " $self->{address}" : ''),
                          '--protected-mode', 'no',
                          '--save', '', '--appendonly', 'no',
                          '--unixsocket', $self->socket,
                          $self->{password}
                              ? ('--requirepass', $self->{password}) : ()],
                         output => "$self->{dir}/log", dir => $self->{dir},
                         netns => $self->{netns});

    # the port is open before the socket

    wait_for(sub {
        die "Redis did not start:\n" . slurp("$self->{dir}/log")
            if defined reap($self->{pid});

        return IO::Socket::UNIX->new(Peer => $self->socket) ? 1 : 0;
    }, 20) or die "Redis did not start\n";

    return $self;
}


sub socket { return "$_[0]{dir}/redis.sock" }


sub url {
    my ($self) = @_;

    my $user = $self->{password} ? ":$self->{password}\@" : '';

    return $self->{tls} ? "rediss://${user}localhost:$self->{port}"
                        : "redis://${user}@{[$self->{address} || '127.0.0.1']}"
                          . ":$self->{port}";
}


# The answer to a command, a line each.

sub command {
    my ($self, @words) = @_;

    return run_ok(undef, 'redis-cli', '-s', $self->socket,
                  $self->{password} ? ('--no-auth-warning', '-a',
                                       $self->{password}) : (), @words);
}


sub stop { $_[0]->end('TERM') }

sub kill9 { $_[0]->end('KILL') }

sub end {
    my ($self, $signal) = @_;

    my $pid = $self->{pid} or return;

    signal_all('CONT', $pid);
    kill $signal, $pid;

    if (!defined reap($pid, 10)) {
        signal_all('KILL', $pid);
        reap($pid, 5);
    }

    $self->{pid} = 0;
}


sub restart {
    my ($self) = @_;

    $self->stop;
    $self->start;
}


# It stands still, its sockets stay open.

sub pause { signal_all('STOP', $_[0]{pid}) }

sub resume { signal_all('CONT', $_[0]{pid}) }


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;

    local $?;

    $self->stop;
    remove_tree($self->{dir});
}


END { undef $shared }


1;
