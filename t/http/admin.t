#!/usr/bin/perl

# Administration: users, boards, the activity log, numbers; and the end of an
# account with what happens to its boards.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Test;
use Tidraw::WS;

my $password = 'correct horse battery staple';


each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $ben = $t->register('ben@example.org');
    my $eve = $t->register('eve@example.org');
    my %id = map { $_->{email} =~ s/\@.*//r => $_->{id} }
        @{ $t->api('GET', 'api/admin/users', cookie => $ann)->{users} };

    my $room = $t->room($ben);
    my $call = sub {
        my ($method, $path, $json, $who) = @_;

        return $t->http($method, "api/admin/$path", cookie => $who // $ann,
                        $json ? (json => $json) : ());
    };

    # for nobody else

    for my $c (['GET', 'users'], ['GET', 'rooms'], ['GET', 'activity'],
               ['GET', 'stats'], ['PATCH', "users/$id{ann}", { name => 'x' }],
               ['POST', 'users', { email => 'x@example.org', name => 'x' }],
               ['DELETE', "users/$id{ann}", { boards => 'delete' }],
               ['DELETE', "users/$id{ann}/sessions"],
               ['POST', "users/$id{ann}/reset", {}],
               ['DELETE', "rooms/$room"],
               ['PATCH', "rooms/$room", { owner => 'ben@example.org' }],
               ['POST', "rooms/$room/restore", {}])
    {
        fails($call->(@$c[0, 1, 2], $ben), 403, 'forbidden',
              "@$c[0, 1] of a user");
        fails($t->http($c->[0], "api/admin/$c->[1]",
                       $c->[2] ? (json => $c->[2]) : ()), 401,
              'not_authenticated', "@$c[0, 1] of nobody");
    }

    # users

    my $r = $call->('GET', 'users?limit=2');
    my $page = done_with($r, 200, 'users');

    is(scalar @{ $page->{users} }, 2, 'a page of them');
    is($page->{users}[0]{email}, 'ann@example.org', 'the oldest first');

    $page = done_with($call->('GET', "users?limit=2&cursor=$page->{next}"),
                      200, 'the next page');
    is(join(',', map { $_->{email} } @{ $page->{users} }), 'eve@example.org',
       'has the rest');
    is($page->{next}, undef, 'and is the last');

    ($page) = @{ done_with($call->('GET', 'users?q=BEN'), 200,
                           'searched')->{users} };
    is($page->{boards}, 1, 'boards that one owns');
    is($page->{sessions}, 1, 'sessions');
    ok(!$page->{disabled}, 'not disabled');
    is(scalar @{ $call->('GET', 'users?q=%25')->{json}{users} }, 0,
       'a percent sign is only one');
    fails($call->('GET', 'users?limit=0'), 400, 'bad_request', 'a limit of 0');
    fails($call->('GET', 'users?q=%ff'), 400, 'bad_request', 'no UTF-8');

    # the last administrator

    for my $change ({ role => 'user' }, { disabled => JSON::PP::true }) {
        fails($call->('PATCH', "users/$id{ann}", $change), 409, 'conflict',
              'the last administrator stays one');
    }
    fails($call->('DELETE', "users/$id{ann}", { boards => 'delete' }), 409,
          'conflict', 'and there');
    fails($t->http('DELETE', 'api/me', cookie => $ann, json => {
        password => $password, boards => 'delete' }), 409, 'conflict',
        'also by himself');
    fails($call->('PATCH', "users/$id{ann}", { role => 'root' }), 400,
          'bad_request', 'no such role');
    fails($call->('PATCH', 'users/' . 'x' x 22, { role => 'user' }), 404,
          'not_found', 'no such user');

    # disabled: out within a second

    my $ws = $t->ws("connect/$room", cookie => $ben);
    my $from = time();

    is(done_with($call->('PATCH', "users/$id{ben}", {
        disabled => JSON::PP::true, name => 'Benjamin' }), 200,
        'a user is disabled')->{user}{name}, 'Benjamin', 'and renamed');
    is_deeply($ws->wait_close(5), [4099, 'NOT_AUTHENTICATED'],
              'his board closes');
    cmp_ok(time() - $from, '<', $ENV{TIDRAW_VALGRIND} ? 10 : 1,
           'within a second');
    fails($t->http('GET', 'api/me', cookie => $ben), 401,
          'not_authenticated', 'he is out');
    fails($t->http('POST', 'api/auth/login', json => {
        email => 'ben@example.org', password => $password }), 401,
        'invalid_credentials', 'and does not come in');

    done_with($call->('PATCH', "users/$id{ben}", {
        disabled => JSON::PP::false }), 200, 'he may come back');
    $ben = $t->login('ben@example.org');

    $ws = $t->ws("connect/$room", cookie => $ben);
    done_with($call->('DELETE', "users/$id{ben}/sessions"), 204,
              'signed out everywhere');
    is_deeply($ws->wait_close(5), [4099, 'NOT_AUTHENTICATED'],
              'live ones, too');
    fails($t->http('GET', 'api/me', cookie => $ben), 401,
          'not_authenticated', 'all of them');
    $ben = $t->login('ben@example.org');

    # a link

    my $link = done_with($call->('POST', "users/$id{ben}/reset", {}), 200,
                         'a link for a new password')->{reset_link};

    like($link, qr{^http://[^/]+/reset/[\w-]{43}$}, 'its form');
    done_with($t->http('POST', 'api/auth/password-reset/confirm', json => {
        token => $link =~ s{.*/}{}r, password => "$password!" }), 200,
        'which works');
    $ben = $t->login('ben@example.org', password => "$password!");

    # new ones

    my $new = done_with($call->('POST', 'users', {
        email => 'New@example.org', name => 'New', role => 'admin' }), 201,
        'an account is made');

    is($new->{user}{role}, 'admin', 'an administrator');
    ok($new->{reset_link}, 'who gets a link');
    fails($t->http('POST', 'api/auth/login', json => {
        email => 'new@example.org', password => $password }), 401,
        'invalid_credentials', 'there is no password yet');
    done_with($t->http('POST', 'api/auth/password-reset/confirm', json => {
        token => $new->{reset_link} =~ s{.*/}{}r, password => $password }),
        200, 'the first password');
    fails($call->('POST', 'users', { email => 'new@example.org',
                                     name => 'x' }), 409, 'email_taken',
          'the same e-mail');
    is(done_with($call->('POST', 'users', { email => 'kim@example.org',
        name => 'Kim', password => $password }), 201,
        'with a password')->{reset_link}, undef, 'no link');
    $t->login('kim@example.org');

    # with two administrators one may go

    done_with($call->('PATCH', "users/$new->{user}{id}",
                      { role => 'user' }), 200, 'of two one may go');

    # boards

    my ($seen) = @{ done_with($call->('GET', 'rooms?sort=size'), 200,
                              'boards')->{rooms} };
    is($seen->{id}, $room, 'of everybody');
    is($seen->{owner}{id}, $id{ben}, 'whose');
    ok(defined $seen->{size}, 'how large');
    is($seen->{files}, 0, 'its files');
    is($seen->{sessions}, 0, 'nobody is there');
    done_with($call->('GET', "rooms?sort=$_&q=b"), 200, "by $_")
        for qw(name updated);
    fails($call->('GET', 'rooms?sort=color'), 400, 'bad_request', 'no order');
    fails($t->http('GET', "api/rooms/$room", cookie => $ann), 403,
          'forbidden', 'an administrator is no member');

    $ws = $t->ws("connect/$room", cookie => $ben);
    done_with($call->('DELETE', "rooms/$room"), 204, 'to the bin');
    is_deeply($ws->wait_close(5), [4099, 'NOT_FOUND'], 'it closes');
    done_with($call->('POST', "rooms/$room/restore", {}), 204, 'and back');
    done_with($call->('PATCH', "rooms/$room",
                      { owner => 'eve@example.org' }), 204, 'another owner');
    is($t->api('GET', "api/rooms/$room", cookie => $ben)->{role}, 'editor',
       'the one before edits');
    is($t->api('GET', "api/rooms/$room", cookie => $eve)->{role}, 'owner',
       'the new one owns');
    fails($call->('PATCH', "rooms/$room", { owner => 'no@example.org' }), 404,
          'not_found', 'not somebody who is not there');

    # leaving

    my $other = $t->room($eve);

    fails($t->http('DELETE', 'api/me', cookie => $eve, json => {
        password => 'wrong', boards => 'delete' }), 401,
        'invalid_credentials', 'leaving needs the password');
    fails($t->http('DELETE', 'api/me', cookie => $eve, json => {
        password => $password }), 400, 'bad_request', 'and a choice');
    fails($t->http('DELETE', 'api/me', cookie => $eve, json => {
        password => $password, boards => 'transfer',
        to => 'eve@example.org' }), 400, 'bad_request', 'not to oneself');

    $r = $t->http('DELETE', 'api/me', cookie => $eve, json => {
        password => $password, boards => 'transfer',
        to => 'ben@example.org' });
    done_with($r, 204, 'leaving, boards go to Ben');
    like($r->{headers}{'set-cookie'}[0], qr/=; .*Max-Age=0/, 'no cookie');
    fails($t->http('GET', 'api/me', cookie => $eve), 401,
          'not_authenticated', 'she is gone');
    is($t->api('GET', "api/rooms/$_", cookie => $ben)->{role}, 'owner',
       'Ben owns') for $room, $other;

    $ws = $t->ws("connect/$room", cookie => $ben);
    done_with($call->('DELETE', "users/$id{ben}", { boards => 'delete' }),
              204, 'Ben is removed with his boards');
    ok($ws->wait_close(5)->[1] =~ /NOT_/, 'they close');
    is(($t->sql('SELECT count(*) FROM rooms'))[0][0], 0, 'they are gone');

    # pictures

    my $png = pack('H*', '89504e470d0a1a0a0000000d494844520000000100000001'
        . '0806000000 1f15c4890000000d49444154789c6360f8cf500f00038101'
        . '8034 57cd920000000049454e44ae426082' =~ s/ //gr);
    $r = $t->http('PUT', 'api/me/picture', cookie => $ann, body => $png,
                  type => 'image/png');
    my $picture = done_with($r, 200, 'a picture')->{user}{picture};

    like($picture, qr{^api/users/$id{ann}/picture\?v=\d+$}, 'its address');
    $r = $t->http('GET', $picture, cookie => $ann);
    is($r->{body}, $png, 'the same bytes');
    is($r->{headers}{'content-type'}[0], 'image/png', 'the type');
    is($r->{headers}{'x-content-type-options'}[0], 'nosniff', 'no guessing');
    is($t->http('GET', $picture)->{status}, 401, 'not for strangers');

    my $own = $t->room($ann);
    my ($of_ann) = grep { $_->{id} eq $own }
        @{ $t->api('GET', 'api/rooms', cookie => $ann)->{rooms} };

    is($of_ann->{owner}{picture}, $picture, 'with a board');
    is($of_ann->{role}, 'owner', 'whose role is still told');
    is($t->api('GET', "api/rooms/$own/members", cookie => $ann)
           ->{members}[0]{user}{picture}, $picture, 'with a member');
    is($call->('GET', 'rooms')->{json}{rooms}[0]{owner}{picture}, $picture,
       'in the administration');
    my ($entry) = @{ $call->('GET', 'activity?action=room.created')
                         ->{json}{activity} };
    is($entry->{actor}{picture}, $picture, 'in the log');
    is($entry->{room}{id}, $own, 'where');
    fails($t->http('PUT', 'api/me/picture', cookie => $ann,
                   body => '<svg onload=1>', type => 'image/png'), 415,
          'unsupported_media_type', 'the content counts');
    is(done_with($t->http('DELETE', 'api/me/picture', cookie => $ann), 200,
                 'no picture')->{user}{picture}, undef, 'none');

    # the log

    my $log = done_with($call->('GET', 'activity?limit=5'), 200,
                        'activity');
    is(scalar @{ $log->{activity} }, 5, 'a page');
    is($log->{activity}[0]{action}, 'room.created', 'the last first');
    is($log->{activity}[0]{actor}{id}, $id{ann}, 'who');
    is($log->{activity}[0]{address}, '127.0.0.1', 'from where');

    my $rest = $call->('GET', "activity?cursor=$log->{next}")->{json};
    cmp_ok($rest->{activity}[0]{id}, '<', $log->{activity}[4]{id}, 'goes on');

    my $only = sub {
        return @{ $call->('GET', "activity?$_[0]")->{json}{activity} };
    };

    ok(!grep({ $_->{action} ne 'auth.failed' } $only->('action=auth.failed')),
       'one action');
    ok(scalar $only->('action=auth.failed'), 'which is there');
    ok(!grep({ $_->{action} !~ /^room\./ } $only->('action=room')),
       'a group of them');
    ok(!grep({ ($_->{actor} // {})->{id} ne $id{ann} }
             $only->("actor=$id{ann}")), 'one actor');
    ok(scalar $only->("room=$room"), 'one board');
    is(scalar $only->('from=9000000000000'), 0, 'from');
    is(scalar $only->('to=1'), 0, 'to');
    ok(scalar $only->('q=kim%40'), 'a text');

    # numbers

    my $stats = done_with($call->('GET', 'stats'), 200, 'stats');

    is($stats->{users}, 3, 'users');
    ok($stats->{totals}{messages_in} || exists $stats->{totals}{commits},
       'totals');
    cmp_ok($stats->{memory}{rss}, '>', 1000000, 'memory');
    is(scalar @{ $stats->{workers} }, 1, 'workers');
    is($stats->{redis}{ok}, JSON::PP::false, 'no Redis');
    is($stats->{memory}{zone_used}, 0, 'nobody on a board');
    ok($stats->{database}{ok}, 'the database');
    cmp_ok($stats->{database}{size}, '>', 50000, 'its size');
});

done_testing();
