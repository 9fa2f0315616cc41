package Tidraw::WS;

# A WebSocket client by hand: whole control over every bit that is sent, and
# every frame that came, as it came.

use strict;
use warnings;

use parent -norequire, 'Tidraw::HTTP';

use Digest::SHA qw(sha1_base64);
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(time);
use Tidraw::HTTP;

use constant { CONT => 0, TEXT => 1, BINARY => 2,
               CLOSE => 8, PING => 9, PONG => 10 };


# Connects, without a handshake: new(port => …, tls => …, timeout => …).

sub new {
    my ($class, %o) = @_;

    my $self = Tidraw::HTTP::new($class, %o);

    $self->{socket} = Tidraw::HTTP::dial($self);
    $self->{socket}->blocking(1);

    return $self;
}


# The text of a handshake.  headers replaces single headers, undef leaves one
# out: { Origin => …, 'Sec-WebSocket-Version' => undef }; cookie, method and
# protocol (HTTP/1.1) are options of their own.

sub handshake_text {
    my ($self, $path, %o) = @_;

    my %h = (Host => $self->host, Upgrade => 'websocket',
             Connection => 'Upgrade', 'Sec-WebSocket-Version' => 13,
             'Sec-WebSocket-Key' => encode_base64(pack('N4',
                 map { int rand 2 ** 32 } 1 .. 4), ''),
             %{ $o{headers} || {} });

    $h{Cookie} = $o{cookie} if defined $o{cookie};
    $self->{key} = $h{'Sec-WebSocket-Key'};

    return ($o{method} || 'GET') . " $path " . ($o{protocol} || 'HTTP/1.1')
           . "\r\n"
           . join('', map { my $n = $_;
                            map { "$n: $_\r\n" }
                                ref $h{$n} ? @{ $h{$n} } : $h{$n} }
                      grep { defined $h{$_} } sort keys %h)
           . "\r\n";
}


# Sends the handshake, with the bytes of $o{pipeline} right behind, in one
# write or split at the offsets of $o{split}; returns the answer (see HTTP).

sub handshake {
    my ($self, $path, %o) = @_;

    $self->raw($self->handshake_text($path, %o) . ($o{pipeline} // ''),
               @{ $o{split} || [] });

    return $self->handshake_answer;
}


sub handshake_answer {
    my ($self) = @_;

    $self->{deadline} = time() + $self->{timeout};

    return $self->{answer} = $self->answer('GET');
}


# Is the answer the right one to our key?

sub accepted {
    my ($self) = @_;

    my $a = $self->{answer} or return 0;
    my $want = sha1_base64($self->{key}
                           . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11') . '=';

    return $a->{status} == 101
           && ($a->{headers}{'sec-websocket-accept'}[0] // '') eq $want;
}


# The bytes of a frame: opcode, payload, fin (1), rsv (0), mask (four bytes,
# undef: none), lenbytes (1, 2 or 8 to force a form), length (a lie).

sub frame {
    my (undef, $opcode, $payload, %o) = @_;

    utf8::encode($payload) if utf8::is_utf8($payload);

    my $mask = exists $o{mask} ? $o{mask} : pack('N', int rand 2 ** 32);
    my $len = $o{length} // length $payload;
    my $form = $o{lenbytes} // ($len < 126 ? 1 : $len < 65536 ? 2 : 8);
    my $bit = defined $mask ? 0x80 : 0;

    my $head = pack 'C', ($o{fin} // 1) << 7 | ($o{rsv} // 0) << 4 | $opcode;

    $head .= $form == 1 ? pack('C', $bit | $len)
           : $form == 2 ? pack('Cn', $bit | 126, $len)
           : pack('CQ>', $bit | 127, $len);

    return $head . $payload if !defined $mask;

    my $key = $mask x (length($payload) / 4 + 1);

    return $head . $mask . ($payload ^ substr($key, 0, length $payload));
}


sub send_frame {
    my ($self, @frame) = @_;

    $self->raw($self->frame(@frame));
}


sub send_text { $_[0]->send_frame(TEXT, $_[1]) }

sub send_json { $_[0]->send_frame(TEXT, $Tidraw::HTTP::json->encode($_[1])) }


# Writes bytes as they are; with offsets in as many writes, each on its own
# way before the next begins.

sub raw {
    my ($self, $bytes, @split) = @_;

    local $SIG{PIPE} = 'IGNORE';

    my $from = 0;

    if (@split) {
        require Socket;
        setsockopt($self->{socket}, Socket::IPPROTO_TCP(),
                   Socket::TCP_NODELAY(), 1);
    }

    for my $to (@split, length $bytes) {
        $self->write(substr($bytes, $from, $to - $from));
        $from = $to;
        select(undef, undef, undef, 0.002) if $to < length $bytes;
    }
}


# The next frame as { fin, rsv, opcode, masked, payload }; undef at the end
# of the stream, dies when nothing comes in time.

sub recv_frame {
    my ($self, $timeout) = @_;

    $self->{deadline} = time() + ($timeout // $self->{timeout});

    my $head = eval { $self->bytes(2) };

    if (!defined $head) {
        die $@ if $@ =~ /timed out/;
        return undef;
    }

    my ($first, $second) = unpack 'CC', $head;
    my $len = $second & 0x7f;

    $len = $len == 126 ? unpack 'n', $self->bytes(2)
         : $len == 127 ? unpack 'Q>', $self->bytes(8)
         : $len;

    my $mask = $second & 0x80 ? $self->bytes(4) : undef;

    return { fin => $first >> 7, rsv => $first >> 4 & 7,
             opcode => $first & 15, masked => defined $mask,
             payload => $self->bytes($len) };
}


# The next whole message: its bytes.  Pings are answered on the way.  At the
# end undef, and $ws->{close} is [code, reason] (code 1006: without a frame).

sub recv {
    my ($self, $timeout) = @_;

    my $end = time() + ($timeout // $self->{timeout});
    my $text;

    for ( ;; ) {
        my $f = $self->recv_frame($end - time());

        if (!$f) {
            $self->{close} ||= [1006, ''];
            return undef;
        }

        if ($f->{opcode} == PING) {
            eval { $self->send_frame(PONG, $f->{payload}) };

        } elsif ($f->{opcode} == CLOSE) {
            $self->{close} = length $f->{payload} < 2 ? [1005, '']
                           : [unpack 'na*', $f->{payload}];
            return undef;

        } elsif ($f->{opcode} <= BINARY) {
            $text .= $f->{payload};
            return $text if $f->{fin};
        }
    }
}


sub recv_json {
    my ($self, $timeout) = @_;

    my $text = $self->recv($timeout);

    return defined $text ? $Tidraw::HTTP::json->decode($text) : undef;
}


# Reads until the server closes: [code, reason].

sub wait_close {
    my ($self, $timeout) = @_;

    my $end = time() + ($timeout // $self->{timeout});

    while (!$self->{close}) {
        $self->recv($end - time());
    }

    return $self->{close};
}


# The closing handshake from our side; [code, reason] of the answer.

sub finish {
    my ($self, $code, $reason) = @_;

    if (!$self->{close}) {
        $self->send_frame(CLOSE, pack('na*', $code // 1000, $reason // ''));
        $self->wait_close;
    }

    $self->close;

    return $self->{close};
}


sub close {
    my ($self) = @_;

    (delete $self->{socket})->close if $self->{socket};
}


1;
