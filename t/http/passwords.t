#!/usr/bin/perl

# Passwords: common ones refused, changed, set anew by a link, and that
# nobody learns from it who has an account.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Test;
use Tidraw::Util qw(wait_for slurp);
use Tidraw::WS;

my $password = 'correct horse battery staple';
my $new = 'purple tractor on the moon';


# The link that was last logged for an address.

sub link_for {
    my ($t, $email) = @_;

    my @found;

    wait_for(sub {
        @found = $t->error_log
            =~ m{to=\Q$email\E\ text="a\ link\ [^"]*"\ link=
                 (http\S+/reset/[\w-]{43})}gx;
    }, 5);

    return $found[-1];
}


sub token_for {
    my ($t, $email) = @_;

    return (link_for($t, $email) // '') =~ s{.*/}{}r;
}


sub ask {
    my ($t, $email) = @_;

    return $t->http('POST', 'api/auth/password-reset',
                    json => { email => $email });
}


sub confirm {
    my ($t, $token, $with, %o) = @_;

    return $t->http('POST', 'api/auth/password-reset/confirm', %o,
                    json => { token => $token, password => $with });
}


each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann);

    # common ones

    for my $weak (qw(password 12345678 PassWord1 qwertyuiop trustno1
                     !qaz2wsx zzzzzzz1))
    {
        my $r = $t->http('POST', 'api/auth/register', json => {
            email => 'ben@example.org', password => $weak, name => 'Ben' });

        fails($r, 400, 'weak_password', "$weak is refused");
        is($r->{json}{error}{field}, 'password', 'the field is named');
    }

    $t->register('ben@example.org', password => 'passwordpassword0815');

    # changing it

    my $other = $t->login('ann@example.org');
    my $change = sub {
        return $t->http('POST', 'api/me/password', cookie => $_[0], json => {
            current => $_[1], password => $_[2] });
    };

    fails($change->($ann, 'wrong', $new), 401, 'invalid_credentials',
          'the current password must be right');
    fails($change->($ann, $password, 'short'), 400, 'bad_request',
          'a new one that is too short');
    fails($change->($ann, $password, 'password1'), 400, 'weak_password',
          'a new one that is common');
    fails($t->http('POST', 'api/me/password', json => {
        current => $password, password => $new }), 401, 'not_authenticated',
        'nobody has one to change');
    fails($t->http('POST', 'api/me/password', cookie => $ann,
                   headers => ['Origin', 'https://evil.example'], json => {
        current => $password, password => $new }), 403, 'bad_origin',
        'another site cannot change it');

    my $ws = Tidraw::WS->new(port => $t->{port});
    $ws->handshake("/connect/$room", cookie => $other);
    ok($ws->accepted, 'a board is open in another session');

    my $r = $change->($ann, $password, $new);

    done_with($r, 204, 'the password changes');

    my $fresh = Tidraw::Test::cookie($r);

    isnt($fresh, $ann, 'this session goes on under a fresh token');
    done_with($t->http('GET', 'api/me', cookie => $fresh), 200, 'it counts');
    fails($t->http('GET', 'api/me', cookie => $ann), 401,
          'not_authenticated', 'the token before does not');
    fails($t->http('GET', 'api/me', cookie => $other), 401,
          'not_authenticated', 'other sessions end');
    is_deeply($ws->wait_close, [4099, 'NOT_AUTHENTICATED'],
              'live ones, too');

    fails($t->http('POST', 'api/auth/login', json => {
        email => 'ann@example.org', password => $password }), 401,
        'invalid_credentials', 'the old one is wrong now');
    $t->login('ann@example.org', password => $new);

    # a link

    my $tok = $t->api('POST', 'api/me/tokens', cookie => $fresh, json => {
        name => 'script', scopes => ['read'] })->{token};

    done_with(ask($t, 'Ann@Example.org'), 204, 'a link is asked for');
    done_with(ask($t, 'nobody@example.org'), 204, 'also for nobody');

    my $token = token_for($t, 'ann@example.org');

    like(link_for($t, 'ann@example.org'),
         qr{^http://127\.0\.0\.1:\d+/reset/[\w-]{43}$}, 'the link is logged');
    unlike($t->error_log, qr/event=mail_not_sent to=nobody\@/,
           'none for an account that does not exist');

    my ($row) = $t->sql('SELECT token_hash FROM resets');
    unlike($row->[0], qr/\Q$token\E/, 'the token is not stored');

    fails(confirm($t, $token, 'password'), 400, 'weak_password',
          'a common password does not use it up');
    fails(confirm($t, 'x' x 43, $new), 410, 'gone', 'a token of nobody');
    fails(confirm($t, '', $new), 400, 'bad_request', 'no token');

    $r = confirm($t, $token, 'a third one, quite long');

    is(done_with($r, 200, 'the link works')->{user}{email},
       'ann@example.org', 'and signs in');

    my $in = Tidraw::Test::cookie($r);

    done_with($t->http('GET', 'api/me', cookie => $in), 200, 'by its cookie');
    fails(confirm($t, $token, $new), 410, 'gone', 'it works once');
    fails($t->http('GET', 'api/me', cookie => $fresh), 401,
          'not_authenticated', 'it ends all sessions');
    fails($t->http('GET', 'api/me',
                   headers => [Authorization => "Bearer $tok"]), 401,
          'not_authenticated', 'and API tokens');

    # fixation: a cookie that was planted before is never the one that counts

    done_with(ask($t, 'ben@example.org'), 204, 'a link for Ben');

    my $planted = 'tidraw_session=' . 'A' x 43;

    $r = confirm($t, token_for($t, 'ben@example.org'), $new,
                 cookie => $planted);
    done_with($r, 200, 'Ben comes in with a planted cookie');
    isnt(Tidraw::Test::cookie($r), $planted, 'and gets one of his own');
    fails($t->http('GET', 'api/me', cookie => $planted), 401,
          'not_authenticated', 'the planted one is worth nothing');

    # expiry, disabled accounts, a new e-mail

    done_with(ask($t, 'ben@example.org'), 204, 'once more');
    $token = token_for($t, 'ben@example.org');
    $t->sql('UPDATE resets SET expires_at = 1');
    fails(confirm($t, $token, $password), 410, 'gone', 'a link that expired');

    my $ben = Tidraw::Test::cookie($r);

    fails($t->http('PATCH', 'api/me', cookie => $ben, json => {
        email => 'benjamin@example.org' }), 400, 'bad_request',
        'a new e-mail needs the password');
    fails($t->http('PATCH', 'api/me', cookie => $ben, json => {
        email => 'benjamin@example.org', current => 'wrong' }), 401,
        'invalid_credentials', 'the right one');
    fails($t->http('PATCH', 'api/me', cookie => $ben, json => {
        email => 'ann@example.org', current => $new }), 409, 'email_taken',
        'not one that is taken');

    $t->sql('UPDATE resets SET expires_at = 9000000000000');
    $r = $t->http('PATCH', 'api/me', cookie => $ben, json => {
        email => 'Benjamin@example.org', current => $new, locale => 'de' });
    is(done_with($r, 200, 'a new e-mail')->{user}{email},
       'benjamin@example.org', 'it is the account\'s');
    is($r->{json}{user}{locale}, 'de', 'a language');
    fails(confirm($t, $token, $password), 410, 'gone',
          'what was sent to the old one is worth nothing');
    is($t->api('PATCH', 'api/me', cookie => $ben,
               json => { locale => '' })->{user}{locale}, undef,
       'no language again');
    fails($t->http('PATCH', 'api/me', cookie => $ben,
                   json => { locale => 'xx' }), 400, 'bad_request',
          'a language that is not there');

    $t->sql("UPDATE users SET disabled = 1 WHERE email LIKE 'benj%'");
    done_with(ask($t, 'benjamin@example.org'), 204,
              'a disabled account answers the same');
    done_with(ask($t, 'ann@example.org'), 204, 'one after it');
    token_for($t, 'ann@example.org');
    unlike($t->error_log, qr/event=mail_not_sent to=benjamin\@/,
           'but gets no link');

    # what is known of it

    my %seen;
    $seen{$_->[0]}++ for $t->sql('SELECT action FROM activity');

    ok($seen{$_}, "the activity log knows of $_")
        for qw(auth.password auth.reset auth.failed user.email user.created);
});


# Too many, and time: the same for those who have an account and who have not.

{
    my %limit;

    # the third one brings a wait of a second, in which the others come

    for (1 .. 5) {
        my $t = Tidraw::Test->new->start;
        my $late = 0;

        $t->register('ann@example.org');

        for my $email (qw(ann@example.org bob@example.org)) {
            my $from;
            my @status = map {
                $from = time() if $_ == 3;
                ask($t, $email)->{status};
            } 1 .. 5;

            $late ||= time() - $from >= 1;
            $limit{$email} = "@status";
        }

        $t->finish;

        last if !$late;
    }

    is($limit{'ann@example.org'}, $limit{'bob@example.org'},
       'the limit of links is the same for all');
    like($limit{'ann@example.org'}, qr/429/, 'and there is one');

    # the best of both kinds, taken in turns: others use this machine, too

    my (%took, @status);

    for my $round (1 .. 3) {
        my $u = Tidraw::Test->new->start;

        $u->register('ann@example.org');

        for my $try (1 .. 3) {
            for my $email (qw(ann@example.org bob@example.org)) {
                my $from = time();
                my $r = ask($u, $email);

                push @{ $took{reset}{$email} }, time() - $from;
                push @status, $r->{status};

                $from = time();
                $u->http('POST', 'api/auth/login', json => {
                    email => $email, password => 'not the password' });
                push @{ $took{login}{$email} }, time() - $from;
            }
        }

        $u->finish;
    }

    is("@status", join(' ', (204) x 18), 'all were answered alike');

    for my $what (qw(reset login)) {
        my ($with, $without) = map {
            (sort { $a <=> $b } @{ $took{$what}{$_} })[0];
        } qw(ann@example.org bob@example.org);

        my ($less, $more) = sort { $a <=> $b } ($with, $without);

        # a hash costs thirty times what the rest does

        ok($more < 5 * $less + 0.005,
           "$what takes the same time with and without an account")
            or diag("with $with, without $without");
    }
}

done_testing();
