#!/usr/bin/perl

# Who may make which call: every line of the table of routes, for everybody
# who can ask, called for real.  docs/permissions.md shows the same table;
# "t/http/matrix.t write" writes it anew.

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

my @routes = routes();

cmp_ok(@routes, '>', 40, 'the table of routes');
ok(!(grep { !$may{ $_->{who} } } @routes), 'names nobody who is not known')
    or diag(join ' ', map { $_->{who} } grep { !$may{ $_->{who} } } @routes);


# the documentation

sub document {
    my $text = <<"END";
# Who may make which call

Made from the table of routes by `t/http/matrix.t`, which also calls every line
as everybody. `x`: the call is made, whatever comes of it; empty: 401 or 403.
A user who comes by a link has the better of his own role and the link's. The
scope is what an API token must be good for; `SESSION`: no token may. One's own
membership can be ended by oneself (`DELETE api/rooms/:/members/:`). `:` stands
for an id, `\@` for a token.

END

    $text .= '| call | scope | ' . join(' | ', @roles) . " |\n"
             . '|---|---|' . '---|' x @roles . "\n";

    for my $route (@routes) {
        my %allowed = map { $_ => 1 } @{ $may{ $route->{who} } || [] };

        $text .= "| `$route->{method} $route->{path}` | $route->{scope} | "
                 . join(' | ', map { $allowed{$_} ? 'x' : '' } @roles)
                 . " |\n";
    }

    return $text;
}

write_file('docs/permissions.md', document()) if ($ARGV[0] // '') eq 'write';
is(slurp('docs/permissions.md'), document(), 'docs/permissions.md shows it');


each_database(sub {
    my ($t) = @_;

    my %cookie;

    $cookie{$_} = $t->register(($_ =~ s/ //gr) . '@example.org')
        for 'administrator', 'other user', 'viewer', 'editor', 'owner';

    # ending a session comes last

    for my $route ((grep { $_->{path} !~ /logout/ } @routes),
                   grep { $_->{path} =~ /logout/ } @routes)
    {
        my %allowed = map { $_ => 1 } @{ $may{ $route->{who} } || [] };
        my ($id, %link);

        if ($route->{path} =~ m{^api/rooms/:}) {
            $id = $t->room($cookie{owner}, 'Plans');
            $link{"$_ by link"} = $t->link($cookie{owner}, $id, $_)
                for 'viewer', 'editor';
            $t->api('POST', "api/rooms/$id/members", cookie => $cookie{owner},
                    json => { email => "$_\@example.org", role => $_ })
                for 'viewer', 'editor';
        }

        my @wrong;

        for my $role (@roles) {
            my $path = fill($route->{path}, $id);

            $path .= "?link=$link{$role}" if $link{$role};

            my %body = $route->{body} eq 'JSON' ? (json => {})
                     : $route->{body} eq 'NONE' ? ()
                     : (body => 'x', type => $route->{body} eq 'IMAGE'
                        ? 'image/png' : 'application/octet-stream');

            my $r = $t->http($route->{method}, $path, %body,
                             cookie => $cookie{$role});
            my $code = $r->{json} && ref $r->{json} eq 'HASH'
                       && ref $r->{json}{error} eq 'HASH'
                       ? $r->{json}{error}{code} // '' : '';
            my $refused = $r->{status} == 401 && $code eq 'not_authenticated'
                          || $r->{status} == 403 && $code eq 'forbidden';

            push @wrong, "$role: $r->{status} $code"
                if !$refused != !!$allowed{$role} || $r->{status} >= 500;
        }

        is("@wrong", '', "$route->{method} $route->{path}");
    }
});

done_testing();
