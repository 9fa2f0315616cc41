package Tidraw::NodeServer;

# A server in Node that a test starts, kills and starts again: what those of
# mail and of S3 share.  The folder has a server.cjs, which takes its options
# as JSON and prints "ready".

use strict;
use warnings;

use JSON::PP qw(encode_json);

use Tidraw::Util qw(reap slurp spawn wait_for);


# $o adds to the options, for good; %given are those of this kind of server.

sub launch {
    my ($self, $folder, $o, %given) = @_;

    @{ $self->{o} }{keys %$o} = values %$o;

    my $log = "$self->{dir}/log";

    unlink $log;

    $self->{pid} = spawn(['node', "$folder/server.cjs", encode_json({
        %{ $self->{o} }, port => $self->{port} + 0, %given,
    })], output => $log, dir => $folder, death => 'KILL');

    wait_for(sub { slurp($log) =~ /^ready/m || defined reap($self->{pid}) },
             30);

    die "$folder/server.cjs did not start: " . slurp($log) . "\n"
        if slurp($log) !~ /^ready/m;

    return $self;
}


sub stop {
    my ($self) = @_;

    my $pid = $self->{pid} or return;

    kill 'KILL', $pid;
    reap($pid, 5);
    $self->{pid} = 0;
}


1;
