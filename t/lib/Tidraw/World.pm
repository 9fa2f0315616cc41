package Tidraw::World;

# A copy of this machine in which nothing that is written lasts: its files
# under an overlay, its own processes and a network that ends at its own
# loopback.  What a document says can be done there as it stands, at the paths
# and ports it names.  Needs root and overlayfs.
#
#     my $w = Tidraw::World->new;
#     $w->run('make install');             # (exit code, text)
#     $w->start('make run', "$dir/log");   # ... and $w->stop
#
# Commands see the folder and the variables that those before them left.

use strict;
use warnings;

use File::Path qw(make_path);
use File::Temp qw(tempdir);
use POSIX ();
use Tidraw::Util qw(reap slurp spawn wait_for write_file);

my @clean = ('env', '-i', 'HOME=/root', 'LC_ALL=C.UTF-8', 'USER=root',
             'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin'
             . ':/bin', 'DEBIAN_FRONTEND=noninteractive');


# Why there cannot be one, or undef.

sub lacks {
    return 'needs root' if $> != 0;
    return 'needs unshare and nsenter'
        if system('unshare -mnp --fork true 2> /dev/null');
    return 'needs overlayfs'
        if system('modprobe -q overlay 2> /dev/null; '
                  . 'grep -qw overlay /proc/filesystems');
    return undef;
}


# online   commands (not what is started) have this machine's network
# hosts    names that mean this machine
# address  one more of its own, by which packets would leave

sub new {
    my ($class, %o) = @_;

    my $dir = tempdir('tidraw-world-XXXXXX', TMPDIR => 1);
    my $self = bless { dir => $dir, owner => $$, pid => 0,
                       online => $o{online} }, $class;

    make_path("$dir/s");

    my $script = <<"END";
mount --make-rprivate /
mount -t tmpfs tmpfs $dir/s
mkdir $dir/s/upper $dir/s/work $dir/s/root
mount -t overlay overlay \\
    -o lowerdir=/,upperdir=$dir/s/upper,workdir=$dir/s/work $dir/s/root
mount -t proc proc $dir/s/root/proc
mount --rbind /dev $dir/s/root/dev
mount -t tmpfs tmpfs $dir/s/root/dev/shm
mount -t tmpfs tmpfs $dir/s/root/run
chmod 1777 $dir/s/root/dev/shm
ip link set lo up
END
    $script .= "ip addr add $o{address}/24 dev lo\n"
               . "ip route add default dev lo src $o{address}\n"
        if $o{address};
    $script .= "echo up\nexec sleep infinity\n";

    $self->{pid} = spawn(['unshare', '-mnp', '--fork', '--kill-child', 'sh',
                          '-ec', $script], output => "$dir/log",
                         death => 'KILL');

    wait_for(sub { slurp("$dir/log") =~ /^up$/m
                   || defined reap($self->{pid}) }, 20);

    die "no world: " . slurp("$dir/log") if slurp("$dir/log") !~ /^up$/m;

    ($self->{inner}) = split ' ',
        slurp("/proc/$self->{pid}/task/$self->{pid}/children");

    $self->setup('umask 022; mkdir -p /run/doc /run/lock; echo / > '
                 . '/run/doc/cwd; : > /run/doc/env; for name in '
                 . join(' ', @{ $o{hosts} || [] })
                 . '; do echo "127.0.0.1 $name" >> /etc/hosts; done');

    return $self;
}


sub inside {
    my ($self, @net) = @_;

    return ('nsenter', '-t', $self->{inner}, '-m', @net, '-p', 'chroot',
            "$self->{dir}/s/root", @clean,
            map { "$_=$ENV{$_}" } grep { defined $ENV{$_} && !@net }
                qw(http_proxy https_proxy no_proxy));
}


# What the test does there by itself; dies when it fails.

sub setup {
    my ($self, $script) = @_;

    my ($code, $text) = $self->call($script);

    die "$script: $text" if $code;

    return $text;
}


# A command of a document.

sub run {
    my ($self, $command) = @_;

    local $self->{net} = $self->{online};

    return $self->call('cd "$(cat /run/doc/cwd)"; . /run/doc/env; set +e'
                       . "\n$command\n" . 'status=$?; pwd > /run/doc/cwd;'
                       . ' export -p > /run/doc/env; exit $status');
}


sub call {
    my ($self, $script) = @_;

    my @net = $self->{net} ? () : '-n';
    my $pid = open(my $out, '-|') // die "fork: $!";

    if ($pid == 0) {
        open(STDIN, '<', '/dev/null');
        open(STDERR, '>&', \*STDOUT);
        { exec $self->inside(@net), 'bash', '-c', "set -e\n$script" }
        POSIX::_exit(127);
    }

    local $/;
    my $text = <$out> // '';

    close $out;

    return ($? >> 8 || $? & 127, $text);
}


# Starts what goes on until it is stopped.  $o{url} is asked, with $o{code}
# as the answer, until it is there: true, or what was printed stays in the log.

sub start {
    my ($self, $command, $log, $url) = @_;

    unlink $log;

    my $pid = spawn([$self->inside('-n'), 'bash', '-c',
                     'cd "$(cat /run/doc/cwd)"; . /run/doc/env; set -m'
                     . "\n{ $command\n} &\n"
                     . 'echo $! > /run/doc/pid; wait $!'],
                    output => $log, death => 'KILL');

    $self->{server} = $pid;

    return wait_for(sub {
        return -1 if defined reap($pid);
        return ($self->call("curl -sf -m 2 -o /dev/null '$url'"))[0] == 0;
    }, 60) == 1;
}


# Ctrl-C; true when it ends.

sub stop {
    my ($self, $signal) = @_;

    $signal //= 'INT';
    $self->call("kill -$signal -- -\$(cat /run/doc/pid)");

    return defined reap($self->{server}, 20);
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;

    local ($?, $@);

    kill 'KILL', $self->{inner}, $self->{pid};
    reap($self->{pid}, 10);
    system('rm', '-rf', '--one-file-system', $self->{dir});
}


1;
