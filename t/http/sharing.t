#!/usr/bin/perl

# Members, links and invitations of a board, as objects; the last owner.

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
    my $ben = $t->register('ben@example.org');
    my $cleo = $t->register('cleo@example.org');
    my ($A, $B, $C) = map { me_of($t, $_) } $ann, $ben, $cleo;
    my $room = $t->room($ann, 'Plans');
    my $url = "api/rooms/$room";

    my $person = sub { return { map { my $f = $_; $f => $_[0]{$f} }
                                qw(id name color email picture) } };

    # members

    is_deeply($t->api('GET', "$url/members", cookie => $ann)->{members},
              [{ user => $person->($A), role => 'owner' }], 'the owner');

    my $r = $t->http('POST', "$url/members", cookie => $ann,
                     json => { email => ' BEN@example.org', role => 'viewer' });
    is_deeply(done_with($r, 201, 'add'),
              { user => $person->($B), role => 'viewer' }, 'the member');

    fails($t->http('POST', "$url/members", cookie => $ann, json =>
        { email => 'ben@example.org', role => 'editor' }), 409, 'conflict',
        'add once more');
    fails($t->http('POST', "$url/members", cookie => $ann, json =>
        { email => 'no@example.org', role => 'editor' }), 404, 'not_found',
        'no such account');
    fails($t->http('POST', "$url/members", cookie => $ann, json => $_), 400,
          'bad_request', 'bad fields')
        for { email => 'cleo@example.org' }, { role => 'viewer' },
            { email => 'cleo@example.org', role => 'admin' },
            { email => 'cleo@example.org', role => '' },
            { email => 'cleo@example.org', role => 3 },
            { email => 'cleo@example.org', role => 'Viewer' },
            { email => {}, role => 'viewer' };

    is(join(' ', map { $_->{id} }
            @{ $t->api('GET', 'api/rooms', cookie => $ben)->{rooms} }), $room,
       'in the list of the member');

    $r = $t->http('PUT', "$url/members/$B->{id}", cookie => $ann,
                  json => { role => 'editor' });
    is(done_with($r, 200, 'change role')->{role}, 'editor', 'the new one');
    fails($t->http('PUT', "$url/members/$C->{id}", cookie => $ann,
                   json => { role => 'editor' }), 404, 'not_found',
          'of no member');
    fails($t->http('PUT', "$url/members/$B->{id}", cookie => $ann,
                   json => { role => 'king' }), 400, 'bad_request',
          'to what is none');

    # the last owner stays one

    fails($t->http('PUT', "$url/members/$A->{id}", cookie => $ann,
                   json => { role => 'editor' }), 409, 'conflict',
          'the last owner steps down');
    fails($t->http('DELETE', "$url/members/$A->{id}", cookie => $ann), 409,
          'conflict', 'the last owner leaves');
    done_with($t->http('PUT', "$url/members/$A->{id}", cookie => $ann,
                       json => { role => 'owner' }), 200, 'owner as before');

    done_with($t->http('PUT', "$url/members/$B->{id}", cookie => $ann,
                       json => { role => 'owner' }), 200, 'a second owner');
    done_with($t->http('PUT', "$url/members/$A->{id}", cookie => $ann,
                       json => { role => 'viewer' }), 200,
              'now the first may step down');
    fails($t->http('PUT', "$url/members/$A->{id}", cookie => $ann,
                   json => { role => 'owner' }), 403, 'forbidden',
          'and not up again');
    is($t->api('GET', $url, cookie => $ann)->{owner}{id}, $B->{id},
       'the board has another owner');

    $t->api('PUT', "$url/members/$A->{id}", cookie => $ben,
            json => { role => 'owner' });

    # two owners who remove each other at the same time

    for my $round (1 .. 10) {
        my @c = map { $t->client(timeout => 20) } 1, 2;
        my @who = ([$ann, $B], [$ben, $A]);

        $_->{socket} = Tidraw::HTTP::dial($_) for @c;

        for my $i (0, 1) {
            $c[$i]->write("DELETE /$url/members/$who[$i][1]{id} HTTP/1.1\r\n"
                          . "Host: x\r\nCookie: $who[$i][0]\r\n\r\n");
        }

        for my $c (@c) {
            $c->{deadline} = time() + 20;
            $c->answer('DELETE');
        }

        my ($left) = $t->sql("SELECT count(*) FROM members WHERE role = 'owner'
            AND room = (SELECT num FROM rooms WHERE id = '$room')");

        is($left->[0], 1, "round $round: one owner is left") or last;

        $t->sql("INSERT INTO members (room, user_id, role, created_at)
                 SELECT r.num, u.id, 'owner', 1 FROM rooms r, users u
                 WHERE r.id = '$room'
                 AND u.email IN ('ann\@example.org', 'ben\@example.org')
                 ON CONFLICT DO NOTHING");
    }

    done_with($t->http('DELETE', "$url/members/$B->{id}", cookie => $ann),
              204, 'remove');
    fails($t->http('DELETE', "$url/members/$B->{id}", cookie => $ann), 404,
          'not_found', 'remove once more');
    fails($t->http('GET', $url, cookie => $ben), 403, 'forbidden',
          'the removed one');

    # links

    $r = $t->http('POST', "$url/links", cookie => $ann,
                  json => { role => 'viewer' });
    my $link = done_with($r, 201, 'link');

    is(join(',', sort keys %$link),
       'created_at,expires_at,has_password,id,role,token', 'the link object');
    like($link->{token}, qr/^[\w-]{43}$/, 'token');
    is($link->{expires_at}, undef, 'for ever');

    my $until = (time() + 3600) * 1000;
    my $short = $t->api('POST', "$url/links", cookie => $ann,
                        json => { role => 'editor', expires_at => $until });

    is($short->{expires_at}, $until, 'for an hour');
    isnt($short->{token}, $link->{token}, 'tokens differ');

    is_deeply([sort { $a->{role} cmp $b->{role} }
               @{ $t->api('GET', "$url/links", cookie => $ann)->{links} }],
              [$short, $link], 'the list shows the tokens again');

    my $all = join ',', map { join ',', map { $_ // '' } @$_ }
                        $t->sql('SELECT * FROM links');

    unlike($all, qr/\Q$link->{token}\E/, 'the token is not stored');

    fails($t->http('POST', "$url/links", cookie => $ann, json => $_), 400,
          'bad_request', 'a bad link')
        for {}, { role => 'owner' }, { role => undef }, { role => ['viewer'] },
            map { { role => 'viewer', expires_at => $_ } }
                '1', -1, 0, 1.5, 1, 1e300, [], {}, JSON::PP::true;

    my $guest = "$url?link=$link->{token}";

    is(done_with($t->http('GET', $guest), 200, 'a guest')->{role}, 'viewer',
       'sees the board');

    my $eve = $t->register('eve@example.org');

    is(join(',', map { $_->{user}{email} // 'none' }
                 @{ $t->api('GET', "$url/members?link=$link->{token}",
                            cookie => $eve)->{members} }) =~ s/none,?//gr,
       '', 'a stranger with it learns no address');
    fails($t->http('GET', "$url?link=$_"), 401, 'not_authenticated',
          'a forged token')
        for substr($link->{token}, 0, 42), "$link->{token}A", 'A' x 43, '',
            $link->{id}, '%00' x 43, "'",
            $link->{token} =~ tr/a-zA-Z/b-zaB-ZA/r;

    fails($t->http('DELETE', "$url/links/" . 'A' x 22, cookie => $ann), 404,
          'not_found', 'no such link');

    my $other = $t->room($ann, 'Other');

    fails($t->http('DELETE', "api/rooms/$other/links/$link->{id}",
                   cookie => $ann), 404, 'not_found', 'of another board');
    done_with($t->http('DELETE', "$url/links/$link->{id}", cookie => $ann),
              204, 'delete link');
    fails($t->http('GET', $guest), 401, 'not_authenticated',
          'the link is dead');

    # links have a bound

    my $n = 0;

    for (1 .. 120) {
        $r = $t->http('POST', "api/rooms/$other/links", cookie => $ann,
                      json => { role => 'viewer' });
        last if $r->{status} != 201;
        $n++;
    }

    is($n, 100, 'a hundred links of a board');
    fails($r, 409, 'conflict', 'one more');

    # invitations

    $r = $t->http('POST', "$url/invites", cookie => $ann,
                  json => { role => 'editor' });
    my $invite = done_with($r, 201, 'invite');

    is(join(',', sort keys %$invite), 'created_at,email,expires_at,id,role,'
       . 'token', 'the invite object');
    is($invite->{expires_at} - $invite->{created_at}, 7 * 24 * 3600 * 1000,
       'valid for a week');

    my $bound = $t->api('POST', "$url/invites", cookie => $ann, json =>
        { role => 'viewer', email => 'Cleo@Example.org' });

    is($bound->{email}, 'cleo@example.org', 'for one e-mail');
    is_deeply([sort { $a->{role} cmp $b->{role} }
               @{ $t->api('GET', "$url/invites", cookie => $ann)->{invites} }],
              [$invite, $bound], 'the list');

    is_deeply(scalar $t->api('GET', "api/invites/$bound->{token}"),
              { room => { id => $room, name => 'Plans' }, role => 'viewer',
                inviter => { map { $_ => $A->{$_} }
                             qw(id name color picture) },
                email => 'cleo@example.org' }, 'looked at by anyone');

    fails($t->http('GET', 'api/invites/' . 'A' x 43), 404, 'not_found',
          'no such invitation');
    fails($t->http('POST', "api/invites/$invite->{token}", json => {}), 401,
          'not_authenticated', 'accepted by nobody');
    fails($t->http('POST', "api/invites/$bound->{token}", cookie => $ben,
                   json => {}), 403, 'forbidden', 'meant for another');

    is(done_with($t->http('POST', "api/invites/$invite->{token}",
                          cookie => $ann, json => {}), 200,
                 'accepted by the owner')->{role}, 'owner', 'who stays it');
    is(done_with($t->http('POST', "api/invites/$bound->{token}",
                          cookie => $cleo, json => {}), 200,
                 'accepted')->{role}, 'viewer', 'a viewer now');
    is(done_with($t->http('POST', "api/invites/$invite->{token}",
                          cookie => $cleo, json => {}), 200,
                 'a better one')->{role}, 'editor', 'an editor now');

    fails($t->http('POST', "api/invites/$invite->{token}", cookie => $ben,
                   json => {}), 410, 'gone', 'once only');
    fails($t->http('GET', "api/invites/$invite->{token}"), 410, 'gone',
          'looked at afterwards');
    is_deeply($t->api('GET', "$url/invites", cookie => $ann)->{invites}, [],
              'none is open');

    my $late = $t->api('POST', "$url/invites", cookie => $ann,
                       json => { role => 'editor' });

    $t->sql('UPDATE invites SET expires_at = 1 WHERE used_at IS NULL');
    fails($t->http('POST', "api/invites/$late->{token}", cookie => $ben,
                   json => {}), 410, 'gone', 'after a week');

    my $taken = $t->api('POST', "$url/invites", cookie => $ann,
                        json => { role => 'editor' });

    done_with($t->http('DELETE', "$url/invites/$taken->{id}",
                       cookie => $ann), 204, 'taken back');
    fails($t->http('GET', "api/invites/$taken->{token}"), 404, 'not_found',
          'is gone');

    # a new account by invitation

    my $new = $t->api('POST', "$url/invites", cookie => $ann, json =>
        { role => 'editor', email => 'dora@example.org' });
    my %account = (password => $password, name => 'Dora',
                   invite => $new->{token});

    fails($t->http('POST', 'api/auth/register', json =>
        { %account, email => 'x@example.org' }), 403, 'forbidden',
        'register with the invitation of another');
    fails($t->http('POST', 'api/auth/register', json =>
        { %account, email => 'dora@example.org', invite => 'A' x 43 }), 404,
        'not_found', 'register with a forged one');

    my $dora = $t->register('dora@example.org', %account);

    is($t->api('GET', $url, cookie => $dora)->{role}, 'editor',
       'register with the invitation: a member');
    fails($t->http('POST', 'api/auth/register', json =>
        { %account, email => 'dora2@example.org' }), 410, 'gone',
        'register with it once more');

    $t->api('DELETE', $url, cookie => $ann);

    my $dead = $t->http('GET', "api/invites/$late->{token}");

    fails($dead, 404, 'not_found', 'the board was deleted');
});

# In a site for the invited, the invitation opens the door.

{
    my $t = Tidraw::Test->new(conf => {
        location => 'tidraw_registration invite;' })->start;
    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');
    my $invite = $t->api('POST', "api/rooms/$room/invites", cookie => $ann,
                         json => { role => 'viewer' });
    my $ben = $t->register('ben@example.org', invite => $invite->{token});

    is($t->api('GET', "api/rooms/$room", cookie => $ben)->{role}, 'viewer',
       'registered by invitation');
}

done_testing();
