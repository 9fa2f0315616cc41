package Tidraw::HTTP;

# A small HTTP/1.1 client: keep-alive, cookies, JSON, and nothing that would
# hide what the server really sent.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw(time);

our $json = JSON::PP->new->utf8->canonical->allow_nonref;


# host, port, tls; timeout in seconds (10)

sub new {
    my ($class, %o) = @_;

    return bless { host => '127.0.0.1', timeout => 10, %o, rest => '' },
                 $class;
}


# A connected socket, with TLS where asked for (any certificate will do).

sub dial {
    my ($o) = @_;

    my %peer = (PeerAddr => $o->{host} || '127.0.0.1',
                PeerPort => $o->{port}, Timeout => $o->{timeout} || 10);

    if ($o->{tls}) {
        require IO::Socket::SSL;

        return IO::Socket::SSL->new(%peer, SSL_verify_mode => 0,
                                    %{ $o->{ssl} || {} })
            || die "TLS: " . IO::Socket::SSL::errstr() . "\n";
    }

    return IO::Socket::INET->new(%peer)
        || die "connect to port $o->{port}: $@\n";
}


# request('GET', '/path', json => …, body => …, type => …, cookie => …,
# headers => [name => value, …]) gives { status, reason, headers (lower case
# name to the list of values), body, json }.

sub request {
    my ($self, $method, $path, %o) = @_;

    my $body = exists $o{json} ? $json->encode($o{json}) : $o{body};
    my $type = $o{type} // (exists $o{json} ? 'application/json' : undef);
    my @headers = @{ $o{headers} || [] };
    my %given = map { $_ % 2 ? () : (lc $headers[$_] => 1) } 0 .. $#headers;

    unshift @headers, Host => $self->host unless $given{host};
    push @headers, Cookie => $o{cookie} if defined $o{cookie};
    push @headers, 'Content-Type' => $type if defined $type;
    push @headers, 'Content-Length' => length $body
        if defined $body && !$given{'content-length'}
           && !$given{'transfer-encoding'};

    my $head = "$method $path HTTP/1.1\r\n";

    while (my ($name, $value) = splice @headers, 0, 2) {
        $head .= "$name: $value\r\n";
    }

    my $fresh = !$self->{socket};
    my $answer = eval { $self->exchange($head . "\r\n", $body, $method) };

    if (!$answer && !$fresh && !$self->{began}) {
        # an idle connection that the server had closed
        $answer = eval { $self->exchange($head . "\r\n", $body, $method) };
    }

    die $@ || "no answer\n" if !$answer;

    return $answer;
}


sub host {
    my ($self) = @_;

    return $self->{authority} // "$self->{host}:$self->{port}";
}


sub exchange {
    my ($self, $head, $body, $method) = @_;

    local $SIG{PIPE} = 'IGNORE';

    $self->{socket} ||= dial($self);
    $self->{began} = 0;
    $self->{deadline} = time() + $self->{timeout};

    my $ok = eval {
        $self->write($head . ($body // ''));
        1;
    };

    # a server may answer early and stop reading: look for its answer anyway

    my $answer = eval { $self->answer($method) };

    if (!$answer) {
        my $why = $@;
        $self->close;
        die $why;
    }

    my $h = $answer->{headers};

    $self->close if !$ok || lc($h->{connection}[0] // '') eq 'close';

    return $answer;
}


sub write {
    my ($self, $bytes) = @_;

    my $s = $self->{socket};

    while (length $bytes) {
        my $n = $s->syswrite($bytes) // die "write: $!\n";
        substr($bytes, 0, $n) = '';
    }
}


# Reads one answer; what follows it stays in $self->{rest}.

sub answer {
    my ($self, $method) = @_;

    my ($head, %h);

    do {
        $head = $self->until("\r\n\r\n");
    } while ($head =~ m{^HTTP/1\.1 100 });

    my ($line, @lines) = split /\r\n/, $head;

    my ($status, $reason) = $line =~ m{^HTTP/1\.[01] (\d{3}) ?(.*)}
        or die "bad status line: $line\n";

    for (@lines) {
        my ($name, $value) = /^([^:\s]+):\s*(.*?)\s*$/
            or die "bad header: $_\n";
        push @{ $h{lc $name} }, $value;
    }

    my $body = '';

    if ($method eq 'HEAD' || $status =~ /^(1\d\d|204|304)$/) {
        # none

    } elsif (($h{'transfer-encoding'}[0] // '') eq 'chunked') {
        while (my $size = hex $self->until("\r\n")) {
            $body .= $self->bytes($size);
            $self->until("\r\n");
        }

        $self->until("\r\n");

    } elsif (defined $h{'content-length'}) {
        $body = $self->bytes($h{'content-length'}[0]);

    } else {
        while ($self->more) { }
        $body = $self->{rest};
        $self->{rest} = '';
        $h{connection} = ['close'];
    }

    my $answer = { status => $status + 0, reason => $reason, headers => \%h,
                   body => $body };

    $answer->{json} = eval { $json->decode($body) }
        if ($h{'content-type'}[0] // '') =~ m{^application/json};

    return $answer;
}


sub until {
    my ($self, $end) = @_;

    my $at;

    while (($at = index($self->{rest}, $end)) < 0) {
        $self->more or die "the server closed the connection\n";
    }

    my $got = substr($self->{rest}, 0, $at);
    substr($self->{rest}, 0, $at + length $end) = '';

    return $got;
}


sub bytes {
    my ($self, $n) = @_;

    while (length $self->{rest} < $n) {
        $self->more or die "the server closed the connection\n";
    }

    return substr($self->{rest}, 0, $n, '');
}


# Reads what there is; false at the end of the stream.

sub more {
    my ($self) = @_;

    my $s = $self->{socket};
    my $left = $self->{deadline} - time();

    if (!($self->{tls} && $s->pending)) {
        IO::Select->new($s)->can_read($left > 0 ? $left : 0)
            or die "timed out\n";
    }

    my $n = $s->sysread(my $buf, 65536) // 0;

    $self->{began} = 1 if $n;
    $self->{rest} .= $buf if $n;

    return $n;
}


sub close {
    my ($self) = @_;

    (delete $self->{socket})->close if $self->{socket};
    $self->{rest} = '';
}


1;
