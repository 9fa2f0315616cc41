#!/usr/bin/perl

# Links with a password and their changes, who is sent away, pages within
# other sites, and templates of new boards.

use strict;
use warnings;
use utf8;

use Test::More;
use Time::HiRes qw(time);
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Board qw(schema page document join_board push_records);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $ben = $t->register('ben@example.org');
    my $id = $t->room($ann, 'Plans');

    # a link with a password

    my $r = $t->http('POST', "api/rooms/$id/links", cookie => $ann,
                     json => { role => 'viewer', password => 'öffne' });
    my $link = done_with($r, 201, 'a link with a password');

    ok($link->{has_password}, 'says so');
    unlike($r->{body}, qr/ffne|argon/, 'and no more');

    my $url = "api/rooms/$id?link=$link->{token}";

    fails($t->http('GET', $url), 401, 'link_password', 'it asks for it');
    fails($t->http('GET', $url, cookie => $ben), 401, 'link_password',
          'also of who has an account');
    done_with($t->http('GET', $url, cookie => $ann), 200, 'not of members');

    my ($ws) = join_board($t, $id, link => $link->{token});

    is_deeply($ws->{close}, [4099, 'NOT_AUTHENTICATED'], 'nobody connects');

    my $unlock = sub {
        my ($password, %o) = @_;

        return $t->http('POST', "api/rooms/$id/links/unlock",
                        json => { link => $o{token} // $link->{token},
                                  password => $password });
    };

    fails($unlock->('other'), 401, 'invalid_credentials', 'a wrong one');
    fails($unlock->($_), 400, 'bad_request', 'none') for undef, '', 7;
    fails($unlock->('x', token => 'A' x 43), 404, 'not_found', 'no such link');
    fails($unlock->('x', token => 'A'), 400, 'bad_request', 'no link');

    $r = $unlock->('öffne');
    done_with($r, 204, 'the right one');

    my $set = $r->{headers}{'set-cookie'}[0];

    like($set, qr{^tidraw_unlock_\w{16}=[\w-]{43};\ Path=/;\ Max-Age=\d+
                  ;\ HttpOnly;\ SameSite=Lax$}x, 'a cookie');

    my ($cookie) = $set =~ /^([^;]+)/;

    is($t->http('GET', $url, cookie => $cookie)->{json}{role}, 'viewer',
       'lets in');

    ($ws) = join_board($t, $id, link => $link->{token}, cookie => $cookie);
    ok(!$ws->{close}, 'connects');

    my $other = $t->api('POST', "api/rooms/$id/links", cookie => $ann,
                        json => { role => 'editor', password => 'öffne' });

    fails($t->http('GET', "api/rooms/$id?link=$other->{token}",
                   cookie => $cookie), 401, 'link_password',
          'but not by another link of the same password');

    # changes

    my $change = sub {
        return $t->http('PATCH', "api/rooms/$id/links/$link->{id}",
                        cookie => $ann, json => $_[0]);
    };

    $r = $change->({ password => 'neu' });
    ok(done_with($r, 200, 'another password')->{has_password}, 'it has one');
    is($ws->wait_close->[0], 4099, 'who came by the old one has to go');
    fails($t->http('GET', $url, cookie => $cookie), 401, 'link_password',
          'and asked for the new one');

    ok(!done_with($change->({ password => undef }), 200,
                  'no password any more')->{has_password}, 'it has none');
    is($t->http('GET', $url)->{status}, 200, 'open to all who have it');
    done_with($unlock->('anything'), 204, 'nothing to unlock');

    my ($guest) = join_board($t, $id, link => $link->{token});

    is(done_with($change->({ role => 'editor' }), 200, 'role')->{role},
       'editor', 'another role');
    is($guest->wait_close->[0], 1012, 'its guests come back with it');

    my $soon = int(time() * 1000) + 3600000;

    is(done_with($change->({ expires_at => $soon }), 200, 'end')->{expires_at},
       $soon, 'an end');
    is($change->({ role => 'viewer' })->{json}{expires_at}, $soon, 'stays');
    is($change->({ expires_at => undef })->{json}{expires_at}, undef,
       'and goes');

    # whoever is there by it has not looked for its end yet

    ($guest) = join_board($t, $id, link => $link->{token});
    $soon = int(time() * 1000) + 1500;
    done_with($change->({ expires_at => $soon }), 200, 'a near end');
    is($guest->wait_close->[0], 4099, 'ends its sockets');
    cmp_ok(abs(time() * 1000 - $soon), '<', 1000, 'at that moment');
    done_with($change->({ expires_at => undef }), 200, 'for ever again');

    fails($change->($_), 400, 'bad_request', 'a bad change')
        for { role => 'owner' }, { role => undef }, { expires_at => 1 },
            { expires_at => 'x' }, { password => '' },
            { password => 'x' x 257 }, { password => 7 };
    fails($t->http('PATCH', "api/rooms/$id/links/" . 'A' x 22, cookie => $ann,
                   json => {}), 404, 'not_found', 'no such link');
    fails($t->http('PATCH', "api/rooms/$id/links/$link->{id}", cookie => $ben,
                   json => {}), 403, 'forbidden', 'by somebody else');
    ok(!(grep { !exists $_->{has_password} }
         @{ $t->api('GET', "api/rooms/$id/links", cookie => $ann)->{links} }),
       'the list says which have a password');

    # sent away

    my ($a) = join_board($t, $id, cookie => $ann);
    my ($g, $hello) = join_board($t, $id, link => $link->{token},
                                 session => 'guest');

    $g->send_json({ type => 'push', clientClock => 0, presence => ['put', {
        id => 'instance_presence:x', typeName => 'instance_presence',
        userId => 'g', userName => 'Guest', color => '#000000',
        currentPageId => 'page:page', cursor => undef, brush => undef,
        screenBounds => undef, followingUserId => undef, scribbles => [],
        selectedShapeIds => [], lastActivityTimestamp => undef,
        camera => undef, chatMessage => '', meta => {} }] });

    my $presence;

    while (!$presence) {
        my $m = $a->recv_json;

        for (@{ $m->{data} || [] }) {
            ($presence) = grep { /^instance_presence/ }
                          keys %{ $_->{diff} || {} };
        }
    }

    fails($t->http('POST', "api/rooms/$id/kick?link=$link->{token}",
                   json => { presence => $presence }), 401,
          'not_authenticated', 'a guest sends nobody away');
    fails($t->http('POST', "api/rooms/$id/kick", cookie => $ann,
                   json => { presence => $_ }), 400, 'bad_request', 'nobody')
        for undef, 7, 'x' x 65;
    done_with($t->http('POST', "api/rooms/$id/kick", cookie => $ann,
                       json => { presence => $presence }), 204, 'sent away');
    is_deeply($g->wait_close, [4099, 'FORBIDDEN'], 'at once');
    done_with($t->http('GET', $url), 200, 'the link stays');

    # templates

    my $en = $t->api('GET', 'api/templates', cookie => $ann)->{templates};
    my $de = $t->api('GET', 'api/templates?locale=de-AT',
                     cookie => $ann)->{templates};

    cmp_ok(scalar @$en, '>=', 7, 'templates');
    is($en->[0]{id}, 'blank', 'the blank one leads');
    is(join(' ', map { $_->{id} } @$en), join(' ', map { $_->{id} } @$de),
       'the same in German');
    is((grep { $_->{id} eq 'week-plan' } @$de)[0]{name}, 'Wochenplan',
       'by German names');
    is_deeply($t->api('GET', 'api/templates?locale=xx',
                      cookie => $ann)->{templates}, $en, 'English otherwise');

    for my $template (map { $_->{id} } @$en) {
        my $room = done_with($t->http('POST', 'api/rooms?locale=de',
                                      cookie => $ann,
                                      json => { name => $template,
                                                template => $template }),
                             201, "a board of $template");

        is($room->{template}, $template, 'says so');

        my (undef, $reply) = join_board($t, $room->{id}, cookie => $ann);

        cmp_ok(scalar keys %{ $reply->{diff} }, $template eq 'blank' ? '=='
               : '>', 0, 'opens with what is in it');
    }

    fails($t->http('POST', 'api/rooms', cookie => $ann,
                   json => { name => 'x', template => $_ }), 400,
          'bad_request', 'no such template') for 'none', '', 7, [];

    # pages within other sites

    my $frames = sub {
        my ($page) = @_;

        my $policy = $t->http('GET', $page)
                     ->{headers}{'content-security-policy'}[0];

        return ($policy =~ /frame-ancestors ([^;]*)/)[0];
    };

    is($frames->("embed/$id"), 'https://www.example.org https://*.example.net',
       'boards to embed may be shown by the sites that are named');
    is($frames->($_), "'none'", "no other page may: $_")
        for '', "board/$id", 'embed', 'embedded/x';
}, conf => { location => 'tidraw_embed_origins https://www.example.org '
                         . 'https://*.example.net;' });

done_testing();
