#!/usr/bin/perl

# docs/openapi.json: it names the calls of the table of routes, and what it
# says of each is so.  Every call is made for real, with a body that the
# document allows, and answers what the document says; so do failures.

use strict;
use warnings;

use JSON::PP;
use Test::More;
use lib 't/lib';
use Tidraw::Api qw(each_database me_of);
use Tidraw::Board qw(document join_board page push_records);
use Tidraw::Files qw(png);
use Tidraw::OpenApi qw(routes fill);
use Tidraw::Smtp;
use Tidraw::Test;
use Tidraw::Util qw(slurp);

my $api = Tidraw::OpenApi->new;
my @operations = $api->operations;
my %of = map { ("$_->{method} $_->{route}" => $_) } @operations;

is($api->{doc}{openapi}, '3.1.0', 'OpenAPI 3.1');
is_deeply([sort keys %of], [sort map { "$_->{method} $_->{path}" } routes()],
          'it names the calls of the table');

{
    my %ids = map { ($_->{op}{operationId} => 1) } @operations;

    is(scalar(keys %ids), scalar @operations, 'each by a name of its own');
}

# what the table knows of a call

sub security {
    my ($who, $scope) = @_;

    return [] if $who eq 'ANYONE';
    return [{}, { session => [] }, { token => [] }] if $who eq 'ANYONE_KNOWN';

    return [{ session => [] },
            $scope eq 'SESSION' ? () : { token => [lc $scope] },
            $who =~ /^(?:VIEWER|EDITOR)$/ ? { link => [] } : ()];
}

for my $route (routes()) {
    my $o = $of{"$route->{method} $route->{path}"} or next;
    my $name = "$route->{method} $route->{path}";
    my @in_path = map { $api->resolve($_) } @{ $o->{shared} };
    my $content = ($o->{op}{requestBody} || {})->{content} || {};

    is($o->{op}{'x-role'}, lc $route->{who}, "$name: who");
    is_deeply($o->{op}{security}, security($route->{who}, $route->{scope}),
              'and how they show it');
    is(join(' ', map { $_->{name} } @in_path),
       join(' ', $o->{path} =~ /\{(\w+)\}/g), 'the parts of its path');
    is(!!$content->{'application/json'},
       !!($route->{body} =~ /JSON|BOARD/ || $name =~ /^DELETE.*(?:me|:)$/
          && $content->{'application/json'}), 'its body');
}

# nothing in it that points nowhere

{
    my @left = $api->{doc};
    my %used;

    while (defined(my $x = shift @left)) {
        push @left, grep { ref && !JSON::PP::is_bool($_) }
                    ref $x eq 'HASH' ? values %$x : @$x;

        if (ref $x eq 'HASH' && defined $x->{'$ref'} && !ref $x->{'$ref'}) {
            $used{ $x->{'$ref'} } = 1;
            ok(eval { $api->resolve($x); 1 }, $x->{'$ref'}) or diag($@)
                if !$used{"seen $x->{'$ref'}"}++;
        }
    }

    my $parts = $api->{doc}{components};

    is(join(' ', grep { !$used{$_} } map { my $kind = $_;
                 map { "#/components/$kind/$_" } sort keys %{ $parts->{$kind} }
             } grep { $_ ne 'securitySchemes' } sort keys %$parts), '',
       'every part of it is used');
}

# the errors are those of the code

{
    my $code = slurp('src/http/ngx_tidraw_http_answer.c');
    my ($table) = $code =~ /ngx_tidraw_errors\[\w*\] = \{(.*?)\n\};/s;
    my @codes = ($table // '') =~ /^\s+\{?\s*(?:NGX_\w+|\d+),\s*"(\w+)"/mg;
    my $said = $api->{doc}{components}{schemas}{error}{properties}{error}
                   {properties}{code}{enum};

    is_deeply([sort @$said], [sort @codes], 'the codes of failures');
}


my $smtp = Tidraw::Smtp->new->start;

each_database(sub {
    my ($t) = @_;

    my (%seen, $cookie);

    # One call, its answer as the document says; its JSON.

    my $call = sub {
        my ($status, $method, $path, %o) = @_;

        local $Test::Builder::Level = $Test::Builder::Level + 1;

        my $o = $api->find($method, $path);

        return fail("$method $path is in the document") if !$o;

        $o{cookie} = $cookie if !exists $o{cookie};
        $o{json} = {} if !exists $o{json} && !defined $o{body}
                         && $o->{op}{requestBody};

        my $r = $t->http($method, $path, %o);
        my @wrong = $api->answer_errors($o, $r);

        push @wrong, "status $r->{status}: " . substr $r->{body}, 0, 200
            if $r->{status} != $status;
        push @wrong, $api->body_errors($o, $o{json})
            if exists $o{json} && $status < 300;

        is(join('; ', @wrong), '', "$method $path: $status");
        $seen{"$o->{method} $o->{route}"} = 1 if $status < 300;

        return $r->{json} // $r;
    };

    my $password = 'correct horse battery staple';
    my %user;

    $call->(200, 'GET', 'healthz');
    $call->(200, 'GET', 'readyz');
    $call->(200, 'GET', 'metrics');
    $call->(200, 'GET', 'api/config');
    $call->(200, 'GET', 'api/auth/session');

    my $document = $call->(200, 'GET', 'api/openapi.json');

    is_deeply($document, $api->{doc}, 'the document that is served is this');

    for my $name (qw(ann ben eva)) {
        my $who = { email => "$name\@example.org", password => $password };

        $user{$name} = $call->(201, 'POST', 'api/auth/register',
                               json => { %$who, name => $name })->{user};

        my $r = $t->http('POST', 'api/auth/login', json => $who);

        $user{$name}{cookie} = Tidraw::Test::cookie($r);
        $call->(200, 'POST', 'api/auth/login', json => $who);
        $call->(200, 'PATCH', 'api/admin/settings',
                cookie => $user{ann}{cookie},
                json => { registration => 'open' }) if $name eq 'ann';
    }

    my %ben = (cookie => $user{ben}{cookie});

    $cookie = $user{ann}{cookie};

    # the account

    $call->(200, 'GET', 'api/auth/session');
    $call->(200, 'GET', 'api/me');
    $call->(200, 'PATCH', 'api/me', json => { name => 'Ann', locale => 'de',
                                              color => '#aabbcc' });
    $call->(200, 'PUT', 'api/me/picture', body => png(4, 4),
            type => 'image/png');
    $call->(200, 'GET', "api/users/$user{ann}{id}/picture");
    $call->(200, 'DELETE', 'api/me/picture');

    my ($session) = grep { !$_->{current} }
        @{ $call->(200, 'GET', 'api/me/sessions')->{sessions} };

    $call->(204, 'DELETE', "api/me/sessions/$session->{id}");
    $call->(204, 'DELETE', 'api/me/sessions');

    my $token = $call->(201, 'POST', 'api/me/tokens', json => {
        name => 'Robot', scopes => ['read', 'admin'], expires_at => undef });

    $call->(200, 'GET', 'api/me/tokens');
    $call->(204, 'DELETE', "api/me/tokens/$token->{id}");

    # boards

    $call->(200, 'GET', 'api/templates?locale=de');

    my $folder = $call->(201, 'POST', 'api/folders', json => { name => 'F' });
    my $other = $call->(201, 'POST', 'api/folders', json => { name => 'G' });

    $call->(200, 'PATCH', "api/folders/$other->{id}", json => { name => 'H' });
    $call->(200, 'GET', 'api/folders');
    $call->(204, 'DELETE', "api/folders/$other->{id}");

    my $room = $call->(201, 'POST', 'api/rooms', json => {
        name => 'Plans', folder => $folder->{id}, template => 'kanban' });
    my $id = $room->{id};

    push_records($t, $cookie, $id, document(), page(1));

    my ($ws) = join_board($t, $id, cookie => $cookie);

    $ws->send_json({ type => 'push', clientClock => 0, presence => ['put', {
        id => 'instance_presence:x', typeName => 'instance_presence',
        userId => 'x', userName => 'Ann', lastActivityTimestamp => 1,
        color => '#aabbcc', camera => undef, selectedShapeIds => [],
        currentPageId => 'page:page', brush => undef, scribbles => [],
        screenBounds => undef, followingUserId => undef, cursor => undef,
        chatMessage => '', meta => {} }] });

    $call->(200, 'GET', "api/rooms/$id");
    $call->(200, 'PATCH', "api/rooms/$id", json => { name => 'Plan' });
    $call->(204, 'PUT', "api/rooms/$id/favourite");
    $call->(204, 'PUT', "api/rooms/$id/thumbnail", body => png(4, 4),
            type => 'image/png');
    $call->(200, 'GET', "api/rooms/$id/thumbnail");
    $call->(200, 'GET', 'api/rooms?favourite=1&sort=name&limit=1');
    $call->(204, 'DELETE', "api/rooms/$id/favourite");
    $call->(204, 'PUT', "api/rooms/$id/folder", json => { folder => undef });
    $call->(201, 'POST', "api/rooms/$id/duplicate");

    my $file = $call->(200, 'GET', "api/rooms/$id/export");

    $call->(201, 'POST', 'api/rooms/import?name=Again', body => $file->{body},
            type => 'application/vnd.tldraw+json');

    # the account on its way

    my $archive = $t->http('GET', 'api/me/export', cookie => $cookie);

    $call->(200, 'GET', 'api/me/export');
    $call->(200, 'POST', 'api/me/import', body => $archive->{body},
            type => 'application/zip');

    # files

    my $image = $call->(201, 'POST', "api/rooms/$id/files?name=a.png",
                        body => png(400, 300, 'x' x 5000), type => 'image/png');

    $call->(200, 'GET', "api/rooms/$id/files/$image->{id}");
    $call->(201, 'PUT', "api/rooms/$id/files/$image->{id}/reduced?w=100",
            body => png(100, 75), type => 'image/png');
    $call->(201, 'POST', "api/rooms/$id/files", body => 'bytes',
            type => 'application/octet-stream');

    # the preview of a page that was asked for already

    my $page = 'https://www.example.org/?a=b';
    my ($hash) = `printf %s '$page' | b2sum -l 256` =~ /^([0-9a-f]{64})/;

    $t->sql("INSERT INTO previews (hash, title, description, fetched_at)"
            . " VALUES ('$hash', 'A page', 'About it', " . time() . '000)');
    is_deeply($call->(200, 'POST', "api/rooms/$id/preview",
                      json => { url => "$page#part" }),
              { title => 'A page', description => 'About it' }, 'its texts');
    $call->(400, 'POST', "api/rooms/$id/preview",
            json => { url => 'http://localhost/' });

    # sharing

    my $shown = $call->(200, 'GET', "api/rooms/$id/presence");

    $call->(204, 'POST', "api/rooms/$id/kick",
            json => { presence => $shown->{people}[0]{id} });
    $ws->wait_close;

    $call->(201, 'POST', "api/rooms/$id/members",
            json => { email => "$_\@example.org", role => 'viewer' })
        for qw(ben eva);
    $call->(200, 'GET', "api/rooms/$id/members");
    $call->(200, 'PUT', "api/rooms/$id/members/$user{ben}{id}",
            json => { role => 'editor' });
    $call->(204, 'DELETE', "api/rooms/$id/members/$user{eva}{id}");

    my $link = $call->(201, 'POST', "api/rooms/$id/links", json => {
        role => 'viewer', password => 'sesame',
        expires_at => (time() + 3600) * 1000 });

    $call->(200, 'GET', "api/rooms/$id/links");
    $call->(401, 'GET', "api/rooms/$id?link=$link->{token}", cookie => '');
    $call->(204, 'POST', "api/rooms/$id/links/unlock", cookie => '',
            json => { link => $link->{token}, password => 'sesame' });
    $call->(200, 'PATCH', "api/rooms/$id/links/$link->{id}",
            json => { password => undef, role => 'editor' });
    $call->(200, 'GET', "api/rooms/$id/presence?link=$link->{token}",
            cookie => '');
    $call->(204, 'DELETE', "api/rooms/$id/links/$link->{id}");

    my $invite = $call->(201, 'POST', "api/rooms/$id/invites",
                         json => { role => 'viewer' });

    $call->(200, 'GET', "api/rooms/$id/invites");
    $call->(200, 'GET', "api/invites/$invite->{token}", cookie => '');
    $call->(200, 'POST', "api/invites/$invite->{token}",
            cookie => $user{eva}{cookie});

    $invite = $call->(201, 'POST', "api/rooms/$id/invites", json => {
        role => 'editor', email => 'new@example.org' });
    $call->(204, 'DELETE', "api/rooms/$id/invites/$invite->{id}");

    # the content

    my $history = $call->(200, 'GET', "api/rooms/$id/history?step=1000");
    my $clock = $history->{moments}[-1]{clock};

    $call->(204, 'PUT', "api/rooms/$id/history/$clock/name",
            json => { name => 'First' });
    $call->(200, 'GET', "api/rooms/$id/history");
    $call->(200, 'GET', "api/rooms/$id/history/$clock");
    $call->(201, 'POST', "api/rooms/$id/history/$clock/copy",
            json => { name => 'Copy' });
    $call->(200, 'POST', "api/rooms/$id/history/$clock/restore");
    $call->(204, 'DELETE', "api/rooms/$id/history/$clock/name");

    my $snapshot = $call->(200, 'GET', "api/rooms/$id/snapshot");

    $call->(204, 'PUT', "api/rooms/$id/snapshot", json => $snapshot,
            headers => ['If-Match', "\"$snapshot->{documentClock}\""]);
    $call->(412, 'PUT', "api/rooms/$id/snapshot", json => $snapshot,
            headers => ['If-Match', '"999999"']);

    # the end of a board

    $call->(200, 'POST', "api/rooms/$id/transfer",
            json => { user => $user{ben}{id} });
    $call->(204, 'DELETE', "api/rooms/$id", %ben);
    $call->(200, 'GET', 'api/rooms?deleted=1', %ben);
    $call->(200, 'POST', "api/rooms/$id/restore", %ben);

    # administration

    $call->(200, 'GET', 'api/admin/users?q=b&limit=1');
    $call->(200, 'GET', 'api/admin/stats');
    $call->(200, 'GET', 'api/admin/settings');
    $call->(200, 'POST', 'api/admin/mail/test');
    $call->(200, 'GET', 'api/admin/activity?limit=200');
    $call->(200, 'GET', 'api/admin/rooms?sort=size&limit=1');
    $call->(204, 'DELETE', "api/admin/rooms/$id");
    $call->(204, 'POST', "api/admin/rooms/$id/restore");
    $call->(204, 'PATCH', "api/admin/rooms/$id",
            json => { owner => 'eva@example.org' });

    my $new = $call->(201, 'POST', 'api/admin/users', json => {
        email => 'dan@example.org', name => 'Dan' })->{user};

    $call->(201, 'POST', 'api/admin/users', json => {
        email => 'kim@example.org', name => 'Kim', role => 'admin',
        password => $password });
    $call->(200, 'PATCH', "api/admin/users/$new->{id}",
            json => { disabled => JSON::PP::true });
    $call->(200, 'PATCH', "api/admin/users/$new->{id}",
            json => { disabled => JSON::PP::false, role => 'user' });

    my $reset = $call->(200, 'POST', "api/admin/users/$new->{id}/reset");
    my ($secret) = $reset->{reset_link} =~ m{/reset/([\w-]{43})$};

    $call->(200, 'POST', 'api/auth/password-reset/confirm', cookie => '',
            json => { token => $secret, password => $password });
    $call->(204, 'POST', 'api/auth/password-reset', cookie => '',
            json => { email => 'dan@example.org' });
    $call->(204, 'DELETE', "api/admin/users/$new->{id}/sessions");
    $call->(204, 'DELETE', "api/admin/users/$new->{id}",
            json => { boards => 'delete' });

    # failures, in their form

    for my $route (routes()) {
        next if $route->{who} =~ /^ANYONE/;
        $call->(401, $route->{method}, fill($route->{path}), cookie => '',
                $route->{body} =~ /IMAGE|FILE|BOARD/
                    ? (body => 'x', type => $route->{body} eq 'IMAGE'
                       ? 'image/png' : 'application/octet-stream') : ());
    }

    $call->(404, 'GET', 'api/rooms/' . 'A' x 22);
    $call->(400, 'POST', 'api/rooms', json => { name => 7 });
    $call->(409, 'PATCH', 'api/me', %ben, json => {
        email => 'eva@example.org', current => $password });
    $call->(403, 'GET', 'api/admin/stats', %ben);

    # the end of accounts

    $call->(204, 'POST', 'api/me/password', %ben,
            json => { current => $password, password => "$password 2" });
    $call->(204, 'POST', 'api/auth/logout', cookie => $t->login(
        'eva@example.org'));
    $call->(204, 'DELETE', 'api/me', cookie => $user{eva}{cookie},
            json => { password => $password, boards => 'transfer',
                      to => 'ann@example.org' });

    is(join(', ', grep { !$seen{$_} } sort keys %of), '',
       'every call was made');
}, without => 'tidraw_registration', env => {
    SMTP_HOST => '127.0.0.1:' . $smtp->port, SMTP_FROM => 'a@example.org',
    LINK_PREVIEWS => 'on' });

done_testing();
