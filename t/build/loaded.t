#!/usr/bin/perl

# libcurl and libpq are there when a configuration has a use for them, and
# with what they need take no memory from those who have none.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Smtp;
use Tidraw::Test;
use Tidraw::Util qw(run_ok slurp wait_for write_file);

my $t = Tidraw::Test->new(database => 'sqlite')->start;

# the optional libraries that a process has

sub has {
    my %has = map { $_ => 1 } slurp("/proc/$_[0]/maps") =~ m{/lib(curl|pq)\b}g;

    return join ' ', sort keys %has;
}

sub worker {
    my ($lines) = @_;

    my %old = map { $_ => 1 } $t->workers;

    $t->{conf}{location} = $lines;
    $t->reload;
    wait_for(sub { !grep { $old{$_} } $t->workers });

    return ($t->workers)[0];
}

is(has($t->pid), '', 'SQLite alone: the master has neither');
is(has(($t->workers)[0]), '', 'nor has a worker');

my $smtp = Tidraw::Smtp->new->start;
my $ann = $t->register('ann@example.org');
my $mail = 'tidraw_smtp 127.0.0.1:' . $smtp->port . ' from=a@example.org;';

sub sent {
    return $t->http('POST', 'api/admin/mail/test', cookie => $ann,
                    json => {})->{status};
}

is(has(worker($mail)), 'curl', 'a reload with a mail server: the worker has');
is(has($t->pid), 'curl', 'from its master');
is(sent(), 200, 'and a mail leaves');
is(scalar(@{[$smtp->wait_mails(1)]}), 1, 'and is there');

ok(worker(''), 'a reload without');
is(sent(), 409, 'there is no mail server then');
ok(worker($mail), 'and once more with it');
is(sent(), 200, 'a mail leaves again');

$t->stop;

for (['S3', 'tidraw_s3 files endpoint=http://127.0.0.1:1 key=k secret=s;'],
     ['previews', 'tidraw_previews on;'])
{
    my ($what, $lines) = @$_;

    $t = Tidraw::Test->new(database => 'sqlite',
                           conf => { location => $lines })->start;
    is(has(($t->workers)[0]), 'curl', "$what: libcurl is there");
    $t->stop;
}

$t = Tidraw::Test->new(database => 'postgres')->start;
is(has(($t->workers)[0]), 'pq', 'PostgreSQL: libpq is there');
$t->stop;

# one that is not there, or not what it should be

my $dir = $t->dir;

for my $case (['libcurl', 'libcurl4', $mail, 'sqlite', 'mail'],
              ['libcurl', 'libcurl4', 'tidraw_previews on;', 'sqlite',
               'a link preview'],
              ['libcurl', 'libcurl4', 'tidraw_s3 files key=k secret=s;',
               'sqlite', 'S3'],
              ['libpq', 'libpq5', '', 'postgresql://u@127.0.0.1/d',
               'invalid "tidraw_database":'])
{
    my ($library, $package, $lines, $database, $what) = @$case;

    my @file = glob "/usr/lib/*/$library.so.[0-9] /usr/lib/$library.so.[0-9]";
    my ($name) = $file[0] =~ m{([^/]+)$};

    local $ENV{LD_LIBRARY_PATH} = $dir;

    write_file("$dir/$name", 'no library');

    my $bad = Tidraw::Test->new(database => $database,
                                conf => { location => $lines });
    my ($ok, $text) = $bad->check;

    ok(!$ok, "$what without $library: refused");
    like($text, qr/\Q$what needs $name, which cannot be loaded (\E/,
         'which it says');
    like($text, qr/\); on Debian: apt-get install $package\b/,
         'with what helps');

    unlink "$dir/$name";
    run_ok(undef, 'cc', '-shared', '-o', "$dir/$name", '-x', 'c', '/dev/null');

    ($ok, $text) = $bad->check;
    like($text, qr/\Q$what\E needs .* undefined symbol/,
         'another library of its name is refused');
    unlink "$dir/$name";
}

is_deeply([(Tidraw::Test->new(database => 'sqlite')->check)[0]], [1],
          'whoever needs neither is not refused');

done_testing();
