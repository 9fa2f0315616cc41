package Tidraw::Util;

# Small things that the test servers share: waiting, ports, processes, files.

use strict;
use warnings;

use Exporter 'import';
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX qw(WNOHANG);
use Time::HiRes qw(time sleep);

our @EXPORT_OK = qw(wait_for free_port spawn reap signal_all members gone
                    slurp
                    write_file run_ok);


# Calls the function until it returns something true, at most $limit seconds,
# and returns that; else the last false value.

sub wait_for {
    my ($code, $limit) = @_;

    my $end = time() + ($limit // 10);
    my $pause = 0.002;

    for ( ;; ) {
        my $got = $code->();
        return $got if $got || time() > $end;

        sleep $pause;
        $pause *= 1.5 if $pause < 0.05;
    }
}


# A port of the loopback address that nobody listens on, below the range
# that the kernel gives to clients.  Nobody else gets it from here as long as
# this process lives: its number is held as a name, also while a server is
# started anew.

my @held;

sub free_port {
    my ($low, $high) = ($ENV{TIDRAW_PORTS} || '28000-31999') =~ /(\d+)-(\d+)/;

    for (1 .. 1000) {
        my $port = $low + int rand($high - $low + 1);

        my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                      LocalPort => $port, Listen => 1)
            or next;

        close $s;

        my $name = IO::Socket::UNIX->new(Local => "\0tidraw-port-$port",
                                         Listen => 1) or next;

        push @held, $name;

        return $port;
    }

    die "no free port from $low to $high\n";
}


# Starts a program in a process group of its own, both outputs into a file.
# It gets the signal $o{death} when this process dies.  $o{netns} names the
# network namespace it runs in.

sub spawn {
    my ($command, %o) = @_;

    my $pid = fork() // die "fork: $!";

    if ($pid == 0) {
        POSIX::setpgid(0, 0);
        open(STDIN, '<', '/dev/null');
        open(STDOUT, '>>', $o{output}) or POSIX::_exit(126);
        open(STDERR, '>&', \*STDOUT) or POSIX::_exit(126);
        chdir($o{dir}) if $o{dir};

        delete @ENV{grep { !defined $o{env}{$_} } keys %{ $o{env} || {} }};
        $ENV{$_} = $o{env}{$_} for grep { defined $o{env}{$_} }
                                        keys %{ $o{env} || {} };

        my @as = $o{user}
            ? ("--reuid=$o{user}", "--regid=$o{user}", '--init-groups') : ();

        my @in = $o{netns}
            ? ('nsenter', "--net=/run/netns/$o{netns}") : ();

        {
            exec @in, 'setpriv', '--pdeathsig', $o{death} || 'TERM', @as,
                 @$command
        }
        POSIX::_exit(127);
    }

    POSIX::setpgid($pid, $pid);

    return $pid;
}


# Waits for the end of a child; its status, or undef when it goes on.

sub reap {
    my ($pid, $limit) = @_;

    my $status;

    wait_for(sub {
        return 0 if waitpid($pid, WNOHANG) == 0;
        $status = $?;
        return 1;
    }, $limit // 0);

    return $status;
}


# A signal to a process and all below it; the number of those.

sub signal_all {
    my ($signal, $top) = @_;

    my (%child, @all);

    for my $stat (glob '/proc/[0-9]*/stat') {
        open(my $fh, '<', $stat) or next;
        my $line = <$fh> // next;
        push @{ $child{$2} }, $1 if $line =~ /^(\d+) \(.*\) \S (\d+)/s;
    }

    my @look = ($top);

    while (defined(my $pid = shift @look)) {
        push @all, $pid;
        push @look, @{ $child{$pid} || [] };
    }

    return kill $signal, @all;
}


# The living members of a process group (a zombie waits for its parent only).

sub members {
    my ($group) = @_;

    my @alive;

    for my $stat (glob '/proc/[0-9]*/stat') {
        open(my $fh, '<', $stat) or next;
        my $line = <$fh> // next;
        my ($pid, $state, $its) = $line =~ /^(\d+) \(.*\) (\S) \d+ (\d+)/s
            or next;
        push @alive, $pid if $its == $group && $state !~ /[ZX]/;
    }

    return @alive;
}


# Has the process group ended, the last member too?

sub gone {
    my ($group, $limit) = @_;

    return wait_for(sub { !members($group) }, $limit // 5);
}


sub slurp {
    my ($file) = @_;

    open(my $fh, '<:raw', $file) or return '';
    local $/;

    return <$fh> // '';
}


sub write_file {
    my ($file, $text) = @_;

    open(my $fh, '>:raw', $file) or die "$file: $!";
    print $fh $text;
    close($fh) or die "$file: $!";
}


# Runs a program to its end and returns what it printed; dies when it failed.

sub run_ok {
    my ($input, @command) = @_;

    my $in = '';

    if (defined $input) {
        require File::Temp;
        $in = File::Temp->new;
        print $in $input;
        $in->flush;
    }

    my $pid = open(my $out, '-|') // die "fork: $!";

    if ($pid == 0) {
        open(STDIN, '<', defined $input ? $in->filename : '/dev/null');
        open(STDERR, '>&', \*STDOUT);
        exec @command or POSIX::_exit(127);
    }

    local $/;
    my $text = <$out> // '';

    close($out) or die "@command[0 .. 0] failed: $text";

    return $text;
}


1;
