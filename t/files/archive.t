#!/usr/bin/perl

# An account is taken away as one archive and brought again: nothing is lost
# on the way, nothing that lies gets in, memory stays flat.

use strict;
use warnings;
use utf8;

use Test::More;
use lib 't/lib';
use Compress::Raw::Zlib qw(Z_OK);
use Encode qw(encode);
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Board qw(schema page document push_records);
use Tidraw::Files qw(png jpeg blobs left);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);
use Tidraw::Zip qw(zip unzip);

my $json = $Tidraw::HTTP::json;
my $zip_type = 'application/zip';

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $ben = $t->register('ben@example.org');
    my $eve = $t->register('eve@example.org');

    my $upload = sub {
        my ($room, $body, $query) = @_;

        return $t->api('POST', "api/rooms/$room/files$query", cookie => $ann,
                       body => $body, type => 'application/octet-stream');
    };

    # what a person makes

    my @folder = map { $t->api('POST', 'api/folders', cookie => $ann,
                               json => { name => $_ })->{id} }
                     "Bücher", 'Work';

    my $plans = $t->room($ann, 'Plans: "A/B" \\ ..');
    my $paint = $t->room($ann, "Gemälde \x{1f600}");
    my $empty = $t->room($ann, 'Plans: "A/B" \\ ..');
    my $shared = $t->room($ben, 'Of Ben');
    my $gone = $t->room($ann, 'In the bin');

    $t->api('POST', "api/rooms/$shared/members", cookie => $ben,
            json => { email => 'ann@example.org', role => 'viewer' });
    $t->api('DELETE', "api/rooms/$gone", cookie => $ann);

    my $big = join '', map { pack 'N', ($_ * 2654435761) & 0xffffffff }
                           1 .. 700_000;
    my $photo = png(640, 480);
    my $file = $upload->($paint, $photo, '?name=my%20%2fcat.png');

    $upload->($paint, $photo, '');
    $upload->($plans, $photo, '?name=same.png');
    $upload->($plans, $big, '?name=b%C3%A4r.bin');

    done_with($t->http('PUT', "$file->{url}/reduced?w=320", cookie => $ann,
                       body => png(320, 1), type => 'image/png'), 201,
              'a reduced copy');

    push_records($t, $ann, $plans, document(), page(1, name => "\x{20ac}\0"),
                 page(2), page("\x{ff}\"\\ \x{20ac}"));
    push_records($t, $ann, $paint, document(),
                 page(1, name => "asset:$file->{id}"));
    push_records($t, $ben, $shared, document(), page(7));

    $t->http('PUT', "api/rooms/$plans/thumbnail", cookie => $ann,
             body => png(8, 8), type => 'image/png');
    $t->http('PUT', 'api/me/picture', cookie => $ann, body => png(4, 4),
             type => 'image/png');
    $t->api('PUT', "api/rooms/$paint/favourite", cookie => $ann, json => {});
    $t->api('PUT', "api/rooms/$paint/folder", cookie => $ann,
            json => { folder => $folder[1] });

    # taken away

    my $export = sub {
        my ($who) = @_;

        my $r = $t->http('GET', 'api/me/export', cookie => $who);

        done_with($r, 200, 'an archive');

        return ($r->{body}, $r);
    };

    my ($archive, $r) = $export->($ann);
    my $all = unzip($archive);

    is($r->{headers}{'content-type'}[0], 'application/zip', 'its type');
    like($r->{headers}{'content-disposition'}[0],
         qr/^attachment; filename="tidraw-\d{4}-\d\d-\d\d\.zip"$/, 'its name');

    my $first = 'boards/0001 Plans_ _A_B_ _';
    my $second = encode('UTF-8', "boards/0002 Gemälde \x{1f600}");

    is_deeply([sort grep { !m{/files/} } keys %$all],
              [sort 'profile.json', 'picture.png', "$first/board.tldr",
               "$first/board.json", "$first/thumbnail.png",
               "$second/board.tldr", "$second/board.json",
               'boards/0003 Plans_ _A_B_ _/board.tldr',
               'boards/0003 Plans_ _A_B_ _/board.json',
               'boards/0004 Of Ben/board.tldr',
               'boards/0004 Of Ben/board.json'],
              'every board that is seen, none of the bin');
    is(scalar(grep { m{/files/} } keys %$all), 5, 'and every file')
        or diag(join "\n", sort keys %$all);
    ok(exists $all->{"$second/files/$file->{id} my _cat.png"}
       || exists $all->{"$second/files/$file->{id} cat.png"},
       'under a name that people know')
        or diag(join "\n", keys %$all);
    is($all->{"$first/board.tldr"},
       $t->http('GET', "api/rooms/$plans/export", cookie => $ann)->{body},
       'a board is the .tldr that the board gives');
    is(scalar(grep { $_ eq $big } values %$all), 1, 'a file is what came');
    is_deeply($json->decode($all->{'profile.json'})->{folders},
              ["Bücher", 'Work'], 'the folders');

    # brought to another account

    my $import = sub {
        my ($who, $body, %o) = @_;

        my $r = $t->http('POST', 'api/me/import', cookie => $who,
                         body => $body, type => $zip_type, %o);

        return ($r, map { $json->decode($_) } split /\n/, $r->{body});
    };

    my @lines;

    ($r, @lines) = $import->($eve, $archive);

    is($r->{status}, 200, 'brought');
    is_deeply($lines[-1], { boards => 4, failed => 0, files => 5 },
              'all of it') or diag($r->{body});
    is(scalar(grep { $_->{board} } @lines), 4, 'a line for each board');
    is($r->{headers}{'content-type'}[0], 'application/x-ndjson', 'as lines');
    ok(wait_for(sub { blobs($t) == 3 }),
       'each content is there once, as before');

    my ($again) = $export->($eve);
    my $after = unzip($again);

    delete $_->{'profile.json'}, delete $_->{'picture.png'} for $all, $after;
    is_deeply([sort keys %$after], [sort keys %$all],
              'taken away again: the same names');
    is(scalar(grep { $all->{$_} ne ($after->{$_} // '') } keys %$all), 0,
       'and the same bytes in each');

    my ($room) = grep { $_->{name} =~ /^Gem/ }
                      @{ $t->api('GET', 'api/rooms', cookie => $eve)->{rooms} };

    is("$room->{role} $room->{favourite}", 'owner 1', 'one\'s own board');
    ok($t->http('GET', "api/rooms/$room->{id}/files/$file->{id}",
                cookie => $eve)->{body} eq $photo,
       'its records find their files');
    is($t->api('GET', 'api/folders', cookie => $eve)->{folders}[1]{name},
       'Work', 'folders are made');

    # once more: twice the boards, the same folders; in a folder of its own

    my @entries = map { { name => "my stuff/$_", data => $all->{$_} } }
                      sort keys %$all;
    my $profile = '{"format":"tidraw-account","version":1,'
                  . '"folders":["Work","Work",7,"' . 'x' x 101 . '"]}';

    ($r, @lines) = $import->($eve, zip({ name => 'my stuff/profile.json',
                                         data => $profile }, @entries));
    is_deeply($lines[-1], { boards => 4, failed => 0, files => 5 },
              'packed again by hand') or diag($r->{body});
    is(scalar @{ $t->api('GET', 'api/rooms', cookie => $eve)->{rooms} }, 8,
       'boards are added');
    is(scalar @{ $t->api('GET', 'api/folders', cookie => $eve)->{folders} },
       2, 'folders are not made twice');

    # who may

    my $token = sub {
        return $t->api('POST', 'api/me/tokens', cookie => $ann, json => {
            name => 'x', scopes => [@_] })->{token};
    };

    $r = $t->http('GET', 'api/me/export',
                  headers => ['Authorization', 'Bearer ' . $token->('read')]);
    done_with($r, 200, 'a token that reads takes away');
    $r = $t->http('POST', 'api/me/import', body => $archive, type => $zip_type,
                  headers => ['Authorization', 'Bearer ' . $token->('read')]);
    fails($r, 403, 'forbidden', 'but does not bring');
    fails($t->http('GET', 'api/me/export'), 401, 'not_authenticated',
          'nobody does');

    # what is no archive, or lies

    my $count = sub {
        return join ' ', map { ($t->sql("SELECT count(*) FROM $_"))[0][0] }
                             qw(rooms records files folders);
    };
    my $before = $count->();

    my @good = ({ name => 'profile.json', data => $profile });
    my $bomb = deflate("\0" x 10_000_000);

    for (['nothing', ''],
         ['no archive', 'x' x 5000],
         ['half of one', substr $archive, 0, length($archive) / 2],
         ['one without its head', substr $archive, 1000],
         ['another one', zip({ name => 'a.txt', data => 'x' })],
         ['one of another kind', zip({ name => 'profile.json',
                                       data => '{"format":"x"}' })],
         ['one of tomorrow', zip({ name => 'profile.json', data =>
                        '{"format":"tidraw-account","version":2}' })],
         ['a profile that is a bomb', zip({ name => 'profile.json',
             data => "\0" x 10_000_000, packed => $bomb })],
         ['paths', zip(@good, { name => '../../etc/x', data => 'x' })],
         ['an absolute path', zip(@good, { name => '/etc/x', data => 'x' })],
         ['a NUL', zip(@good, { name => "a\0b", data => 'x' })],
         ['two of one name', zip(@good, @good)],
         ['one upon another', zip(@good, { name => 'b', data => 'x' x 99 },
              { name => 'c', data => 'x' x 99, offset => 40 })],
         ['a length that lies', zip(@good, { name => 'b', data => 'x',
                                             size => 0x7fffffff,
                                             method => 8 })],
         ['an encrypted one', zip(@good, { name => 'b', data => 'x',
                                           flags => 1 })])
    {
        my ($name, $body) = @$_;
        my ($r) = $import->($eve, $body);

        fails($r, 400, 'bad_request', $name);
    }

    # boards that are refused do not stop the others

    my %about = (name => 'Good', files => []);
    my $tldr = $all->{"$first/board.tldr"};
    my $n = 0;

    my $board = sub {
        my ($about, $tldr, @more) = @_;

        my $dir = sprintf 'boards/%04d', ++$n;

        return ({ name => "$dir/board.json",
                  data => ref $about ? $json->encode($about) : $about },
                defined $tldr ? { name => "$dir/board.tldr",
                                  ref $tldr ? %$tldr : (data => $tldr) } : (),
                map { { %$_, name => "$dir/$_->{name}" } } @more);
    };

    my $with = sub {
        return { %about, files => [{ id => 'A' x 22, w => 0, name => 'x',
                                     path => 'files/a', @_ }] };
    };

    ($r, @lines) = $import->($eve, zip(@good,
        $board->('no json', $tldr),
        $board->({ files => [] }, $tldr),
        $board->({ %about, name => "a\nb" }, $tldr),
        $board->(\%about, undef),
        $board->(\%about, 'no json'),
        $board->(\%about, { data => '{"tldrawFileFormatVersion":1,"schema":'
                                    . $json->encode(schema()) . ',"records":['
                                    . '{"id":"page:x","typeName":"page"}]}' }),
        $board->(\%about, { data => $tldr, crc => 7 }),
        $board->(\%about, { data => $tldr, packed => "\xff" x 50 }),
        $board->($with->(), $tldr),
        $board->($with->(path => '../0001/board.tldr'), $tldr),
        $board->($with->(id => '../../../../etc/passwd'), $tldr,
                 { name => 'files/a', data => $photo }),
        $board->($with->(), $tldr,
                 { name => 'files/a', data => $photo, crc => 7 }),
        $board->({ %about, files => [@{ $with->()->{files} },
                                     @{ $with->()->{files} }] }, $tldr,
                 { name => 'files/a', data => $photo }),
        $board->('[' . '0,' x 3_000_000 . '0]', $tldr),
        $board->({ %about, files => [map { $with->(id => $_ x 22)->{files}[0] }
                                         qw(a b c d)] }, $tldr,
                 { name => 'files/a', data => $big }),
        $board->(\%about, $tldr)));

    is($lines[-1]{boards}, 1, 'one board is good') or diag($r->{body});
    is($lines[-1]{failed}, 15, 'fifteen are not');
    is(scalar(grep { ref $_->{failed} && $_->{failed}{message} } @lines), 15,
       'each says why');
    like($lines[-3]{failed}{message}, qr/too often/,
         'a file that is told of again and again among them');
    diag($r->{body}) if $ENV{VERBOSE};

    my ($made) = map { $_->{board} ? $_->{board}{id} : () } @lines;

    $t->api('DELETE', "api/rooms/$made", cookie => $eve);
    $t->api('DELETE', "api/rooms/$made?forever=1", cookie => $eve);
    is($count->(), $before, 'nothing else of it is there');

    # who takes it away goes away

    for (1 .. 3) {
        my $c = $t->client;

        $c->{socket} = Tidraw::HTTP::dial($c);
        $c->write("GET " . $t->path('api/me/export') . " HTTP/1.1\r\n"
                  . "Host: 127.0.0.1:" . $t->port . "\r\n"
                  . "Cookie: $ann\r\n\r\n");
        sysread $c->{socket}, my $some, 1000;
        close $c->{socket};
    }

    ok($import->($ben, zip(@good)), 'who goes away is forgotten');

    my $c = $t->client;

    $c->{socket} = Tidraw::HTTP::dial($c);
    $c->write('POST ' . $t->path('api/me/import') . " HTTP/1.1\r\n"
              . 'Host: 127.0.0.1:' . $t->port . "\r\nCookie: $ann\r\n"
              . "Content-Type: application/zip\r\nContent-Length: 9000000\r\n"
              . "\r\n" . substr $archive, 0, 1_000_000);
    ok(wait_for(sub { left($t) }, 10), 'an archive on its way');
    close $c->{socket};

    ok(wait_for(sub { !left($t) }, 10), 'and nothing of one is left');
});

# what is larger than memory should be

my $t = Tidraw::Test->new(conf => { location =>
    'tidraw_board_files 300m; tidraw_user_files 100m; tidraw_max_upload 1g;'
})->start;

my $ann = $t->register('ann@example.org');
my $ben = $t->register('ben@example.org');
my $room = $t->room($ann, 'Films');
my $noise = join '', map { pack 'N', ($_ * 2654435761) & 0xffffffff }
                         1 .. 1 << 20;

for my $i (1 .. 22) {
    $t->api('POST', "api/rooms/$room/files", cookie => $ann,
            body => "$i$noise", type => 'application/octet-stream');
}

my ($worker) = $t->workers;
my $rss = memory($worker);
my $r = $t->http('GET', 'api/me/export', cookie => $ann);
my $archive = $r->{body};

cmp_ok(length $archive, '>', 88 << 20, 'an archive of 88 MB');
like($t->http('POST', 'api/me/import', cookie => $ben, body => $archive,
              type => $zip_type)->{body}, qr/"boards":1,"failed":0,"files":22/,
     'and back');

SKIP: {
    skip 'the sanitizers keep memory', 1 if $t->sanitizer;
    cmp_ok(memory($worker) - $rss, '<', 16 << 10, 'add less than 16 MB');
}

like($t->http('POST', 'api/me/import', cookie => $ben, body => $archive,
              type => $zip_type)->{body},
     qr/"Your files would become larger.*"boards":0,"failed":1/s,
     'no more than one may have');

$t->finish;

done_testing();


sub deflate {
    my ($data) = @_;
    my ($out, $rest) = ('', '');

    my $z = Compress::Raw::Zlib::Deflate->new(-WindowBits => -15,
                                              -AppendOutput => 1);

    $z->deflate($data, $out) == Z_OK && $z->flush($out) == Z_OK or die;

    return $out;
}


sub memory {
    my ($pid) = @_;

    open my $fh, '<', "/proc/$pid/status" or return 0;

    return (join('', <$fh>) =~ /^VmRSS:\s+(\d+)/m)[0];
}
