package Tidraw::Board;

# What tests of the API need to fill a board: a client of the sync protocol
# that says what it must, and records.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP;
use Tidraw::HTTP;
use Tidraw::Util qw(slurp);

our @EXPORT_OK = qw(schema page document join_board push_records);

my $root = __FILE__ =~ s{[^/]*$}{}r . '../../..';


# The serialized schema of a client generation.

sub schema {
    my ($version) = @_;

    $version //= '3.15.6';

    return $Tidraw::HTTP::json->decode(
        slurp("$root/conf/schema/tldraw-$version.json"))->{schema};
}


sub page {
    my ($id, %o) = @_;

    return { id => "page:$id", typeName => 'page', name => "Page $id",
             index => 'a1', meta => {}, %o };
}


sub document {
    return { id => 'document:document', typeName => 'document',
             gridSize => 10, name => '', meta => {} };
}


# A session that is connected: (socket, connect reply).

sub join_board {
    my ($t, $id, %o) = @_;

    my $link = $o{link} ? "&link=$o{link}" : '';
    my $session = $o{session} // 'test' . int rand 1e9;
    my $ws = $t->ws("connect/$id?sessionId=$session$link",
                    cookie => $o{cookie});

    $ws->send_json({ type => 'connect', connectRequestId => 'r',
                     lastServerClock => $o{clock} // -1,
                     protocolVersion => $o{protocol} // 8,
                     schema => $o{schema} // schema() });

    return ($ws, $ws->recv_json);
}


# Puts records on a board; the clock after that.

sub push_records {
    my ($t, $cookie, $id, @records) = @_;

    my ($ws) = join_board($t, $id, cookie => $cookie);

    $ws->send_json({ type => 'push', clientClock => 0,
                     diff => { map { $_->{id} => ['put', $_] } @records } });

    while (my $m = $ws->recv_json) {
        for (@{ $m->{data} || [] }) {
            next if $_->{type} ne 'push_result';
            $ws->close;
            return $_->{serverClock};
        }
    }

    die "the push was not answered: @{ $ws->{close} || [] }\n";
}


1;
