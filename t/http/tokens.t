#!/usr/bin/perl

# Sessions and API tokens: seen, ended, and good for what they were made for.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Test;
use Tidraw::WS;


sub by {
    my ($token) = @_;

    return (headers => [Authorization => "Bearer $token"]);
}


each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $ben = $t->register('ben@example.org');
    my $room = $t->room($ann);

    # sessions

    my $phone = $t->login('ann@example.org');
    my $list = $t->api('GET', 'api/me/sessions', cookie => $ann)->{sessions};

    is(scalar @$list, 2, 'two sessions');
    is(scalar(grep { $_->{current} } @$list), 1, 'one is this one');
    is(join(',', sort keys %{ $list->[0] }),
       'address,agent,created_at,current,id,last_used_at', 'their form');
    is($list->[0]{address}, '127.0.0.1', 'where from');

    my ($other) = grep { !$_->{current} } @$list;
    my ($token) = $phone =~ /=(.*)/;
    my ($hash) = map { $_->[0] }
        $t->sql("SELECT token_hash FROM sessions WHERE id = '$other->{id}'");

    unlike($hash, qr/\Q$other->{id}\E/, 'the id is no part of the hash');
    unlike($token, qr/\Q$other->{id}\E/, 'nor of the token');

    fails($t->http('DELETE', "api/me/sessions/$other->{id}", cookie => $ben),
          404, 'not_found', 'nobody ends sessions of others');

    my $ws = Tidraw::WS->new(port => $t->{port});
    $ws->handshake("/connect/$room", cookie => $phone);
    ok($ws->accepted, 'the other session has a board open');

    done_with($t->http('DELETE', "api/me/sessions/$other->{id}",
                       cookie => $ann), 204, 'it is ended');
    is_deeply($ws->wait_close, [4099, 'NOT_AUTHENTICATED'],
              'its board closes');
    fails($t->http('GET', 'api/me', cookie => $phone), 401,
          'not_authenticated', 'its cookie is worth nothing');
    fails($t->http('DELETE', "api/me/sessions/$other->{id}", cookie => $ann),
          404, 'not_found', 'it is gone');

    my @more = map { $t->login('ann@example.org') } 1 .. 3;

    done_with($t->http('DELETE', 'api/me/sessions', cookie => $ann), 204,
              'all others end');
    is(scalar @{ $t->api('GET', 'api/me/sessions', cookie => $ann)
                 ->{sessions} }, 1, 'this one stays');
    fails($t->http('GET', 'api/me', cookie => $_), 401, 'not_authenticated',
          'another one') for @more;
    done_with($t->http('GET', 'api/me', cookie => $ben), 200,
              'those of others stay');

    # tokens

    my $make = sub {
        my ($cookie, @scopes) = @_;

        return done_with($t->http('POST', 'api/me/tokens', cookie => $cookie,
            json => { name => "for @scopes", scopes => \@scopes }), 201,
            "a token for @scopes");
    };

    my $read = $make->($ann, 'read');
    my $write = $make->($ann, 'write');
    my $admin = $make->($ann, 'read', 'admin');

    like($read->{token}, qr/^tdp_[\w-]{43}$/, 'its form');
    is_deeply($admin->{scopes}, ['read', 'admin'], 'its scopes');
    is($read->{expires_at}, undef, 'no end');
    is($read->{last_used_at}, undef, 'not used');

    is(scalar(grep { $_->[0] =~ /\Q$read->{token}\E/ }
              $t->sql('SELECT token_hash FROM sessions')), 0,
       'it is not stored');

    $list = $t->api('GET', 'api/me/tokens', cookie => $ann)->{tokens};
    is(scalar @$list, 3, 'the list');
    ok(!grep({ exists $_->{token} } @$list), 'which holds no token');
    is(scalar @{ $t->api('GET', 'api/me/sessions', cookie => $ann)
                 ->{sessions} }, 1, 'tokens are no sessions');
    is(scalar @{ $t->api('GET', 'api/me/tokens', cookie => $ben)
                 ->{tokens} }, 0, 'nor those of others');

    fails($t->http('POST', 'api/me/tokens', cookie => $ben, json => {
        name => 'x', scopes => ['admin'] }), 403, 'forbidden',
        'admin is for administrators');

    for (undef, [], 'read', ['root'], [1], ['read', 'write', 'admin', 'read'])
    {
        fails($t->http('POST', 'api/me/tokens', cookie => $ann, json => {
            name => 'x', scopes => $_ }), 400, 'bad_request',
            'scopes of a wrong form');
    }

    fails($t->http('POST', 'api/me/tokens', cookie => $ann, json => {
        name => 'x', scopes => ['read'], expires_at => 1000 }), 400,
        'bad_request', 'an end in the past');

    # what they may do

    is($t->api('GET', 'api/me', by($read->{token}))->{user}{email},
       'ann@example.org', 'read: who it is');
    is(scalar @{ $t->api('GET', 'api/rooms', by($read->{token}))->{rooms} },
       1, 'read: boards');
    fails($t->http('POST', 'api/rooms', by($read->{token}),
                   json => { name => 'x' }), 403, 'forbidden',
          'read: makes no board');
    fails($t->http('DELETE', "api/rooms/$room", by($read->{token})),
          403, 'forbidden', 'read: removes none');

    done_with($t->http('POST', 'api/rooms', by($write->{token}),
                       json => { name => 'x' }), 201, 'write: makes a board');
    done_with($t->http('GET', 'api/rooms', by($write->{token})), 200,
              'write: may look, too');
    done_with($t->http('POST', 'api/rooms',
        headers => [Authorization => "Bearer $write->{token}",
                    Origin => 'https://elsewhere.example'],
        json => { name => 'y' }), 201, 'from anywhere: it is no cookie');

    for my $call (['PATCH', 'api/me', { name => 'x' }],
                  ['POST', 'api/me/password',
                   { current => 'x', password => 'y' }],
                  ['GET', 'api/me/sessions'], ['DELETE', 'api/me/sessions'],
                  ['GET', 'api/me/tokens'],
                  ['POST', 'api/me/tokens', { name => 'x',
                                              scopes => ['admin'] }])
    {
        my ($method, $path, $json) = @$call;

        fails($t->http($method, $path, by($admin->{token}),
                       $json ? (json => $json) : ()), 403, 'forbidden',
              "no token may $method $path");
    }

    my $rule = $make->($ann, 'admin');

    $ws = Tidraw::WS->new(port => $t->{port});
    $ws->handshake("/connect/$room", headers => {
        Authorization => "Bearer $rule->{token}" });
    is_deeply($ws->wait_close, [4099, 'FORBIDDEN'],
              'who may only administer reads no board');
    fails($t->http('GET', "api/rooms/$room", by($rule->{token})), 403,
          'forbidden', 'nor asks for it');

    # what is none

    my $long = $t->api('POST', 'api/me/tokens', cookie => $ann, json => {
        name => 'short', scopes => ['read'],
        expires_at => time() * 1000 + 3600000 });

    ok($long->{expires_at}, 'an end');
    done_with($t->http('GET', 'api/me', by($long->{token})), 200, 'before');
    $t->sql("UPDATE sessions SET expires_at = 1 WHERE id = '$long->{id}'");
    fails($t->http('GET', 'api/me', by($long->{token})), 401,
          'not_authenticated', 'after it');

    fails($t->http('GET', 'api/me', by('tdp_' . 'A' x 43)), 401,
          'not_authenticated', 'a foreign token');
    fails($t->http('GET', 'api/me', by('tdp_' . 'A' x 43), cookie => $ann),
          401, 'not_authenticated', 'which no cookie makes up for');
    fails($t->http('GET', 'api/me', cookie => "tidraw_session="
                                              . $read->{token}), 401,
          'not_authenticated', 'a token is no cookie');

    my ($value) = $ann =~ /=(.*)/;

    fails($t->http('GET', 'api/me', by($value)), 401, 'not_authenticated',
          'a cookie is no token');
    done_with($t->http('GET', 'api/me', cookie => $ann,
                       headers => [Authorization => 'Basic eDp5']), 200,
              'credentials of a proxy are not ours');

    # boards

    for my $case ([$read, 0], [$write, 1]) {
        my ($tok, $may) = @$case;

        $ws = Tidraw::WS->new(port => $t->{port});
        $ws->handshake("/connect/$room", headers => {
            Authorization => "Bearer $tok->{token}" });
        ok($ws->accepted, "@{ $tok->{scopes} }: a board opens");

        done_with($t->http('DELETE', "api/me/tokens/$tok->{id}",
                           cookie => $ann), 204, 'the token is deleted');
        is_deeply($ws->wait_close, [4099, 'NOT_AUTHENTICATED'],
                  'the board closes');
        fails($t->http('GET', 'api/me', by($tok->{token})), 401,
              'not_authenticated', 'the token is worth nothing');
    }

    fails($t->http('DELETE', "api/me/tokens/$admin->{id}", cookie => $ben),
          404, 'not_found', 'nobody deletes tokens of others');

    $t->sql("UPDATE users SET disabled = 1 WHERE email = 'ann\@example.org'");
    fails($t->http('GET', 'api/rooms', by($admin->{token})), 401,
          'not_authenticated', 'the token of a disabled account');
});

done_testing();
