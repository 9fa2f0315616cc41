#!/usr/bin/perl

# Programs that root runs in folders of the server's user: a link that stands
# there leads nowhere.

use strict;
use warnings;

use Test::More;
use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use lib 't/lib';
use Tidraw::Test;
use Tidraw::Util qw(run_ok slurp);

my $tools = "$Tidraw::Test::root/tools";
my $dir = tempdir(CLEANUP => 1);
my $data = "$dir/data";
my $victim = "$dir/victim";
my $text = 'a file of a board';
my $hash = qx{printf %s '$text' | b2sum -l 256} =~ s/ .*//sr;
my $name = substr($hash, 0, 2) . "/$hash-" . 'g' x 22;
my $size = length $text;

# another one, of a server whose processor has instructions for SHA-256

my $more = 'another one';
my $sha = sha256_hex($more);
my $second = substr($sha, 0, 2) . "/$sha-" . 'h' x 22;

mkdir $_ or die $! for $data, "$data/uploads", "$dir/bin", "$dir/folder";
put("$data/uploads/$name", $text);
put("$data/uploads/$second", $more);
put($victim, 'precious');

run_ok("CREATE TABLE tidraw_version (version); CREATE TABLE tombstones (x);
        CREATE TABLE rooms (clock, history_start, logged);
        CREATE TABLE blobs (hash, gen, size, place);
        INSERT INTO tidraw_version VALUES (6);
        INSERT INTO blobs VALUES ('$hash', '" . 'g' x 22 . "', $size, 'disk');
        INSERT INTO blobs VALUES ('$sha', '" . 'h' x 22 . "', 11, 'disk')",
       'sqlite3', '-batch', "$data/tidraw.db");

local %ENV = (%ENV, DATA => $data, PATH => "$dir/bin:$ENV{PATH}",
              BACKUPS => "$dir/backups", OWNER => scalar getpwuid($>),
              S3_BUCKET => 'b', S3_ACCESS_KEY_ID => 'k',
              S3_SECRET_ACCESS_KEY => 's', S3_ENDPOINT => 'http://127.0.0.1:1');
delete @ENV{qw(DATABASE_URL DATABASE_URL_FILE UPLOAD_DIR PUBLIC_URL)};

# a restore

my $backup = run_ok(undef, "$tools/backup.sh");

chomp $backup;

for my $file ($name, $second) {
    my $copy = "$backup/uploads/$file";

    rename $copy, "$dir/aside" or die $!;
    put($copy, 'something else');
    like(qx{$tools/backup.sh verify $backup 2>&1}, qr{damaged: \Q$copy\E$},
         'a file that is not what its name says is found');
    rename "$dir/aside", $copy or die $!;
}

like(run_ok(undef, "$tools/backup.sh", 'verify', $backup), qr/./,
     'a name may be of either hash');

unlink "$data/tidraw.db", "$data/uploads/$name";
symlink($victim, "$data/uploads/$name") or die $!;

like(run_ok(undef, "$tools/backup.sh", 'restore', $backup), qr/^restored/m,
     'a restore');
is(slurp($victim), 'precious', 'writes through no link');
is(slurp("$data/uploads/$name"), $text, 'but a file of its own');

# the doctor looks how fast the disk is, in a file that bears his number

local $ENV{NGINX_BIN} = "$dir/none";

qx{cd $dir && sh -c 'ln -s $victim $data/.doctor.\$\$
                     exec $tools/doctor' 2>&1};
is(slurp($victim), 'precious', 'the doctor overwrites nothing');

# files that come from S3 into a folder that is a link

SKIP: {
    skip 'only root can give files to others', 2 if $> != 0;

    put("$dir/bin/curl", <<'EOT');
#!/bin/sh
out=$(sed -n 's/^output = "\(.*\)"$/\1/p')
[ "$out" = /dev/null ] || printf %s "$TEXT" > "$out"
EOT
    chmod 0755, "$dir/bin/curl";

    local $ENV{TEXT} = $text;

    run_ok("DELETE FROM blobs WHERE hash = '$sha';
            UPDATE blobs SET place = 's3'", 'sqlite3', '-batch',
           "$data/tidraw.db");
    run_ok(undef, 'rm', '-r', "$data/uploads/" . substr $hash, 0, 2);
    symlink("$dir/folder", "$data/uploads/" . substr $hash, 0, 2) or die $!;
    chown 65534, 65534, "$data/uploads" or die $!;

    like(run_ok(undef, "$tools/move-files.sh", 'disk'), qr/^moved: 1, left: 0/,
         'a file is moved');
    is((stat "$dir/folder")[4], 0, 'a folder elsewhere keeps its owner');
}

done_testing();


sub put {
    my ($file, $text) = @_;

    mkdir $file =~ s{/[^/]*$}{}r;
    open my $fh, '>', $file or die "$file: $!";
    print $fh $text;
    close $fh;
}
