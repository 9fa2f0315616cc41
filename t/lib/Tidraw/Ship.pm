package Tidraw::Ship;

# For the tests of the ways to install: a server that a test has started in
# some other way than Tidraw::Test is waited for, drawn upon, measured.
#
#     my $ms = ready($url, $since);
#     my $draw = draw($url, 'ann@example.org');     # two people draw
#     …                                             # stop and start the server
#     my $seen = $draw->finish;    # { board, shapes, faults } of a newcomer
#     look($url, 'ann@example.org', $seen->{board})->{shapes}

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use IPC::Open2;
use JSON::PP;
use Test::More ();
use Tidraw::HTTP;
use Tidraw::Util qw(wait_for slurp);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(ready draw look pss descendants measured);

my $root = abs_path(__FILE__ =~ s{[^/]*$}{}r . '../../..');


# Waits until the database answers, too: milliseconds since the time given,
# undef when it never does.

sub ready {
    my ($url, $since, $limit) = @_;

    my ($host, $port, $path) = $url =~ m{^http://([^:/]+):(\d+)(/.*)};

    my $up = wait_for(sub {
        my $s = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port)
            or return 0;

        print $s "GET ${path}healthz HTTP/1.0\r\nHost: $host\r\n\r\n";

        return (<$s> // '') =~ / 200 /;
    }, $limit // 20);

    return $up ? (time() - $since) * 1000 : undef;
}


sub draw {
    my ($url, @who) = @_;

    my $self = bless {}, __PACKAGE__;

    $self->{pid} = open2($self->{out}, $self->{in}, 'setpriv', '--pdeathsig',
                         'KILL', 'node', "$root/t/ship/draw.mjs", $url, @who);

    my $said = readline $self->{out};

    return $self if ($said // '') eq "drawing\n";

    $self->{said} = $said;

    return $self;
}


sub finish {
    my ($self) = @_;

    local $SIG{PIPE} = 'IGNORE';

    print { $self->{in} } "\n";
    close $self->{in};

    my $said = $self->{said} // readline $self->{out};

    waitpid $self->{pid}, 0;

    return decode_json($said // '{"faults":["no answer"]}');
}


sub look {
    my ($url, $email, $board) = @_;

    return draw($url, $email, $board)->finish;
}


# A process and all below it.

sub descendants {
    my @all = @_;

    for (my $i = 0; $i < @all; $i++) {
        my $children = "/proc/$all[$i]/task/$all[$i]/children";

        push @all, split ' ', slurp($children) if -r $children;
    }

    return @all;
}


# Kilobytes that the processes take, what they share counted once.

sub pss {
    my $sum = 0;

    for my $pid (descendants(@_)) {
        $sum += $1 if slurp("/proc/$pid/smaps_rollup") =~ /^Pss:\s+(\d+)/m;
    }

    return $sum;
}


# Figures are printed whether or not they are what was wanted; $limit is what
# fails, wide enough for a machine that is busy.

sub measured {
    my ($what, $value, $unit, $wanted, $limit) = @_;

    Test::More::diag(sprintf('%s: %.1f %s (wanted: at most %s)', $what, $value,
                             $unit, $wanted));

    return Test::More::cmp_ok($value, '<=', $limit // $wanted, $what);
}


1;
