#!/usr/bin/perl

# A backup copies the objects that the database names, each of them once, and
# the restore brings them into the store or to disk.  The store fails, is
# killed and comes back meanwhile; what is missing is named.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(done_with each_database);
use Tidraw::Files qw(png blobs);
use Tidraw::S3;
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

my $tool = "$Tidraw::Test::root/tools/backup.sh";

each_database(sub {
    my ($t) = @_;

    my $s3 = Tidraw::S3->new->start;
    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');
    my %s3 = %{ $s3->env(S3_PREFIX => "$t->{database} b+c/") };
    my %env = (%s3, DATABASE_URL => $t->{url}, DATA => $t->dir . '/data',
               BACKUPS => $t->dir . '/backups');
    my (%body, %url);

    my $configure = sub {
        $t->{conf}{location} = "tidraw_s3 $s3{S3_BUCKET}"
            . " endpoint=$s3{S3_ENDPOINT} key=$s3{S3_ACCESS_KEY_ID}"
            . " secret=$s3{S3_SECRET_ACCESS_KEY} region=$s3{S3_REGION}"
            . " \"prefix=$s3{S3_PREFIX}\";";
    };
    my $bring = sub {
        my ($n) = @_;
        my $body = png(40 + $n, 30, $n . 'x' x 3000);
        my $r = $t->http('POST', "api/rooms/$room/files", cookie => $ann,
                         body => $body, type => 'image/png');

        return unless $r->{status} == 201;

        $body{$n} = $body;
        $url{$n} = $r->{json}{url};
    };
    my $run = sub {
        my ($what, %more) = @_;

        local @ENV{keys %env, keys %more} = (values %env, values %more);

        my $out = qx{$tool $what 2>&1};

        return ($? >> 8) . " $out";
    };
    my $readable = sub {
        my @bad = grep { ($t->http('GET', $url{$_}, cookie => $ann)->{body}
                          // '') ne $body{$_} } sort keys %url;

        diag("not as they were: @bad") if @bad;
        return !@bad;
    };
    my $asked = sub {
        my ($method) = @_;

        return scalar grep { $_->{method} eq $method
                             && $_->{url} =~ m{/[0-9a-f]{64}-} } $s3->log;
    };
    my $names = sub {
        return map { $_->[0] }
               $t->sql("SELECT substr(hash, 1, 2) || '/' || hash || '-' || gen"
                       . " FROM blobs WHERE place = 's3' ORDER BY hash");
    };
    my $wipe = sub {
        my $n = ++$t->{wiped};

        rename $t->dir . '/data', $t->dir . "/data.$n" or die;
        mkdir $t->dir . '/data' or die;
        $t->sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public') if $t->{pg};
    };

    $bring->($_) for 1 .. 3;
    $configure->();
    $t->restart;
    $bring->($_) for 11 .. 16;
    is(scalar(() = $names->()) . ' ' . blobs($t), '6 3',
       'some files are on disk and some in S3');

    # settings that are missing

    # elsewhere, for two in one folder need a second each

    like($run->('save', S3_BUCKET => '', BACKUPS => "$t->{dir}/unset"),
         qr/^1 .*listed and not copied/s,
         'without a bucket: a failure');
    like($run->('save', S3_BUCKET => '', S3_OBJECTS => 'no'), qr{^0 /\S+\n$},
         'but not where they shall be left out');
    is($asked->('GET'), 0, 'nothing was fetched');

    # under load; the backup is killed, and the store

    my $pid = fork // die;

    if ($pid == 0) {
        my $n = 100;

        delete $t->{client};    # it is the parent's connection
        $SIG{TERM} = sub { $Tidraw::Test::done = 1 };
        $bring->($n++) while !$Tidraw::Test::done && $n < 170;
        require POSIX;
        POSIX::_exit(0);
    }

    $s3->control(slow => 100);

    my $saver = fork // die;

    if ($saver == 0) {
        setpgrp;
        @ENV{keys %env} = values %env;
        open STDERR, '>', '/dev/null';
        open STDOUT, '>', '/dev/null';
        exec $tool;
    }

    ok(wait_for(sub { $asked->('GET') >= 3 }, 20), 'a backup is at work');

    # the store's own has it

    my $seen = join "\n", grep { !/server\.cjs/ } qx{ps -eo args};

    unlike($seen, qr/\Q$s3{S3_SECRET_ACCESS_KEY}\E/,
           'no command line tells the secret');
    kill 'KILL', -$saver;
    waitpid $saver, 0;
    ok(!glob("$env{BACKUPS}/*.partial/manifest"), 'it is killed');

    $s3->control;

    my $out = $run->('save');

    kill 'TERM', $pid;
    waitpid $pid, 0;
    like($out, qr{^0 /\S+\n$}, 'the next one, while people upload');
    like($run->('verify'), qr/^0 .*as it was made$/, 'is good');

    # the same again fetches only what is new; the store dies on the way

    my $before = $asked->('GET');

    $bring->($_) for 21 .. 24;
    like($run->('save'), qr{^0 /\S+\n$}, 'another one');
    cmp_ok($asked->('GET') - $before, '<=', scalar(() = $names->()) - 6,
           'fetches nothing that was there');
    $bring->($_) for 31 .. 33;
    $s3->stop;
    $out = $run->('save');
    like($out, qr/^1 .*S3 cannot be reached/s, 'the store is away');
    is(scalar(() = $out =~ /missing or damaged in S3: /g), 3,
       'what is not in the backup is named');
    like($run->('verify'), qr/^1 /, 'also later');
    $s3->start;
    $s3->control(fail => [{ method => 'GET', status => 503, times => 1 }]);
    like($run->('save'), qr{^0 /\S+\n$}, 'it is back');

    my ($last) = (sort glob "$env{BACKUPS}/*Z")[-1];
    my @rows = $t->sql('SELECT hash, gen, size, place FROM blobs ORDER BY 1');

    ok(!-e "$env{BACKUPS}/.objects", 'nothing else is left');

    # one that is missing, one that is another

    my ($gone, $other) = $names->();

    rename $s3->file("$s3{S3_PREFIX}$gone"), "$env{DATA}/../gone" or die $!;

    my $keep = "$t->{dir}/elsewhere";

    $out = $run->('save', BACKUPS => $keep);
    like($out, qr/^1 .*damaged in S3: \Q$s3{S3_PREFIX}$gone\E\n$/s,
         'an object that is gone is named');
    unlike($out, qr/\Q$other\E/, 'and no other');
    rename "$env{DATA}/../gone", $s3->file("$s3{S3_PREFIX}$gone") or die $!;

    # back, into an empty store that fails at first

    $t->stop;
    $wipe->();

    my $empty = Tidraw::S3->new->start;
    my %there = (%{ $empty->env(S3_PREFIX => 'new/') });

    $empty->control(fail => [{ method => 'PUT', status => 403, times => 2 }]);
    like($run->("restore $last", %there), qr/^1 .*not stored in S3/s,
         'a store that refuses some');

    my $put = scalar grep { $_->{method} eq 'PUT' } $empty->log;

    $empty->control;
    like($run->("restore $last", %there), qr/^0 restored/, 'the second time');
    is(scalar(grep { $_->{method} eq 'PUT' } $empty->log) - $put,
       @{[ $names->() ]} - ($put - 2), 'brings what was missing');
    is_deeply([ $t->sql('SELECT hash, gen, size, place FROM blobs'
                        . ' ORDER BY 1') ], \@rows,
              'all rows are as they were');
    is_deeply([ map { s{^new/}{}r } $empty->objects ], [ sort $names->() ],
              'and so are the names');

    $s3->stop;
    %s3 = %there;
    $configure->();
    $t->start;
    ok($readable->(), 'all files are read from there');

    # and to disk

    $t->stop;
    $wipe->();
    like($run->("restore $last", S3_BUCKET => ''), qr/^0 restored/,
         'where there is no store');
    is(scalar blobs($t), scalar @rows, 'all files are on disk');
    $t->{conf}{location} = '';
    $empty->stop;
    $t->start;
    ok($readable->(), 'and are read from there');
});

done_testing();
