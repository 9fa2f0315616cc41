#!/usr/bin/perl

# A board that is replaced as a whole while people are on it (reference 7,
# check-list 31): on every worker, with pushes on their way, by two at once.
# Unlike upstream this raises the clock also when nothing is different, and
# forgets tombstones: the history begins anew.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(done_with each_database);
use Tidraw::Board qw(schema page document join_board push_records);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $id = $t->room($ann, 'Plans');
    my $old = schema('3.15.6');
    my $new = schema('4.5.12');

    my $put = sub {
        my ($clock, $schema, @records) = @_;

        return $t->http('PUT', "api/rooms/$id/snapshot", cookie => $ann,
                        json => { schema => $schema, documents =>
                                  [map +{ state => $_, lastChangedClock => 0 },
                                   @records] },
                        headers => ['If-Match', "\"$clock\""]);
    };

    my $clock = push_records($t, $ann, $id, document(), page(1), page(2));

    # the same again

    my $r = $put->($clock, $old, document(), page(1), page(2));

    done_with($r, 204, '9.31 an identical snapshot');
    is($r->{headers}{etag}[0], '"' . ++$clock . '"', '9.31 the clock rises');

    # on all workers

    my @on = map { (join_board($t, $id, cookie => $ann))[0] } 1 .. 12;

    done_with($put->($clock, $old, document(), page(3)), 204, '9.31 another');
    $clock++;

    is(scalar(grep { $_->wait_close->[0] == 1012 } @on), 12,
       '9.31 everybody comes back, on whatever worker');

    for my $known (-1, 1, $clock - 1) {
        my @replies = map { (join_board($t, $id, cookie => $ann,
                                        clock => $known))[1] } 1 .. 4;

        is(scalar(grep { $_->{hydrationType} eq 'wipe_all'
                         && $_->{serverClock} == $clock
                         && join(' ', sort keys %{ $_->{diff} })
                            eq 'document:document page:3' } @replies), 4,
           "9.31 who knew clock $known is told everything");
    }

    my (undef, $same) = join_board($t, $id, cookie => $ann, clock => $clock);

    is($same->{hydrationType}, 'wipe_presence', '9.31 who knew the new one '
       . 'is told nothing');
    is_deeply($same->{diff}, {}, '9.31 nothing at all');

    # two that migrate it at once

    my @pids = map {
        my $n = $_;
        my $pid = fork() // die "fork: $!";

        if ($pid == 0) {
            my $status = eval { $put->($clock, $new, document(),
                                       page("new$n"))->{status} } // 0;
            require POSIX;
            POSIX::_exit($status == 204 ? 1 : $status == 412 ? 2 : 3);
        }

        $pid;
    } 1 .. 4;

    my @ends = map { waitpid($_, 0); $? >> 8 } @pids;

    is(join(' ', sort @ends), '1 2 2 2',
       'of browsers that migrate a board at once one wins, others start over');
    $clock++;

    my $state = $t->api('GET', "api/rooms/$id/snapshot", cookie => $ann);

    is($state->{clock}, $clock, 'one clock further');
    is(@{ $state->{documents} }, 2, 'with one result');
    is_deeply($state->{schema}, $new, 'and its schema');

    my ($tab) = join_board($t, $id, cookie => $ann, schema => $old);

    is_deeply($tab->{close}, [4099, 'CLIENT_TOO_OLD'], 'old tabs are told');

    my ($ws, $reply) = join_board($t, $id, cookie => $ann, schema => $new);

    is($reply->{serverClock}, $clock, 'new ones work');

    # whoever replaced it did not say so: the clock in the database does

    $t->sql("UPDATE rooms SET clock = clock + 1, history_start = clock + 1
             WHERE id = '$id'");
    is($ws->wait_close->[0], 1012, 'it is noticed without an order, too');
}, workers => 3);

done_testing();
