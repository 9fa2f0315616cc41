#!/usr/bin/perl

# The protocol around the calls: methods, HEAD, keep-alive, pipelining, the
# form of failures, health, and a location that is not the root.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

my %allow = (
    'healthz' => 'GET, HEAD',
    'readyz' => 'GET, HEAD',
    'metrics' => 'GET, HEAD',
    'api/config' => 'GET, HEAD',
    'api/auth/session' => 'GET, HEAD',
    'api/auth/register' => 'POST',
    'api/auth/login' => 'POST',
    'api/auth/logout' => 'POST',
    'api/me' => 'GET, HEAD, PATCH, DELETE',
    'api/rooms' => 'GET, HEAD, POST',
    'api/rooms/ID' => 'GET, HEAD, PATCH, DELETE',
    'api/rooms/ID/restore' => 'POST',
    'api/rooms/ID/members' => 'GET, HEAD, POST',
    'api/rooms/ID/members/ID' => 'PUT, DELETE',
    'api/rooms/ID/links' => 'GET, HEAD, POST',
    'api/rooms/ID/links/ID' => 'PATCH, DELETE',
    'api/rooms/ID/invites' => 'GET, HEAD, POST',
    'api/rooms/ID/invites/ID' => 'DELETE',
    'api/invites/TOKEN' => 'GET, HEAD, POST',
    'some/page' => 'GET, HEAD',
    '' => 'GET, HEAD',
);

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');

    for my $path (sort keys %allow) {
        my %ok = map { $_ => 1 } split /, /, $allow{$path};
        my $real = $path =~ s/ID/$room/gr =~ s/TOKEN/'A' x 43/er;

        for my $method (qw(GET HEAD POST PUT PATCH DELETE OPTIONS MKCOL)) {
            next if $ok{$method};

            my $r = $t->http($method, $real, cookie => $ann,
                             $method eq 'GET' ? () : (json => {}));

            if ($method eq 'HEAD') {
                is($r->{status}, 405, "HEAD $path: 405");
            } else {
                fails($r, 405, 'method_not_allowed', "$method $path");
            }

            is($r->{headers}{allow}[0], $allow{$path}, "$path: Allow");
        }
    }

    for ('api', 'api/', 'api/x', 'api/rooms/', 'api/auth', 'api/auth/x',
         'api/config/', 'api/Rooms', "api/rooms/$room/x",
         "api/rooms/$room/members/x", 'api/invites/x', 'api/../api/x')
    {
        fails($t->http('GET', $_, cookie => $ann), 404, 'not_found', "GET $_");
        fails($t->http('POST', $_, cookie => $ann, json => {}), 404,
              'not_found', "POST $_");
    }

    # HEAD is GET without its body

    for ('api/config', 'api/rooms', "api/rooms/$room", 'healthz', '') {
        my $get = $t->http('GET', $_, cookie => $ann);
        my $head = $t->http('HEAD', $_, cookie => $ann);

        is($head->{status}, 200, "HEAD $_");
        is($head->{body}, '', 'without a body');
        is($head->{headers}{'content-length'}[0], length $get->{body},
           'with its length');
        is($head->{headers}{'content-type'}[0],
           $get->{headers}{'content-type'}[0], 'with its type');
    }

    # conditions that the call does not know

    for (['PATCH', "api/rooms/$room", json => { name => 'Plan' }],
         ['GET', "api/rooms/$room"])
    {
        my ($method, $path, %o) = @$_;

        done_with($t->http($method, $path, cookie => $ann, %o, headers =>
            ['If-Match', '"7"', 'If-Unmodified-Since',
             'Thu, 01 Jan 1970 00:00:01 GMT']), 200, "$method with If-Match");
    }

    # headers of every answer of the API

    for my $r ($t->http('GET', 'api/config'), $t->http('GET', 'api/x'),
               $t->http('GET', 'api/me'))
    {
        my $h = $r->{headers};

        is($h->{'content-type'}[0], 'application/json', 'type');
        is($h->{'cache-control'}[0], 'no-store', 'never stored');
        is($h->{'x-content-type-options'}[0], 'nosniff', 'nosniff');
        like($h->{'content-security-policy'}[0], qr/default-src 'none'/,
             'policy');
    }

    # many requests at once on one connection

    my $c = $t->client(timeout => 20);
    my $body = '{"name":"Piped"}';
    my $text = '';

    for (1 .. 5) {
        $text .= "POST /api/rooms HTTP/1.1\r\nHost: x\r\nCookie: $ann\r\n"
                 . "Content-Type: application/json\r\nContent-Length: "
                 . length($body) . "\r\n\r\n$body"
                 . "GET /api/rooms/$room HTTP/1.1\r\nHost: x\r\n"
                 . "Cookie: $ann\r\n\r\n"
                 . "GET /api/nothing HTTP/1.1\r\nHost: x\r\n\r\n"
                 . "DELETE /api/rooms/$room/links/$room HTTP/1.1\r\n"
                 . "Host: x\r\nCookie: $ann\r\nContent-Length: 0\r\n\r\n"
                 . "POST /api/nothing HTTP/1.1\r\nHost: x\r\n"
                 . "Content-Length: 4\r\n\r\nbody";
    }

    $c->{socket} = Tidraw::HTTP::dial($c);
    $c->write($text);
    $c->{deadline} = time() + 20;

    is(join(' ', map { $c->answer('GET')->{status} } 1 .. 25),
       join(' ', ('201 200 404 404 404') x 5), 'pipelined, in order');

    # clients that go while they wait

    for (1 .. 20) {
        my $gone = $t->client;

        $gone->{socket} = Tidraw::HTTP::dial($gone);
        $gone->write("POST /api/auth/login HTTP/1.1\r\nHost: x\r\n"
            . "Content-Type: application/json\r\nContent-Length: 52\r\n\r\n"
            . sprintf('{"email":"gone%02d@example.org","password":"whatever"}',
                      $_));
        $gone->close;
    }

    done_with($t->http('GET', 'healthz'), 200, 'gone clients do no harm');

    # HTTP/1.0

    my $old = $t->client;

    $old->{socket} = Tidraw::HTTP::dial($old);
    $old->write("GET /api/config HTTP/1.0\r\n\r\n");
    $old->{deadline} = time() + 10;
    like(do { 1 while $old->more; $old->{rest} },
         qr/^HTTP\/1\.1 200 OK.*Connection: close.*\{"version"/s, 'HTTP/1.0');
});


# Below a path.

{
    my $t = Tidraw::Test->new(location => '/boards/')->start;
    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');

    like($ann, qr/^tidraw_session=/, 'the name of the cookie');
    done_with($t->http('GET', "/boards/api/rooms/$room", cookie => $ann), 200,
              'below its location');
    is($t->http('GET', "/api/rooms/$room", cookie => $ann)->{status}, 404,
       'nothing outside of it');
    like($t->http('GET', '/boards')->{headers}{location}[0],
         qr{^(?:http://[^/]*)?/boards/$}, 'a slash is added');
}

{
    my $t = Tidraw::Test->new(location => '/boards', ready => 0)->start;

    is($t->http('GET', '/boards/api/config')->{status}, 200,
       'a location without a slash');
    my $r = $t->http('GET', '/boards');
    is($r->{status}, 301, 'itself is sent on');
    like($r->{headers}{location}[0], qr{/boards/$}, 'to the one with it');
    fails($t->http('GET', '/boardsapi/config'), 404, 'not_found',
          'what only begins alike');
}


# The public address, which a proxy may hide.

{
    my $t = Tidraw::Test->new(conf => { location =>
        'tidraw_public_url https://boards.example.org;' })->start;
    my $ann = $t->register('ann@example.org');

    for (['https://boards.example.org', 201],
         ['https://boards.example.org:443', 201],
         ['http://boards.example.org', 403],
         ['https://boards.example.org.evil', 403])
    {
        is($t->http('POST', 'api/rooms', cookie => $ann,
                    json => { name => 'x' }, headers => ['Origin', $_->[0]])
           ->{status}, $_->[1], "Origin $_->[0]");
    }
}


# The licence key reaches the app.

{
    my $t = Tidraw::Test->new(conf => { location =>
        'tidraw_license_key "key-\"1\"";' })->start;

    is($t->api('GET', 'api/config')->{license_key}, 'key-"1"', 'licence key');
}


# The database goes away, and comes back.

{
    my $t = Tidraw::Test->new(database => 'postgres')->start;
    my $ann = $t->register('ann@example.org');

    $t->{pg}->stop;

    my $r;

    ok(wait_for(sub {
        $r = $t->http('GET', 'readyz');
        $r->{status} == 503;
    }, 20), 'readyz says so');
    fails($r, 503, 'unavailable', 'readyz');
    done_with($t->http('GET', 'healthz'), 200, 'healthz is about the process');

    $r = $t->client(timeout => 40)->request('GET', '/api/rooms',
                                            cookie => $ann);
    fails($r, 503, 'unavailable', 'a call');
    like($r->{headers}{'retry-after'}[0], qr/^\d+$/, 'Retry-After');

    $t->{pg}->start;

    ok(wait_for(sub { $t->http('GET', 'readyz')->{status} == 200 }, 30),
       'it is back');
    done_with($t->http('GET', 'api/rooms', cookie => $ann), 200, 'a call');
}

done_testing();
