#!/usr/bin/perl

# The list of boards: looked for, sorted, in pages; favourites and folders;
# what was opened last.

use strict;
use warnings;
use utf8;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $ben = $t->register('ben@example.org');

    my @names = ('Äpfel', 'apfelmus', 'Birnen', 'Zwetschgen', 'öl',
                 '100 %', 'a_b', 'Доска', 'birnen', 'Straße!');
    my %id;

    for (@names) {
        $id{$_} = $t->http('POST', 'api/rooms', cookie => $ann,
                           json => { name => $_ })->{json}{id};
    }

    my %name = reverse %id;

    # every board of a list, page by page

    my $all = sub {
        my ($query, $size, $between) = @_;

        my ($cursor, @seen) = ('');

        for (1 .. 30) {
            my $page = $t->api('GET', "api/rooms?limit=$size&$query$cursor",
                               cookie => $ann);

            push @seen, map { $name{ $_->{id} } // $_->{name} }
                        @{ $page->{rooms} };
            last if !defined $page->{next};
            $cursor = "&cursor=$page->{next}";
            $between->() if $between && $_ == 1;
        }

        return @seen;
    };

    # order

    is(join('|', sort { $a cmp $b } $all->('sort=name', 3)),
       join('|', sort @names), 'by name: every board once');
    like(join('|', $all->('sort=name', 3)),
         qr/^100[ ]%\|a_b\|Äpfel\|apfelmus\|[Bb]irnen\|[Bb]irnen\|öl
            \|Straße!\|Zwetschgen\|Доска$/x,
         'by name: no matter the case and the marks');
    is(join('|', $all->('sort=name', 200)), join('|', $all->('sort=name', 1)),
       'by name: the same in one page and in pages of one');

    my $num = 0;

    $t->sql("UPDATE rooms SET created_at = " . (5000 - int($num++ / 2))
            . " WHERE id = '$id{$_}'") for @names;

    my @created = $all->('sort=created', 3);

    is("@created", join(' ', $all->('sort=created', 200)),
       'by creation: pages cut those of the same time nowhere');
    is(join('|', sort @created[0 .. 1]), join('|', sort @names[0 .. 1]),
       'by creation: the youngest first');

    # pages stay as they are while boards come, go and change

    my @stable = $all->('sort=name', 4, sub {
        $t->api('POST', 'api/rooms', cookie => $ann, json => { name => '00' });
        $t->http('DELETE', "api/rooms/$id{'100 %'}", cookie => $ann);
        $t->http('PATCH', "api/rooms/$id{'a_b'}", cookie => $ann,
                 json => { name => '000' });
    });

    is(join('|', sort @stable), join('|', sort @names),
       'pages: none is left out or shown twice by what happens before them');

    $t->api('POST', "api/rooms/$id{'100 %'}/restore", cookie => $ann,
            json => {});
    $t->http('PATCH', "api/rooms/$id{'a_b'}", cookie => $ann,
             json => { name => 'a_b' });
    $t->http('DELETE', "api/rooms/$_->{id}", cookie => $ann)
        for @{ $t->api('GET', 'api/rooms?q=00', cookie => $ann)->{rooms} };
    $t->api('POST', "api/rooms/$id{'100 %'}/restore", cookie => $ann,
            json => {});

    # looked for

    for (['apfel', 'apfelmus|Äpfel'], ['%C3%84PFEL', 'apfelmus|Äpfel'],
         ['BIRN', 'Birnen|birnen'], ['%25', '100 %'], ['_', 'a_b'],
         ['strasse', 'Straße!'], ['!', 'Straße!'], ['100+%25', '100 %'],
         ['%D0%B4%D0%9E', 'Доска'], ['nothing', ''], ['', join '|', @names],
         ["'", ''])
    {
        my ($q, $found) = @$_;

        is(join('|', sort $all->("q=$q", 3)),
           join('|', sort split /\|/, $found), "q=$q");
    }

    is_deeply($t->api('GET', 'api/rooms?q=apfel', cookie => $ben)->{rooms},
              [], 'nobody finds what is not his');

    fails($t->http('GET', "api/rooms?$_", cookie => $ann), 400, 'bad_request',
          "list: $_")
        for 'sort=', 'sort=size', 'sort=name,created', 'q=%ff', 'q=%00',
            'q=' . 'x' x 401, 'folder=x', 'folder=%27',
            'sort=name&cursor=1.' . 'A' x 21, 'sort=name&cursor=/.' . 'A' x 22,
            'sort=name&cursor=gA.' . 'A' x 22;

    # favourites

    done_with($t->http('PUT', "api/rooms/$id{$_}/favourite", cookie => $ann,
                       json => {}), 204, "favourite: $_") for 'öl', 'a_b';

    is(join('|', $all->('favourite=1&sort=name', 1)), 'a_b|öl', 'favourites');

    my $room = $t->api('GET', "api/rooms/$id{'öl'}", cookie => $ann);

    ok($room->{favourite}, 'the room says so');

    done_with($t->http('DELETE', "api/rooms/$id{'öl'}/favourite",
                       cookie => $ann), 204, 'no favourite any more');
    done_with($t->http('DELETE', "api/rooms/$id{'öl'}/favourite",
                       cookie => $ann), 204, 'nor is it now');
    is(join('|', $all->('favourite=1', 5)), 'a_b', 'one favourite is left');

    # somebody else's view of the same board is his own

    done_with($t->http('POST', "api/rooms/$id{'a_b'}/members", cookie => $ann,
                       json => { email => 'ben@example.org',
                                 role => 'viewer' }), 201, 'a viewer');
    ok(!$t->api('GET', "api/rooms/$id{'a_b'}", cookie => $ben)->{favourite},
       'not his favourite');

    # folders

    my $r = $t->http('POST', 'api/folders', cookie => $ann,
                     json => { name => ' Küche ' });
    my $folder = done_with($r, 201, 'a folder');

    is_deeply($folder, { id => $folder->{id}, name => 'Küche' }, 'it');
    my $other = $t->api('POST', 'api/folders', cookie => $ann,
                        json => { name => 'Bau' });
    my $bens = $t->api('POST', 'api/folders', cookie => $ben,
                       json => { name => 'Bens' });

    is_deeply($t->api('GET', 'api/folders', cookie => $ann)->{folders},
              [$other, $folder], 'one\'s own folders, by name');

    done_with($t->http('PUT', "api/rooms/$id{$_}/folder", cookie => $ann,
                       json => { folder => $folder->{id} }), 204,
              "into the folder: $_") for 'Birnen', 'Äpfel', 'a_b';

    is(join('|', $all->("folder=$folder->{id}&sort=name", 2)),
       'a_b|Äpfel|Birnen', 'what is in it');
    is(scalar(() = $all->('folder=none', 4)), @names - 3, 'in no folder');
    is($t->api('GET', "api/rooms/$id{'Birnen'}", cookie => $ann)->{folder},
       $folder->{id}, 'the room says so');
    is($t->api('GET', "api/rooms/$id{'a_b'}", cookie => $ben)->{folder},
       undef, 'and nothing of it to others');

    fails($t->http('PUT', "api/rooms/$id{'Birnen'}/folder", cookie => $ann,
                   json => { folder => $bens->{id} }), 404, 'not_found',
          'somebody else\'s folder');
    fails($t->http('PUT', "api/rooms/$id{'Birnen'}/folder", cookie => $ann,
                   json => { folder => $_ }), 400, 'bad_request',
          'no id of a folder') for 7, [], 'x' x 23;
    fails($t->http('PUT', "api/rooms/$id{'Birnen'}/folder", cookie => $ann,
                   json => { folder => 'none' }), 404, 'not_found',
          'no such folder');

    done_with($t->http('PUT', "api/rooms/$id{'Birnen'}/folder", cookie => $ann,
                       json => { folder => undef }), 204, 'out of it');

    is($t->api('POST', 'api/rooms', cookie => $ann,
               json => { name => 'Neu', folder => $other->{id} })->{folder},
       $other->{id}, 'a new board in a folder');
    is($t->api('POST', 'api/rooms', cookie => $ann,
               json => { name => 'Neu', folder => $bens->{id} })->{folder},
       undef, 'but not in somebody else\'s');

    is($t->api('PATCH', "api/folders/$folder->{id}", cookie => $ann,
               json => { name => 'Keller' })->{name}, 'Keller', 'renamed');
    fails($t->http('PATCH', "api/folders/$folder->{id}", cookie => $ben,
                   json => { name => 'x' }), 404, 'not_found',
          'by somebody else');
    fails($t->http('DELETE', "api/folders/$folder->{id}", cookie => $ben),
          404, 'not_found', 'nor removed');
    fails($t->http('POST', 'api/folders', cookie => $ann,
                   json => { name => $_ }), 400, 'bad_request', 'a bad name')
        for undef, '', 'x' x 101, {};

    done_with($t->http('DELETE', "api/folders/$folder->{id}", cookie => $ann),
              204, 'removed');
    is($t->api('GET', "api/rooms/$id{'Äpfel'}", cookie => $ann)->{folder},
       undef, 'its boards stay, in no folder');

    # a guest has no list to keep it in

    my $link = $t->link($ann, $id{'Birnen'}, 'viewer');

    fails($t->http('PUT', "api/rooms/$id{'Birnen'}/favourite?link=$link",
                   json => {}), 401, 'not_authenticated', 'a guest');
    fails($t->http('PUT', "api/rooms/$id{'Birnen'}/favourite?link=$link",
                   cookie => $ben, json => {}), 403, 'forbidden',
          'who has a link and is no member');

    # opened

    my $ws = $t->ws("connect/$id{'Zwetschgen'}?sessionId=a", cookie => $ann);

    ok(wait_for(sub {
        $t->api('GET', "api/rooms/$id{'Zwetschgen'}",
                cookie => $ann)->{opened_at}
    }, 5), 'a session notes that the board was opened');
    ok($all->('sort=opened', 3) == 12, 'by last opened: all of them');
    is(($all->('sort=opened', 3))[0], 'Zwetschgen', 'by last opened');

    my $at = $t->api('GET', "api/rooms/$id{'Zwetschgen'}",
                     cookie => $ann)->{opened_at};

    ok(abs($at - time() * 1000) < 60000, 'when');
    is($t->api('GET', "api/rooms/$id{'a_b'}", cookie => $ben)->{opened_at},
       undef, 'of nobody else');
    $ws->close;
});

done_testing();
