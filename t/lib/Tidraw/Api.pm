package Tidraw::Api;

# What tests of the HTTP API say again and again.

use strict;
use warnings;

use Exporter qw(import);
use Test::More;

our @EXPORT_OK = qw(fails done_with each_database me_of mismeasured);


# An answer in the form that every failure has.

sub fails {
    my ($r, $status, $code, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $e = ref $r->{json} eq 'HASH' ? $r->{json}{error} : undef;

    my $good = $r->{status} == $status
               && ref $e eq 'HASH' && ($e->{code} // '') eq $code
               && ($e->{message} // '') ne ''
               && keys %{ $r->{json} } == 1
               && ($r->{headers}{'cache-control'}[0] // '') eq 'no-store';

    ok($good, "$name: $status $code")
        or diag("$r->{status} " . substr($r->{body}, 0, 300));

    return $good;
}


# An answer without a failure.

sub done_with {
    my ($r, $status, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    ok($r->{status} == $status, "$name: $status")
        or diag("$r->{status} " . substr($r->{body}, 0, 300));

    return $r->{json};
}


# One subtest a database, with a running server.

sub each_database {
    my ($code, %o) = @_;

    require Tidraw::Test;

    my @only = $ENV{TIDRAW_DATABASE} ? ($ENV{TIDRAW_DATABASE})
                                     : Tidraw::Test->databases;

    for my $database (@only) {
        subtest $database => sub {
            my $t = Tidraw::Test->new(database => $database, %o)->start;

            $code->($t);
            $t->finish;
        };
    }
}


# Boards whose size is not that of their records, in characters or bytes.

sub mismeasured {
    my ($t) = @_;

    my $bytes = $t->{pg} ? 'octet_length(x.state)'
                         : 'length(CAST(x.state AS BLOB))';

    return map { "$_->[0]: $_->[1], not $_->[2] to $_->[3]" }
           grep { $_->[1] < $_->[2] || $_->[1] > $_->[3] }
           $t->sql("SELECT r.id, r.size, COALESCE(sum(length(x.state)), 0),"
                   . " COALESCE(sum($bytes), 0) FROM rooms r LEFT JOIN"
                   . " records x ON x.room = r.num GROUP BY r.id, r.size");
}


# The user object behind a cookie.

sub me_of {
    my ($t, $cookie) = @_;

    return $t->api('GET', 'api/me', cookie => $cookie)->{user};
}


1;
