#!/usr/bin/perl

# What the documents say and a program can check: links lead somewhere, names
# of directives, tools and targets exist, and nginx takes the snippets as they
# stand there.

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;
use lib 't/lib';
use Tidraw::Docs;

my $nginx = $ENV{NGINX_BIN} || '/usr/sbin/nginx';
my $module = "$ENV{PWD}/build/ngx_http_tidraw_module.so";

my @pages = (glob('*.md'), glob('docs/*.md'), glob('docs/*/*.md'));
my %text = map { $_ => text($_) } @pages;

links_lead_somewhere();
directives_exist();
targets_and_tools_exist();
nginx_takes_snippets();

done_testing();


sub text {
    my ($file) = @_;

    open(my $fh, '<:utf8', $file) or die "$file: $!";
    local $/;

    return <$fh> // '';
}


# The anchor that a heading gets where the pages are shown.

sub anchor {
    my ($heading) = @_;

    $heading = lc $heading =~ s/`//gr;
    $heading =~ s/[^\w\s-]//g;

    return $heading =~ s/\s/-/gr;
}


sub links_lead_somewhere {
    my @bad;

    for my $page (@pages) {
        (my $prose = $text{$page}) =~ s/^ {4}.*$//mg;

        while ($prose =~ /\]\(([^)\s]+)\)/g) {
            my ($file, $part) = split /#/, $1, 2;

            next if $file =~ /^[a-z]+:/;

            my $to = $file eq '' ? $page : dirname($page) . "/$file";

            1 while $to =~ s{[^/.]+/\.\./|(?:^|(?<=/))\./}{};

            if (!-e $to) {
                push @bad, "$page: $file";

            } elsif (defined $part
                     && !grep { anchor($_) eq $part }
                             text($to) =~ /^#+ (.*)$/mg)
            {
                push @bad, "$page: $file#$part";
            }
        }
    }

    is("@bad", '', 'links lead to files and headings that exist');
}


sub directives_exist {
    my (%known, @bad);

    for my $file (glob('src/*.c')) {
        $known{$_} = 1 for text($file) =~ /ngx_string\("(tidraw\w*)"\)/g;
    }

    for my $page (@pages) {

        # those of metrics are looked at in t/http/metrics.t

        next if $page =~ /^CHANGELOG|monitoring/;

        push @bad, map { "$page: $_" } grep { !$known{$_} }
            $text{$page} =~ /(?:`|^ {4,})(tidraw_[a-z0-9_]+)(?![\w.])/mg;
    }

    # names of other things than directives

    @bad = grep { !/: tidraw_(?:session|public_\d+)$/ } @bad;

    is("@bad", '', 'directives that are named exist');
}


sub targets_and_tools_exist {
    my $make = text('Makefile');
    my %target = map { $_ => 1 } map { split } $make =~ /^([\w -]+):/mg,
        'modules';    # nginx's own
    my @bad;

    for my $page (@pages) {
        push @bad, map { "$page: make $_" } grep { !$target{$_} }
            $text{$page} =~ /(?:`|^ {4,}|&& )make ([a-z-]+)/mg;
        push @bad, map { "$page: $_" } grep { !-x }
            $text{$page} =~ m{(?:`|^ {4,}|/)(tools/[\w.-]+)}mg;
    }

    is("@bad", '', 'targets and tools that are named exist');
}


# Each block with a location of ours, or a directive for one, in an nginx that
# has nothing else.

sub nginx_takes_snippets {
    my $n = 0;

    for my $page (Tidraw::Docs::pages(), 'conf/tidraw.conf') {
        my @snippets = $page =~ /\.conf$/ ? text($page)
            : map { $_->{text} } grep { Tidraw::Docs::is_snippet($_) }
              Tidraw::Docs::blocks($page);

        for my $snippet (@snippets) {
            my $dir = tempdir(CLEANUP => 1);

            $snippet = "location / { tidraw on; tidraw_state_dir $dir;"
                       . " tidraw_database sqlite:$dir/tidraw.db; $snippet }"
                if $snippet !~ /^\s*location /m;

            $snippet =~ s/^\s*load_module .*$//mg;
            $snippet =~ s{/var/lib/tidraw}{$dir}g;

            open(my $out, '>', "$dir/nginx.conf") or die $!;
            print $out "load_module $module;\npid $dir/pid;\n",
                       "error_log stderr;\nevents { }\n",
                       "http { access_log off; server { listen 127.0.0.1:1;\n",
                       "tidraw_web $ENV{PWD}/web/dist;\n",
                       "tidraw_schema $ENV{PWD}/conf/schema;\n",
                       "tidraw_templates $ENV{PWD}/conf/templates;\n",
                       "tidraw_passwords $ENV{PWD}/conf/passwords.txt;\n",
                       $snippet, "} }\n";
            close $out;

            my $said = `$nginx -t -p $dir -c $dir/nginx.conf 2>&1`;

            is($?, 0, "nginx takes a snippet of $page") or diag($said);
            $n++;
        }
    }

    ok($n > 5, "$n snippets");
}
