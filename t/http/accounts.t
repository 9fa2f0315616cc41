#!/usr/bin/perl

# Accounts and sessions: register, login, logout, one's own profile, and what
# the cookie looks like.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database me_of);
use Tidraw::Test;

my $password = 'correct horse battery staple';

each_database(sub {
    my ($t) = @_;

    my $r = $t->http('GET', 'api/config');

    is_deeply(done_with($r, 200, 'config'),
              { version => $r->{json}{version}, registration => 'open',
                setup => { needed => JSON::PP::true,
                           code_required => JSON::PP::false },
                license_key => undef, max_upload => 100 * 1024 * 1024,
                previews => JSON::PP::false },
              'config before the first account');
    like($r->{json}{version}, qr/^\d+\.\d+\.\d+$/, 'config: version');

    is_deeply(scalar $t->api('GET', 'api/auth/session'), { user => undef },
              'session of nobody');

    # register

    $r = $t->http('POST', 'api/auth/register', json => {
        email => ' Ann@Example.ORG ', password => $password,
        name => "  Ann \x{e4}\x{1f600} " });

    my $ann = done_with($r, 201, 'register')->{user};

    like($ann->{id}, qr/^[\w-]{22}$/, 'user: id');
    is($ann->{email}, 'ann@example.org', 'user: e-mail in lower case');
    is($ann->{name}, "Ann \x{e4}\x{1f600}", 'user: name trimmed');
    like($ann->{color}, qr/^#[0-9a-f]{6}$/, 'user: color');
    is($ann->{role}, 'admin', 'the first account is administrator');
    ok(abs($ann->{created_at} - time() * 1000) < 60000, 'user: created_at');
    is(join(',', sort keys %$ann),
       'color,created_at,email,id,last_seen_at,locale,name,picture,role',
       'user: no field beyond');

    my @set = @{ $r->{headers}{'set-cookie'} };

    is(scalar @set, 1, 'one cookie');
    like($set[0], qr/^tidraw_session=[\w-]{43};\x20Path=\/;
                     \x20Max-Age=2592000;\x20HttpOnly;\x20SameSite=Lax$/x,
         'its form');

    my ($cookie) = $set[0] =~ /^([^;]+)/;
    my ($token) = $cookie =~ /=(.*)/;

    is_deeply(me_of($t, $cookie), $ann, 'me is the same');
    is_deeply($t->api('GET', 'api/auth/session', cookie => $cookie)->{user},
              $ann, 'session is the same');
    ok(!$t->api('GET', 'api/config')->{setup}{needed}, 'setup is done');

    my ($row) = $t->sql('SELECT token_hash, agent, address FROM sessions');

    isnt($row->[0], $token, 'the token is not stored');
    like($row->[0], qr/^[0-9a-f]{64}$/, 'its hash is');
    is($row->[2], '127.0.0.1', 'the address of the session');

    ($row) = $t->sql('SELECT password_hash FROM users');
    like($row->[0], qr/^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$/,
         'the password is hashed with Argon2id');
    my ($m, $passes) = $row->[0] =~ /m=(\d+),t=(\d+)/;
    ok($m >= 19 * 1024 && $passes >= 2, '19 MiB and 2 passes at least');

    $r = $t->http('POST', 'api/auth/register', json => {
        email => 'ben@example.org', password => $password, name => 'Ben' });
    is(done_with($r, 201, 'a second account')->{user}{role}, 'user',
       'which is no administrator');

    fails($t->http('POST', 'api/auth/register', json => {
        email => 'BEN@example.org', password => $password, name => 'Ben' }),
        409, 'email_taken', 'the e-mail once more');

    # login

    $r = $t->http('POST', 'api/auth/login', cookie => $cookie, json => {
        email => 'ANN@example.org', password => $password });
    is_deeply(done_with($r, 200, 'login')->{user}, $ann, 'login: user');

    my $second = Tidraw::Test::cookie($r);

    isnt($second, $cookie, 'a new token');
    done_with($t->http('GET', 'api/me', cookie => $second), 200, 'it counts');
    fails($t->http('GET', 'api/me', cookie => $cookie), 401,
          'not_authenticated', 'the session before is replaced');

    fails($t->http('POST', 'api/auth/login', json => {
        email => 'ann@example.org', password => "$password." }),
        401, 'invalid_credentials', 'wrong password');
    fails($t->http('POST', 'api/auth/login', json => {
        email => 'nobody@example.org', password => $password }),
        401, 'invalid_credentials', 'unknown account');
    fails($t->http('POST', 'api/auth/login', json => {
        email => 'nobody@example.org', password => 'x' }),
        401, 'invalid_credentials', 'a short password is just wrong');

    $t->sql("UPDATE users SET disabled = 1 WHERE email = 'ben\@example.org'");
    fails($t->http('POST', 'api/auth/login', json => {
        email => 'ben@example.org', password => $password }),
        401, 'invalid_credentials', 'disabled account');
    $t->sql("UPDATE users SET disabled = 0 WHERE email = 'ben\@example.org'");


    # profile

    $r = $t->http('PATCH', 'api/me', cookie => $second,
                  json => { name => 'Anna', color => '#ABCDEF' });
    is(done_with($r, 200, 'change profile')->{user}{name}, 'Anna', 'name');
    is($r->{json}{user}{color}, '#abcdef', 'color in lower case');
    is(me_of($t, $second)->{name}, 'Anna', 'it stays');

    $r = $t->http('PATCH', 'api/me', cookie => $second,
                  json => { color => '#010203' });
    is($r->{json}{user}{name}, 'Anna', 'only what is given changes');
    is(done_with($t->http('PATCH', 'api/me', cookie => $second, json => {}),
                 200, 'nothing given')->{user}{color}, '#010203', 'same');

    # time: the session is prolonged, the cookie with it

    $t->sql('UPDATE sessions SET last_used_at = last_used_at - 3700000,
             expires_at = expires_at - 3700000');
    ($row) = $t->sql('SELECT max(expires_at) FROM sessions');

    $r = $t->http('GET', 'api/me', cookie => $second);
    like($r->{headers}{'set-cookie'}[0] // '', qr/^\Q$second\E; Path/,
         'an hour later the cookie is sent again');

    ok(Tidraw::Util::wait_for(sub {
        ($t->sql('SELECT max(expires_at) FROM sessions'))[0][0] > $row->[0]
    }, 5), 'and the session lasts longer');

    $r = $t->http('GET', 'api/me', cookie => $second);
    ok(!$r->{headers}{'set-cookie'}, 'at most once an hour');

    # logout

    my $other = $t->login('ann@example.org');

    $r = $t->http('POST', 'api/auth/logout', cookie => $second, json => {});
    done_with($r, 204, 'logout');
    is($r->{body}, '', 'no body');
    like($r->{headers}{'set-cookie'}[0],
         qr/^tidraw_session=; Path=\/; Max-Age=0; HttpOnly/, 'no cookie');
    fails($t->http('GET', 'api/me', cookie => $second), 401,
          'not_authenticated', 'after it');
    done_with($t->http('GET', 'api/me', cookie => $other), 200,
              'other sessions stay');

    $t->sql('UPDATE sessions SET expires_at = 1');
    fails($t->http('GET', 'api/me', cookie => $other), 401,
          'not_authenticated', 'an expired session');

    for my $call (['POST', 'api/auth/logout'], ['GET', 'api/me'],
                  ['PATCH', 'api/me'], ['GET', 'api/rooms'],
                  ['POST', 'api/rooms'])
    {
        fails($t->http(@$call, $call->[0] eq 'GET' ? () : (json => {})), 401,
              'not_authenticated', "@$call of nobody");
    }
});


# What fields may hold; the same whichever the database is.

{
    my $t = Tidraw::Test->new->start;
    my $ann = $t->register('ann@example.org');

    my $bad = sub {
        my ($name, $field, %body) = @_;

        my $r = $t->http('POST', 'api/auth/register', json => {
            email => 'new@example.org', password => $password, name => 'New',
            %body });

        fails($r, 400, 'bad_request', $name)
            and is($r->{json}{error}{field}, $field, "$name: names the field");
    };

    $bad->("e-mail " . (defined $_ ? substr($_, 0, 30) : 'null'), 'email',
           email => $_)
        for undef, '', 'ann', '@x', 'ann@', 'a b@x.org', 'a@@x.org',
            'a@x@y.org', '.a@x.org', 'a.@x.org', 'a@.x', 'a..b@x.org',
            "a\tb\@x.org", "a\x{e4}\@x.org", '<a>@x.org', 'a,b@x.org',
            ('a' x 65) . '@x.org', 'a@' . ('x' x 253), 17, ['a@x.org'],
            { a => 1 }, JSON::PP::true;

    $bad->('name', 'name', name => $_)
        for undef, '', '   ', "\x{a0}\x{3000}", 'x' x 101, "a\nb", "a\x{85}b",
            "a\x{202e}b", "a\x{7f}", 5, [], JSON::PP::false;

    $bad->('password', 'password', password => $_)
        for undef, '', 'seven77', 'x' x 257, 12345678, ['12345678'];

    for ("\x{1f600}" x 100, 'x', "O'Brien; DROP TABLE users; --") {
        my $r = $t->http('PATCH', 'api/me', cookie => $ann,
                         json => { name => $_ });
        is(done_with($r, 200, 'a name')->{user}{name}, $_, 'kept as it is');
    }

    for (undef, '#12345', '#1234567', 'red', '123456', '#12345g', 1) {
        my $r = $t->http('PATCH', 'api/me', cookie => $ann,
                         json => { color => $_ });

        if (defined $_) {
            fails($r, 400, 'bad_request', "color $_");
        } else {
            done_with($r, 200, 'color null: stays');
        }
    }

    # passwords of the longest and of the strangest kind

    my $long = "\x{1f600}" x 256;

    $t->api('POST', 'api/auth/register', json => {
        email => 'long@example.org', password => $long, name => 'L' });
    $t->login('long@example.org', password => $long);
    fails($t->http('POST', 'api/auth/login', json => {
        email => 'long@example.org', password => "\x{1f600}" x 255 }),
        401, 'invalid_credentials', 'a long password counts to its end');
}


# Registration modes.

for my $mode (qw(invite closed)) {
    my $t = Tidraw::Test->new(conf => {
        location => "tidraw_registration $mode;" })->start;

    $t->register('ann@example.org');

    is($t->api('GET', 'api/config')->{registration}, $mode, "config: $mode");

    fails($t->http('POST', 'api/auth/register', json => {
        email => 'ben@example.org', password => $password, name => 'Ben' }),
        403, $mode eq 'invite' ? 'invite_required' : 'registration_closed',
        "$mode: a second account");
}


# Cookies under https, and below a path.

for my $case (['/', '__Host-tidraw_session'], ['/boards/', 'tidraw_session']) {
    my ($location, $name) = @$case;

    my $t = Tidraw::Test->new(tls => 1, location => $location)->start;
    my $r = $t->http('POST', 'api/auth/register', json => {
        email => 'ann@example.org', password => $password, name => 'Ann' });

    like($r->{headers}{'set-cookie'}[0],
         qr/^\Q$name\E=[\w-]{43};\x20Path=\Q$location\E;\x20Max-Age=\d+;
            \x20HttpOnly;\x20SameSite=Lax;\x20Secure$/x,
         "https, $location: $name");

    my $cookie = Tidraw::Test::cookie($r);

    done_with($t->http('GET', 'api/me', cookie => $cookie), 200, 'it counts');
    done_with($t->http('GET', 'api/me', cookie => "a=b; x; =; $cookie; c=d"),
              200, 'among others');

    if ($location eq '/') {
        fails($t->http('GET', 'api/me', cookie => $cookie =~ s/__Host-//r),
              401, 'not_authenticated', 'without its prefix it does not');
    }
}

{
    # a proxy that ends TLS

    my $t = Tidraw::Test->new->start;
    my $ann = $t->register('ann@example.org');

    my $r = $t->http('POST', 'api/auth/login',
                     headers => ['X-Forwarded-Proto', 'https'],
                     json => { email => 'ann@example.org',
                               password => $password });

    like($r->{headers}{'set-cookie'}[0], qr/^__Host-tidraw_session=.*; Secure/,
         'behind a proxy that ends TLS');
}

done_testing();
