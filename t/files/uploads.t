#!/usr/bin/perl

# Files of a board: what comes in is what goes out, stored once, with its
# type from the content, in ranges and on conditions.

use strict;
use warnings;

use Test::More;
use Digest::SHA qw(sha256_hex);
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Files qw(png jpeg blobs left);
use Tidraw::Test;
use Tidraw::Util qw(run_ok wait_for);

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');
    my $png = png(640, 480);

    my $post = sub {
        my ($body, %o) = @_;
        my $query = delete $o{query} // '';

        return $t->http('POST', "api/rooms/$room/files$query", body => $body,
                        cookie => $ann, type => 'application/octet-stream',
                        %o);
    };

    my $r = $post->($png, type => 'image/png', query => '?name=my%20cat.png');
    my $f = done_with($r, 201, 'an image');

    like($f->{id}, qr/^[\w-]{22}$/, 'id');
    is_deeply($f, { id => $f->{id}, url => "api/rooms/$room/files/$f->{id}",
                    type => 'image/png', size => length $png,
                    name => 'my cat.png', width => 640, height => 480 },
              'the file object');

    $r = $t->http('GET', $f->{url}, cookie => $ann);
    done_with($r, 200, 'read');
    is($r->{body}, $png, 'the same bytes');

    my %h = %{ $r->{headers} };

    is($h{'content-type'}[0], 'image/png', 'type');
    is($h{'content-length'}[0], length $png, 'length');
    is($h{'cache-control'}[0], 'private, max-age=31536000, immutable',
       'may be kept for ever, by this browser');
    is($h{'x-content-type-options'}[0], 'nosniff', 'nosniff');
    is($h{'content-security-policy'}[0], "default-src 'none'; sandbox",
       'policy');
    is($h{'content-disposition'}[0], "inline; filename*=UTF-8''my%20cat.png",
       'name');
    is($h{'referrer-policy'}[0], 'no-referrer', 'referrer');
    is($h{'accept-ranges'}[0], 'bytes', 'ranges');
    ok($h{'last-modified'}[0], 'last-modified');
    like($h{etag}[0], qr/^"[0-9a-f]{32}"$/, 'ETag');

    $r = $t->http('HEAD', $f->{url}, cookie => $ann);
    is("$r->{status} $r->{headers}{'content-length'}[0]",
       '200 ' . length $png, 'HEAD');

    $r = $t->http('GET', $f->{url}, cookie => $ann,
                  headers => ['If-None-Match', $h{etag}[0]]);
    is($r->{status}, 304, 'If-None-Match');
    $r = $t->http('GET', $f->{url}, cookie => $ann,
                  headers => ['If-None-Match', '"x"']);
    is($r->{status}, 200, 'If-None-Match of another');
    $r = $t->http('GET', $f->{url}, cookie => $ann,
                  headers => ['If-Modified-Since', $h{'last-modified'}[0]]);
    is($r->{status}, 304, 'If-Modified-Since');

    # ranges

    my $n = length $png;

    for (['bytes=0-9', 0, 10], ['bytes=5-5', 5, 1], ['bytes=-7', $n - 7, 7],
         ["bytes=20-", 20, $n - 20], ["bytes=0-999999", 0, $n])
    {
        $r = $t->http('GET', $f->{url}, cookie => $ann,
                      headers => [Range => $_->[0]]);
        is("$r->{status} $r->{body}", '206 ' . substr($png, $_->[1], $_->[2]),
           $_->[0]);
        is($r->{headers}{'content-range'}[0],
           "bytes $_->[1]-" . ($_->[1] + $_->[2] - 1) . "/$n",
           'Content-Range');
    }

    $r = $t->http('GET', $f->{url}, cookie => $ann,
                  headers => [Range => "bytes=$n-"]);
    is($r->{status}, 416, 'a range beyond the end');

    $r = $t->http('GET', $f->{url}, cookie => $ann,
                  headers => [Range => 'bytes=0-1', 'If-Range', '"x"']);
    is($r->{status}, 200, 'If-Range of another version');

    # once a content

    my $again = done_with($post->($png), 201, 'the same again');

    isnt($again->{id}, $f->{id}, 'another id');
    ok(wait_for(sub { blobs($t) == 1 }), 'one file on disk');

    my ($file) = blobs($t);
    my ($blake) = run_ok(undef, 'b2sum', '-l', '256', $file) =~ /^(\w+)/;
    my ($name) = $file =~ m{/(\w\w/\w+)-[\w-]{22}$};

    ok((grep { $name eq substr($_, 0, 2) . "/$_" } sha256_hex($png), $blake),
       'that bears its hash');
    is(($t->sql('SELECT count(*) FROM blobs'))[0][0], 1, 'one blob');
    is(($t->sql('SELECT count(*) FROM files'))[0][0], 2, 'two files');
    is($t->http('GET', $again->{url}, cookie => $ann)->{body}, $png,
       'both can be read');
    is($t->http('GET', $again->{url}, cookie => $ann)->{headers}
       {'content-disposition'}[0], 'inline', 'this one without a name');

    # a blob whose file somebody removed comes back with the next upload

    unlink blobs($t);
    fails($t->http('GET', $f->{url}, cookie => $ann), 404, 'not_found',
          'missing on disk');
    done_with($post->($png), 201, 'the same once more');
    is($t->http('GET', $f->{url}, cookie => $ann)->{body}, $png, 'healed');
    ok(wait_for(sub { blobs($t) == 1 }), 'still one file on disk');

    # sizes around those of the buffers, whole and in chunks

    for my $size (1, 1023, 16384, 262143, 262144, 262145, 524288, 524289,
                  3_000_000)
    {
        my $body = pattern($size);

        for my $how ('length', 'chunks') {
            $r = $how eq 'length' ? $post->($body)
               : $post->(chunked($body, 50_000),
                         headers => ['Transfer-Encoding', 'chunked']);

            my $o = done_with($r, 201, "$size bytes by $how");

            is($o->{size}, $size, 'size');
            is($o->{type}, 'application/octet-stream', 'of no known type');
            ok($t->http('GET', $o->{url}, cookie => $ann)->{body} eq $body,
               'the same bytes');
        }
    }

    # reduced copies

    my $big = done_with($post->(png(3000, 2000, 'o' x 4000)), 201,
                        'a large image');
    my $put = sub {
        my ($file, $w, $body, %o) = @_;

        return $t->http('PUT', "api/rooms/$room/files/$file->{id}/reduced?w="
                        . $w, body => $body, cookie => $ann,
                        type => 'image/png', %o);
    };

    my $small = png(1024, 683, 'x');

    $r = $put->($big, 1024, $small);
    is(done_with($r, 201, 'a copy')->{url}, "$big->{url}?w=1024", 'its url');

    my $size_of = sub {
        my $body = $t->http('GET', $big->{url} . shift, cookie => $ann)
                   ->{body};
        return unpack 'N', substr $body, 16, 4;
    };

    is($size_of->(''), 3000, 'the original');
    is($size_of->('?w=1024'), 1024, 'that width');
    is($size_of->('?w=500'), 1024, 'the least that is enough');
    is($size_of->('?w=1025'), 3000, 'more than the copy: the original');

    done_with($put->($big, 256, png(256, 171)), 201, 'a smaller copy');
    is($size_of->('?w=200'), 256, 'the least that is enough');
    is($size_of->('?w=257'), 1024, 'and the next');

    fails($put->($big, 1024, png(1024, 683, 'y')), 409, 'conflict',
          'a second one of a width');
    is($t->http('GET', "$big->{url}?w=1024", cookie => $ann)->{body}, $small,
       'the first one stays');
    fails($put->($big, 512, png(511, 100)), 400, 'bad_request',
          'of another width than said');
    fails($put->($big, 512, 'text'), 400, 'bad_request', 'no image');
    fails($put->($big, $_, $small), 400, 'bad_request', "w=$_")
        for 0, 1, 3000, 4000, 20000, 'x', '', -5, '1024x';
    fails($put->($big, 2048, png(2048, 10, 'x' x 5000)), 413, 'too_large',
          'larger than the original');
    fails($put->({ id => 'A' x 22 }, 512, $small), 404, 'not_found',
          'of no file');
    fails($t->http('GET', "$big->{url}?w=$_", cookie => $ann), 400,
          'bad_request', "read with w=$_") for 0, -1, 'x', '999999';

    done_with($put->($big, 16 * $_, png(16 * $_, 2)), 201, "copy $_")
        for 2 .. 4;
    fails($put->($big, 99, png(99, 2)), 409, 'conflict', 'too many copies');

    ok(wait_for(sub { !left($t) }),
       'nothing is left in the temporary folder');

    $r = $t->sql("SELECT count(*) FROM activity WHERE action = 'file.added'");
    ok($r, 'the activity log knows');
});


sub pattern {
    my ($size) = @_;
    my $unit = join '', map { chr((($_ * 7) ^ ($_ >> 5)) & 255) } 1 .. 4099;

    return substr($unit x ($size / 4099 + 1), 0, $size);
}


sub chunked {
    my ($body, $size) = @_;
    my $text = '';

    for (my $at = 0; $at < length $body; $at += $size) {
        my $piece = substr($body, $at, $size);
        $text .= sprintf("%x\r\n%s\r\n", length $piece, $piece);
    }

    return "${text}0\r\n\r\n";
}


done_testing();
