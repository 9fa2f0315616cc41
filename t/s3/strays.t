#!/usr/bin/perl

# Objects that no row knows are listed and removed: also where the store needs
# several pages to tell them, and none that is young, somebody else's or known.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use File::Copy qw(copy);
use Tidraw::Api qw(done_with each_database);
use Tidraw::Files qw(png);
use Tidraw::S3;
use Tidraw::Test;

my $s3 = Tidraw::S3->new(page => 25)->start;
my $tool = "$Tidraw::Test::root/tools/strays.sh";
my $many = 120;

each_database(sub {
    my ($t) = @_;

    my $prefix = "$t->{database} b+c/";
    my %env = (%{ $s3->env(S3_PREFIX => $prefix) },
               DATABASE_URL => $t->{url});
    my $run = sub {
        my ($what, %more) = @_;

        local @ENV{keys %env, keys %more} = (values %env, values %more);

        my $out = qx{$tool $what 2>&1};

        return ($? >> 8) . " $out";
    };
    my $objects = sub { map { s/^\Q$prefix\E//r }
                        grep { /^\Q$prefix\E/ } $s3->objects };

    $t->{conf}{location} = "tidraw_s3 $env{S3_BUCKET}"
        . " endpoint=$env{S3_ENDPOINT} key=$env{S3_ACCESS_KEY_ID}"
        . " secret=$env{S3_SECRET_ACCESS_KEY} region=$env{S3_REGION}"
        . " \"prefix=$prefix\";";
    $t->restart;

    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');

    done_with($t->http('POST', "api/rooms/$room/files", cookie => $ann,
                       body => png(40, 30), type => 'image/png'), 201,
              'a file');

    my ($known) = $objects->();
    my $old = time - 90000;
    my $like = sub {
        my ($name, $time) = @_;

        mkdir $s3->file("$prefix$name") =~ s{/[^/]*$}{}r;

        my ($from, $to) = map { $s3->file("$prefix$_") =~ s/_object$//r }
                          $known, $name;

        for my $part (glob quotemeta($from) . '_*') {
            my $file = $to . substr $part, length $from;

            copy($part, $file) or die "$file: $!";
            utime $time, $time, $file;
        }
    };
    my @strays = map { sprintf '%02x/%02x%062x-%s', $_ % 256, $_ % 256, $_,
                       'g' x 22 } 1 .. $many;
    my $young = '00/' . '0' x 64 . '-' . 'y' x 22;

    $like->($_, $old) for @strays, 'notes/mine', 'ff/ff-short';
    $like->($young, time);
    utime $old, $old, $s3->file("$prefix$known");

    is($run->(''), '0 ' . join('', map { "$_\n" } sort @strays),
       'all of them are listed, and nothing else');
    is(scalar(() = $objects->()), $many + 4, 'and stay');
    like($run->('', S3_SECRET_ACCESS_KEY => 'wrong'),
         qr/^1 .*cannot be listed/s, 'a wrong secret');

    $s3->control(fail => [{ method => 'DELETE', status => 403, times => 2 }]);
    like($run->('delete'),
         qr/ 403\ndeleted: @{[ $many - 2 ]}\n(.*not deleted: .*\n){2}$/,
         'some cannot be removed');
    is($run->('delete'), "0 deleted: 2\n", 'the second time');
    is_deeply([ sort $objects->() ],
              [ sort $known, $young, 'notes/mine', 'ff/ff-short' ],
              'the others are there');

    # the wrong database

    $like->($strays[0], $old);
    $t->sql("UPDATE blobs SET gen = 'zzzzzzzzzzzzzzzzzzzzzz'");
    like($run->('delete'), qr/^1 .*nothing deleted/, 'none is known: refused');
    is(scalar(() = $objects->()), 5, 'nothing is removed');
});

$s3->stop;

done_testing();
