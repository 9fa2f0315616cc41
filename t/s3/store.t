#!/usr/bin/perl

# The store: how it is set up and addressed, redirects, failures that pass and
# failures that somebody must mend, and its end in the middle of an upload.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with);
use Tidraw::Files qw(png blobs left);
use Tidraw::HTTP;
use Tidraw::S3;
use Tidraw::Test;
use Tidraw::Util qw(wait_for free_port);

my $s3 = Tidraw::S3->new->start;
my $bucket = $s3->{o}{bucket};
my $auth = "key=$s3->{o}{key} secret=$s3->{o}{secret}"
           . " region=$s3->{o}{region}";
my $at = 'endpoint=' . $s3->endpoint;

my $t = Tidraw::Test->new(workers => 2, shutdown => 60)->start;
my $ann = $t->register('ann@example.org');
my $room = $t->room($ann, 'Plans');


# The server with the directive as given.

sub with {
    my ($line) = @_;

    $t->{conf}{location} = "tidraw_s3 $line;";
    $t->restart;
}


sub post {
    my ($body, %o) = @_;

    return $t->http('POST', "api/rooms/$room/files" . ($o{query} // ''),
                    body => $body, cookie => $ann,
                    type => 'application/octet-stream');
}


sub get { return $t->http('GET', shift, cookie => $ann, @_) }


# how it is set up

for (["$bucket $at", qr/S3 needs the access key/],
     ["$bucket $auth endpoint=10.0.0.1", qr/the address of S3/],
     ["b/c $auth", qr/invalid name of a bucket/],
     ["$bucket $auth style=x", qr/invalid style/],
     ["$bucket $auth download=x", qr/invalid way of downloads/],
     ["$bucket $auth uploads=x", qr/invalid place of new files/],
     ["$bucket $auth prefix=/x", qr/invalid prefix/],
     ["$bucket $auth foo=x", qr/parameter 5 of "tidraw_s3" is none/])
{
    my ($line, $why) = @$_;
    my $c = Tidraw::Test->new(conf => { location => "tidraw_s3 $line;" });
    my ($good, $text) = $c->check;

    ok(!$good && $text =~ $why, "tidraw_s3 $line is refused")
        or diag($text);
    unlike($text, qr/\Q$s3->{o}{secret}/, 'and the secret is not repeated');
}

# addresses

my $png = png(20, 10, 'first');

with("$bucket $at $auth \"prefix=b\xc3\xa4r/a b+c%20~(1)/\"");

my $odd = done_with(post($png), 201, 'a prefix that must be encoded');

is(get($odd->{url})->{body}, $png, 'read');
like(($s3->objects)[0], qr{^b..r/a b\+c%20~\(1\)/[0-9a-f]{2}/[0-9a-f]{64}-},
     'its name in the bucket');

with("$bucket endpoint=http://localhost:" . $s3->port . " $auth style=host");

my $host = done_with(post(png(20, 10, 'host')), 201,
                     'the bucket in the name of the host');

is(get($host->{url})->{status}, 200, 'read');

# redirects

with("$bucket $at $auth download=redirect");

my $f = done_with(post(png(20, 11, 'x'), query => '?name=%C3%A4%22.png'), 201,
                  'with redirects');
my $r = get($f->{url});

is($r->{status}, 302, 'a redirect');
is($r->{headers}{'cache-control'}[0], 'private, max-age=60',
   'is kept for a minute');
is($r->{headers}{'referrer-policy'}[0], 'no-referrer', 'without a referrer');

my ($to) = $r->{headers}{location}[0] =~ m{^\Q@{[$s3->endpoint]}\E(/.*)}
    or diag(explain($r));

$r = $s3->client->request('GET', $to);
is($r->{body}, png(20, 11, 'x'), 'to the bytes');
is($r->{headers}{'content-type'}[0], 'image/png', 'with the type');
is($r->{headers}{'content-disposition'}[0],
   "inline; filename*=UTF-8''%C3%A4%22.png", 'the name');
is($r->{headers}{'cache-control'}[0], 'private, max-age=31536000, immutable',
   'and good for ever');

$r = $s3->client->request('GET', $to, headers => [Range => 'bytes=1-3']);
is("$r->{status} $r->{body}", '206 PNG', 'ranges');
$r = $s3->client->request('GET', $to =~ s/png/html/r);
is($r->{status}, 403, 'nothing of the address can be changed');

my ($h) = $t->http('HEAD', $f->{url}, cookie => $ann)->{headers}{location}[0]
    =~ m{^http://[^/]+(/.*)};

is($s3->client->request('HEAD', $h)->{status}, 200, 'HEAD');

my $svg = done_with(post('<svg xmlns="http://www.w3.org/2000/svg"/>'), 201,
                    'an SVG');

like(get($svg->{url})->{headers}{location}[0],
     qr/response-content-disposition=attachment&/, 'is only ever saved');
fails($t->http('GET', $f->{url}), 401, 'not_authenticated', 'a stranger');

like($t->http('GET', '')->{headers}{'content-security-policy'}[0],
     qr{img-src 'self' data: blob: \Q@{[$s3->endpoint]}\E;},
     'the page may show what is there');

# failures that pass

with("$bucket $at $auth");

$s3->control(fail => [{ method => 'PUT', status => 503, times => 2 }]);
done_with(post(png(1, 2)), 201, 'a store that is busy for a moment');
$s3->control(fail => [{ method => 'GET', status => 500, times => 1 }]);
is(get($f->{url})->{status}, 200, 'the same with a download');

my $large = 'x' x 17_000_000;

$s3->control(fail => [{ method => 'POST', match => 'uploadId', status => 500,
                        times => 1, late => 1 },
                      { method => 'PUT', match => 'partNumber=2',
                        status => 503, times => 3 }]);

my $o = done_with(post($large), 201, 'by parts, with failures between');

ok(get($o->{url})->{body} eq $large, 'the same bytes');

# those that do not

my $before = join ' ', $s3->objects;

$s3->control(fail => [{ method => 'PUT', match => 'partNumber=2',
                        status => 403, code => 'AccessDenied', times => 99 }]);
fails(post($large =~ s/x/y/r), 503, 'unavailable', 'a part is refused');
ok(wait_for(sub { !$s3->uploads }, 10), 'what came before is given up');
like($t->error_log, qr/the access key may not do this/, 'the log says why');
$s3->control;
is(join(' ', $s3->objects), $before, 'nothing is left in the store');
ok(wait_for(sub { !left($t) }, 10), 'nor on disk');

$r = post($large =~ s/x/y/r);
done_with($r, 201, 'the same again, later');

for ([secret => qr/the secret is not the one of the access key/],
     [key => qr/nobody has this access key/],
     [region => qr/this is another region's/])
{
    my ($what, $why) = @$_;

    with("$bucket $at " . $auth =~ s/$what=\S+/$what=wrong/r);

    my $r = post(png(2, 3, $what));

    fails($r, 503, 'unavailable', "a wrong $what");
    is($r->{headers}{'retry-after'}[0], 10, 'Retry-After');
    like($t->error_log, $why, 'the log says so');
}

is(($t->sql("SELECT count(*) FROM files"))[0][0], 7, 'no file comes of it');
unlike($t->error_log, qr/\Q$s3->{o}{secret}/, 'nor a secret');

with("nothing $at $auth");
fails(post(png(2, 4)), 503, 'unavailable', 'no such bucket');
like($t->error_log, qr/there is no such bucket: check S3_BUCKET/,
     'the log says so');

with("$bucket endpoint=http://127.0.0.1:" . free_port() . " $auth");
fails(post(png(2, 5)), 503, 'unavailable', 'nobody there');
like($t->error_log, qr/nothing answers there: check S3_ENDPOINT/,
     'the log says so');
$r = get($f->{url});
fails($r, 503, 'unavailable', 'nor for a download');
is($r->{headers}{'retry-after'}[0], 10, 'Retry-After');

with('off');
fails(get($f->{url}), 503, 'unavailable', 'a store that is off');
like($t->error_log, qr/event=s3_missing/,
     'the log says so');

# what is uploaded to disk then is found there

done_with(post(png(20, 11, 'x')), 201, 'the same content, to disk');
is(scalar blobs($t), 1, 'it lies there');
is(get($f->{url})->{status}, 200, 'also for who had it in the store');

with("$bucket $at $auth uploads=disk");
done_with(post(png(3, 3)), 201, 'the store only for what is there');
is(scalar blobs($t), 2, 'what is new lies on disk');
is(get($o->{url})->{status}, 200, 'what is old is read from the store');

# the end of the store in the middle of an upload

with("$bucket $at $auth");
$before = () = $s3->objects;
$s3->control(slow => 1500);

my $pid = fork // die;

if ($pid == 0) {
    $t->{owner} = $s3->{owner} = 0;
    my $r = eval { post($large =~ s/x/z/r) };
    require POSIX;
    POSIX::_exit(($r->{status} // 0) == 503 ? 0 : 1);
}

ok(wait_for(sub { scalar $s3->uploads }, 20), 'an upload has begun');
$s3->stop;
waitpid $pid, 0;
is($?, 0, 'the store ends: 503');
like($t->http('GET', 'metrics')->{body},
     qr/^tidraw_s3_failures_total [1-9]/m, 'and it is counted');
$s3->start;
is(scalar(() = $s3->objects), $before, 'no object comes of it');
done_with(post($large =~ s/x/z/r), 201, 'once it is back it succeeds');
is(scalar(() = $s3->objects), $before + 1, 'once');

# the end of the workers in the middle of one

$s3->control(slow => 1500);
$pid = fork // die;

if ($pid == 0) {
    $t->{owner} = $s3->{owner} = 0;
    my $r = eval { post(png(9, 9)) };
    require POSIX;
    POSIX::_exit(($r->{status} // 0) == 201 ? 0 : 1);
}

ok(wait_for(sub { grep { !defined $_->{status} } $s3->log }, 20),
   'an upload waits for the store');
my %old = map { $_ => 1 } $t->workers;

$t->reload;
waitpid $pid, 0;
is($?, 0, 'a reload lets it come to its end');
ok(wait_for(sub { !grep { $old{$_} } $t->workers }, 20),
   'and then the old workers go');

$t->finish;
$s3->stop;

done_testing();
