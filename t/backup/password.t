#!/usr/bin/perl

# The password of the database reaches its programs by the environment: what
# they are called with is for everybody to see.

use strict;
use warnings;

use Test::More;
use File::Temp qw(tempdir);
use lib 't/lib';
use Tidraw::Test;
use Tidraw::Util qw(slurp);

my $tools = "$Tidraw::Test::root/tools";
my $dir = tempdir(CLEANUP => 1);

mkdir "$dir/bin" or die $!;

for my $name (qw(psql pg_dump pg_restore)) {
    open my $fh, '>', "$dir/bin/$name" or die $!;
    print $fh <<"EOT";
#!/bin/sh
echo "$name \$*" >> $dir/called
echo "\$PGPASSWORD" >> $dir/passwords
! grep -q 'max(version)' || echo 99
EOT
    close $fh;
    chmod 0755, "$dir/bin/$name";
}

local %ENV = (%ENV, PATH => "$dir/bin:$ENV{PATH}", DATA => "$dir/data",
              S3_BUCKET => 'b', S3_ACCESS_KEY_ID => 'k',
              S3_SECRET_ACCESS_KEY => 's', S3_ENDPOINT => 'http://127.0.0.1:1');
delete @ENV{qw(PGPASSWORD DATABASE_URL_FILE)};
mkdir "$dir/data";

for (['postgresql://ann:s%65cret%20%25@db:5432/boards?sslmode=require',
      'secret %', 'postgresql://ann@db:5432/boards?sslmode=require'],
     ['postgresql://ann@db/boards?a=1&password=s%65cret&b=2',
      'secret', 'postgresql://ann@db/boards?a=1&b=2'],
     ['postgresql://ann@db/boards?password=s%65cret&b=2',
      'secret', 'postgresql://ann@db/boards?b=2'])
{
    my ($url, $password, $seen) = @$_;

    local $ENV{DATABASE_URL} = $url;

    for my $call ('backup.sh', 'downgrade.sh 99', 'downgrade.sh 98',
                  'admin-password.sh ann@example.org', 'move-files.sh disk',
                  'doctor')
    {
        unlink "$dir/called", "$dir/passwords";

        my $said = qx{timeout 20 $tools/$call 2>&1 < /dev/null};
        my $called = slurp("$dir/called");

        like($called, qr/\Q$seen\E/, "$call asks the database");
        unlike("$called$said", qr/s(e|%65)cret/, 'without its password');
        is_deeply({ map { $_ => 1 } split /\n/, slurp("$dir/passwords") },
                  { $password => 1 }, 'which it knows');
    }
}

done_testing();
