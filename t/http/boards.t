#!/usr/bin/perl

# What is done with a whole board: copies, previews, snapshots and files of
# it, another owner, the end in the bin.

use strict;
use warnings;
use utf8;

use Test::More;
use lib 't/lib';
use MIME::Base64 qw(decode_base64);
use Tidraw::Api qw(fails done_with each_database me_of mismeasured);
use Tidraw::Board qw(schema page document join_board push_records);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

my $png = decode_base64('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUl'
                        . 'EQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==');

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $ben = $t->register('ben@example.org');
    my $cem = $t->register('cem@example.org');

    my $id = $t->room($ann, "Plän \"1\"/x");
    my $link = $t->link($ann, $id, 'viewer');
    my $edit = $t->link($ann, $id, 'editor');

    # an empty board

    my $r = $t->http('GET', "api/rooms/$id/snapshot", cookie => $ann);

    is_deeply(done_with($r, 200, 'snapshot of an empty board'),
              { clock => 1, documentClock => 1, documents => [],
                tombstoneHistoryStartsAtClock => 1, tombstones => {} }, 'it');
    is($r->{headers}{etag}[0], '"1"', 'its clock is the ETag');

    # records

    my $odd = page("o\x{ff}d\"\\ \x{1f600}", name => "\0 \x{2028}");

    push_records($t, $ann, $id, document(), page(1), page(2), $odd);

    my ($ws) = join_board($t, $id, cookie => $ann);

    $ws->send_json({ type => 'push', clientClock => 0,
                     diff => { 'page:2' => ['remove'] } });
    $ws->recv_json;

    $r = $t->http('GET', "api/rooms/$id/snapshot?link=$link");

    my $snapshot = done_with($r, 200, 'snapshot, for a guest');

    is($r->{headers}{etag}[0], '"3"', 'the ETag');
    is_deeply([sort { $a->{id} cmp $b->{id} }
               map { $_->{state} } @{ $snapshot->{documents} }],
              [sort { $a->{id} cmp $b->{id} } document(), page(1), $odd],
              'all its records');
    ok(!(grep { $_->{lastChangedClock} != 2 } @{ $snapshot->{documents} }),
       'with their clocks');
    is_deeply($snapshot->{tombstones}, { 'page:2' => 3 }, 'tombstones');
    is_deeply($snapshot->{schema}, schema(), 'the schema');
    is($snapshot->{clock}, 3, 'the clock');

    is($t->http('GET', "api/rooms/$id/snapshot", cookie => $ann,
                headers => ['If-None-Match', '"3"'])->{status}, 304,
       'not when it is known');

    # the file

    $r = $t->http('GET', "api/rooms/$id/export", cookie => $ann);

    is($r->{status}, 200, 'export');
    is($r->{headers}{'content-type'}[0], 'application/vnd.tldraw+json',
       'its type');
    is($r->{headers}{'content-disposition'}[0],
       "attachment; filename*=UTF-8''Pl%C3%A4n%20%221%22%2Fx.tldr",
       'its name');

    my $file = $Tidraw::HTTP::json->decode($r->{body});

    is_deeply([sort keys %$file],
              [qw(records schema tldrawFileFormatVersion)], 'the form');
    is(@{ $file->{records} }, 3, 'the records');

    # a copy

    my $copy = done_with($t->http('POST', "api/rooms/$id/duplicate",
                                  cookie => $ann, json => {}), 201, 'a copy');

    is($copy->{name}, 'Plän "1"/x (copy)', 'its name');
    is($copy->{role}, 'owner', 'one\'s own');

    my $same = $t->api('GET', "api/rooms/$copy->{id}/snapshot",
                       cookie => $ann);

    is_deeply([map { $_->{state} } @{ $same->{documents} }],
              [map { $_->{state} } @{ $snapshot->{documents} }],
              'all records');
    is_deeply($same->{tombstones}, {}, 'and no tombstone');
    is($same->{clock}, 1, 'a board begins at clock 1');

    my (undef, $reply) = join_board($t, $copy->{id}, cookie => $ann);

    is(scalar(keys %{ $reply->{diff} }), 3, 'it opens');
    (undef, $reply) = join_board($t, $copy->{id}, cookie => $ann,
                                 protocol => 7, clock => 0);
    is(scalar(keys %{ $reply->{diff} }), 3, 'for clients of protocol 7, too');

    push_records($t, $ann, $copy->{id}, page(9));
    is(@{ $t->api('GET', "api/rooms/$id/snapshot",
                  cookie => $ann)->{documents} }, 3,
       'what is drawn on the copy stays there');

    $copy = done_with($t->http('POST', "api/rooms/$id/duplicate?link=$link",
                               cookie => $ben, json => { name => 'Bens' }),
                      201, 'a copy by somebody with a link');
    is($copy->{name}, 'Bens', 'under the name he gave');
    is($copy->{owner}{id}, me_of($t, $ben)->{id}, 'is his');
    fails($t->http('POST', "api/rooms/$id/duplicate?link=$link", json => {}),
          401, 'not_authenticated', 'a copy for a guest');
    fails($t->http('POST', "api/rooms/$id/duplicate", cookie => $ann,
                   json => { name => $_ }), 400, 'bad_request', 'a bad name')
        for '', 7, 'x' x 101;

    my $long = $t->room($ann, 'ä' x 100);

    is($t->api('POST', "api/rooms/$long/duplicate", cookie => $ann,
               json => {})->{name}, 'ä' x 93 . ' (copy)',
       'the name of a copy is no longer than a name may be');

    # the preview

    fails($t->http('GET', "api/rooms/$id/thumbnail", cookie => $ann), 404,
          'not_found', 'no preview yet');

    for (['text', 'hello', 'image/png', 415], ['nothing', '', 'image/png', 415],
         ['svg', '<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/png',
          415],
         ['a gif', "GIF89a\1\0\1\0\0\0\0;", 'image/png', 415],
         ['another type', $png, 'image/gif', 415],
         ['too large', $png . "\0" x (256 * 1024), 'image/png', 413])
    {
        my ($name, $body, $type, $status) = @$_;

        fails($t->http('PUT', "api/rooms/$id/thumbnail", cookie => $ann,
                       body => $body, type => $type), $status,
              $status == 413 ? 'too_large' : 'unsupported_media_type',
              "preview: $name");
    }

    fails($t->http('PUT', "api/rooms/$id/thumbnail?link=$link", body => $png,
                   type => 'image/png'), 401, 'not_authenticated',
          'preview by a viewer');
    done_with($t->http('PUT', "api/rooms/$id/thumbnail?link=$edit",
                       body => $png, type => 'image/png'), 204,
              'preview by an editor');

    my $url = $t->api('GET', "api/rooms/$id", cookie => $ann)->{thumbnail};

    like($url, qr{^api/rooms/$id/thumbnail\?v=\d+$}, 'the room names it');

    $r = $t->http('GET', $url, cookie => $ann);
    is($r->{body}, $png, 'what was put');
    is($r->{headers}{'content-type'}[0], 'image/png', 'its type');
    is($r->{headers}{'cache-control'}[0],
       'private, max-age=31536000, immutable', 'kept for good');
    is($r->{headers}{'x-content-type-options'}[0], 'nosniff', 'as it says');

    my $etag = $r->{headers}{etag}[0];

    $r = $t->http('GET', "api/rooms/$id/thumbnail?link=$link");
    is($r->{headers}{'cache-control'}[0], 'private, no-cache',
       'asked for again without a version');
    is($t->http('GET', "api/rooms/$id/thumbnail?link=$link",
                headers => ['If-None-Match', $etag])->{status}, 304,
       'not when it is known');
    is($t->http('HEAD', "api/rooms/$id/thumbnail", cookie => $ann)->{headers}
         {'content-length'}[0], length $png, 'its head');
    fails($t->http('GET', "api/rooms/$id/thumbnail"), 401,
          'not_authenticated', 'by nobody');

    done_with($t->http('PUT', "api/rooms/$id/thumbnail", cookie => $ann,
                       body => $png, type => 'image/png'), 204, 'once more');
    isnt($t->api('GET', "api/rooms/$id", cookie => $ann)->{thumbnail}, $url,
         'under another name');

    $copy = $t->api('POST', "api/rooms/$id/duplicate", cookie => $ann,
                    json => {});
    is($t->http('GET', $copy->{thumbnail}, cookie => $ann)->{body}, $png,
       'a copy has it, too');

    # another owner

    my $bens = me_of($t, $ben)->{id};

    fails($t->http('POST', "api/rooms/$id/transfer", cookie => $ann,
                   json => { user => $bens }), 409, 'conflict',
          'to somebody who is no member');
    fails($t->http('POST', "api/rooms/$id/transfer", cookie => $ann,
                   json => { user => me_of($t, $ann)->{id} }), 409, 'conflict',
          'to oneself');
    fails($t->http('POST', "api/rooms/$id/transfer", cookie => $ann,
                   json => { user => $_ }), 400, 'bad_request', 'to nobody')
        for undef, 7, {}, 'x' x 23;

    $t->api('POST', "api/rooms/$id/members", cookie => $ann,
            json => { email => 'ben@example.org', role => 'viewer' });
    $t->api('POST', "api/rooms/$id/members", cookie => $ann,
            json => { email => 'cem@example.org', role => 'editor' });
    fails($t->http('POST', "api/rooms/$id/transfer", cookie => $cem,
                   json => { user => $bens }), 403, 'forbidden',
          'by an editor');

    my ($live) = join_board($t, $id, cookie => $ben);

    $r = $t->http('POST', "api/rooms/$id/transfer", cookie => $ann,
                  json => { user => $bens });
    is(done_with($r, 200, 'transfer')->{role}, 'editor', 'an editor now');
    is($r->{json}{owner}{id}, $bens, 'the new owner');
    is_deeply([map { "$_->{user}{email} $_->{role}" }
               @{ $t->api('GET', "api/rooms/$id/members",
                          cookie => $ben)->{members} }],
              ['ann@example.org editor', 'ben@example.org owner',
               'cem@example.org editor'], 'the members');
    is($live->wait_close->[0], 1012, 'his session comes back with his rights');
    fails($t->http('DELETE', "api/rooms/$id", cookie => $ann), 403,
          'forbidden', 'not hers any more');

    # the end

    fails($t->http('DELETE', "api/rooms/$id?forever=1", cookie => $ben), 409,
          'conflict', 'not before it is in the bin');
    done_with($t->http('DELETE', "api/rooms/$id", cookie => $ben), 204,
              'into the bin');
    fails($t->http('DELETE', "api/rooms/$id?forever=1", cookie => $ann), 404,
          'not_found', 'for good, by an editor');
    done_with($t->http('DELETE', "api/rooms/$id?forever=1", cookie => $ben),
              204, 'for good');
    fails($t->http('POST', "api/rooms/$id/restore", cookie => $ben,
                   json => {}), 404, 'not_found', 'it is gone');
    is(($t->sql("SELECT count(*) FROM $_ x LEFT JOIN rooms r ON r.num = x.room
                 WHERE r.num IS NULL"))[0][0], 0, "nothing is left in $_")
        for qw(records tombstones members links thumbnails);

    my @log = map { $_->[0] } $t->sql("SELECT action FROM activity
                                       WHERE room = '$id' ORDER BY num");

    is(join(' ', grep { /^room/ } @log),
       'room.created room.transferred room.deleted room.purged',
       'the log knows of it');

    is(join(', ', mismeasured($t)), '', 'sizes of boards');
});


# what lies in the bin for too long

for my $database (Tidraw::Test->databases) {
    my $t = Tidraw::Test->new(database => $database, workers => 2,
                              conf => { location => 'tidraw_bin_keep 1d;' });

    $t->start;

    my $ann = $t->register('ann@example.org');
    my @id = map { $t->room($ann, "Board $_") } 1 .. 25;

    $t->http('DELETE', "api/rooms/$_", cookie => $ann) for @id[1 .. 24];
    $t->sql("UPDATE rooms SET deleted_at = deleted_at - 86400000
             WHERE id <> '$id[24]'");
    $t->restart;

    ok(wait_for(sub {
        ($t->sql('SELECT count(*) FROM rooms'))[0][0] == 2
    }, 20), "$database: they are removed after tidraw_bin_keep");
    is(join(' ', sort map { $_->[0] } $t->sql('SELECT id FROM rooms')),
       join(' ', sort @id[0, 24]), "$database: and no others");
    is(($t->sql("SELECT count(*) FROM activity
                 WHERE action = 'room.purged'"))[0][0], 23,
       "$database: each is in the log");
    $t->finish;
}

# how many one may own

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $id = $t->room($ann, 'Plans');
    my $me = me_of($t, $ann)->{id};

    $t->sql("INSERT INTO rooms (id, name, name_key, created_by, created_at,
             updated_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL
             SELECT i + 1 FROM n WHERE i < 9999) SELECT 'x' || i, 'x', 'x',
             '$me', 1, 1 FROM n");
    $t->sql("INSERT INTO members (room, user_id, role, created_at)
             SELECT num, '$me', 'owner', 1 FROM rooms WHERE name = 'x'");

    my $schema = schema();

    for (['', { name => 'More' }], ["/$id/duplicate", {}],
         ['/import', { schema => $schema, records => [document()] }])
    {
        my $r = $t->http('POST', "api/rooms$_->[0]", cookie => $ann,
                         json => $_->[1]);

        fails($r, 409, 'conflict', "beyond 10 000: POST api/rooms$_->[0]");
        like($r->{json}{error}{message}, qr/as many boards as one user may/,
             'and why');
    }

    is(($t->sql('SELECT count(*) FROM rooms'))[0][0], 10000, 'none came');

    $t->sql("DELETE FROM members WHERE room IN (SELECT num FROM rooms
             WHERE id = 'x1')");
    done_with($t->http('POST', "api/rooms/$id/duplicate", cookie => $ann,
                       json => {}), 201, 'with one less there is room');
});

done_testing();
