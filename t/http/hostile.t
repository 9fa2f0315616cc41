#!/usr/bin/perl

# What nobody means well with: requests from other sites, forged cookies,
# bodies of every wrong kind.  Each gets its error, and nothing else happens.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database me_of);
use Tidraw::Test;

my $password = 'correct horse battery staple';

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');
    my $port = $t->port;

    my $post = sub {
        my ($body, %o) = @_;

        return $t->http('POST', 'api/rooms', cookie => $ann, body => $body,
                        type => 'application/json', %o);
    };

    my $rooms = sub { ($t->sql('SELECT count(*) FROM rooms'))[0][0] };

    # other sites

    my $before = $rooms->();

    for my $headers (
        ['Origin', 'https://evil.example'], ['Origin', 'null'],
        ['Origin', ''], ['Origin', 'http://127.0.0.1'],
        ['Origin', "http://127.0.0.1:${port}0"],
        ['Origin', "http://127.0.0.1:$port.evil.example"],
        ['Origin', "http://evil.example\@127.0.0.1:$port"],
        ['Origin', "http://127.0.0.1:$port\@evil.example"],
        ['Origin', "ftp://127.0.0.1:$port"], ['Origin', "127.0.0.1:$port"],
        ['Origin', "http://127.0.0.1:$port", 'Origin', 'http://evil.example'],
        ['Sec-Fetch-Site', 'cross-site'], ['Sec-Fetch-Site', 'same-site'],
        ['Sec-Fetch-Site', ''], ['Sec-Fetch-Site', 'same-origin2'],
        ['Sec-Fetch-Site', 'same-origin', 'Origin', 'https://evil.example'],
        ['Sec-Fetch-Site', 'cross-site',
         'Origin', "http://127.0.0.1:$port"])
    {
        fails($post->('{"name":"x"}', headers => [@$headers]), 403,
              'bad_origin', "@$headers");
        fails($t->http('DELETE', "api/rooms/$room", cookie => $ann,
                       headers => [@$headers]), 403, 'bad_origin',
              "@$headers: DELETE");
    }

    is($rooms->(), $before, 'no board was made');
    done_with($t->http('GET', "api/rooms/$room", cookie => $ann,
                       headers => ['Origin', 'https://evil.example']), 200,
              'looking is no change');

    for my $headers (
        ['Origin', "http://127.0.0.1:$port"],
        ['Origin', "HTTP://127.0.0.1:$port"],
        ['Sec-Fetch-Site', 'same-origin'], ['Sec-Fetch-Site', 'none'],
        ['Host', 'boards.example', 'Origin', 'http://boards.example'],
        ['Host', 'boards.example', 'Origin', 'https://boards.example'],
        ['Host', 'boards.example:80', 'Origin', 'http://boards.example'],
        ['Host', 'BOARDS.example', 'Origin', 'http://boards.EXAMPLE:80'],
        ['Host', '[::1]:3000', 'Origin', 'http://[::1]:3000'])
    {
        done_with($post->('{"name":"x"}', headers => [@$headers]), 201,
                  "@$headers");
    }

    # media types

    fails($post->('{"name":"x"}', type => $_), 415, 'unsupported_media_type',
          'type ' . ($_ // 'none'))
        for undef, '', 'text/plain', 'application/x-www-form-urlencoded',
            'multipart/form-data; boundary=x', 'application/jsonp',
            'application/json-patch+json', 'text/application/json';

    fails($t->http('DELETE', "api/rooms/$room", cookie => $ann,
                   body => '{}', type => 'text/plain'), 415,
          'unsupported_media_type', 'DELETE with a body');

    done_with($post->('{"name":"x"}', type => $_), 201, "type $_")
        for 'application/json; charset=utf-8', 'APPLICATION/JSON',
            'application/json;x';

    # bodies that are no JSON object

    $before = $rooms->();

    for (['empty', ''], ['blank', ' '], ['text', 'name=x'],
         ['cut', '{"name":"x"'],
         ['two', '{"name":"x"}{}'], ['trailing', '{"name":"x",}'],
         ['single quotes', "{'name':'x'}"], ['array', '["x"]'],
         ['string', '"x"'], ['number', '1'], ['null', 'null'],
         ['comment', '{"name":"x"/**/}'], ['NaN', '{"name":NaN}'],
         ['NUL byte', "{\"name\":\"x\0\"}"], ['control', "{\"name\":\"a\nb\"}"],
         ['bad escape', '{"name":"\\x41"}'], ['BOM', "\xef\xbb\xbf{}"],
         ['Latin-1', "{\"name\":\"\xe4\"}"],
         ['overlong', "{\"name\":\"\xc0\xaf\"}"],
         ['surrogate in UTF-8', "{\"name\":\"\xed\xa0\x80\"}"],
         ['beyond Unicode', "{\"name\":\"\xf4\x90\x80\x80\"}"],
         ['cut UTF-8', "{\"name\":\"\xe2\x82\"}"],
         ['escaped NUL', '{"name":"a\\u0000b"}'],
         ['lone surrogate', '{"name":"\\ud800"}'],
         ['low surrogate', '{"name":"\\udc00x"}'],
         ['reversed pair', '{"name":"\\udc00\\ud800"}'],
         ['deep array', '{"name":' . '[' x 20000 . ']' x 20000 . '}'],
         ['deep object', '{"a":' x 5000 . '1' . '}' x 5000],
         ['depth 17', '{"name":"x","a":' . '[' x 16 . ']' x 16 . '}'],
         ['prototype', '{"__proto__":{"name":"x"}}'],
         ['1e400', '{"name":1e400}'])
    {
        fails($post->($_->[1]), 400, 'bad_request', $_->[0]);
    }

    is($rooms->(), $before, 'no board was made');

    # and those that are

    for (['unknown fields', '{"name":"x","id":"y","role":"admin","num":1}'],
         ['a pair', '{"name":"\\ud83d\\ude00"}'],
         ['the last of two', '{"name":7,"name":"x"}'],
         ['blanks', " \r\n\t{ \"name\" : \"x\" } \n"],
         ['depth 16', '{"name":"x","a":' . '[' x 15 . ']' x 15 . '}'],
         ['escaped key', '{"n\\u0061me":"x"}'],
         ['many members', '{' . join(',', map { "\"k$_\":1" } 1 .. 5000)
                          . ',"name":"x"}'])
    {
        my $json = done_with($post->($_->[1]), 201, $_->[0]);

        isnt($json->{id}, 'y', 'ids are not chosen by clients');
    }

    # nobody makes himself administrator

    my $r = $t->http('POST', 'api/auth/register', json => {
        email => 'eve@example.org', password => $password, name => 'Eve',
        role => 'admin', id => 'A' x 22, disabled => 0 });
    is(done_with($r, 201, 'register with a role')->{user}{role}, 'user',
       'which is ignored');

    my $eve = Tidraw::Test::cookie($r);

    $r = $t->http('PATCH', 'api/me', cookie => $eve, json => {
        role => 'admin', name => 'Eve' });
    is($r->{json}{user}{role}, 'user', 'nor later');

    $r = $t->http('PATCH', 'api/me', cookie => $eve, json => {
        email => 'ann@example.org', current => $password });
    fails($r, 409, 'email_taken', 'nor somebody else');

    # size

    my $big = sub {
        my ($n) = @_;
        return '{"name":"x","pad":"' . 'x' x ($n - 21) . '"}';
    };

    is(length $big->(65536), 65536, 'a body of 64 KB');
    done_with($post->($big->(65536)), 201, 'which is allowed');
    fails($post->($big->(65537)), 413, 'too_large', 'one byte more');
    fails($post->($big->(3_000_000)), 413, 'too_large', '3 MB');
    fails($post->('', headers => ['Content-Length', '99999999999']), 413,
          'too_large', 'announced only');

    # chunked

    my $chunked = sub {
        my ($body, $size) = @_;
        my $text = '';

        while (length $body) {
            my $piece = substr($body, 0, $size, '');
            $text .= sprintf("%x\r\n%s\r\n", length $piece, $piece);
        }

        return $post->("${text}0\r\n\r\n",
                       headers => ['Transfer-Encoding', 'chunked']);
    };

    done_with($chunked->('{"name":"x"}', $_), 201, "chunks of $_")
        for 1, 5, 100;
    done_with($chunked->($big->(65536), 1000), 201, 'chunks: 64 KB');
    fails($chunked->($big->(65537), 1000), 413, 'too_large',
          'chunks: one byte more');
    fails($chunked->($big->(2_000_000), 60000), 413, 'too_large',
          'chunks: 2 MB');
    fails($chunked->('{"name":', 3), 400, 'bad_request', 'chunks: cut JSON');
    fails($post->("zz\r\n", headers => ['Transfer-Encoding', 'chunked']), 400,
          'bad_request', 'chunks: broken');

    # a body in pieces, and one that never comes

    my $c = $t->client(timeout => 10);

    $c->{socket} = Tidraw::HTTP::dial($c);
    $c->write("POST /api/rooms HTTP/1.1\r\nHost: x\r\nCookie: $ann\r\n"
              . "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n");

    for my $byte (split //, '{"name":"x"}') {
        $c->write($byte);
        select(undef, undef, undef, 0.005);
    }

    $c->{deadline} = time() + 10;
    is($c->answer('POST')->{status}, 201, 'byte by byte');

    $c->write("POST /api/rooms HTTP/1.1\r\nHost: x\r\nCookie: $ann\r\n"
              . "Content-Type: application/json\r\n"
              . "Content-Length: 12\r\n\r\n{");
    $c->close;
    done_with($t->http('GET', 'healthz'), 200, 'the client has gone');

    # cookies

    my ($token) = $ann =~ /=(.*)/;

    fails($t->http('GET', 'api/me', cookie => $_), 401, 'not_authenticated',
          'cookie ' . substr($_, 0, 40))
        for '', 'tidraw_session', 'tidraw_session=', "tidraw_session=x",
            'tidraw_session=' . 'A' x 43, "tidraw_session=$token" . 'A',
            'tidraw_session=' . substr($token, 0, 42),
            "tidraw_session=' OR '1'='1", "TIDRAW_SESSION=$token",
            "xtidraw_session=$token", "tidraw_session =$token",
            "__Host-tidraw_session=$token", 'tidraw_session=' . '%00' x 43,
            'tidraw_session=' . 'A' x 4000, ";;;===;; ,",
            'tidraw_session=' . ($token =~ tr/a-zA-Z/b-zaB-ZA/r),
            'tidraw_session=' . ($t->sql('SELECT token_hash FROM sessions'))
                                [0][0];

    done_with($t->http('GET', 'api/me', cookie =>
        "tidraw_session=junk; $ann"), 200, 'junk before the cookie');
    done_with($t->http('GET', 'api/me', headers =>
        [Cookie => 'a=b', Cookie => $ann]), 200, 'in a second header');

    # an agent that the database would not like

    $r = $t->http('POST', 'api/auth/login', json => {
        email => 'ann@example.org', password => $password },
        headers => ['User-Agent', "\xff\xfe'\"; DROP TABLE \xe4" . 'x' x 3000]);
    done_with($r, 200, 'a strange User-Agent');

    is(($t->sql("SELECT name FROM rooms WHERE id = '$room'"))[0][0], 'Plans',
       'the board is as it was');
});

done_testing();
