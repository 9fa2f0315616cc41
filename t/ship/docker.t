#!/usr/bin/perl

# The container image: every step of the Dockerfile carried out in a Debian
# without an engine; what comes out runs on a root that cannot be written, as
# the user it names, and is drawn upon and stopped as an engine would.

use strict;
use warnings;

use File::Temp qw(tempdir);
use HTTP::Tiny;
use Test::More;
use lib 't/lib';
use Tidraw::Dockerfile;
use Tidraw::Ship qw(ready draw look pss measured);
use Tidraw::Tree;
use Tidraw::Util qw(free_port reap slurp run_ok);
use Time::HiRes qw(time);

plan skip_all => $_ for grep { defined } Tidraw::Tree::lacks();

my $image = Tidraw::Dockerfile->new('docker/Dockerfile')->build;
my $tree = $image->{tree};

ok($tree, 'the steps of the Dockerfile');

my $dir = $tree->dir;
my $bytes = qx{tar -C $dir --one-file-system --exclude=./proc -cf - . \\
               | gzip -6 | wc -c};

measured('compressed', $bytes / 1e6, 'MB', 60);

# A root for reading only, a volume, and the memory that every container has.

my $user = $image->{USER};
my $scratch = tempdir('tidraw-docker-XXXXXX', TMPDIR => 1, CLEANUP => 1);

mkdir "$scratch/data";
run_ok(undef, 'cp', '-a', "$dir/data/.", "$scratch/data");
run_ok(undef, 'mount', '--bind', $dir, $dir);
unshift @{ $tree->{mounts} }, $dir;
$tree->mount('-t', 'proc', 'proc', '/proc');
$tree->mount('-t', 'tmpfs', 'tmpfs', '/dev/shm');
chmod 01777, "$dir/dev/shm";
$tree->mount('--bind', "$scratch/data", $image->{VOLUME});
run_ok(undef, 'mount', '-o', 'remount,bind,ro', $dir);

# runtimes give what they read the output from to the user

my ($uid, $gid) = $tree->run("id -u $user; id -g $user") =~ /(\d+)/g;

for my $log (qw(log refused)) {
    open(my $fh, '>', "$scratch/$log") or die $!;
    chown $uid, $gid, "$scratch/$log";
}

chmod 0755, $scratch;

my $port = free_port();
my $url = "http://127.0.0.1:$port/";
my $email = 'ann@example.org';
my ($signal) = $image->{STOPSIGNAL} =~ /^SIG(\w+)$/;
my $group;

sub start {
    my (@env) = @_;

    my $since = time();

    $group = $tree->spawn($image->{ENTRYPOINT}, as => "$user:$user",
                          output => "$scratch/log",
                          set => ["PORT=$port", @env]);

    return ready($url, $since);
}

sub stop {
    my $since = time();

    kill $signal, $group;
    is(reap($group, 15), 0, "it stops at $image->{STOPSIGNAL}");
    measured('stopping', time() - $since, 's', 10);
}

sub refused {
    my ($text, @env) = @_;

    my $pid = $tree->spawn($image->{ENTRYPOINT}, as => "$user:$user",
                           output => "$scratch/refused", set => [@env]);

    ok(reap($pid, 10), "refused: @env");
    like(slurp("$scratch/refused"), $text, 'with a word');
    truncate "$scratch/refused", 0;
}

sub healthy {
    return system('chroot', "--userspec=$user:$user", $dir,
                  @{ $image->{HEALTHCHECK} }) == 0;
}


isnt($user, undef, 'it names a user');
isnt($user, 'root', 'who is not root');
refused(qr/PORT must be a number/, 'PORT=http');
refused(qr/WORKERS must be/, 'WORKERS=many');
refused(qr/TRUSTED_PROXIES must be/, 'TRUSTED_PROXIES=localhost;');
refused(qr/METRICS_FROM must be/, 'METRICS_FROM=any');
refused(qr/DATABASE_URL_FILE/, 'DATABASE_URL_FILE=/run/secrets/none');

ok(!healthy(), 'the health check fails while nothing runs');

my $first = start('TRUSTED_PROXIES=10.0.0.0/8, ::1', 'ACCESS_LOG=on');

ok(defined $first, 'it answers') or BAIL_OUT(slurp("$scratch/log"));
measured('the first start', $first, 'ms', 250, 5000);
measured('idle memory', pss($group) / 1024, 'MB', 15, 40);
ok(healthy(), 'the health check is content');

is((slurp("/proc/$group/status") =~ /^Uid:\s+(\d+)/m)[0], $uid,
   'it runs as that user');
ok(!open(my $fh, '>', "$dir/etc/x"), 'its root cannot be written');
like(slurp("$scratch/log"), qr{GET /healthz 200}, 'requests go to stdout');

my $draw = draw($url, $email);

sub metrics { return HTTP::Tiny->new->get("${url}metrics")->{status} }

stop();
start('WORKERS=2', 'METRICS_FROM=192.0.2.7, fd00::/8');
is(metrics(), 403, 'the metrics are for whom METRICS_FROM names');

my $seen = $draw->finish;

cmp_ok($seen->{shapes} // 0, '>', 5, 'two people drew, across a restart')
    or diag(slurp("$scratch/log"));
is_deeply($seen->{faults}, [], 'and saw nothing strange');
stop();

# secrets from files

open($fh, '>', "$scratch/data/url") or die $!;
print $fh "sqlite:/data/other.db\n";
close $fh;
chmod 0644, "$scratch/data/url";

start('DATABASE_URL_FILE=/data/url', 'METRICS_FROM=127.0.0.0/8');
is(metrics(), 200, 'who gets them');
ok(-e "$scratch/data/other.db", 'a setting from a file');
stop();

start();
is(look($url, $email, $seen->{board})->{shapes}, $seen->{shapes},
   'the drawing is in the volume');
stop();

my @bad = grep { /\[(?:alert|emerg|crit)\]/ }
          split /\n/, slurp("$scratch/log");

is("@bad", '', 'no alerts in the log');

done_testing();
