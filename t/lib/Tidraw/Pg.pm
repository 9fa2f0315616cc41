package Tidraw::Pg;

# A PostgreSQL of its own in a temporary folder, on a Unix socket and a port
# of the loopback address.  As root it runs as the user postgres.

use strict;
use warnings;

use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use Tidraw::Util qw(wait_for free_port spawn reap signal_all slurp run_ok);

my $shared;


# The cluster that all servers of this test share; the first call makes it.

sub shared {
    my (undef, %o) = @_;

    return $shared ||= Tidraw::Pg->new(%o)->start;
}


# conf     more lines for postgresql.conf
# netns    the network namespace it runs in
# address  one more that it listens on, and how servers reach it

sub new {
    my ($class, %o) = @_;

    my ($bin) = reverse sort { $a <=> $b }
                map { m{/(\d+)/bin$} } glob '/usr/lib/postgresql/*/bin';

    die "there is no PostgreSQL in /usr/lib/postgresql\n" if !$bin;

    my $self = bless {
        bin  => "/usr/lib/postgresql/$bin/bin",
        dir  => tempdir('tidraw-pg-XXXXXX', TMPDIR => 1, CLEANUP => 0),
        port => free_port(),
        user => $> == 0 ? 'postgres' : undef,
        made => 0,
        pid  => 0,
        owner => $$,
        netns => $o{netns},
        address => $o{address},
    }, $class;

    if ($self->{user}) {
        my @pw = getpwnam($self->{user}) or die "no user $self->{user}\n";
        chown $pw[2], $pw[3], $self->{dir};
    }

    my @as = $self->{user} ? ('runuser', '-u', $self->{user}, '--') : ();

    chdir '/' if $> == 0 && !-d '.';

    run_ok(undef, @as, "$self->{bin}/initdb", '-D', "$self->{dir}/data",
           '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8',
           '--no-sync');

    my $more = '';

    if ($self->{address}) {
        $more = ", $self->{address}";

        open(my $hba, '>>', "$self->{dir}/data/pg_hba.conf") or die $!;
        print $hba "host all all samenet trust\n";
        close $hba;
    }

    open(my $fh, '>>', "$self->{dir}/data/postgresql.conf") or die $!;
    print $fh <<"END";
listen_addresses = '127.0.0.1$more'
port = $self->{port}
unix_socket_directories = '$self->{dir}'
max_connections = 100
shared_buffers = 32MB
fsync = off
max_wal_size = 256MB
END
    print $fh $o{conf} // '';
    close $fh;

    return $self;
}


sub start {
    my ($self) = @_;

    $self->{pid} = spawn(["$self->{bin}/postgres", '-D', "$self->{dir}/data"],
                         output => "$self->{dir}/log", dir => $self->{dir},
                         user => $self->{user}, death => 'INT',
                         netns => $self->{netns});

    my $ok = wait_for(sub {
        return 1 if -e "$self->{dir}/.s.PGSQL.$self->{port}"
            && system("$self->{bin}/pg_isready", '-q', '-h', $self->{dir},
                      '-p', $self->{port}, '-U', 'postgres') == 0;

        if (defined reap($self->{pid})) {
            die "PostgreSQL did not start:\n" . slurp("$self->{dir}/log");
        }

        return 0;
    }, 60);

    die "PostgreSQL did not start\n" if !$ok;

    return $self;
}


# A new database; its name.

sub createdb {
    my ($self) = @_;

    my $name = sprintf 'tidraw_%d_%d', $$, ++$self->{made};

    $self->sql('postgres', "CREATE DATABASE $name");

    return $name;
}


# tcp => 1: over the port, else over the socket.

sub url {
    my ($self, $name, %o) = @_;

    my $host = $self->{address} || '127.0.0.1';

    return $o{tcp} || $self->{address}
         ? "postgresql://postgres\@$host:$self->{port}/$name"
         : "postgresql://postgres\@/$name?host=$self->{dir}"
           . "&port=$self->{port}";
}


# Runs statements; the rows of the last one as lists of strings (undef: null).

sub sql {
    my ($self, $name, $sql) = @_;

    my $text = run_ok($sql, "$self->{bin}/psql", '-XAtq', '-v',
                      'ON_ERROR_STOP=1', '-F', "\x1f", '-R', "\x1e", '-P',
                      "null=\x1d", '-h', $self->{dir}, '-p', $self->{port},
                      '-U', 'postgres', '-d', $name, '-f', '-');

    chomp $text;

    return rows($text);
}


sub rows {
    my ($text) = @_;

    return map { [map { $_ eq "\x1d" ? undef : $_ } split /\x1f/, $_, -1] }
           split /\x1e/, $text;
}


# The end by a signal: INT closes connections and stops, KILL is a crash of
# every process.

sub stop { $_[0]->end('INT') }

sub kill9 { $_[0]->end('KILL') }

sub end {
    my ($self, $signal) = @_;

    my $pid = $self->{pid} or return;

    signal_all('CONT', $pid);

    if ($signal eq 'KILL') {
        signal_all('KILL', $pid);

    } else {
        kill $signal, $pid;
    }

    if (!defined reap($pid, 20)) {
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


# All processes stand still, sockets stay open: the network's silence.

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
