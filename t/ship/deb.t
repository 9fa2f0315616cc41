#!/usr/bin/perl

# The Debian package: built, installed by apt into a Debian that has nothing
# but nginx with a site, drawn upon at /boards/ of that site, removed.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Ship qw(ready draw look pss measured);
use Tidraw::Tree;
use Tidraw::Util qw(free_port reap slurp run_ok);
use Time::HiRes qw(time);

plan skip_all => $_ for grep { defined } Tidraw::Tree::lacks();

my $said = qx{tools/deb.sh 2>&1};
my ($deb) = $said =~ /^(\S+\.deb)$/m;

ok($? == 0 && $deb, 'the package is built') or BAIL_OUT($said);
measured('size', (-s $deb) / 1e6, 'MB', 10);

# whose mail address stands in it is the builder's business

my $lint = qx{lintian --allow-root --suppress-tags bogus-mail-host \\
    --suppress-tags bogus-mail-host-in-debian-changelog $deb 2>&1};

is($lint, '', 'lintian finds nothing');

my $tree = Tidraw::Tree->new;
my $port = free_port();
my $site = "http://127.0.0.1:$port/";
my $url = "${site}boards/";
my $email = 'ann@example.org';
my $nginx;

sub start {
    my $since = time();

    $nginx = $tree->spawn(['nginx', '-g', 'daemon off; error_log stderr;'],
                          output => $tree->dir . '/nginx.log');

    return ready($url, $since);
}

sub stop {
    kill 'QUIT', $nginx;
    is(reap($nginx, 15), 0, 'nginx stops');
}

$tree->run('apt-get update');
$tree->run('apt-get install -y --no-install-recommends nginx');
$tree->write('/srv/www/index.html', "my own site\n");
$tree->write('/etc/nginx/sites-available/default', <<"END");
server {
    listen 127.0.0.1:$port;
    root /srv/www;
}
END

run_ok(undef, 'cp', $deb, $tree->dir . '/tmp/tidraw.deb');
$tree->run('apt-get install -y --no-install-recommends /tmp/tidraw.deb');
like($tree->run('nginx -t'), qr/test is successful/, 'installed by apt');
like($tree->run('stat -c "%U %a" /var/lib/tidraw'), qr/^www-data 750$/m,
     'with a folder that is the workers\'');

$tree->run(q{sed -i 's,root /srv/www;,&\n    include snippets/tidraw.conf;,'}
           . ' /etc/nginx/sites-available/default');

ok(defined start(), 'one line more in the site')
    or diag($tree->run('nginx -t'));
like(qx{curl -s $site}, qr/my own site/, 'the site is as it was');

diag(sprintf 'idle memory: %.1f MB in %d processes', pss($nginx) / 1024,
     scalar Tidraw::Ship::descendants($nginx));

my $draw = draw($url, $email);

stop();
start();

my $seen = $draw->finish;

cmp_ok($seen->{shapes} // 0, '>', 5, 'two people drew, across a restart')
    or diag(slurp($tree->dir . '/nginx.log'));
is_deeply($seen->{faults}, [], 'and saw nothing strange');

# an upgrade leaves everything as it is

$tree->run('apt-get install -y --reinstall /tmp/tidraw.deb');
stop();
start();
is(look($url, $email, $seen->{board})->{shapes}, $seen->{shapes},
   'installed once more: the drawing is there');
stop();

like($tree->run('apt-get remove -y libnginx-mod-http-tidraw'),
     qr/take the line out/, 'removed, with a word on the line in the site');
$tree->run(q{sed -i '/tidraw/d' /etc/nginx/sites-available/default});
like($tree->run('nginx -t'), qr/test is successful/, 'the site goes on');

like($tree->run('apt-get purge -y libnginx-mod-http-tidraw'),
     qr{still in /var/lib/tidraw}, 'purged');
like($tree->run('ls -A /var/lib/tidraw'), qr/tidraw\.db/, 'the boards stay');
is($tree->run('dpkg-query -L libnginx-mod-http-tidraw 2>&1 || true')
   =~ /not installed/ ? 1 : 0, 1, 'and nothing else');
ok(!-e $tree->dir . "/$_", "$_ is gone")
    for qw(etc/nginx/snippets/tidraw.conf usr/share/tidraw/web
           etc/nginx/modules-enabled/50-mod-http-tidraw.conf);

# ... and with it again

$tree->run('apt-get install -y --no-install-recommends /tmp/tidraw.deb');
$tree->run(q{sed -i 's,root /srv/www;,&\n    include snippets/tidraw.conf;,'}
           . ' /etc/nginx/sites-available/default');
start();
is(look($url, $email, $seen->{board})->{shapes}, $seen->{shapes},
   'installed again: the drawing is there');
stop();

my @bad = grep { /\[(?:alert|emerg|crit)\]/ }
          split /\n/, slurp($tree->dir . '/nginx.log');

is("@bad", '', 'no alerts in the log');

done_testing();
