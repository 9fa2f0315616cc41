package Tidraw::Smtp;

# A mail server of smtp-server (t/mail/server.cjs) in a process of its own,
# and the mails it got.
#
#     my $smtp = Tidraw::Smtp->new(user => 'u', password => 'p')->start;
#     my ($mail) = $smtp->wait_mails(1);      # see parse()

use strict;
use warnings;

use parent 'Tidraw::NodeServer';

use Cwd qw(abs_path);
use Encode qw(decode);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);
use MIME::Base64 qw(decode_base64);
use MIME::QuotedPrint qw(decode_qp);
use Time::HiRes qw(stat);
use Tidraw::Util qw(wait_for free_port slurp run_ok);

my $folder = abs_path(__FILE__ =~ s{[^/]*$}{}r . '../../mail');


# Options of server.cjs; tls makes an authority and a certificate of it for
# localhost, unless key and cert are given.

sub new {
    my ($class, %o) = @_;

    my $self = bless {
        dir => tempdir('tidraw-smtp-XXXXXX', TMPDIR => 1),
        port => free_port(),
        pid => 0,
        owner => $$,
        o => \%o,
    }, $class;

    mkdir "$self->{dir}/mails";
    $self->certificates if $o{tls} && !$o{key};

    return $self;
}


sub certificates {
    my ($self) = @_;

    my $dir = $self->{dir};
    my @key = qw(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes);

    run_ok(undef, qw(openssl req -x509), @key, '-days', 2, '-subj',
           '/CN=Test authority', '-keyout', "$dir/ca.key", '-out',
           "$dir/ca.pem");
    run_ok(undef, qw(openssl req), @key, '-subj', '/CN=localhost',
           '-keyout', "$dir/key.pem", '-out', "$dir/req.pem");
    run_ok("subjectAltName=DNS:localhost\n", qw(openssl x509 -req -days 2
           -CAcreateserial -extfile /dev/stdin -in), "$dir/req.pem", '-CA',
           "$dir/ca.pem", '-CAkey', "$dir/ca.key", '-out', "$dir/cert.pem");

    @{ $self->{o} }{qw(key cert)} = ("$dir/key.pem", "$dir/cert.pem");
}


sub ca { return "$_[0]{dir}/ca.pem" }

sub port { return $_[0]{port} }


# With other options than before, if any.

sub start {
    my ($self, %o) = @_;

    return $self->launch($folder, \%o, out => "$self->{dir}/mails");
}


# The mails up to now, oldest first.

sub mails {
    my ($self) = @_;

    return map { parse(slurp($_)) }
           sort { (stat $a)[9] <=> (stat $b)[9] || number($a) <=> number($b) }
           glob "$self->{dir}/mails/*.mail";
}


sub number { return $_[0] =~ /-(\d+)\.mail$/ ? $1 : 0 }


# Waits until there are as many; all of them.

sub wait_mails {
    my ($self, $n, $limit) = @_;

    wait_for(sub {
        (() = glob "$self->{dir}/mails/*.mail") >= $n
    }, $limit // 20);

    return $self->mails;
}


# { from, to, secure, user, raw, headers => { name => text }, subject, plain,
# html }; texts are characters.

sub parse {
    my ($text) = @_;

    my ($about, $raw) = split /\n/, $text, 2;

    my $m = { %{ decode_json($about) }, raw => $raw, headers => {} };
    my ($head, $body) = split /\r\n\r\n/, $raw, 2;

    for (split /\r\n/, $head =~ s/\r\n[ \t]+/ /gr) {
        my ($name, $value) = /^([A-Za-z-]+): ?(.*)$/ or next;
        $m->{headers}{lc $name} = $value;
    }

    $m->{subject} = words($m->{headers}{subject} // '');

    my ($b) = ($m->{headers}{'content-type'} // '') =~ /boundary="([^"]+)"/;

    for my $part (split /(?:^|\r\n)--\Q$b\E(?:--)?\r\n/, $body) {
        my ($h, $t) = split /\r\n\r\n/, $part, 2;

        my ($type) = ($h // '') =~ m{^Content-Type: text/(\w+); charset=utf-8}m
            or next;

        $m->{$type} = decode('UTF-8', decode_qp($t) =~ s/\r\n/\n/gr);
    }

    return $m;
}


# Encoded words of a header (RFC 2047).

sub words {
    my ($s) = @_;

    $s =~ s/(=\?UTF-8\?B\?[^?]*\?=) (?==\?)/$1/g;
    $s =~ s/=\?UTF-8\?B\?([^?]*)\?=/decode_base64($1)/ge;

    return decode('UTF-8', $s);
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;

    local ($?, $@);

    $self->stop;
    remove_tree($self->{dir});
}


1;
