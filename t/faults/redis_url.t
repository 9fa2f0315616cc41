#!/usr/bin/perl

# What tidraw_redis and REDIS_URL take, and that each kind of it works: a
# password, TLS with a certificate that is checked, a Unix socket, a name.

use strict;
use warnings;

use FindBin;
use IO::Socket::INET;
use Test::More;

use lib "$FindBin::Bin/../lib";

use Tidraw::Redis;
use Tidraw::Test;
use Tidraw::Util qw(wait_for);

for my $url ('redis:/host', 'http://host', 'redis://', 'redis://host:0',
             'redis://host:65536', 'redis://host:port', 'redis://host/one',
             'redis://secret@host', 'redis://:@host', 'redis://:%zz@host',
             'redis://[::1', 'redis://[::1]6379', 'unix:relative',
             'unix:/' . 'x' x 200, 'redis://host /1')
{
    my $t = Tidraw::Test->new(redis => $url);
    my ($good, $said) = $t->check;

    ok(!$good, substr($url, 0, 30) . ' is refused');
    like($said, qr/invalid "tidraw_redis"/, 'with its name');
    unlike($said, qr/secret/, 'without its password');
}

for my $url ('redis://host', 'rediss://:p%40ss@host:1/2', 'off',
             'redis://me:secret@[::1]:6379/0', 'unix:/run/redis.sock')
{
    my ($good, $said) = Tidraw::Test->new(redis => $url)->check;

    ok($good, "$url is taken") or diag($said);
}


# A worker subscribes, or says why not.

sub joined {
    my ($t, $redis) = @_;

    return wait_for(sub { $redis->command('PUBSUB', 'CHANNELS') =~ /tidraw:/ },
                    10);
}

sub works {
    my ($name, $redis, $url, %o) = @_;

    my $t = Tidraw::Test->new(redis => $url, %o)->start;

    ok(joined($t, $redis), "$name: joined") or diag($t->error_log);
    unlike($t->error_log, qr/redis_away/, "$name: nothing to complain of");
    $t->finish;
}

sub fails {
    my ($name, $why, $url, %o) = @_;

    my $t = Tidraw::Test->new(redis => $url, %o)->start;

    ok(wait_for(sub { $t->error_log =~ /redis_away.*(?:$why)/ }, 10),
       "$name: the log says why") or diag($t->error_log);
    is(scalar(() = $t->error_log =~ /redis_away/g), 1, "$name: once");
    unlike($t->error_log, qr/right one/, "$name: without the password");
    $t->finish;
}

my $redis = Tidraw::Redis->new(password => 'right one@#')->start;
my $port = $redis->{port};

works('password', $redis, "redis://:right%20one%40%23\@127.0.0.1:$port/3");
works('user', $redis, "redis://default:right%20one%40%23\@127.0.0.1:$port");
works('name', $redis, "redis://:right%20one%40%23\@localhost:$port");
fails('wrong password', 'WRONGPASS', "redis://:other\@127.0.0.1:$port");
fails('no password', 'NOAUTH', "redis://127.0.0.1:$port");
fails('no such name', 'host not found', 'redis://no-such-host.invalid');
fails('nobody there', 'connect', 'redis://127.0.0.1:1');
fails('no such socket', 'connect', 'unix:/nowhere/redis.sock');

# a user who may do no more than is needed, and users who may less

my $least = 'resetchannels &tidraw:* -@all +auth +select +publish +subscribe'
            . ' +unsubscribe';

$redis->command('ACL', 'SETUSER', 'board', 'on', '>pw', split ' ', $least);
works('user with the least rights', $redis,
      "redis://board:pw\@127.0.0.1:$port/1");

for ([ 'publish', '-publish' ], [ 'subscribe', '-subscribe' ],
     [ 'channels', 'resetchannels' ])
{
    my ($what, $right) = @$_;

    $redis->command('ACL', 'SETUSER', 'board', split(' ', $least), $right);
    fails("user without $what", 'NOPERM', "redis://board:pw\@127.0.0.1:$port");
}

undef $redis;

$redis = Tidraw::Redis->new->start;
chmod 0777, $redis->socket;

works('socket', $redis, 'unix:' . $redis->socket);

my $t = Tidraw::Test->new(env => { REDIS_URL => $redis->url })->start;

ok(joined($t, $redis), 'REDIS_URL: joined') or diag($t->error_log);
$t->finish;

fails('TLS to one that has none', 'timed out', "rediss://localhost:"
      . $redis->{port});

undef $redis;

$redis = Tidraw::Redis->new(tls => 1)->start;
$port = $redis->{port};

my %trust = (env => { SSL_CERT_FILE => "$redis->{dir}/cert.pem" });

works('TLS by name', $redis, "rediss://localhost:$port", %trust);
works('TLS by address', $redis, "rediss://127.0.0.1:$port", %trust);
fails('TLS, nobody vouches', 'self.signed', "rediss://localhost:$port");
fails('TLS of another', 'IP address mismatch|mismatch',
      "rediss://127.0.0.2:$port", %trust);
fails('none to one that has TLS', 'closed|protocol',
      "redis://localhost:$port");


# One that comes and goes does not fill the log.

undef $redis;

$redis = Tidraw::Redis->new->start;
$t = Tidraw::Test->new(redis => $redis->url)->start;

for (1 .. 8) {
    joined($t, $redis) or last;
    $redis->command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    wait_for(sub { $redis->command('PUBSUB', 'CHANNELS') !~ /tidraw:/ }, 10);
}

ok(joined($t, $redis), 'comes and goes: joined');

my $times = () = $t->error_log =~ /redis_away/g;

cmp_ok($times, '<', 6, 'comes and goes: the log says so some times');


# What others publish.

my $other = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                  PeerPort => $redis->{port}) or die $!;

for my $channel (split ' ', $redis->command('PUBSUB', 'CHANNELS')) {
    for my $noise ('', 'x' x 40, "1RdT\3" . 'x' x 60, 'x' x 600_000) {
        print $other "*3\r\n", map { sprintf "\$%d\r\n%s\r\n", length, $_ }
                     'PUBLISH', $channel, $noise;
        $other->flush;
        like(scalar(<$other>), qr/^:1\b/, 'noise: it was heard');
    }
}

ok(joined($t, $redis), 'noise: joined');
is($t->http('GET', 'healthz')->{status}, 200, 'noise: lives');
is(scalar(() = $t->error_log =~ /redis_away/g), $times,
   'noise: is ignored');
$t->finish;


# It may say anything.

for my $said ("-LOADING wait\r\n", "*2147483647\r\n", "*-7\r\n", "+OK\r\n" x 9,
              "*3\r\n:1\r\n:2\r\n:3\r\n" x 3, "HTTP/1.0\r\n",
              "\$99999999999\r\n",
              "*3\r\n*3\r\n*3\r\n*3\r\n*3\r\n*3\r\n*3\r\n*3\r\n*3\r\n*3\r\n",
              "+OK\r\n*3\r\n\$7\r\nmessage\r\n\$1\r\nx\r\n\$4\r\nRT1d\r\n",
              "*0\r\n*1\r\n\$-1\r\n", "+OK\r\n*3\r\n\$-1\r\n\$-1\r\n\$-1\r\n")
{
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                         Listen => 9) or die $!;
    my $child = fork() // die $!;

    if ($child == 0) {
        my @kept;

        while (my $c = $listener->accept) {
            syswrite $c, $said;
            push @kept, $c;
        }

        kill "KILL", $$;
    }

    my $t = Tidraw::Test->new(redis => 'redis://127.0.0.1:'
                                       . $listener->sockport)->start;

    select undef, undef, undef, 0.3;

    is($t->http('GET', 'healthz')->{status}, 200,
       'lives: ' . substr($said =~ s/[\r\n]+/ /gr, 0, 40));
    $t->finish;
    kill 'KILL', $child;
    waitpid $child, 0;
}

done_testing();
