#!/usr/bin/perl

# Uploads when something ends in the middle: a full disk, a store that goes,
# and workers that are killed while a body comes, while S3 has it, and between
# the file and its row.  Nothing is served or counted that is not whole, and
# what is left over goes.

use strict;
use warnings;

use File::Temp qw(tempdir);
use IPC::Open2 qw(open2);
use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Files qw(png blobs left);
use Tidraw::HTTP;
use Tidraw::S3;
use Tidraw::Test;
use Tidraw::Util qw(run_ok wait_for);

my ($t, $ann, $room);


sub post {
    my ($body) = @_;

    return $t->http('POST', "api/rooms/$room/files", body => $body,
                    cookie => $ann, type => 'application/octet-stream');
}


# The same by who does not wait for an answer, without the last bytes.

sub begin {
    my ($body, $without) = @_;
    my $s = Tidraw::HTTP::dial({ port => $t->port });

    $s->print("POST /api/rooms/$room/files HTTP/1.1\r\nHost: localhost\r\n"
              . "Cookie: $ann\r\nContent-Type: application/octet-stream\r\n"
              . 'Content-Length: ' . length($body) . "\r\n\r\n"
              . substr $body, 0, length($body) - ($without // 0));
    $s->flush;

    return $s;
}


sub count { return ($t->sql("SELECT count(*) FROM $_[0]"))[0][0] }


# Another one writes to the database, until its end is closed.

sub hold {
    my @call = $t->{pg} ? ('psql', '-qAtX', $t->{url})
                        : ('sqlite3', '-batch', $t->dir . '/data/tidraw.db');

    open2(my $out, my $in, @call);
    $in->autoflush;
    print $in $t->{pg} ? "BEGIN; LOCK TABLE blobs;\n" : "BEGIN IMMEDIATE;\n";
    print $in "SELECT 'held';\n";
    is(readline($out), "held\n", 'somebody else writes');

    return ($in, $out);
}


# What lies about since long ago goes soon after a start.

sub collected {
    my ($left, $what) = @_;

    utime 1, 1, blobs($t), left($t);
    $t->restart;
    ok(wait_for(sub { !left($t) && blobs($t) == $left }, 40), $what)
        or diag(join "\n", blobs($t), left($t));
}


# a full disk

SKIP: {
    skip 'a small file system can be mounted by root only', 1 if $<;

    my $dir = tempdir('tidraw-full-XXXXXX', TMPDIR => 1, CLEANUP => 1);

    run_ok(undef, qw(mount -t tmpfs -o size=3m tidraw), $dir);

    eval {
        $t = Tidraw::Test->new(workers => 2, conf => { location =>
            "tidraw_upload_dir $dir/files;" })->start;
        $t->allow(qr/No space left/);
        $ann = $t->register('ann@example.org');
        $room = $t->room($ann, 'Plans');

        my $held = sub {
            return scalar grep { -f } glob "$dir/files/*/*";
        };
        my $first = done_with(post('x' x 1_000_000), 201, 'a file that fits');
        my $large = 'y' x 4_000_000;

        fails(post($large), 507, 'storage_full', 'one that does not');
        ok(wait_for(sub { $held->() == 1 }, 10), 'nothing is left of it');
        is(count('files'), 1, 'nor counted');
        like($t->error_log, qr/No space left/, 'the log says why');

        my $filler = "$dir/filler";

        open my $fh, '>', $filler or die $!;
        while ((syswrite($fh, 'z' x 4096) // 0) == 4096) { }
        close $fh;

        my $png = png(64, 64, 'full');

        fails(post($png), 507, 'storage_full', 'full: a small one');
        ok(wait_for(sub { $held->() == 1 }, 10), 'nothing is left of it');
        is($t->http('GET', $first->{url}, cookie => $ann)->{body},
           'x' x 1_000_000, 'what is there can be read');
        is($t->http('POST', 'api/rooms', cookie => $ann,
                    json => { name => 'More' })->{status}, 201,
           'and boards go on');

        unlink $filler;

        my $f = done_with(post($png), 201, 'with room again it is taken');

        is($t->http('GET', $f->{url}, cookie => $ann)->{body}, $png,
           'whole');
        is(count('files'), 2, 'once');
        is($held->(), 2, 'one file each');
        like($t->http('GET', 'metrics')->{body},
             qr/^tidraw_upload_failures_total 2$/m, 'failures are counted');
        $t->finish;
        1;
    } or fail("a full disk: $@");

    $t->finish;
    system('umount', '-l', $dir);
}


# killed

each_database(sub {
    ($t) = @_;

    $t->allow(qr/exited on signal 9/);
    $ann = $t->register('ann@example.org');
    $room = $t->room($ann, 'Plans');

    # while the body comes

    my $large = 'x' x 1_500_000;
    my $s = begin($large, 200_000);

    ok(wait_for(sub { left($t) == 1 && -s (left($t))[0] }, 20),
       'a body is on its way');

    my %old = map { $_ => 1 } $t->workers;

    kill 'KILL', keys %old;
    ok(wait_for(sub {
        (grep { !$old{$_} } $t->workers) == $t->{workers}
            && $t->http('GET', 'healthz')->{status} == 200
    }, 20), 'killed, there are new workers');
    is(count('files') + count('blobs'), 0, 'nothing came of it');
    done_with(post($large), 201, 'the same again');
    is(count('files'), 1, 'is there once');
    collected(1, 'the part that came goes');

    # when the file is durable and its row is not

    my $png = png(40, 30, 'row');
    my ($in, $out) = hold();

    $s = begin($png);
    ok(wait_for(sub { blobs($t) == 2 }, 20), 'a file has its name on disk');
    $t->kill9;
    close $in;
    1 while readline $out;
    $t->start;
    is(count('files'), 1, 'killed, it has no row');

    my $f = done_with(post($png), 201, 'the same again');

    is($t->http('GET', $f->{url}, cookie => $ann)->{body}, $png, 'is whole');
    is(count('files'), 2, 'counted once');
    collected(2, 'the file without a row goes');
    is($t->http('GET', $f->{url}, cookie => $ann)->{body}, $png,
       'the other stays');

    # while S3 has it

    my $s3 = Tidraw::S3->new->start;

    my $line = "tidraw_s3 $s3->{o}{bucket} key=$s3->{o}{key}"
        . " secret=$s3->{o}{secret} region=$s3->{o}{region} endpoint="
        . $s3->endpoint;

    $t->{conf}{location} = "$line;";
    $t->restart;
    $s3->control(slow => 3000);

    my $other = png(50, 30, 'away');

    $s = begin($other);
    ok(wait_for(sub { grep { $_->{method} eq 'PUT' } $s3->log }, 20),
       'an upload waits for S3');
    $t->kill9;
    $s3->control;
    $t->start;
    is(count('files'), 2, 'killed, nothing is counted');
    $f = done_with(post($other), 201, 'the same again');
    is($t->http('GET', $f->{url}, cookie => $ann)->{body}, $other, 'whole');
    is(count('files'), 3, 'once');

    # without S3, by redirects, with a wrong secret

    my $last = png(51, 30, 'last');

    $s3->stop;
    fails(post($last), 503, 'unavailable', 'the store is gone');
    $s3->start;
    done_with(post($last), 201, 'and is back');
    is(count('files'), 4, 'one of both is there');

    $t->{conf}{location} = "$line download=redirect;";
    $t->restart;

    my $r = $t->http('GET', $f->{url}, cookie => $ann);

    is($r->{status}, 302, 'a redirect');
    is($s3->client->request('GET', $r->{headers}{location}[0]
                                   =~ s{^http://[^/]+}{}r)->{body}, $other,
       'to the bytes');

    $t->{conf}{location} = $line =~ s/secret=\S+/secret=wrong/r . ';';
    $t->restart;
    fails(post(png(52, 30)), 503, 'unavailable', 'a wrong secret');
    is(count('files'), 4, 'nothing comes of it');
    $t->finish;
    $s3->stop;
}, workers => 2);

done_testing();
