#!/usr/bin/perl

# Every directive and every environment variable: documented with what the
# code has, and refused with file, line and a hint when the value is wrong.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Test;
use Tidraw::Util qw(slurp);

my $code = join '', map { slurp($_) } glob 'src/ngx_tidraw_conf*.c';
my ($table) = $code =~ /^ngx_command_t\s+ngx_tidraw_commands\[\]\s=\s\{
                        (.*?)^\};/msx;

my %contexts;

while ($table =~ /ngx_string\("(\w+)"\),\s+([A-Z_0-9|\s]+),/g) {
    my ($name, $flags) = ($1, $2);

    $contexts{$name} = join ', ', map { $_->[1] }
        grep { $flags =~ /$_->[0]/ } ['HTTP_MAIN', 'http'],
             ['HTTP_SRV', 'server'], ['HTTP_LOC', 'location'];
}

cmp_ok(keys %contexts, '>', 25, 'the directives of the code');


# Wrong values: [what stands behind the name, what nginx says of it].

my @size = (['1x', qr/must be .*such as/], ['-1', qr/must be .*such as/],
            ['much', qr/must be .*such as/], ["''", qr/must be .*such as/]);
my @path = (["''", qr/must not be empty/],
            ["'a\tb'", qr/must not hold control characters/]);
my @time = (['5x', qr/must be .*such as/], ['-1d', qr/must be .*such as/],
            ['101y', qr/must be .*such as/], ["''", qr/must be .*such as/]);

my %wrong = (
    tidraw                => [['maybe', qr/must be "on" or "off"/]],
    tidraw_database       => [['mysql://h/d', qr/sqlite:.*postgresql:/],
                              ['sqlite:', qr/invalid "tidraw_database"/],
                              ["''", qr/must not be empty/]],
    tidraw_redis          => [['http://h', qr/redis:/],
                              ['redis://h:0', qr/invalid "tidraw_redis"/],
                              ["''", qr/must not be empty/]],
    tidraw_smtp           => [['m:99999', qr/invalid port/],
                              ['m!', qr/must look like "mail\.example/],
                              ['m what=x', qr/none of user=/],
                              ['m tls=maybe', qr/starttls, tls or none/],
                              ['m from=x', qr/must look like "Boards </],
                              ['m from=a@b.c from=a@b.c', qr/twice/]],
    tidraw_s3             => [['bucket what=x', qr/none of endpoint=/],
                              ['bucket key=k', qr/S3 needs the access/, 1],
                              ['bucket key=k secret=s style=x',
                               qr/must be path or host/, 1],
                              ['bucket key=k secret=s uploads=x',
                               qr/must be s3 or disk/, 1]],
    tidraw_secret         => [['short', qr/at least 8 characters/],
                              ["''", qr/must not be empty/]],
    tidraw_state_dir      => \@path,
    tidraw_web            => \@path,
    tidraw_schema         => [@path, ['/nowhere', qr/"tidraw_schema" must/]],
    tidraw_templates      => \@path,
    tidraw_upload_dir     => \@path,
    tidraw_license_key    => \@path,
    tidraw_passwords      => [@path, ['/nowhere', qr/tidraw_passwords/]],
    tidraw_embed_origins  => [["'a;b'", qr/should look like https:/]],
    tidraw_public_url     => [['boards.example.org', qr/must look like/],
                              ['ftp://x', qr/must look like/],
                              ['https://', qr/must look like/],
                              ['https://x/?a', qr/must look like/],
                              ["''", qr/must not be empty/]],
    tidraw_registration   => [['all', qr/open, invite or closed/]],
    tidraw_previews       => [['maybe', qr/must be "on" or "off"/]],
    tidraw_bin_keep       => \@time,
    tidraw_activity_keep  => \@time,
    tidraw_file_keep      => \@time,
    tidraw_history        => \@time,
    tidraw_recheck        => [@time, ['999ms', qr/from 1s to 30m/],
                              ['31m', qr/from 1s to 30m/]],
    tidraw_zone           => [@size, ['127k', qr/from 128k/],
                              ['2g', qr/1024m/]],
    tidraw_max_upload     => [@size, ['1025g', qr/1024g/]],
    tidraw_max_pixels     => \@size,
    tidraw_board_files    => \@size,
    tidraw_user_files     => \@size,
    tidraw_max_message    => [@size, ['1023k', qr/from 1m/],
                              ['1025m', qr/to 1024m/]],
    tidraw_max_room       => [@size, ['1', qr/from 1k/]],
    tidraw_max_queue      => [@size, ['0', qr/from 1k/]],
    tidraw_max_sessions   => [['0', qr/from 1 to/], ['5k', qr/from 1 to/],
                              ['-1', qr/from 1 to/]],
    tidraw_metrics        => [['here', qr/addresses and networks such as/],
                              ['10.0.0.0/33', qr/such as/]],
);

# A right value, for what is wrong with its place.

my %right = (tidraw => 'on', tidraw_database => 'sqlite:x.db',
             tidraw_redis => 'off', tidraw_s3 => 'off',
             tidraw_previews => 'on', tidraw_smtp => 'off',
             tidraw_public_url => 'https://x', tidraw_registration => 'open',
             tidraw_max_sessions => '5', tidraw_metrics => 'off',
             tidraw_secret => 'long-enough', map({ $_ => '3d' }
             qw(tidraw_bin_keep tidraw_activity_keep tidraw_file_keep
                tidraw_history)), tidraw_recheck => '10s');


# What nginx says of a configuration: only the lines that matter.

my $n = 0;

sub refused {
    my ($where, $line, $hint, $name, %o) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    my $t = Tidraw::Test->new(database => 'sqlite', %o,
                              conf => { $where => $line });
    my ($good, $said) = $t->check;
    my $at = $line eq '' ? 0
           : (grep { index((split /\n/, slurp($t->dir . '/nginx.conf'))[$_],
                           $line) >= 0 }
              0 .. (() = slurp($t->dir . '/nginx.conf') =~ /\n/g) - 1)[0] + 1;

    my @emerg = grep { /\[emerg\]/ } split /\n/, $said;
    my $right = !$good && @emerg && $emerg[0] =~ $hint
                && ($o{env} || $emerg[0] =~ m{nginx\.conf:\d+$})
                && (!$at || $o{late} || $emerg[0] =~ /:$at$/);

    ok($right, $name) or diag("$line\nline $at: $said");
}


for my $name (sort keys %contexts) {

    my $cases = $wrong{$name};

    ok($cases, "$name: there are wrong values of it here") or next;

    for (@$cases) {
        my ($value, $hint, $late) = @$_;

        # what needs the file system or the environment is read when all is
        # known

        refused($name eq 'tidraw' ? 'server' : 'location', $name eq 'tidraw'
                    ? "location /x { $name $value; }" : "$name $value;",
                $hint, "$name $value", late => $late || $value eq '/nowhere');
    }

    my $value = $right{$name} // ($name =~ /_(?:zone|max|files)/ ? '5m'
                                                                 : '/x');

    refused('server', "location /x { $name $value; $name $value; }",
            qr/"$name" directive is duplicate/, "$name twice");

    refused('main', "$name $value;", qr/"$name" directive is not allowed here/,
            "$name outside of http");

    refused('server', "location /x { $name; }",
            qr/invalid number of arguments in "$name"/, "$name with nothing");
}

is(join(' ', grep { !$contexts{$_} } sort keys %wrong), '',
   'no wrong values of what there is not');


# environment variables

my %env = (
    DATABASE_URL       => [['mysql://h', qr/sqlite:/]],
    REDIS_URL          => [['http://h', qr/redis:/]],
    TIDRAW_SECRET      => [['short', qr/at least 8/]],
    JWT_SECRET         => [['short', qr/at least 8/]],
    PUBLIC_URL         => [['boards', qr/must look like/]],
    TLDRAW_LICENSE_KEY => [["a\tb", qr/control characters/]],
    REGISTRATION       => [['all', qr/open, invite or closed/]],
    LINK_PREVIEWS      => [['maybe', qr/LINK_PREVIEWS, it must be on or/]],
    S3_BUCKET          => [['B!', qr/S3_BUCKET/]],
    S3_ENDPOINT        => [['ftp://x', qr/S3_ENDPOINT\) must look like/]],
    S3_REGION          => [['!', qr/S3_REGION/]],
    S3_ACCESS_KEY_ID   => [["a\tb", qr/S3_ACCESS_KEY_ID/]],
    S3_SECRET_ACCESS_KEY => [],
    S3_PREFIX          => [['/../', qr/S3_PREFIX/]],
    S3_STYLE           => [['x', qr/S3_STYLE/]],
    S3_DOWNLOAD        => [['x', qr/S3_DOWNLOAD/]],
    S3_UPLOADS         => [['x', qr/S3_UPLOADS/]],
    S3_CA              => [],
    UPLOAD_DIR         => [["a\tb", qr/control characters/]],
    SMTP_HOST          => [['m!', qr/must look like/]],
    SMTP_PORT          => [['0', qr/port/]],
    SMTP_USER          => [],
    SMTP_PASSWORD      => [['x', qr/SMTP_USER/, SMTP_HOST => 'm',
                            SMTP_FROM => 'a@b.c']],
    SMTP_FROM          => [['x', qr/SMTP_FROM/]],
    SMTP_TLS           => [['maybe', qr/starttls, tls or none/]],
    SMTP_CA            => [],
    ADMIN_EMAIL        => [['x', qr/ADMIN_EMAIL/,
                            ADMIN_PASSWORD => 'long enough it is'],
                           ['a@example.org', qr/ADMIN_PASSWORD/]],
    ADMIN_PASSWORD     => [['short', qr/ADMIN_PASSWORD/,
                            ADMIN_EMAIL => 'a@example.org']],
    ADMIN_NAME         => [["a\tb", qr/ADMIN_NAME/,
                            ADMIN_EMAIL => 'a@example.org',
                            ADMIN_PASSWORD => 'long enough it is']],
);

my %read = map { $_ => 1 } $code =~ /"((?:[A-Z]+3?_)*[A-Z]+)",?\s*(?=[&,\s])/g,
           map({ /"([A-Z]+_[A-Z]+)"/g } slurp('src/ngx_tidraw_env.c'));
my @unknown = grep { !$env{$_} && /_|REGISTRATION/ && !/^(?:NGX|NULL)/ }
              sort keys %read;

is("@unknown", '', 'every variable that the code reads');

for my $name (sort keys %env) {
    for (@{ $env{$name} }) {
        my ($value, $hint, %more) = @$_;

        local @ENV{$name, keys %more} = ($value, values %more);
        local $ENV{SMTP_HOST} = 'm' if $name =~ /^SMTP_(?:PORT|FROM|TLS)$/;
        local $ENV{SMTP_FROM} = 'a@b.c' if $name =~ /^SMTP_(?:PORT|TLS)$/;
        local @ENV{qw(S3_BUCKET S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY)} =
            ('bucket', 'key', 'secret', ) if $name =~ /^S3_/;
        local $ENV{$name} = $value;

        refused('location', '', $hint, "$name=$value", env => {},
                without => { DATABASE_URL => 'tidraw_database',
                             REGISTRATION => 'tidraw_registration'
                           }->{$name});
    }

    local $ENV{"${name}_FILE"} = '/nowhere';
    local $ENV{SMTP_HOST} = 'm' if $name =~ /^SMTP_/ && $name ne 'SMTP_HOST';
    local $ENV{SMTP_FROM} = 'a@b.c'
        if $name eq 'SMTP_PORT';
    local $ENV{S3_BUCKET} = 'bucket' if $name =~ /^S3_/ && $name ne 'S3_BUCKET';

    refused('location', '', qr/"\/nowhere" of ${name}_FILE failed/,
            "${name}_FILE that is not there", env => {},
            without => { DATABASE_URL => 'tidraw_database',
                         REGISTRATION => 'tidraw_registration' }->{$name});
}


# the table in the documentation

my %doc;

for (split /\n/, slurp('docs/directives.md')) {
    my ($name, @cells) = /^\|[ ]`(tidraw\w*)`[ ]\|[ ]([^|]*)[ ]\|[ ]([^|]*)[ ]
         \|[ ]([^|]*)[ ]\|[ ]([^|]*)[ ]\|/x or next;

    $doc{$name} = \@cells;
}

is(join(' ', sort keys %doc), join(' ', sort keys %contexts),
   'docs/directives.md has every directive');

for my $name (sort keys %contexts) {
    is($doc{$name}[0], $contexts{$name}, "$name: where it may stand");
    ok(length $doc{$name}[2] && length $doc{$name}[3],
       "$name: unit and default");
}

my %named = map { $_ => 1 } map { /`([A-Z3_]+)`/g } map { $_->[1] } values %doc;

is(join(' ', sort keys %named),
   join(' ', grep { !/^ADMIN_/ } sort keys %env),
   'and every variable that one of them has');

like(slurp('docs/directives.md'), qr/`$_`/, "$_ as well")
    for grep { /^ADMIN_/ } sort keys %env;

done_testing();
