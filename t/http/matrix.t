#!/usr/bin/perl

# Who may make which call: every line of the table of routes, for everybody
# who can ask and with API tokens of each scope, called for real.
# docs/permissions.md shows the same table; "t/http/matrix.t write" writes it
# anew.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(each_database);
use Tidraw::OpenApi qw(routes fill);
use Tidraw::Test;
use Tidraw::Util qw(slurp write_file);

my @roles = ('nobody', 'viewer by link', 'editor by link', 'other user',
             'administrator', 'viewer', 'editor', 'owner');

my @users = @roles[3 .. 7];
my @viewers = ('viewer by link', 'editor by link', 'viewer', 'editor',
               'owner');

my %may = (
    ANYONE         => \@roles,
    ANYONE_KNOWN   => \@roles,
    SESSION        => \@users,
    ADMIN          => ['administrator'],
    VIEWER         => \@viewers,
    VIEWER_SESSION => ['viewer', 'editor', 'owner'],
    EDITOR         => ['editor by link', 'editor', 'owner'],
    EDITOR_MEMBER  => ['editor', 'owner'],
    OWNER          => ['owner'],
    OWNER_OR_SELF  => ['owner'],
    OWNER_BIN      => ['owner'],
);

my @scopes = ('read', 'write', 'admin');

my %good_for = (
    ANY     => \@scopes,
    READ    => ['read', 'write'],
    WRITE   => ['write'],
    ADMIN   => ['admin'],
    SESSION => [],
);

my @routes = routes();

cmp_ok(@routes, '>', 40, 'the table of routes');
ok(!(grep { !$may{ $_->{who} } } @routes), 'names nobody who is not known')
    or diag(join ' ', map { $_->{who} } grep { !$may{ $_->{who} } } @routes);
ok(!(grep { !$good_for{ $_->{scope} } } @routes), 'nor such a scope');


# the documentation

sub document {
    my $text = <<"END";
# Who may make which call

Made from the table of routes by `t/http/matrix.t`, which also calls every line
as everybody. `x`: the call is made, whatever comes of it; empty: 401 or 403.
A user who comes by a link has the better of his own role and the link's. One's
own membership can be ended by oneself (`DELETE api/rooms/:/members/:`). `:`
stands for an id, `\@` for a token.

The columns of tokens say which scope an API token needs: it can do what its
owner may do, and of that only what its scope names. A token for writing can
read as well; what no token can do needs somebody who is signed in.

END

    $text .= '| call | ' . join(' | ', @roles, map { "token: $_" } @scopes)
             . " |\n|---|" . '---|' x (@roles + @scopes) . "\n";

    for my $route (@routes) {
        my %allowed = map { $_ => 1 } @{ $may{ $route->{who} } || [] };
        my %good = map { $_ => 1 } @{ $good_for{ $route->{scope} } || [] };

        $text .= "| `$route->{method} $route->{path}` | "
                 . join(' | ', map({ $allowed{$_} ? 'x' : '' } @roles),
                               map { $good{$_} ? 'x' : '' } @scopes)
                 . " |\n";
    }

    return $text;
}

write_file('docs/permissions.md', document()) if ($ARGV[0] // '') eq 'write';
is(slurp('docs/permissions.md'), document(), 'docs/permissions.md shows it');


# A call of a route; true if it was refused for who asks.

sub refused {
    my ($t, $route, $path, @by) = @_;

    my %body = $route->{body} eq 'JSON' ? (json => {})
             : $route->{body} eq 'NONE' ? ()
             : (body => 'x', type => $route->{body} eq 'IMAGE'
                ? 'image/png' : 'application/octet-stream');

    my $r = $t->http($route->{method}, $path, %body, @by);
    my $code = $r->{json} && ref $r->{json} eq 'HASH'
               && ref $r->{json}{error} eq 'HASH'
               ? $r->{json}{error}{code} // '' : '';

    return ($r->{status} == 401 && $code eq 'not_authenticated'
            || $r->{status} == 403 && $code eq 'forbidden',
            $r->{status} >= 500, "$r->{status} $code");
}


# What differs from the table, in a list of callers, who are names and how
# they say who they are.

sub differences {
    my ($t, $route, $allowed, @callers) = @_;

    my %allowed = map { $_ => 1 } @$allowed;
    my @wrong;

    for (@callers) {
        my ($name, $path, @by) = @$_;
        my ($refused, $broken, $answer) = refused($t, $route, $path, @by);

        push @wrong, "$name: $answer"
            if !$refused != !!$allowed{$name} || $broken;
    }

    return join ', ', @wrong;
}


each_database(sub {
    my ($t) = @_;

    my %cookie;

    $cookie{$_} = $t->register(($_ =~ s/ //gr) . '@example.org')
        for 'administrator', 'other user', 'viewer', 'editor', 'owner';

    my %token = map {
        $_ => $t->api('POST', 'api/me/tokens',
                      cookie => $cookie{administrator},
                      json => { name => $_, scopes => [$_] })->{token}
    } @scopes;

    # ending a session comes last

    for my $route ((grep { $_->{path} !~ /logout/ } @routes),
                   grep { $_->{path} =~ /logout/ } @routes)
    {
        my ($id, $own, %link);

        if ($route->{path} =~ m{^api/rooms/:}) {
            $id = $t->room($cookie{owner}, 'Plans');
            $link{"$_ by link"} = $t->link($cookie{owner}, $id, $_)
                for 'viewer', 'editor';
            $t->api('POST', "api/rooms/$id/members", cookie => $cookie{owner},
                    json => { email => "$_\@example.org", role => $_ })
                for 'viewer', 'editor';

            $own = $t->room($cookie{administrator}, 'Own');
        }

        my $call = "$route->{method} $route->{path}";
        my $path = fill($route->{path}, $id);

        # an administrator on a board of his own may do everything: what a
        # token of his cannot do is for its scope alone

        is(differences($t, $route, $good_for{ $route->{scope} },
            map { [$_, fill($route->{path}, $own),
                   headers => [Authorization => "Bearer $token{$_}"]] }
            @scopes), '', "$call, tokens");

        is(differences($t, $route, $may{ $route->{who} },
            map { [$_, $path . ($link{$_} ? "?link=$link{$_}" : ''),
                   cookie => $cookie{$_}] } @roles), '', $call);
    }
});

done_testing();
