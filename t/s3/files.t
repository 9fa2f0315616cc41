#!/usr/bin/perl

# Files in S3: what comes in lies in the bucket, once, and what goes out is
# what came in, through the server or by an address of the store.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Files qw(png blobs left);
use Tidraw::HTTP;
use Tidraw::S3;
use Tidraw::Test;
use Tidraw::Util qw(wait_for);
use Tidraw::Zip qw(unzip);

my $s3 = Tidraw::S3->new->start;


# What cannot be guessed from a part of itself.

sub pattern {
    my ($size) = @_;

    my $block = join '', map { sprintf '%08x', $_ * 2654435761 % 2 ** 32 }
                         1 .. 12_345;

    return substr $block x (1 + $size / length $block), 0, $size;
}


sub post {
    my ($t, $cookie, $room, $body, $query) = @_;

    return $t->http('POST', "api/rooms/$room/files" . ($query // ''),
                    body => $body, cookie => $cookie,
                    type => 'application/octet-stream');
}


each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');
    my $png = png(640, 480, $t->{database});
    my $n = length $png;
    my $before = () = $s3->objects;

    my $f = done_with(post($t, $ann, $room, $png, '?name=my%20cat.png'), 201,
                      'an image');
    my @new = $s3->objects;

    is(@new - $before, 1, 'lies in the bucket');
    is(scalar blobs($t), 0, 'and not on disk');
    ok(wait_for(sub { !left($t) }, 10), 'nor in the temporary folder');
    is(($t->sql('SELECT place FROM blobs'))[0][0], 's3', 'as the row says');

    my $r = $t->http('GET', $f->{url}, cookie => $ann);

    done_with($r, 200, 'read');
    ok($r->{body} eq $png, 'the same bytes');

    my %h = %{ $r->{headers} };

    is($h{'content-type'}[0], 'image/png', 'type');
    is($h{'content-length'}[0], $n, 'length');
    is($h{'cache-control'}[0], 'private, max-age=31536000, immutable',
       'may be kept for ever');
    is($h{'x-content-type-options'}[0], 'nosniff', 'nosniff');
    is($h{'content-security-policy'}[0], "default-src 'none'; sandbox",
       'policy');
    is($h{'content-disposition'}[0], "inline; filename*=UTF-8''my%20cat.png",
       'name');
    is($h{'accept-ranges'}[0], 'bytes', 'ranges');

    my $gets = grep { $_->{method} eq 'GET' } $s3->log;

    $r = $t->http('HEAD', $f->{url}, cookie => $ann);
    is("$r->{status} $r->{headers}{'content-length'}[0]", "200 $n", 'HEAD');
    $r = $t->http('GET', $f->{url}, cookie => $ann,
                  headers => ['If-None-Match', $h{etag}[0]]);
    is($r->{status}, 304, 'If-None-Match');
    is(scalar(grep { $_->{method} eq 'GET' } $s3->log), $gets,
       'neither asks the store');

    $r = $t->http('GET', $f->{url}, cookie => $ann,
                  headers => ['If-None-Match', '"x"']);
    ok($r->{status} == 200 && $r->{body} eq $png,
       'If-None-Match of another');

    for (['bytes=0-9', 0, 10], ['bytes=5-5', 5, 1], ['bytes=-7', $n - 7, 7],
         ["bytes=20-", 20, $n - 20], ["bytes=0-999999", 0, $n])
    {
        $r = $t->http('GET', $f->{url}, cookie => $ann,
                      headers => [Range => $_->[0]]);
        ok($r->{status} == 206
           && $r->{body} eq substr($png, $_->[1], $_->[2]), $_->[0]);
        is($r->{headers}{'content-range'}[0],
           "bytes $_->[1]-" . ($_->[1] + $_->[2] - 1) . "/$n",
           'Content-Range');
    }

    $r = $t->http('GET', $f->{url}, cookie => $ann,
                  headers => [Range => "bytes=$n-"]);
    is($r->{status}, 416, 'a range beyond the end');
    $r = $t->http('GET', $f->{url}, cookie => $ann,
                  headers => [Range => 'bytes=0-1', 'If-Range', '"x"']);
    ok($r->{status} == 200 && $r->{body} eq $png,
       'If-Range of another version');
    $r = $t->http('GET', $f->{url}, cookie => $ann,
                  headers => [Range => 'bytes=0-1,4-5']);
    ok($r->{status} == 200 && $r->{body} eq $png, 'several ranges: all of it');

    # once a content

    my $puts = grep { $_->{method} eq 'PUT' } $s3->log;
    my $again = done_with(post($t, $ann, $room, $png), 201, 'the same again');

    is(scalar(grep { $_->{method} eq 'PUT' } $s3->log), $puts,
       'is not sent again');
    is(($t->sql('SELECT count(*) FROM blobs'))[0][0], 1, 'one blob');
    is(($t->sql('SELECT count(*) FROM files'))[0][0], 2, 'two files');
    is($t->http('GET', $again->{url}, cookie => $ann)->{body}, $png, 'read');

    # one that is lost comes back with the next upload

    my ($name) = map { $_->[0] } $t->sql("SELECT substr(hash, 1, 2) || '/' ||
                                          hash || '-' || gen FROM blobs");

    unlink $s3->file($name);
    fails($t->http('GET', $f->{url}, cookie => $ann), 404, 'not_found',
          'lost in the bucket');
    done_with(post($t, $ann, $room, $png), 201, 'the same once more');
    is($t->http('GET', $f->{url}, cookie => $ann)->{body}, $png, 'healed');

    # sizes around those of the pieces, and by parts

    my $parts = grep { $_->{url} =~ /partNumber=/ } $s3->log;

    for my $size (1, 524_288, 524_289, 16_777_217,
                  $ENV{LONG} ? (524_287, 16_777_216, 100_000_000) : ())
    {
        my $body = pattern($size);
        my $o = done_with(post($t, $ann, $room, $body), 201, "$size bytes");

        $r = $t->http('GET', $o->{url}, cookie => $ann);
        ok($r->{body} eq $body, 'the same bytes');

        next if $size < 1_000_000;

        for (['bytes=600000-600009', 600_000, 10], ['bytes=-5', $size - 5, 5],
             ['bytes=524287-1600000', 524_287, 1_075_714])
        {
            $r = $t->http('GET', $o->{url}, cookie => $ann,
                          headers => [Range => $_->[0]]);
            ok($r->{status} == 206
               && $r->{body} eq substr($body, $_->[1], $_->[2]), $_->[0]);
        }
    }

    is(scalar(grep { $_->{url} =~ /partNumber=/ } $s3->log) - $parts,
       $ENV{LONG} ? 15 : 3, 'the largest ones by parts');
    is(scalar($s3->uploads), 0, 'which are complete');

    # rights hold

    my $link = $t->api('POST', "api/rooms/$room/links", cookie => $ann,
                       json => { role => 'viewer' });

    fails($t->http('GET', $f->{url}), 401, 'not_authenticated', 'a stranger');
    is($t->http('GET', "$f->{url}?link=$link->{token}")->{body}, $png,
       'a guest by link');

    # a slow reader

    my $big = done_with(post($t, $ann, $room, pattern(6_000_001)), 201,
                        'a large one');
    my $sock = Tidraw::HTTP::dial({ port => $t->port });
    my $got = '';

    print $sock "GET /$big->{url} HTTP/1.0\r\nCookie: $ann\r\n\r\n";

    while (sysread $sock, my $part, 100_000) {
        $got .= $part;
        select undef, undef, undef, 0.01 if length($got) < 3_000_000;
    }

    ok($got =~ s/\A.*?\r\n\r\n//s && $got eq pattern(6_000_001),
       'a reader that is slow gets all of it');

    $sock = Tidraw::HTTP::dial({ port => $t->port });
    print $sock "GET /$big->{url} HTTP/1.0\r\nCookie: $ann\r\n\r\n";
    sysread $sock, my $part, 1000;
    close $sock;

    is($t->http('GET', $f->{url}, cookie => $ann)->{body}, $png,
       'one that goes away is no harm to others');
}, env => $s3->env);

# the account goes and comes with its files, in more than one piece each

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $ben = $t->register('ben@example.org');
    my $room = $t->room($ann, 'Plans');
    my $png = png(640, 480, "archive $t->{database}");
    my $long = pattern(1_300_000) . $t->{database};
    my $f = done_with(post($t, $ann, $room, $png, '?name=my%20cat.png'), 201,
                      'an image');

    done_with(post($t, $ann, $room, $long), 201, 'a longer file');

    my $archive = $t->http('GET', 'api/me/export', cookie => $ann)->{body};

    is(scalar(grep { $_ eq $png || $_ eq $long } values %{ unzip($archive) }),
       2, 'the archive of the account has them');
    like($t->http('POST', 'api/me/import', cookie => $ben, body => $archive,
                  type => 'application/zip')->{body},
         qr/"boards":1,"failed":0,"files":2/, 'and brings them');
    is(($t->sql("SELECT count(*) FROM blobs WHERE place = 's3'"))[0][0], 2,
       'to where they were');
    ok(unzip($t->http('GET', 'api/me/export', cookie => $ben)->{body})
           ->{"boards/0001 Plans/files/$f->{id} my cat.png"} eq $png,
       'and from there once more');
}, env => $s3->env);

$s3->stop;

done_testing();
