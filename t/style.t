#!/usr/bin/perl

# The form of the sources: what can be checked by looking at lines.

use strict;
use warnings;

use File::Find;
use Test::More;

# what a folder may include of the others, beside itself and nginx_tidraw.h

my %may = (
    core  => [],
    util  => [],
    store => [qw(core util)],
    history => [qw(core store)],
    zone  => [qw(core)],
    auth  => [qw(core store zone)],
    bus   => [qw(core)],
    sync  => [qw(core store auth ws bus zone)],
    ws    => [qw(core auth zone)],
    files => [qw(core store util zone)],
    mail  => [qw(core store util zone)],
    preview => [qw(core util)],
    http  => [qw(core store history auth sync ws zone files mail
                 preview)],
    ''    => [qw(core store history bus auth sync ws http zone files mail
                 preview util)],
);

my $banned = qr/\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|alloca|assert
                   |abort|system|popen)\s*\(/x;

my (@files, %home);

find({ no_chdir => 1, wanted => sub {
    $File::Find::prune = 1 if m{/(?:node_modules|dist|corpus|\.git)$};
    push @files, s{^\./}{}r if -f && -T _;
} }, grep { -e } qw(src single t tools conf docs web docker debian .ci config
                    Makefile README.md));

my @c = grep { m{^src/.*\.[ch]$} } @files;
my @all = (@c, grep { m{^single/.*\.[ch]$} } @files);
my @own = grep { m{\.(?:c|h|pl|pm|t|sh|supp)$|^config$}
                 && text($_) !~ /\A#!.*\bnode/ } @files;

for (@c) {
    my ($dir, $base) = m{^src/(?:(.*)/)?([^/]+)$};

    push @{ $home{$base} }, $dir // '';
}


# Reports all lines that a function complains of, as one test.

sub lines_ok {
    my ($name, $files, $complain) = @_;

    my @bad;

    for my $file (@$files) {
        my $n = 0;

        for (split /\n/, text($file), -1) {
            $n++;
            push @bad, "$file:$n: $_" if $complain->($file);
        }
    }

    ok(!@bad, $name) or diag(join "\n", @bad > 20 ? (@bad[0 .. 19], '…')
                                                  : @bad);
}


sub text {
    my ($file) = @_;

    open(my $fh, '<:utf8', $file) or die "$file: $!";
    local $/;

    return <$fh> // '';
}


lines_ok('no line is longer than 80 columns', \@own, sub { length > 80 });
lines_ok('no tabs', [grep { !m{/Makefile$} } @own], sub { /\t/ });
lines_ok('no blanks at the end of a line', \@own, sub { /[ \t]$/ });
lines_ok('comments are /* */', \@all, sub { m{(?:^|[\s;{}])//} });

lines_ok('no call that is banned', \@all, sub {
    my $code = s{"(?:[^"\\]|\\.)*"}{""}gr =~ s{/\*.*?(?:\*/|$)}{}r;

    return $code !~ /^\s*\*/ && $code =~ $banned;
});

lines_ok('the core knows nothing of nginx', [grep { m{^src/core/} } @c],
         sub { /^\s*#\s*include.*ngx_|\bngx_\w+\s*\(|\bngx_\w+_t\b/ });

lines_ok('folders include only what lies below them', \@c, sub {
    my ($file) = @_;

    my ($base) = /^\s*#\s*include\s+"([^"]+)"/ or return 0;

    return 0 if $base =~ m{^ngx_tidraw(?:_version)?\.h$};

    my $from = $file =~ m{^src/([^/]+)/} ? $1 : '';
    my $to = ($home{$base} || [])->[0] // return 1;

    return $to ne $from && !grep { $_ eq $to } @{ $may{$from} };
});

lines_ok('no file names a machine or a place on one', \@files, sub {
    my ($file) = @_;

    return 0 if $file eq 't/style.t';

    m{(?<![\w.])/(?:work|farm|home|Users)/\w|registry\.npmjs\.org
      |"resolved":}x;
});


my ($schema) = text('src/store/ngx_tidraw_migrations.h')
               =~ /NGX_TIDRAW_SCHEMA_VERSION\s+(\d+)/;
my ($undone) = text('conf/downgrade.sql') =~ /^-- version (\d+)$/m;

is($undone, $schema, 'conf/downgrade.sql begins with the way back from the'
                     . ' newest version of the schema');

my ($version) = text('src/ngx_tidraw.h')
                =~ /NGX_TIDRAW_VERSION\s+"(\d+\.\d+\.\d+)"/;

my ($newest) = text('CHANGELOG.md') =~ /^## (\S+)/m;

is($newest, $version, 'CHANGELOG.md begins with the version of the sources');


my @long = grep { (() = text($_) =~ /\n/g) > 900 }
           grep { m{\.[ch]$|^t/.*\.(?:pm|pl|t)$} } @files;

is("@long", '', 'no file is longer than 900 lines');

my @twice = grep { @{ $home{$_} } > 1 } keys %home;

is("@twice", '', 'names of sources are unique');

my @named = grep { !m{/(?:td_|ngx_tidraw(?:_|\.))[a-z0-9_]*[.]?[ch]?$} } @c;

is("@named", '', 'names of sources tell the room they live in');

# nginx's first header sets what the system's headers go by

my @early = grep {
    my ($first) = text($_) =~ /^\s*#\s*include\s+(\S+)/m;

    $first =~ /^</ && $first !~ /^<ngx_/ && text($_) =~ /\bngx_(?!tidraw)/
} grep { m{/ngx_tidraw\w*\.c$} } @c;

is("@early", '', "nginx's headers come before those of libraries");

my @bare = grep { text($_) !~ m{\A\s*/\*} } @all;

is("@bare", '', 'every source opens with its purpose');

is(scalar qx{tools/sources.sh check}, '', 'config lists every source');

done_testing();
