#!/usr/bin/perl

# A page of another site, open in the browser of somebody who is signed in.
# For every call of the table of routes that changes something: the forms it
# could post, and requests that say where they come from.  All are refused
# before anything is looked at; so are its WebSockets, and nobody shows our
# pages in a frame but those who are allowed to show boards.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(each_database);
use Tidraw::OpenApi qw(routes fill);
use Tidraw::Test;
use Tidraw::WS;

my @types = ('text/plain', 'application/x-www-form-urlencoded',
             'multipart/form-data; boundary=b');

my $multipart = "--b\r\nContent-Disposition: form-data; name=\"{\"\r\n\r\n"
                . "{\"name\":\"x\"}\r\n--b--\r\n";

# one server a database, at the root; then one at a path, which lets others
# show its boards

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');
    my $link = $t->link($ann, $room, 'editor');
    my $own = 'http://127.0.0.1:' . $t->port;

    my $state = sub {
        return join "\n", map { my $table = $_;
            map { join ',', $table, map { $_ // 'null' } @$_ }
                $t->sql("SELECT * FROM $table ORDER BY 1") }
            qw(users rooms members links invites folders);
    };

    my $before = $state->();

    my $refused = sub {
        my ($r, @codes) = @_;

        my $code = ref $r->{json} eq 'HASH' ? $r->{json}{error}{code} // ''
                                            : '';

        return () if ($r->{headers}{'access-control-allow-origin'} || [])->[0]
                     || $r->{headers}{'set-cookie'};
        return grep { "$r->{status} $code" eq $_ } @codes;
    };

    for my $route (grep { $_->{method} ne 'GET' } routes()) {
        my $path = fill($route->{path}, $room);
        my @wrong;

        # a form sends what it has by POST only; the others are a fetch's

        for my $origin ('https://evil.example', 'null', undef) {
            for my $type (@types) {
                my $body = $type =~ /multipart/ ? $multipart
                         : '{"name":"x","a":"="}';

                # old browsers do not say where a form comes from; Origin
                # null: a page in a sandboxed frame

                my $r = $t->http($route->{method}, $path, cookie => $ann,
                    body => $body, type => $type,
                    headers => defined $origin ? [Origin => $origin] : []);

                push @wrong, ($origin // 'no origin')
                             . " $type: $r->{status}"
                    if !$refused->($r, defined $origin ? '403 bad_origin'
                                   : '415 unsupported_media_type');
            }
        }

        # a fetch, with the type that the call wants; by cookie and by link

        my $type = { JSON => 'application/json', NONE => undef,
                     IMAGE => 'image/png' }->{ $route->{body} };

        $type //= 'application/octet-stream' if $route->{body} ne 'NONE';

        for my $headers (['Origin', 'https://evil.example'],
                         ['Origin', 'null'], ['Origin', "$own.evil.example"],
                         ['Origin', $own =~ s/http/https/r . '0'],
                         ['Sec-Fetch-Site', 'cross-site'],
                         ['Sec-Fetch-Site', 'same-site'],
                         ['Sec-Fetch-Site', 'cross-site', 'Origin', $own],
                         ['Sec-Fetch-Site', 'same-origin', 'Origin', 'null'])
        {
            for my $as ('cookie', 'link') {
                my $r = $t->http($route->{method},
                    $as eq 'link' ? "$path?link=$link" : $path,
                    $as eq 'link' ? () : (cookie => $ann),
                    headers => [@$headers],
                    defined $type ? (body => '{}', type => $type) : ());

                push @wrong, "@$headers by $as: $r->{status}"
                    if !$refused->($r, '403 bad_origin');
            }
        }

        # what a browser asks first is not granted

        my $r = $t->http('OPTIONS', $path, headers =>
            ['Origin', 'https://evil.example',
             'Access-Control-Request-Method', $route->{method},
             'Access-Control-Request-Headers', 'content-type']);

        push @wrong, "preflight: $r->{status}"
            if !$refused->($r, '405 method_not_allowed');

        is(join('; ', @wrong), '', "$route->{method} $route->{path}");
    }

    # a link of another site that is only looked at

    for my $route (grep { $_->{method} eq 'GET' } routes()) {
        my $r = $t->http('GET', fill($route->{path}, $room), cookie => $ann,
                         headers => ['Origin', 'https://evil.example',
                                     'Sec-Fetch-Site', 'cross-site']);

        ok(!$r->{headers}{'access-control-allow-origin'},
           "GET $route->{path}: not for other sites to read");
    }

    is($state->(), $before, 'nothing has changed');

    # WebSockets

    my $upgrade = sub {
        my ($origin, %o) = @_;

        my $ws = $t->ws_raw;
        my $query = $o{link} ? "?link=$o{link}" : '';
        my $r = $ws->handshake("/connect/$room$query",
                               headers => { Origin => $origin },
                               cookie => $o{cookie});

        $ws->close;

        return $r;
    };

    for my $origin ('https://evil.example', 'null', '', "$own.evil.example",
                    $own =~ s/\d$//r, 'http://localhost', 'file://')
    {
        ok($refused->($upgrade->($origin, cookie => $ann), '403 bad_origin'),
           "an upgrade from \"$origin\"");
        ok($refused->($upgrade->($origin, link => $link), '403 bad_origin'),
           'and by a link');
    }

    is($upgrade->($own, cookie => $ann)->{status}, 101, 'one of our own');

    # frames

    for ('', 'index.html', "board/$room", "embed/$room", 'admin', 'reset/x',
         'invite/x', 'assets/none.js', 'favicon.svg', 'api/config', 'healthz',
         'api/openapi.json', "api/rooms/$room", 'api/none')
    {
        my $r = $t->http('GET', $_, cookie => $ann);

        like($r->{headers}{'content-security-policy'}[0] // '',
             qr/(?:^|; )frame-ancestors 'none'$/, "/$_ in no frame");
    }
});

{
    my $t = Tidraw::Test->new(location => '/draw/', conf => { location =>
        'tidraw_embed_origins https://www.example.org;' })->start;

    my $frames = sub {
        my $r = $t->http('GET', $_[0]);

        return ($r->{headers}{'content-security-policy'}[0] // '')
               =~ /frame-ancestors ([^;]*)$/ ? $1 : 'anybody';
    };

    is($frames->('embed/' . 'A' x 22), 'https://www.example.org',
       'boards are shown by those who are allowed to');
    is($frames->($_), "'none'", "not so $_")
        for '', 'embed', 'embed/../', 'board/embed/x', 'api/config',
            'embedded/' . 'A' x 22, 'index.html?embed/', 'api/embed/x';

    my $ann = $t->register('ann@example.org');
    my $path = $t->http('POST', 'api/auth/login', json => {
        email => 'ann@example.org',
        password => 'correct horse battery staple' });

    like($path->{headers}{'set-cookie'}[0],
         qr{; Path=/draw/(?=.*HttpOnly)(?=.*SameSite=Lax)}i,
         'the cookie is for this path, no script, and no form elsewhere');
    is($t->http('POST', 'api/rooms', cookie => $ann, json => { name => 'x' },
                headers => ['Origin', 'https://www.example.org'])->{status},
       403, 'who may show a board may not make one');

    $t->finish;
}

done_testing();
