#!/usr/bin/perl

# Uploads that nobody means well with, or that break: each gets its error, and
# nothing is left on disk.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Files qw(png jpeg blobs left);
use Tidraw::HTTP;
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $eve = $t->register('eve@example.org');
    my $room = $t->room($ann, 'Plans');
    my $other = $t->room($ann, 'Others');

    my $post = sub {
        my ($body, %o) = @_;
        my $query = delete $o{query} // '';

        return $t->http('POST', "api/rooms/$room/files$query", body => $body,
                        cookie => $ann, type => 'application/octet-stream',
                        %o);
    };

    # who may

    my $viewer = $t->link($ann, $room, 'viewer');
    my $editor = $t->link($ann, $room, 'editor');

    fails($post->('x', cookie => undef), 401, 'not_authenticated', 'nobody');
    fails($post->('x', cookie => $eve), 403, 'forbidden', 'a stranger');
    fails($post->('x', cookie => undef, query => "?link=$viewer"), 401,
          'not_authenticated', 'a guest who may look');
    fails($post->('x', headers => ['Origin', 'https://evil.example']), 403,
          'bad_origin', 'another site');
    fails($post->('x', type => $_), 415, 'unsupported_media_type',
          'type ' . ($_ // 'none'))
        for undef, '', 'x', 'text/plain', 'multipart/form-data; boundary=x',
            'application/x-www-form-urlencoded';
    fails($t->http('POST', 'api/rooms/' . 'A' x 22 . '/files', body => 'x',
                   cookie => $ann, type => 'image/png'), 404, 'not_found',
          'no such board');
    is(scalar left($t), 0, 'nothing was begun');

    my $f = done_with($post->(png(8, 8), cookie => undef,
                              query => "?link=$editor"), 201, 'a guest');

    for (['nobody', undef, '', 401, 'not_authenticated'],
         ['a stranger', $eve, '', 403, 'forbidden'],
         ['a wrong link', undef, '?link=' . 'A' x 43, 401,
          'not_authenticated'])
    {
        my ($name, $cookie, $query, $status, $code) = @$_;

        fails($t->http('GET', "$f->{url}$query", cookie => $cookie), $status,
              $code, "read by $name");
    }

    is($t->http('GET', "$f->{url}?link=$_->[1]")->{status}, 200,
       "read by $_->[0]") for ['a guest', $viewer], ['an editor', $editor];
    fails($t->http('GET', "api/rooms/$other/files/$f->{id}", cookie => $ann),
          404, 'not_found', 'by the way of another board');
    fails($t->http('GET', "api/rooms/$room/files/$_", cookie => $ann), 404,
          'not_found', "id $_")
        for 'A' x 22, 'x', '..%2f..%2ftidraw.db', '%2e%2e', "$f->{id}/x",
            '../../secret';

    # names are for people

    for (['..%2F..%2Fetc%2Fpasswd', 'passwd'], ['C:%5Ca%5Cb.png', 'b.png'],
         ['a%22%3Bb.png', 'a";b.png'], ['%00x', undef], ['a%0d%0ab', undef],
         ['%ff%fe', undef], ['%ffabc', undef], ['%c3a', undef],
         ['%ed%a0%80x', undef], ['x' x 300, undef], ['..%2F', undef],
         ['%e2%80%aeexe.gpj', undef], ['b%C3%A4r.png', "b\x{e4}r.png"])
    {
        my $o = done_with($post->("n$_->[0]", query => "?name=$_->[0]"), 201,
                          "name $_->[0]");
        is($o->{name}, $_->[1], 'as it is kept');

        my $h = $t->http('GET', $o->{url}, cookie => $ann)->{headers};

        like($h->{'content-disposition'}[0],
             qr/^attachment(?:; filename\*=UTF-8''[\w.%-]+)?$/, 'as it goes');
    }

    # the type is in the content

    for (['HTML', '<!DOCTYPE html><script>alert(1)</script>'],
         ['a script', 'alert(1)'], ['a PNG without pixels', png(0, 1)],
         ['half a PNG', substr(png(9, 9), 0, 20)],
         ['PHP', "<?php system(\$_GET['x']) ?>"],
         ['a polyglot', "\xff\xd8\xff\xe0<script>alert(1)</script>"])
    {
        my $o = done_with($post->($_->[1], type => 'image/png'), 201, $_->[0]);
        is($o->{type}, 'application/octet-stream', 'is no image');
        like($t->http('GET', $o->{url}, cookie => $ann)->{headers}
             {'content-disposition'}[0], qr/^attachment/, 'and only saved');
    }

    my $svg = done_with($post->('<svg xmlns="x"><script>1</script></svg>'),
                        201, 'an SVG');
    my $h = $t->http('GET', $svg->{url}, cookie => $ann)->{headers};

    is("$h->{'content-type'}[0] $h->{'content-disposition'}[0]",
       'image/svg+xml attachment', 'is an image, but no document');
    like($h->{'content-security-policy'}[0], qr/sandbox/, 'in a sandbox');

    # limits

    fails($post->(''), 400, 'bad_request', 'empty');
    fails($post->("0\r\n\r\n", headers => ['Transfer-Encoding', 'chunked']),
          400, 'bad_request', 'empty, in chunks');
    fails($post->(png(20000, 20000)), 413, 'too_large', 'a PNG of pixels');
    fails($post->(jpeg(65500, 65500, 60000)), 413, 'too_large',
          'a JPEG of pixels');
    fails($post->('x' x 1_000_001), 413, 'too_large', 'a byte too many');
    fails($post->('', headers => ['Content-Length', 5 * 2 ** 30]), 413,
          'too_large', '5 GB announced');
    fails($post->(sprintf("%x\r\n", 700_000) . 'x' x 700_000 . "\r\n"
                  . sprintf("%x\r\n", 700_000) . 'x' x 700_000 . "\r\n",
                  headers => ['Transfer-Encoding', 'chunked']), 413,
          'too_large', 'without an end, in chunks');
    fails($post->("5\r\nhellozz\r\n",
                  headers => ['Transfer-Encoding', 'chunked']), 400,
          'bad_request', 'broken chunks');
    done_with($post->('x' x 1_000_000), 201, 'as large as allowed');

    my $last;

    for my $n (1 .. 12) {
        $last = $post->($n x 900_000);
        last if $last->{status} != 201;
    }

    fails($last, 507, 'quota_exceeded', 'a board that is full');
    fails($post->(sprintf("%x\r\n", 900_000) . 'y' x 900_000 . "\r\n0\r\n\r\n",
                  headers => ['Transfer-Encoding', 'chunked']), 507,
          'quota_exceeded', 'in chunks, too');

    my $room2 = $t->room($ann, 'More');

    for my $n (1 .. 12) {
        $last = $t->http('POST', "api/rooms/$room2/files", cookie => $ann,
                         body => "z$n" x 400_000, type => 'image/png');
        last if $last->{status} != 201;
    }

    fails($last, 507, 'quota_exceeded', 'a user who has enough');
    like($last->{json}{error}{message}, qr/^Your/, 'and is told so');

    my ($stored) = map { $_->[0] } $t->sql('SELECT count(*) FROM blobs');

    ok(wait_for(sub { !left($t) && blobs($t) == $stored }),
       'nothing is left of all that');

    # clients that go

    for my $head ("Content-Length: 900000\r\n",
                  "Transfer-Encoding: chunked\r\n")
    {
        my $c = $t->client;

        $c->{socket} = Tidraw::HTTP::dial($c);
        $c->write("POST /api/rooms/$other/files?link="
                  . $t->link($ann, $other, 'editor')
                  . " HTTP/1.1\r\nHost: x\r\n"
                  . "Content-Type: image/png\r\n$head\r\n"
                  . ($head =~ /chunked/ ? "90000\r\n" : '') . 'x' x 500_000);

        ok(wait_for(sub { scalar left($t) }), 'half of it is there');
        $c->close;
        ok(wait_for(sub { !left($t) }), 'and goes with the client');
    }

    is(scalar blobs($t), $stored, 'no file came of it');

    # a crash in the middle, and what the next start makes of it

    my $rows = ($t->sql('SELECT count(*) FROM files'))[0][0];
    my $c = $t->client;

    $c->{socket} = Tidraw::HTTP::dial($c);
    $c->write("POST /api/rooms/$other/files HTTP/1.1\r\nHost: x\r\n"
              . "Cookie: $ann\r\nContent-Type: image/png\r\n"
              . "Content-Length: 900000\r\n\r\n" . 'x' x 500_000)
        if !$t->sql('DELETE FROM files WHERE size > 500000');
    ok(wait_for(sub { scalar left($t) }), 'half of it is there');

    $t->kill9;
    is(scalar left($t), 1, 'the crash leaves it');

    my ($tmp) = left($t);

    utime(time - 600, time - 600, $tmp);
    $t->start;

    ok(wait_for(sub { !left($t) }, 20), 'the next start removes it');
    is($t->http('GET', $f->{url}, cookie => $ann)->{status}, 200,
       'what was there is there');
}, conf => { location => 'tidraw_max_upload 1000000;
                          tidraw_max_pixels 100000000;
                          tidraw_board_files 8m; tidraw_user_files 12m;' });

done_testing();
