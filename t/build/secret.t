#!/usr/bin/perl

# Several nginx that share a folder and start at once have one secret: each
# has in its memory what is in the file.

use strict;
use warnings;
no warnings 'portable';

use Test::More;
use lib 't/lib';
use Tidraw::Test;
use Tidraw::Util qw(free_port slurp spawn);

for my $round (1 .. 3) {
    my @all = map { Tidraw::Test->new(database => 'sqlite') } 1 .. 6;
    my $dir = $all[0]->dir . '/data';

    for my $t (@all) {
        $t->{conf}{location} = "tidraw_state_dir $dir;";
        $t->{port} = free_port();
        $t->configure;
    }

    for my $t (@all) {
        $t->{pid} = spawn([$t->sanitizer, $t->nginx, '-e',
                           $t->dir . '/error.log', '-p', $t->dir, '-c',
                           $t->dir . '/nginx.conf'],
                          output => $t->dir . '/stderr', dir => $t->dir);
    }

    is(scalar(grep { $_->listening } @all), 6, "round $round: all start");

    my $secret = slurp("$dir/secret");

    is(length $secret, 32, 'there is a secret');
    is(scalar(grep { knows($_->pid, $secret) } @all), 6, 'all have it');
    is_deeply([glob "$dir/secret.*"], [], 'nothing else is left');

    $_->stop for @all;
}


sub knows {
    my ($pid, $what) = @_;

    open(my $mem, '<:raw', "/proc/$pid/mem") or die "/proc/$pid/mem: $!";

    for (split /\n/, slurp("/proc/$pid/maps")) {
        my ($from, $to, $name) = /^(\w+)-(\w+) rw-p \S+ \S+ 0\s*(.*)/ or next;

        next if $name ne '' && $name ne '[heap]';
        next if hex($to) - hex($from) > 64 << 20;

        sysseek($mem, hex $from, 0);
        sysread($mem, my $text, hex($to) - hex($from));

        return 1 if index($text // '', $what) >= 0;
    }

    return 0;
}


done_testing();
