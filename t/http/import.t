#!/usr/bin/perl

# Boards that come as a whole: files that become boards, and snapshots that
# take the place of what a board has.

use strict;
use warnings;
use utf8;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database mismeasured);
use Tidraw::Board qw(schema page document join_board push_records);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

my $json = $Tidraw::HTTP::json;

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $ben = $t->register('ben@example.org');
    my $type = 'application/vnd.tldraw+json';

    my $file = sub {
        my (@records) = @_;

        return { tldrawFileFormatVersion => 1, schema => schema(),
                 records => \@records };
    };

    my $import = sub {
        my ($body, %o) = @_;

        return $t->http('POST', 'api/rooms/import' . ($o{query} // ''),
                        cookie => $ann, type => $type,
                        body => ref $body ? $json->encode($body) : $body, %o);
    };

    my $count = sub { ($t->sql("SELECT count(*) FROM $_[0]"))[0][0] };

    # there and back again

    my $id = $t->room($ann, 'Plans');

    push_records($t, $ann, $id, document(), page(1, name => "\x{1f600}\0"),
                 page(2), page("\x{ff}\"\\ \x{20ac}"));

    my $first = $t->http('GET', "api/rooms/$id/export", cookie => $ann);
    my $r = $import->($first->{body}, query => '?name=Pl%C3%A4ne+2');
    my $room = done_with($r, 201, 'import of an export');

    is($room->{name}, 'Pläne 2', 'under the name that was given');
    is($room->{role}, 'owner', 'one\'s own');
    is($t->http('GET', "api/rooms/$room->{id}/export",
                cookie => $ann)->{body}, $first->{body},
       'exported again it is the same to the byte');

    my (undef, $reply) = join_board($t, $room->{id}, cookie => $ann);

    is(scalar(keys %{ $reply->{diff} }), 4, 'it opens');

    # what a session had and what is spread over lines

    my $odd = $file->(
        document(), page(1), page(1, name => 'the last one'),
        { id => 'camera:page:1', typeName => 'camera', x => 0, y => 0, z => 1,
          meta => {} },
        { id => 'instance_presence:x', typeName => 'instance_presence' },
        { id => 'pointer:pointer', typeName => 'pointer' });

    my $pretty = JSON::PP->new->utf8->pretty->canonical->encode($odd);

    $room = done_with($import->("\n $pretty \n"), 201, 'another file');
    is($room->{name}, 'Import', 'without a name');

    my $snapshot = $t->api('GET', "api/rooms/$room->{id}/snapshot",
                           cookie => $ann);

    is_deeply([map { $_->{state} } @{ $snapshot->{documents} }],
              [document(), page(1, name => 'the last one')],
              'records of a session and of presence are left out');

    # a snapshot of a room is taken as well

    done_with($import->($snapshot, type => 'application/json'), 201,
              'a room snapshot');

    # an empty one, and one whose members stand in another order

    done_with($import->($file->()), 201, 'no records');
    done_with($import->('{"records":[],"schema":' . $json->encode(schema())
                        . ',"x":{"records":[1,"}]"]}}'), 201,
              'any order, and members that nobody knows');

    # what is refused

    my @before = map { $count->($_) } qw(rooms records members);
    my $s = $json->encode(schema());
    my $page = $json->encode(page(1));

    for (['nothing', '', undef], ['no JSON', 'hello', undef],
         ['an array', '[]', undef], ['cut', '{"schema":{', undef],
         ['no records', "{\"schema\":$s}", undef],
         ['no schema', '{"records":[]}', undef],
         ['two', "{\"schema\":$s,\"records\":[]}{}", undef],
         ['no comma', "{\"schema\":$s \"records\":[]}", undef],
         ['Latin-1', "{\"schema\":$s,\"records\":[],\"x\":\"\xe4\"}", undef],
         ['an unknown schema', '{"schema":{"schemaVersion":2,"sequences":'
          . '{"com.tldraw.store":1}},"records":[]}', 'schema'],
         ['a schema that is none', '{"schema":7,"records":[]}', 'schema'],
         ['a broken schema', '{"schema":{"a"},"records":[]}', 'schema'],
         ['records that are none', "{\"schema\":$s,\"records\":{}}",
          'records'],
         ['a record that is none', "{\"schema\":$s,\"records\":[7]}",
          'records'],
         ['a broken record', "{\"schema\":$s,\"records\":[{\"id\":\"x\",}]}",
          'records'],
         ['brackets that do not match',
          "{\"schema\":$s,\"records\":[{\"id\":[}]]}", 'records'],
         ['an unwrapped document', "{\"schema\":$s,\"documents\":[$page]}",
          'records'],
         ['a trailing comma', "{\"schema\":$s,\"records\":[$page,]}",
          'records'],
         ['too deep', "{\"schema\":$s,\"records\":[" . '[' x 200 . ']' x 200
          . ']}', 'records'])
    {
        my ($name, $body, $field) = @$_;

        $r = $import->($body);
        fails($r, 400, 'bad_request', $name);
        is($r->{json}{error}{field}, $field, "$name: what is wrong");
    }

    for ([{ %{ page(1) }, extra => 1 }, 'an extra member'],
         [{ %{ page(1) }, index => '' }, 'a bad index'],
         [{ %{ page(1) }, id => 'shape:1' }, 'an id of another type'],
         [{ %{ page(1) }, typeName => 'nothing' }, 'an unknown type'],
         [{ %{ page(1) }, typeName => 7 }, 'a type that is none'],
         [{ typeName => 'page' }, 'no id'])
    {
        $r = $import->($file->(document(), $_->[0]));
        is($r->{status}, 400, "a record with $_->[1]");
        is($r->{json}{error}{field}, 'records', 'names the records');
    }

    fails($import->($file->(), type => 'text/plain'), 415,
          'unsupported_media_type', 'text/plain');
    fails($import->($file->(), query => "?name=$_"), 400, 'bad_request',
          "name=$_") for '%ff', '%00', 'x' x 101, '%0a';
    fails($import->($file->(), cookie => undef), 401, 'not_authenticated',
          'by nobody');
    fails($import->('x' x 3000000, cookie => undef), 401, 'not_authenticated',
          'by nobody, much of it');
    is($t->http('GET', 'api/rooms', cookie => $ann)->{status}, 200,
       'the connection goes on');
    fails($import->($file->(), headers => ['Origin', 'http://evil.example']),
          403, 'bad_origin', 'from elsewhere');

    is_deeply([map { $count->($_) } qw(rooms records members)], \@before,
              'nothing of it is stored');

    # many records; and a body without a length

    my $many = $file->(map { page($_) } 1 .. 5000);
    my $text = $json->encode($many);

    $room = done_with($import->($text), 201, 'many records');
    is(@{ $t->api('GET', "api/rooms/$room->{id}/snapshot",
                  cookie => $ann)->{documents} }, 5000, 'all of them');

    my $chunked = join '', map { sprintf "%x\r\n%s\r\n", length, $_ }
                           unpack '(a50000)*', $text;

    done_with($import->("${chunked}0\r\n\r\n",
                        headers => ['Transfer-Encoding', 'chunked']), 201,
              'in chunks');

    # replacing what a board has

    $id = $t->room($ann, 'Replaced');

    my $clock = push_records($t, $ann, $id, document(), page(1), page(2));

    my $put = sub {
        my ($match, $body, %o) = @_;

        return $t->http('PUT', "api/rooms/$id/snapshot", cookie => $ann,
                        type => 'application/json',
                        body => ref $body ? $json->encode($body) : $body,
                        headers => defined $match ? ['If-Match', $match] : [],
                        %o);
    };

    my $new = { schema => schema('4.5.12'), clock => 9999,
                documents => [map +{ state => $_, lastChangedClock => 77 },
                              document(), page(7)], tombstones => { x => 1 } };

    for (undef, '*', '""', $clock, "W/\"$clock\"", '"' . ($clock + 1) . '"',
         '"' . ($clock - 1) . '"', '"x"', '"99999999999999999999"',
         '"9223372036854775807"')
    {
        fails($put->($_, $new), 412, 'precondition_failed',
              'If-Match: ' . ($_ // 'none'));
    }

    my ($live) = join_board($t, $id, cookie => $ann);
    my ($other) = join_board($t, $id, cookie => $ann);

    $r = $put->("\"$clock\"", $new);
    done_with($r, 204, 'replaced');
    is($r->{headers}{etag}[0], '"' . ($clock + 1) . '"', 'the new clock');
    is($live->wait_close->[0], 1012, 'who is on the board comes back');
    is($other->wait_close->[0], 1012, 'and everybody else');

    $snapshot = $t->api('GET', "api/rooms/$id/snapshot", cookie => $ann);

    is_deeply([map { [$_->{state}, $_->{lastChangedClock}] }
               @{ $snapshot->{documents} }],
              [[document(), $clock + 1], [page(7), $clock + 1]],
              'what is on it');
    is($snapshot->{tombstoneHistoryStartsAtClock}, $clock + 1,
       'its history starts anew');
    is_deeply($snapshot->{tombstones}, {}, 'without tombstones');
    is_deeply($snapshot->{schema}, schema('4.5.12'), 'and has another schema');

    # an old tab, and one of the new version that knows an old clock

    my ($old) = join_board($t, $id, cookie => $ann);

    is_deeply($old->{close}, [4099, 'CLIENT_TOO_OLD'],
              'an old tab has to reload itself');

    my ($tab, $hello) = join_board($t, $id, cookie => $ann, clock => $clock,
                                   schema => schema('4.5.12'));

    is($hello->{hydrationType}, 'wipe_all', 'others are told everything');
    is_deeply([sort keys %{ $hello->{diff} }], ['document:document', 'page:7'],
              'that is');

    fails($put->("\"$clock\"", $new), 412, 'precondition_failed',
          'who comes second starts over');
    $r = $put->('"' . ($clock + 1) . '"',
                { %$new, documents => [{ state => { %{ page(1) }, x => 1 }
                                       }] });
    is($r->{status}, 400, 'a bad record');
    is(@{ $t->api('GET', "api/rooms/$id/snapshot",
                  cookie => $ann)->{documents} }, 2, 'changes nothing');

    # who may

    my $viewer = $t->link($ann, $id, 'viewer');
    my $editor = $t->link($ann, $id, 'editor');

    $clock++;
    fails($t->http('PUT', "api/rooms/$id/snapshot?link=$viewer",
                   json => $new, headers => ['If-Match', "\"$clock\""]), 401,
          'not_authenticated', 'a viewer');
    fails($t->http('PUT', "api/rooms/$id/snapshot", cookie => $ben,
                   json => $new, headers => ['If-Match', "\"$clock\""]), 403,
          'forbidden', 'somebody else');
    done_with($t->http('PUT', "api/rooms/$id/snapshot?link=$editor",
                       json => $new, headers => ['If-Match', "\"$clock\""]),
              204, 'an editor');

    # pushes on their way while it happens are not lost, nor half there

    $tab->wait_close;
    ($tab) = join_board($t, $id, cookie => $ann, schema => schema('4.5.12'));
    $clock++;

    $tab->send_json({ type => 'push', clientClock => 0,
                      diff => { 'page:late' => ['put', page('late')] } });
    $r = $put->("\"$clock\"", $new);
    ok($r->{status} == 204 || $r->{status} == 412,
       'a push and a replacement at once: one of them is first');

    my @ids = map { $_->{state}{id} }
              @{ $t->api('GET', "api/rooms/$id/snapshot",
                         cookie => $ann)->{documents} };

    like("@ids", $r->{status} == 204 ? qr/^document:document page:7$/
                                     : qr/page:late/, 'and nothing between');

    is(join(', ', mismeasured($t)), '', 'sizes of boards');
}, conf => { location => 'tidraw_max_room 4m; client_max_body_size 1k;' });


# limits

for my $database (Tidraw::Test->databases) {
    my $t = Tidraw::Test->new(database => $database,
                              conf => { location => 'tidraw_max_room 64k;' });

    $t->start;

    my $ann = $t->register('ann@example.org');
    my $body = sub {
        return $json->encode({ schema => schema(), records => [
            map { page($_, name => 'x' x 1000) } 1 .. $_[0] ] });
    };

    done_with($t->http('POST', 'api/rooms/import', cookie => $ann,
                       type => 'application/json', body => $body->(50)), 201,
              "$database: within tidraw_max_room");
    fails($t->http('POST', 'api/rooms/import', cookie => $ann,
                   type => 'application/json', body => $body->($_)), 413,
          'too_large', "$database: beyond it") for 80, 200;
    $t->finish;
}

# who sends one slowly keeps its memory from others for some seconds only; who
# reads a large board slowly, or not at all

my $t = Tidraw::Test->new(database => 'sqlite')->start;
my $ann = $t->register('ann@example.org');
my $import = begun($t, "POST /api/rooms/import HTTP/1.1\r\nHost: localhost\r\n"
                   . "Cookie: $ann\r\nContent-Type: application/json\r\n"
                   . "Transfer-Encoding: chunked\r\n");

$import->syswrite("8\r\n{       \r\n");

my $small = $json->encode({ schema => schema(), records => [document()] });
my $send = sub {
    return $t->http('POST', 'api/rooms/import', cookie => $ann,
                    type => 'application/json', body => $small)->{status};
};

is($send->(), 503,
   'while one import may need all the memory the next has to wait');

my $id = $t->room($ann, 'Large');
my $path = "/api/rooms/$id/snapshot";

$t->sql("INSERT INTO records (room, id, clock, state) SELECT num, 'page:x', 1,
         '{\"x\":\"' || hex(zeroblob(14000000)) || '\"}' FROM rooms");

my @slow = map { Tidraw::HTTP::dial({ port => $t->port }) } 1 .. 2;

for my $s (@slow) {
    $s->syswrite("GET $path HTTP/1.1\r\nHost: localhost\r\nCookie: $ann\r\n"
                 . "\r\n");
    ok(IO::Select->new($s)->can_read(20), 'an answer begins, and waits');
}

my $r = $t->http('GET', $path, cookie => $ann);

fails($r, 503, 'unavailable', 'a third one has to come later');
is($r->{headers}{'retry-after'}[0], 2, 'and is told when');
is($t->http('GET', "api/rooms/$id", cookie => $ann)->{status}, 200,
   'small ones go');
close $_ for @slow;
ok(wait_for(sub { $t->http('GET', $path, cookie => $ann)->{status} == 200 },
            20), 'when the slow ones are gone there is room');
ok(wait_for(sub {
    local $SIG{PIPE} = 'IGNORE';

    $import->syswrite("1\r\n \r\n");
    $send->() == 201;
}, 40), 'an import that comes too slowly is cut off');
like($t->error_log, qr/\[info\].*event=import_ended/,
     'the log says why');
$t->finish;

# archives come into files, at a pace of nginx's own client_body_timeout

$t = Tidraw::Test->new(database => 'sqlite',
                       conf => { server => 'client_body_timeout 3s;' })->start;
$ann = $t->register('ann@example.org');

my @archives = map {
    begun($t, "POST /api/me/import HTTP/1.1\r\nHost: localhost\r\n"
          . "Cookie: $ann\r\nContent-Type: application/zip\r\n"
          . "Content-Length: 1000000\r\n")
} 1 .. 2;
my $archive = sub {
    return $t->http('POST', 'api/me/import', cookie => $ann, body => 'PK',
                    type => 'application/zip')->{status};
};

is($archive->(), 503, 'while archives come from two the next has to wait');
ok(wait_for(sub {
    local $SIG{PIPE} = 'IGNORE';

    $_->syswrite('x') for @archives;
    $archive->() != 503;
}, 20), 'archives that trickle are cut off');
like($t->error_log, qr/\[info\].*event=body_ended/, 'the log says that, too');
$t->finish;

done_testing();


# A request whose body is waited for: nobody else comes in between.

sub begun {
    my ($t, $head) = @_;

    my $s = Tidraw::HTTP::dial({ port => $t->port });
    my $got;

    $s->syswrite($head . "Expect: 100-continue\r\n\r\n");
    IO::Select->new($s)->can_read(20) and $s->sysread($got, 1000);
    is($got, "HTTP/1.1 100 Continue\r\n\r\n", 'a body may come');

    return $s;
}
