package Tidraw::Api;

# What tests of the HTTP API say again and again.

use strict;
use warnings;

use Exporter qw(import);
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT_OK = qw(fails done_with each_database me_of mismeasured slowed);


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


# Makes attempts that fail until they are refused.  A wait begins when its
# attempt comes, and doubles with each one: where the machine stands still for
# longer than it lasts, or a hash takes so long, the next one is seen.
#
# free     attempts that are not slowed down (5)
# row      so many are refused, one after the other (1)
# failed   after no fewer than so many
# after    what this gave before
#
# { answer, failed, early (how many of those did not wait long enough), wait
# (seconds, from the last attempt), left (of that, when the answer was there;
# at least) }

sub slowed {
    my ($attempt, %o) = @_;

    my $s = { failed => 0, early => 0, since => 0, %{ $o{after} || {} } };
    my ($free, $row, $n) = ($o{free} // 5, $o{row} // 1, 0);
    my $end = time() + 90;

    do {
        my $from = time();

        $s->{answer} = $attempt->();
        $s->{wait} = $s->{failed} < $free ? 0 : 2 ** ($s->{failed} - $free);
        $s->{left} = $s->{since} + $s->{wait} - time();

        if ($s->{answer}{status} == 429) {
            $n++;

            # the address has a count, too, and that of refusals as well

            sleep($s->{left} > 0.05 ? $s->{left} : 0.05) if $n >= $row
                && $s->{failed} < ($o{failed} // 0);

        } else {
            $s->{early}++ if $s->{left} > 0;
            $s->{failed}++;
            $s->{since} = $from;
            $n = 0;
        }

    } while (($n < $row || $s->{failed} < ($o{failed} // 0)) && time() < $end);

    return $s;
}


# The user object behind a cookie.

sub me_of {
    my ($t, $cookie) = @_;

    return $t->api('GET', 'api/me', cookie => $cookie)->{user};
}


1;
