#!/usr/bin/perl

# Files are moved to S3 and back while the server runs: stopped, killed and
# started again nothing is lost and nothing is there twice.  Superfluous
# objects are collected.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(done_with each_database);
use Tidraw::Files qw(png blobs);
use Tidraw::S3;
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

my $s3 = Tidraw::S3->new->start;
my $tool = "$Tidraw::Test::root/tools/move-files.sh";

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');
    my %env = (%{ $s3->env(S3_PREFIX => "$t->{database} b+c/") },
               DATABASE_URL => $t->{url},
               UPLOAD_DIR => $t->dir . '/data/uploads');
    my %body = map { my $b = png(40 + $_, 30, $_); ($_ => $b) } 1 .. 6;
    my %url;

    # a server that writes to disk, and reads from both

    $t->{conf}{location} = "tidraw_s3 $env{S3_BUCKET}"
        . " endpoint=$env{S3_ENDPOINT} key=$env{S3_ACCESS_KEY_ID}"
        . " secret=$env{S3_SECRET_ACCESS_KEY} region=$env{S3_REGION}"
        . " \"prefix=$env{S3_PREFIX}\" uploads=disk;";
    $t->restart;

    for (sort keys %body) {
        my $r = $t->http('POST', "api/rooms/$room/files", cookie => $ann,
                         body => $body{$_}, type => 'image/png');

        $url{$_} = done_with($r, 201, "file $_")->{url};
    }

    my $objects = sub { grep { m{^\Q$env{S3_PREFIX}\E} } $s3->objects };
    my $readable = sub {
        return !grep { ($t->http('GET', $url{$_}, cookie => $ann)->{body}
                        // '') ne $body{$_} } keys %url;
    };
    my $move = sub {
        my ($to, %more) = @_;

        local @ENV{keys %env, keys %more} = (values %env, values %more);

        my $out = qx{$tool $to 2>&1};

        return ($? >> 8) . " $out";
    };

    # the store ends in the middle of it

    $s3->control(fail => [{ method => 'PUT', status => 403, times => 3 }]);
    like($move->('s3'), qr/^1 .*moved: 3, left: 3$/s, 'some are refused');
    ok($readable->(), 'all can be read');
    is(scalar(() = $objects->()) . ' ' . blobs($t), '3 3', 'each is once');

    # the mover is killed after its copy was stored

    $s3->control(slow => 700);

    my $pid = fork // die;

    if ($pid == 0) {
        @ENV{keys %env} = values %env;
        open STDERR, '>', '/dev/null';
        exec $tool, 's3';
    }

    ok(wait_for(sub { grep { $_->{method} eq 'PUT' && !defined $_->{status} }
                      $s3->log }, 20), 'a mover is at work');
    kill 'KILL', $pid;
    waitpid $pid, 0;
    ok($readable->(), 'it is killed: all can be read');

    $s3->control;
    like($move->('s3'), qr/^0 moved: \d, left: 0$/, 'the rest');
    ok($readable->(), 'all can be read');
    is(scalar blobs($t), 0, 'nothing is left on disk');
    is(($t->sql("SELECT count(*) FROM blobs WHERE place = 's3'"))[0][0], 6,
       'six rows say so');

    # what nobody needs goes from the store, too

    $t->sql("DELETE FROM files WHERE id = '" . substr($url{6}, -22) . "'");
    $t->sql('UPDATE blobs SET used_at = 1');
    delete $url{6};

    my ($gone) = map { $_->[0] }
                 $t->sql("SELECT hash || '-' || gen FROM blobs b WHERE NOT
                          EXISTS (SELECT 1 FROM files f WHERE
                                  f.hash = b.hash)");

    $t->restart;
    ok(wait_for(sub { !grep { /\Q$gone\E/ } $objects->() }, 30),
       'what no file has is collected');
    ok($readable->(), 'the others stay');

    # back

    is($move->('disk', S3_SECRET_ACCESS_KEY => 'wrong') =~ s/ .*//sr, 1,
       'a wrong secret');
    ok($readable->(), 'changes nothing');
    is($move->('disk'), "0 moved: 5, left: 0\n", 'back to disk');
    ok($readable->(), 'all can be read');
    is(scalar blobs($t), 5, 'from disk');
    ok(@{[ $objects->() ]} <= 1, 'at most the copy of the one that was killed'
       . ' is left in the store');
});

$s3->stop;

done_testing();
