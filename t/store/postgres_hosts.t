#!/usr/bin/perl

# Host names are looked up beside the event loop, and a list of hosts is tried
# in order.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Store qw(op add OK);
use Test::More;
use Tidraw::Pg;
use Tidraw::Util qw(free_port);

my $pg = Tidraw::Pg->shared;
my $nobody = free_port();

my %hosts = (
    'a name' => "localhost:$pg->{port}",
    'an address' => "127.0.0.1:$pg->{port}",
    'a name without a server, then one with' =>
        "localhost:$nobody,localhost:$pg->{port}",
    'addresses and names' => "127.0.0.1:$nobody,localhost:$pg->{port}",
);

for my $what (sort keys %hosts) {

    my $name = $pg->createdb;
    my $t = Store->new(database => "postgresql://postgres\@$hosts{$what}/$name"
                                   . '?target_session_attrs=read-write')
            ->start;

    is($t->run(add('one'))->{rc}, OK, $what);

    my @r = $t->run(map { op('w', [TEST_SETTING_PUT => "s $_", 's v']) }
                    1 .. 50);
    is(scalar(grep { $_->{rc} == OK } @r), 50, "$what: and it works");

    $t->quit;
    $t->finish;
}

for my $url ('sqlite:', 'sqlite::memory:', 'sqlite:data/', 'mysql://x/y',
             'postgresql://u:secret@h:port:port/d?nonsense=1',
             'postgresql://u:secret@g,h:65536/d',
             'postgresql://u:secret@h/d?sslmode=verify')
{
    my $t = Store->new(database => $url);
    my ($good, $text) = $t->check;

    ok(!$good, "\"$url\" is refused");
    like($text, qr/\[emerg\] .* in .*nginx\.conf:\d+/, 'with its place');
    $t->finish;
}

done_testing();
