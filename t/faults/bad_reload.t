#!/usr/bin/perl

# A reload whose folders cannot be made, which "nginx -t" cannot know: nginx
# goes on with everything else that it serves.  One that cannot be at all.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Test;
use Tidraw::Util qw(wait_for slurp write_file);

my $t = Tidraw::Test->new(conf => {
    server => 'location = /other { return 200 "other"; }' })->start;

my $conf = $t->dir . '/nginx.conf';
my $good = slurp($conf);

for my $bad (
    ['tidraw_state_dir', qr{tidraw_state_dir \S+;},
     'tidraw_state_dir /proc/none/here;'],
    ['tidraw_database', qr{tidraw_database \S+;},
     'tidraw_database sqlite:/proc/none/here/tidraw.db;'],
) {
    my ($name, $from, $to) = @$bad;
    my @old = $t->workers;

    $t->allow(qr{/proc/none});
    write_file($conf, $good =~ s/$from/$to/r);
    kill 'HUP', $t->pid;

    ok(wait_for(sub {
        my %now = map { $_ => 1 } $t->workers;
        %now && !grep { $now{$_} } @old;
    }, 20), "$name: new workers");

    my $r = eval { $t->http('GET', '/other') };
    is($r && $r->{body}, 'other', "$name: the rest is served");
}

write_file($conf, $good);
$t->reload;
is($t->http('GET', '/api/me')->{status}, 401, 'and all of it, once it is well');

$t->finish;

# a single process, which nginx has for developers

$t = Tidraw::Test->new(conf => { main => 'master_process off;' })->start;
$t->allow(qr/cannot be reloaded/);
kill 'HUP', $t->pid;
ok(wait_for(sub { $t->error_log =~ /cannot be reloaded.*: restart nginx/ }, 10),
   'a single process refuses to reload');
is($t->http('GET', '/api/me')->{status}, 401, 'and goes on');
$t->finish;

done_testing();
