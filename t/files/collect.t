#!/usr/bin/perl

# What nobody needs any more goes, after its time; what somebody needs stays.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(done_with each_database);
use Tidraw::Files qw(png blobs);
use Tidraw::Test;
use Tidraw::Util qw(wait_for write_file);

each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');
    my %file;

    for my $name (qw(used unused fresh history elsewhere)) {
        my $r = $t->http('POST', "api/rooms/$room/files", cookie => $ann,
                         body => png(100, 50, $name), type => 'image/png');

        $file{$name} = done_with($r, 201, $name);
    }

    done_with($t->http('PUT', "$file{unused}{url}/reduced?w=50",
                       body => png(50, 25), cookie => $ann,
                       type => 'image/png'), 201, 'a reduced copy');

    is(scalar blobs($t), 6, 'six files on disk');

    # a board that is gone for good, and one that is a copy of another

    my $gone = $t->room($ann, 'Gone');

    done_with($t->http('POST', "api/rooms/$gone/files", cookie => $ann,
                       body => png(7, 7), type => 'image/png'), 201, 'in it');

    my $copy = $t->api('POST', "api/rooms/$room/duplicate", cookie => $ann,
                       json => {})->{id};
    my $url = $file{used}{url} =~ s/\Q$room\E/$copy/r;

    is($t->http('GET', $url, cookie => $ann)->{status}, 200,
       'a copy of a board has its files');
    is(scalar blobs($t), 7, 'without new ones on disk');

    my ($num) = map { $_->[0] }
                $t->sql("SELECT num FROM rooms WHERE id = '$room'");
    my ($id) = map { $_->[0] }
               $t->sql("SELECT num FROM rooms WHERE id = '$copy'");

    $t->sql("DELETE FROM files WHERE room = $id");
    done_with($t->http('DELETE', "api/rooms/$gone", cookie => $ann), 204,
              'to the bin');
    done_with($t->http('DELETE', "api/rooms/$gone?forever=1",
                       cookie => $ann), 204, 'and gone');

    my $asset = sub { qq({"id":"asset:$_[0]","src":"asset:$file{$_[0]}{id}"}) };

    $t->sql("INSERT INTO records (room, id, clock, state) VALUES
             ($num, 'asset:used', 1, '" . $asset->('used') . "'),
             ($num, 'shape:x', 1, '" . $asset->('elsewhere') . "')");

    # of now: the keeper of the history forgets what is old

    $t->sql("INSERT INTO history (room, clock, since, at, people, changes)
             VALUES ($num, 5, 4, " . time() . "000, '[]',
                     '" . $asset->('history') . "')");

    # all of this was long ago

    $t->sql("UPDATE files SET seen_at = 1, checked_at = 1
             WHERE id <> '$file{fresh}{id}'");
    $t->sql("UPDATE files SET checked_at = 1 WHERE id = '$file{fresh}{id}'");
    $t->sql("UPDATE blobs SET used_at = 1");

    my $folder = $t->dir . '/data/uploads/ee';
    my $stray = "$folder/" . 'e' x 64 . '-' . 'A' x 22;

    mkdir $folder;
    write_file($stray, 'x');
    write_file($stray =~ s/A$/B/r, 'x');
    utime(1, 1, grep { !/B$/ } blobs($t));

    $t->restart;

    ok(wait_for(sub { !-e $stray }, 40), 'a file without a row goes');
    ok(-e $stray =~ s/A$/B/r, 'but not a new one');

    ok(wait_for(sub { $t->http('GET', $file{unused}{url},
                               cookie => $ann)->{status} == 404 }, 20),
       'what no record names goes');
    is(($t->sql("SELECT count(*) FROM files
                 WHERE id = '$file{unused}{id}'"))[0][0], 0,
       'with its reduced copy');
    is($t->http('GET', $file{$_}{url}, cookie => $ann)->{status}, 200,
       "$_ stays") for qw(used fresh history elsewhere);
    ok(wait_for(sub { blobs($t) == 5 }, 20),
       'and so do their bytes, but no others')
        or diag(join "\n", blobs($t));
});

# a folder that another database uses, too, or one that was lost

my $t = Tidraw::Test->new->start;
my $ann = $t->register('ann@example.org');
my $room = $t->room($ann, 'Plans');

my $file = done_with($t->http('POST', "api/rooms/$room/files", cookie => $ann,
                              body => png(3, 3), type => 'image/png'), 201,
                     'a file of one database');

ok(wait_for(sub { () = glob $t->dir . '/data/uploads/site-*' }, 20),
   'the folder says whose it is');

utime(1, 1, blobs($t));

my $left = $t->dir . '/data/uploads/tmp/' . 'x' x 22;

write_file($left, 'x');
utime(1, 1, $left);

my $other = Tidraw::Test->new(conf => { location =>
    'tidraw_upload_dir ' . $t->dir . '/data/uploads;' })->start;

ok(wait_for(sub { !-e $left }, 40), 'another database looks through it');
like($other->error_log, qr/event=upload_dir_shared/,
     'is told that it is not its own');
is(scalar(() = glob $t->dir . '/data/uploads/site-*'), 2,
   'and has said so');

is($t->http('GET', $file->{url}, cookie => $ann)->{status}, 200,
   'the file stays');

$other->finish;
$t->finish;

done_testing();
