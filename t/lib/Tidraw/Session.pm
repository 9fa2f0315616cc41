package Tidraw::Session;

# A WebSocket that is connected to a board, for tests that care about the
# transport: any whole message {"type":"ping"} is answered by a pong.

use strict;
use warnings;

use Exporter qw(import);
use Tidraw::HTTP;
use Tidraw::Util qw(slurp);
use Tidraw::WS;

our @EXPORT_OK = qw(connect_text ping_text pong_text session);

my $root = __FILE__ =~ s{[^/]*$}{}r . '../../..';
my $schema;


# The first message of a client of the app's own version.

sub connect_text {
    my (%o) = @_;

    $schema ||= $Tidraw::HTTP::json->decode(
        slurp("$root/conf/schema/tldraw-3.15.6.json"))->{schema};

    return $Tidraw::HTTP::json->encode({
        type => 'connect', connectRequestId => 'request', lastServerClock => 0,
        protocolVersion => 7, schema => $schema, %o });
}


# A ping, as long as wanted (in bytes), with any text in it.

sub ping_text {
    my ($len, $text) = @_;

    my $head = '{"type":"ping","x":"' . ($text // '');
    my $pad = ($len // 0) - length($head) - 2;

    return $head . ('x' x ($pad > 0 ? $pad : 0)) . '"}';
}


sub pong_text { return '{"type":"pong"}' }


# Upgrades and connects; dies when the board does not answer.

sub session {
    my ($t, $room, %o) = @_;

    my $ws = $t->ws("connect/$room?sessionId=" . int(rand 2 ** 40), %o);

    $ws->send_text(connect_text());

    my $reply = $ws->recv_json;

    die "no connect reply: " . join(' ', @{ $ws->{close} || [] }) . "\n"
        if !$reply || $reply->{type} ne 'connect';

    return $ws;
}


1;
