#!/usr/bin/perl

# Lines of the error log have one form, and docs/monitoring.md lists every
# event of the source, with its levels, and no other one.

use strict;
use warnings;

use Test::More;
use File::Find;

my (%events, @else, @odd);

# the arguments of a call, from behind its parenthesis

sub arguments {
    my ($text) = @_;

    my ($depth, $arg, @args) = (0, '');

    while ($text =~ /\G("(?:\\.|[^"\\])*"|.)/gs) {
        my $piece = $1;

        if ($piece =~ /^[(\[{]/) {
            $depth++;

        } elsif ($piece =~ /^[)\]}]/ && $depth-- == 0) {
            last;

        } elsif ($piece eq ',' && $depth == 0) {
            push @args, $arg;
            $arg = '';
            next;
        }

        $arg .= $piece;
    }

    return (@args, $arg);
}


find({ no_chdir => 1, wanted => sub {
    return unless /\.c$/;

    open my $fh, '<', $_ or die "$_: $!";
    my $text = do { local $/; <$fh> };

    return if m{/ngx_tidraw_log\.c$};

    push @else, $_ if $text =~ /\bngx_log_error\s*\(/;

    while ($text =~ /\bngx_tidraw_log\(/g) {
        my @args = arguments(substr($text, pos $text));
        my $fmt = join '', $args[4] =~ /"((?:\\.|[^"\\])*)"/g;
        my @names = $args[3] =~ /"(\w+)"/g;

        my $wants = () = $fmt =~ /%/g;

        push @odd, "$_: $args[3]" if !@names || $wants != @args - 5
            || grep { !/^[a-z]+=[\w.%-]+$/ } split / /, $fmt;

        $events{$_} = 1 for @names;
    }
} }, 'src');

is("@else", '', 'every line is written by ngx_tidraw_log()');
is(join("\n", @odd), '', 'they are pairs of a key and a value');

open my $fh, '<', 'docs/monitoring.md' or die "docs/monitoring.md: $!";

my ($in, %told, @twice, @short);

while (<$fh>) {
    $in = /^## The error log$/ if /^## /;

    next unless $in && /^\| `/;

    my (undef, $names, $level, $meaning, $todo) = split /\s*\|\s*/;

    push @short, $names if !$todo
        || grep { !/^(?:emerg|alert|crit|error|warn|notice|info)$/ }
           split /, /, $level;

    for my $name ($names =~ /`(\w+)`/g) {
        push @twice, $name if $told{$name}++;
    }
}

is(join(' ', grep { !$told{$_} } sort keys %events), '',
   'docs/monitoring.md has every event');
is(join(' ', grep { !$events{$_} } sort keys %told), '', 'and no other');
is("@twice", '', 'once');
is("@short", '', 'with its level, its meaning and what to do');

done_testing();
