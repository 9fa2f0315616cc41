#!/usr/bin/perl

# Every call on a board, by everyone who could try: nobody, a stranger, an
# administrator who is no member, guests with each kind of link, members of
# each role.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database me_of);
use Tidraw::Test;

my @who = qw(nobody stranger admin guest_viewer guest_editor expired foreign
             stranger_viewer stranger_editor viewer editor owner);

# + allowed; 1 not_authenticated, 3 forbidden, 0 gone; in the order of @who
#
#                                          n s a gv ge x f sv se v e o
my @calls = (
    ['GET',    ''         , undef,           '1 3 3 + + 0 1 + + + + +'],
    ['PATCH',  ''         , { name => 'N' }, '1 3 3 1 + 0 1 3 + 3 + +'],
    ['GET',    '/members' , undef,           '1 3 3 1 1 0 1 + + + + +'],
    ['POST',   '/members' , 'member',        '1 3 3 1 1 0 1 3 3 3 3 +'],
    ['PUT',    '/members/U', { role => 'viewer' },
                                             '1 3 3 1 1 0 1 3 3 3 3 +'],
    ['DELETE', '/members/U', undef,          '1 3 3 1 1 0 1 3 3 3 3 +'],
    ['GET',    '/links'   , undef,           '1 3 3 1 1 0 1 3 3 3 + +'],
    ['POST',   '/links'   , { role => 'viewer' },
                                             '1 3 3 1 1 0 1 3 3 3 3 +'],
    ['DELETE', '/links/L' , undef,           '1 3 3 1 1 0 1 3 3 3 3 +'],
    ['GET',    '/invites' , undef,           '1 3 3 1 1 0 1 3 3 3 3 +'],
    ['POST',   '/invites' , { role => 'viewer' },
                                             '1 3 3 1 1 0 1 3 3 3 3 +'],
    ['DELETE', '/invites/I', undef,          '1 3 3 1 1 0 1 3 3 3 3 +'],
    ['POST',   '/restore' , {},              '1 3 3 1 1 0 1 3 3 3 3 +'],
    ['DELETE', ''         , undef,           '1 3 3 1 1 0 1 3 3 3 3 +'],
);

my %refusal = (0 => [410, 'gone'], 1 => [401, 'not_authenticated'],
               3 => [403, 'forbidden']);

each_database(sub {
    my ($t) = @_;

    my %cookie = map { $_ => $t->register("$_\@example.org") }
                 qw(admin owner editor viewer stranger target extra);

    my $add = sub {
        my ($room, $name, $role) = @_;

        $t->api('POST', "api/rooms/$room/members", cookie => $cookie{owner},
                json => { email => "$name\@example.org", role => $role });
    };

    my %id = map { $_ => me_of($t, $cookie{$_})->{id} } keys %cookie;

    my $room = $t->room($cookie{owner}, 'A board');
    my $other = $t->room($cookie{owner}, 'Another');

    $add->($room, $_, $_) for qw(editor viewer);

    my %link = map { $_ => $t->link($cookie{owner}, $room, $_) }
               qw(viewer editor);
    my $foreign = $t->link($cookie{owner}, $other, 'editor');
    my $expired = $t->link($cookie{owner}, $room, 'editor',
                           expires_at => (time() + 3600) * 1000);

    $t->sql('UPDATE links SET expires_at = 1 WHERE expires_at IS NOT NULL');

    my %as = (
        nobody => [],
        guest_viewer => [link => $link{viewer}],
        guest_editor => [link => $link{editor}],
        expired => [link => $expired],
        foreign => [link => $foreign],
        stranger_viewer => [link => $link{viewer},
                            cookie => $cookie{stranger}],
        stranger_editor => [link => $link{editor},
                            cookie => $cookie{stranger}],
        map { $_ => [cookie => $cookie{$_}] }
            qw(stranger admin viewer editor owner),
    );

    for my $call (@calls) {
        my ($method, $path, $body, $wanted) = @$call;

        my @wanted = split ' ', $wanted;

        for my $who (@who) {
            my $want = shift @wanted;
            my %o = @{ $as{$who} };
            my $p = "api/rooms/$room$path";
            my $json = $body;

            # what the call works on, fresh

            $t->sql("DELETE FROM members WHERE user_id IN
                     ('$id{extra}', '$id{target}')");
            $add->($room, 'target', 'editor') if $path =~ /U$/;

            $json = { email => 'extra@example.org', role => 'viewer' }
                if ($body // '') eq 'member';

            $p =~ s/U$/$id{target}/;

            for my $kind (['L', 'links'], ['I', 'invites']) {
                my ($letter, $name) = @$kind;

                next if $path !~ m{/$letter$};
                my $made = $t->api('POST', "api/rooms/$room/$name",
                    cookie => $cookie{owner}, json => { role => 'viewer' });
                $p =~ s/$letter$/$made->{id}/;
            }

            $p .= "?link=$o{link}" if $o{link};

            my $r = $t->http($method, $p,
                             $o{cookie} ? (cookie => $o{cookie}) : (),
                             defined $json ? (json => $json) : ());

            if ($want eq '+') {
                ok($r->{status} =~ /^20[014]$/, "$method $path by $who")
                    or diag("$r->{status} $r->{body}");
            } else {
                fails($r, @{ $refusal{$want} }, "$method $path by $who");
            }

            $t->api('POST', "api/rooms/$room/restore",
                    cookie => $cookie{owner}, json => {})
                if $method eq 'DELETE' && $path eq '' && $want eq '+';
        }
    }

    # the roles that people are told

    for (['owner', 'owner'], ['editor', 'editor'], ['viewer', 'viewer'],
         ['guest_viewer', 'viewer'], ['guest_editor', 'editor'])
    {
        my %o = @{ $as{$_->[0]} };
        my $p = "api/rooms/$room" . ($o{link} ? "?link=$o{link}" : '');

        is($t->api('GET', $p, cookie => $o{cookie})->{role}, $_->[1],
           "$_->[0] is told so");
    }

    is($t->api('GET', "api/rooms/$room?link=$link{editor}",
               cookie => $cookie{viewer})->{role}, 'editor',
       'the better of membership and link');
    is($t->api('GET', "api/rooms/$room?link=$link{viewer}",
               cookie => $cookie{editor})->{role}, 'editor',
       'either way');
    is($t->api('GET', "api/rooms/$room?link=$expired",
               cookie => $cookie{viewer})->{role}, 'viewer',
       'an expired link takes nothing away');

    # a link must not make an owner, not even by a row that says so

    $t->sql("UPDATE links SET role = 'owner'");
    fails($t->http('DELETE', "api/rooms/$room?link=$link{editor}"), 401,
          'not_authenticated', 'an owner by link');

    # oneself

    done_with($t->http('DELETE', "api/rooms/$room/members/$id{viewer}",
                       cookie => $cookie{viewer}), 204, 'a viewer leaves');
    fails($t->http('GET', "api/rooms/$room", cookie => $cookie{viewer}),
          403, 'forbidden', 'and is gone');
});

done_testing();
