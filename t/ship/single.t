#!/usr/bin/perl

# One file: built, started in a folder that holds nothing else, drawn upon by
# two people, stopped and started again under them.

use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;
use lib 't/lib';
use Tidraw::Ship qw(ready draw look pss measured);
use Tidraw::Util qw(free_port spawn reap slurp wait_for write_file run_ok);
use Time::HiRes qw(time);

plan skip_all => 'the long form only (LONG=1, make test-ship)' if !$ENV{LONG};

my $said = qx{JOBS=1 tools/single.sh 2>&1};

if ($? >> 8 == 77) {
    plan skip_all => "no sources of nginx: $said";
}

is($?, 0, 'one file is built') or diag($said) && BAIL_OUT('no file');

my $root = tempdir('tidraw-single-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $port = free_port();
my $url = "http://127.0.0.1:$port/";
my $email = 'ann@example.org';
my $group;

chmod 0755, $root;
run_ok(undef, 'cp', 'build/tidraw', $root);

measured('size', (-s "$root/tidraw") / 1e6, 'MB', 25);
like(qx{ldd $root/tidraw 2>&1}, qr/not a dynamic|statically linked/,
     'needs no library');

# an empty world, where the system lets us make one

my @in = $> == 0 ? ('chroot', $root) : ();
my $home = @in ? '' : $root;
my @args = ("$home/tidraw", '--port', $port, '--data', "$home/boards");

sub run {
    my (@more) = @_;

    my $command = join ' ', map { "'$_'" } @in, "$home/tidraw", @more;
    my $text = qx{$command 2>&1};

    return ($? >> 8, $text);
}

sub start {
    my $since = time();

    $group = spawn([@in, @args], output => "$root/log");

    return ready($url, $since);
}

sub stop {
    my $since = time();

    kill 'TERM', $group;
    is(reap($group, 15), 0, 'it stops when it is told to');
    measured('stopping', time() - $since, 's', 10);
}


is_deeply([(run('--version'))[0]], [0], '--version');
like((run('--help'))[1], qr/--port.*--data/s, '--help');

for (['--port', 'x'], ['--port', 65536], ['--workers', 0], ['--data', ''],
     ['--listen', 'here'], ['--nonsense'], ['nonsense'],
     ['--data', "$home/a\$b"], ['--data', "$home/tidraw"])
{
    my ($code, $text) = run(@$_);

    ok($code == 1 && $text =~ /\A\S*tidraw: [^\n]+\n(?:See --help\n)?\z/,
       "refused: @$_") or diag($text);
}

{
    local $ENV{DATABASE_URL} = 'postgresql://u@127.0.0.1/d';
    my ($code, $text) = run('--port', $port, '--data', "$home/other");

    ok($code && $text =~ /names PostgreSQL, which this build is without/,
       'what it is without, it says');
}

my $first = start();

ok(defined $first, 'it answers') or BAIL_OUT(slurp("$root/log"));
measured('the first start', $first, 'ms', 250, 5000);
like(slurp("$root/log"), qr{^Tidraw \S+ is at http://localhost:$port },
     'and says where');

# what the start took is given back within a moment

my $idle = pss($group);

measured('idle memory', $idle / 1024, 'MB', 15, 25);

if (@in) {
    my @status = slurp("/proc/$group/status") =~ /^Uid:\s+(\d+)\s+(\d+)/m;

    ok($status[0] != 0 && $status[1] != 0, 'it gives up the rights of root');
}

my ($code, $text) = run('--port', free_port(), '--data', "$home/boards");

ok($code == 1 && $text =~ /another Tidraw is at work/, 'one at a time');

($code, $text) = run('--port', $port, '--data', "$home/other");
ok($code == 1 && $text =~ /port $port is in use/, 'a port that is taken');

my $draw = draw($url, $email);

stop();
ok(!-e "/proc/$group", 'with all its processes');

my $again = start();

measured('a start with boards', $again, 'ms', 250, 5000);

my $seen = $draw->finish;

cmp_ok($seen->{shapes} // 0, '>', 5, 'two people drew, across the stop')
    or diag(slurp("$root/log"));
is_deeply($seen->{faults}, [], 'and saw nothing strange');

kill 'HUP', $group;
ok(wait_for(sub { slurp("$root/log") =~ /reconfiguring/ }), 'it reloads');
is(look($url, $email, $seen->{board})->{shapes}, $seen->{shapes},
   'and the drawing is there');

# what was unpacked is made good at the next start

stop();
write_file("$root/boards/run/app/web/index.html", 'changed');
unlink "$root/boards/run/app/passwords.txt";
ok(defined start(), 'a start after a damage');
unlike(slurp("$root/boards/run/app/web/index.html"), qr/changed/,
       'what it carries is unpacked anew');
is(look($url, $email, $seen->{board})->{shapes}, $seen->{shapes},
   'and the drawing is there still');
stop();

my @bad = grep { /\[(?:alert|emerg)\]/ } split /\n/, slurp("$root/log");

is("@bad", '', 'no alerts in the log');

done_testing();
