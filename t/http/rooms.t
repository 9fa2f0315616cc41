#!/usr/bin/perl

# Boards: create, list in pages, rename, bin, restore; what the objects hold.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database me_of);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $ben = $t->register('ben@example.org');
    my $me = me_of($t, $ann);

    is_deeply(scalar $t->api('GET', 'api/rooms', cookie => $ann),
              { rooms => [], next => undef }, 'no boards yet');

    my $r = $t->http('POST', 'api/rooms', cookie => $ann,
                     json => { name => " Plans \x{1f600} " });
    my $room = done_with($r, 201, 'create');
    my $id = $room->{id};

    like($id, qr/^[\w-]{22}$/, 'id');
    is_deeply($room, {
        id => $id, name => "Plans \x{1f600}", role => 'owner',
        owner => { map { $_ => $me->{$_} } qw(id name color picture) },
        created_at => $room->{created_at}, updated_at => $room->{created_at},
        deleted_at => undef, opened_at => undef, favourite => JSON::PP::false,
        folder => undef, template => undef, thumbnail => undef },
        'the room object');
    ok(abs($room->{created_at} - time() * 1000) < 60000, 'created_at');

    is_deeply(scalar $t->api('GET', "api/rooms/$id", cookie => $ann), $room,
              'the same when asked for');

    $r = $t->http('PATCH', "api/rooms/$id", cookie => $ann,
                  json => { name => q{'"; DROP TABLE rooms; -- <b>\\} });
    is(done_with($r, 200, 'rename')->{name}, q{'"; DROP TABLE rooms; -- <b>\\},
       'a name of any characters');
    cmp_ok($r->{json}{updated_at}, '>=', $room->{updated_at}, 'updated_at');

    for (undef, '', ' ', 'x' x 101, "a\0b", "a\nb", 7, [], {}) {
        for my $call (['POST', 'api/rooms'], ['PATCH', "api/rooms/$id"]) {
            fails($t->http(@$call, cookie => $ann, json => { name => $_ }),
                  400, 'bad_request', "$call->[0]: a bad name");
        }
    }

    # pages, last changed first

    my @all = ($id, map { $t->room($ann, "Board $_") } 1 .. 7);

    $t->sql("UPDATE rooms SET updated_at = 1000 + num WHERE id <> '$id'");
    $t->sql('UPDATE rooms SET updated_at = 1005
             WHERE num IN (SELECT num FROM rooms ORDER BY num DESC LIMIT 3)');

    my ($cursor, @seen) = ('');

    for (1 .. 10) {
        my $page = $t->api('GET', "api/rooms?limit=3$cursor", cookie => $ann);

        cmp_ok(@{ $page->{rooms} }, '<=', 3, 'no more than asked for');
        push @seen, @{ $page->{rooms} };
        last if !defined $page->{next};
        $cursor = "&cursor=$page->{next}";
    }

    is(join(' ', sort map { $_->{id} } @seen), join(' ', sort @all),
       'pages: every board once, also those of the same time');
    ok(!(grep { $seen[$_ - 1]{updated_at} < $seen[$_]{updated_at} }
         1 .. $#seen), 'pages: last changed first');
    is($seen[0]{id}, $id, 'the renamed one leads');

    for (qw(limit=0 limit=-1 limit=201 limit=x limit= limit=99999999999999999999
            cursor= cursor=x cursor=1.2 cursor=%00 cursor=1;2
            cursor=99999999999999999999999.AAAAAAAAAAAAAAAAAAAAAA
            cursor=-1.AAAAAAAAAAAAAAAAAAAAAA
            cursor=1.AAAAAAAAAAAAAAAAAAAA'A))
    {
        fails($t->http('GET', "api/rooms?$_", cookie => $ann), 400,
              'bad_request', "list: $_");
    }

    is_deeply($t->api('GET', 'api/rooms', cookie => $ben)->{rooms}, [],
              'others see none of them');

    # the bin

    my $link = $t->link($ann, $id, 'editor');

    $r = $t->http('DELETE', "api/rooms/$id", cookie => $ann);
    done_with($r, 204, 'delete');
    is($r->{body}, '', 'without a body');

    ok(!(grep { $_->{id} eq $id }
         @{ $t->api('GET', 'api/rooms', cookie => $ann)->{rooms} }),
       'gone from the list');

    my $bin = $t->api('GET', 'api/rooms?deleted=1', cookie => $ann)->{rooms};

    is(join(' ', map { $_->{id} } @$bin), $id, 'in the bin');
    like($bin->[0]{deleted_at}, qr/^\d{13}$/, 'with its time');

    fails($t->http(@$_, cookie => $ann), 404, 'not_found',
          "in the bin: $_->[0] $_->[1]")
        for ['GET', "api/rooms/$id"],
            ['GET', "api/rooms/$id?link=$link"],
            ['DELETE', "api/rooms/$id"],
            ['PATCH', "api/rooms/$id", json => { name => 'x' }],
            ['GET', "api/rooms/$id/members"], ['GET', "api/rooms/$id/links"],
            ['POST', "api/rooms/$id/links", json => { role => 'viewer' }];

    fails($t->http('POST', "api/rooms/$id/restore", cookie => $ben,
                   json => {}), 404, 'not_found', 'restored by a stranger');
    fails($t->http('POST', "api/rooms/$id/restore?link=$link", json => {}),
          404, 'not_found', 'restored by a guest');

    $r = $t->http('POST', "api/rooms/$id/restore", cookie => $ann, json => {});
    is(done_with($r, 200, 'restore')->{deleted_at}, undef, 'not deleted');
    is($r->{json}{role}, 'owner', 'its owner still');
    done_with($t->http('GET', "api/rooms/$id?link=$link"), 200,
              'its link works again');

    done_with($t->http('POST', "api/rooms/$id/restore", cookie => $ann,
                       json => {}), 200, 'restore what is there');
    is_deeply($t->api('GET', 'api/rooms?deleted=1', cookie => $ann)->{rooms},
              [], 'the bin is empty');

    # no such board; ids that are none

    fails($t->http('GET', 'api/rooms/' . 'A' x 22, cookie => $ann), 404,
          'not_found', 'no such board');
    fails($t->http('GET', 'api/rooms/' . 'A' x 22), 401, 'not_authenticated',
          'no such board, for nobody');
    fails($t->http('GET', "api/rooms/$id"), 401, 'not_authenticated',
          'a board, for nobody');
    fails($t->http('GET', "api/rooms/$id", cookie => $ben), 403, 'forbidden',
          'a board, for a stranger');

    fails($t->http('GET', "api/rooms/$_", cookie => $ann), 404, 'not_found',
          "id $_")
        for 'x', 'A' x 21, 'A' x 23, "$id/", "$id/x", "$id'", "$id%27",
            "$id%2f..%2f$id%2fx", "%2e%2e/$id", "$id;a", "$id%20",
            '%27%20OR%201=1%20--%20xxxxx', 'A' x 5000;
});

done_testing();
