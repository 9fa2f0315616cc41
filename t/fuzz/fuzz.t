#!/usr/bin/perl

# Builds every t/fuzz/fuzz_*.c and runs it for FUZZ_SECONDS (60), what no
# socket brings for a quarter of that, starting from t/fuzz/corpus/<name>,
# which is only read.  FUZZ_BUILD names another
# build folder than build/fuzz.  An input that breaks something is kept there
# and shown.

use strict;
use warnings;

use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use File::Spec;
use File::Temp qw(tempdir);
use MIME::Base64 qw(encode_base64);
use Test::More;

chdir dirname(File::Spec->rel2abs(__FILE__)) or die "chdir: $!";

my $build = $ENV{FUZZ_BUILD} || '../../build/fuzz';
my %socket = map { $_ => 1 } qw(frame chunk message schema);
my @names = map { basename($_, '.c') =~ s/^fuzz_//r } sort glob('fuzz_*.c');

plan tests => 2 * @names;

for my $name (@names) {
    my $log = `make -s 'BUILD=$build' '$build/fuzz_$name' 2>&1`;

    if (!ok($? == 0, "fuzz_$name builds")) {
        diag($log);
        fail("fuzz_$name runs");
        next;
    }

    my $seconds = ($ENV{FUZZ_SECONDS} || 60) / ($socket{$name} ? 1 : 4);
    my $new = tempdir('tidraw-fuzz-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $found = "$build/found/$name";

    make_path($found);
    unlink glob "$found/*";

    my @corpus = grep { -d } "corpus/$name";
    my @dict = map { "-dict=$_" } grep { -f } "corpus/$name.dict";

    my $out = run("$build/fuzz_$name", "-max_total_time=" . int($seconds + 0.5),
                  '-timeout=10', '-rss_limit_mb=1024', '-print_final_stats=1',
                  '-verbosity=0', "-artifact_prefix=$found/", @dict, $new,
                  @corpus);

    my $status = $?;
    my ($units) = $out =~ /number_of_executed_units: (\d+)/;

    $units //= 0;

    ok($status == 0 && $units > 0, "fuzz_$name: $units inputs in $seconds s");

    next if $status == 0;

    diag($out);

    for my $file (glob "$found/*") {
        open my $fh, '<:raw', $file or next;
        diag("$file: " . encode_base64(join('', <$fh>), ''));
    }
}


# What a program says, on both channels.

sub run {
    my (@command) = @_;

    my $pid = open(my $fh, '-|') // die "fork: $!";

    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec @command or exit 127;
    }

    local $/;
    my $out = <$fh>;
    close $fh;

    return $out // '';
}
