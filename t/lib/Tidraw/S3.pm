package Tidraw::S3;

# An S3 server (t/s3/server.cjs) in a process of its own, and what lies in it.
#
#     my $s3 = Tidraw::S3->new->start;
#     my $t = Tidraw::Test->new(env => $s3->env, …)

use strict;
use warnings;

use parent 'Tidraw::NodeServer';

use Cwd qw(abs_path);
use File::Find qw(find);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json encode_json);
use Tidraw::HTTP;
use Tidraw::Util qw(free_port);

my $folder = abs_path(__FILE__ =~ s{[^/]*$}{}r . '../../s3');


# Options of server.cjs.

sub new {
    my ($class, %o) = @_;

    return bless {
        dir => tempdir('tidraw-s3-XXXXXX', TMPDIR => 1),
        port => free_port(),
        pid => 0,
        owner => $$,
        o => { bucket => 'boards', key => 'THEKEY', secret => 'the/secret+1',
               region => 'eu-north-7', %o },
    }, $class;
}


# The environment that makes a server use it.

sub env {
    my ($self, %more) = @_;

    my $o = $self->{o};

    return {
        S3_BUCKET => $o->{bucket},
        S3_ENDPOINT => $self->endpoint,
        S3_REGION => $o->{region},
        S3_ACCESS_KEY_ID => $o->{key},
        S3_SECRET_ACCESS_KEY => $o->{secret},
        %more,
    };
}


sub endpoint { return "http://127.0.0.1:$_[0]{port}" }

sub port { return $_[0]{port} }


sub start {
    my ($self, %o) = @_;

    return $self->launch($folder, \%o, dir => "$self->{dir}/data");
}


# See server.cjs.

sub control {
    my ($self, %c) = @_;

    $self->client->request('POST', '/-/control', body => encode_json(\%c));
}


sub log {
    my ($self) = @_;

    return @{ decode_json($self->client->request('GET', '/-/log')->{body}) };
}


sub client {
    my ($self) = @_;

    return Tidraw::HTTP->new(port => $self->{port});
}


# Names of the objects, and how many uploads of many parts are not complete.

sub objects {
    my ($self) = @_;

    my $dir = "$self->{dir}/data/$self->{o}{bucket}";
    my @names;

    find({ no_chdir => 1, wanted => sub {
        push @names, $1 if m{^\Q$dir\E/(?!\._S3rver)(.*)\._S3rver_object$};
    } }, $dir) if -d $dir;

    return sort @names;
}


sub uploads {
    my ($self) = @_;

    my @dirs = glob "$self->{dir}/data/$self->{o}{bucket}/._S3rver_uploads/*";

    return @dirs;
}


# The file that holds an object.

sub file {
    my ($self, $name) = @_;

    return "$self->{dir}/data/$self->{o}{bucket}/$name._S3rver_object";
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;

    local ($?, $@);

    $self->stop;
    remove_tree($self->{dir});
}


1;
