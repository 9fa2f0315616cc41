#!/usr/bin/perl

# Behind other proxies: the configurations of docs/proxies.md, as they stand
# there but for the ports.  Two people draw through each, a large file passes,
# and the address of a client is what the proxy says and not what he says.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Board qw(document join_board page);
use Tidraw::HTTP;
use Tidraw::Test;
use Tidraw::Util qw(free_port reap slurp spawn wait_for write_file);

my %found = slurp('docs/proxies.md')
    =~ /^    # (\w+)\n((?:(?:    [^\n]*)?\n)+)/mg;

s/^    //mg for values %found;

is(join(' ', sort keys %found), 'apache caddy haproxy nginx tidraw traefik',
   'the configurations of the page');

my $t = Tidraw::Test->new(database => 'sqlite', location => '/boards/',
    conf => { server => $found{tidraw} . 'access_log access.log;' })->start;
my $ann = $t->register('ann@example.org');
my $dir = $t->dir;

my %run = (
    nginx => sub {
        my ($text, $port) = @_;

        write_file("$dir/proxy.conf", <<"END");
daemon off; pid $dir/proxy.pid; error_log $dir/proxy.log;
events {}
http {
    access_log off;
    client_body_temp_path $dir/run/pbody; proxy_temp_path $dir/run/pproxy;
    fastcgi_temp_path $dir/run/pf; uwsgi_temp_path $dir/run/pu;
    scgi_temp_path $dir/run/ps;
$text
}
END
        return ('/usr/sbin/nginx', '-e', "$dir/proxy.log", '-p', $dir,
                '-c', "$dir/proxy.conf");
    },

    caddy => sub {
        my ($text) = @_;

        write_file("$dir/Caddyfile", "{\n    admin off\n"
                   . "    auto_https off\n}\n$text");

        return ('env', "HOME=$dir", "XDG_DATA_HOME=$dir",
                "XDG_CONFIG_HOME=$dir", 'caddy', 'run', '--adapter',
                'caddyfile', '--config', "$dir/Caddyfile");
    },

    haproxy => sub {
        my ($text) = @_;

        write_file("$dir/haproxy.cfg", $text);

        return ('haproxy', '-db', '-f', "$dir/haproxy.cfg");
    },

    apache => sub {
        my ($text, $port) = @_;

        my $modules = '/usr/lib/apache2/modules';
        my $load = join '', map { "LoadModule ${_}_module"
                                  . " $modules/mod_$_.so\n" }
            grep { -e "$modules/mod_$_.so" }
            qw(mpm_event authz_core headers proxy proxy_http proxy_wstunnel);

        write_file("$dir/apache.conf", "ServerRoot $dir\nServerName x\n"
                   . "PidFile $dir/apache.pid\nErrorLog $dir/apache.log\n"
                   . "Mutex pthread\nDefaultRuntimeDir $dir\n"
                   . "Listen $port\n$load"
                   . ($> ? '' : "User www-data\nGroup www-data\n") . $text);

        return ('apache2', '-DFOREGROUND', '-f', "$dir/apache.conf");
    },
);

for my $name (qw(nginx caddy haproxy apache)) {

    my $port = free_port();
    my $text = $found{$name} =~ s/\b8080\b/$port/gr
                             =~ s/127\.0\.0\.1:3000/127.0.0.1:$t->{port}/gr;
    my $pid = spawn([$run{$name}->($text, $port)],
                    output => "$dir/$name.out", dir => $dir);

    # the same server, through the proxy

    my $p = bless { %$t, port => $port, client => undef, owner => 0,
                    pid => 0 }, 'Through';

    my $up = wait_for(sub {
        my $r = eval { $p->http('GET', 'healthz') };
        $r && $r->{status} == 200;
    }, 20);

    ok($up, "$name: answers") or diag(slurp("$dir/$name.out")
                                      . slurp("$dir/$name.log"));

    subtest $name => sub {
        my $room = $p->room($ann, $name);
        my ($one) = join_board($p, $room, cookie => $ann);
        my ($two) = join_board($p, $room, cookie => $ann);

        $one->send_json({ type => 'push', clientClock => 0,
            diff => { map { $_->{id} => ['put', $_] }
                      document(), page('drawn') } });

        ok(seen($two, 'page:drawn'), 'one draws, the other sees it');

        $two->send_json({ type => 'push', clientClock => 0,
            diff => { 'page:back' => ['put', page('back')] } });

        ok(seen($one, 'page:back'), 'and the other way round');

        my $file = 'x' x 3_000_000;
        my $r = $p->http('POST', "api/rooms/$room/files?name=large.bin",
            cookie => $ann, body => $file,
            headers => ['Content-Type', 'application/octet-stream']);

        is($r->{status}, 201, 'a large file goes in');
        is(length $p->http('GET', $r->{json}{url}, cookie => $ann)->{body},
           3_000_000, 'and comes out');

        # whom nginx takes it for, and what he says he were

        for my $header ('X-Forwarded-For', 'X-Real-IP') {
            $p->http('GET', "api/config?$name$header",
                     headers => [$header, '192.0.2.66']);
        }

        unlike(slurp("$dir/access.log"), qr/^192\.0\.2\.66 /m,
               'nobody chooses his address');
        is($p->http('GET', 'metrics')->{status}, 403, 'no metrics by it');
        is($p->http('POST', 'api/rooms', cookie => $ann,
                    json => { name => 'x' },
                    headers => ['Origin', 'https://evil.example'])->{status},
           403, 'nor pages of other sites');

        $_->close for $one, $two;
    } if $up;

    kill 'TERM', $pid;
    reap($pid, 10) // do { kill 'KILL', -$pid; reap($pid, 5) };
}


# whom the proxy names is the one

{
    my $r = $t->http('GET', 'api/config',
                     headers => ['X-Forwarded-For', '203.0.113.9',
                                 'X-Request-Id', 'of-the-proxy.1']);

    is($r->{headers}{'x-request-id'}[0], 'of-the-proxy.1',
       'a trusted proxy names the request');
    ok(wait_for(sub { slurp("$dir/access.log") =~ /^203\.0\.113\.9 /m }, 5),
       'and the client');

    $r = $t->http('GET', 'api/config',
                  headers => ['X-Request-Id', 'of-a-client']);
    like($r->{headers}{'x-request-id'}[0], qr/^[0-9a-f]{32}$/,
         'nobody else does');
}

done_testing();


sub seen {
    my ($ws, $id) = @_;

    while (my $m = $ws->recv_json) {
        for (@{ $m->{data} || [] }) {
            return 1 if $_->{type} eq 'patch' && $_->{diff}{$id};
        }
    }

    return 0;
}


package Through;

our @ISA;

BEGIN { @ISA = ('Tidraw::Test') }

sub DESTROY { }
