#!/usr/bin/perl

# Files of boards: how fast they come and go, and what memory that takes.
#
#     t/bench/files.pl [MEGABYTES]        1024
#
# Uploads beside a Node server that pipes the body through a hash into a file
# and syncs it (Fastify's way of doing so; of SHA-256 and BLAKE2b it takes the
# one that is faster here, as Tidraw does), downloads beside nginx serving the
# same file from the same disk.  Each pair runs in turns, three times; of the
# three ratios, rates and times of CPU the one in the middle is shown.
#
# Every upload finds memory that was written to just before and nothing on the
# disk.  In a virtual machine the first touch of a page may cost ten times the
# copy to it, and whose uploads stay would alone pay for that.

use strict;
use warnings;

use FindBin;
use IO::Socket::INET;
use Time::HiRes qw(time);

use lib "$FindBin::Bin/../lib";
use Tidraw::HTTP;
use Tidraw::Test;
use Tidraw::Util qw(free_port spawn wait_for write_file);

my $mb = $ARGV[0] || 1024;
my $size = $mb << 20;

# a block that differs with its number, so that no two files are the same

my $block = join '', map { pack 'N', ($_ * 2654435761) & 0xffffffff }
                     1 .. 1 << 18;

delete $ENV{TIDRAW_ASAN};

my $t = Tidraw::Test->new(conf => {
    location => 'tidraw_max_upload 8g; tidraw_board_files 0;
                 tidraw_user_files 0; client_body_timeout 300s;',
    http => 'sendfile on; tcp_nopush on;',
    server => 'location /plain/ { alias @DIR@/data/uploads/; }',
});

$t->{conf}{server} =~ s/\@DIR\@/$t->dir/e;
$t->start;

my $ann = $t->register('ann@example.org');
my $room = $t->room($ann, 'Files');
my ($worker) = $t->workers;

my $node_port = free_port();
my $dir = $t->dir;

write_file("$dir/node.mjs", <<"END");
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'

function seconds(name) {
  const block = Buffer.alloc(65536)
  const hash = createHash(name)
  const from = process.hrtime.bigint()

  for (let i = 0; i < 500; i++) hash.update(block)
  return process.hrtime.bigint() - from
}

const kind = seconds('sha256') < seconds('blake2b512') ? 'sha256' : 'blake2b512'
let n = 0

async function take(stream) {
  const name = '$dir/node.' + ++n
  const hash = createHash(kind)
  await pipeline(stream, new Transform({
    transform(chunk, _, done) { hash.update(chunk); done(null, chunk) },
  }), createWriteStream(name))
  const file = await open(name)
  await file.sync()
  await file.close()
  await rename(name, name + '.done')
  return { hash: hash.digest('hex') }
}

const fastify = createRequire('$FindBin::Bin/upstream/x')('fastify')
const app = fastify({ bodyLimit: 8e9 })
app.addContentTypeParser('*', (request, payload, done) => done(null, payload))
app.post('/', async (request, reply) => {
  reply.code(201)
  return take(request.body)
})
await app.listen({ port: $node_port, host: '127.0.0.1' })
END

my $node = spawn(['node', "$dir/node.mjs"], output => "$dir/node.log",
                 dir => $dir);

wait_for(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                     PeerPort => $node_port) }, 30)
    or die "the Node server did not start: "
           . Tidraw::Util::slurp("$dir/node.log");

my (%up, %down, $last, $number);
my $rss = memory($worker);
my $most = 0;

for my $round (1 .. 3) {
    take(\%up, 'Tidraw', $worker, \&upload, $t->port,
         "/api/rooms/$room/files");
    take(\%up, 'Fastify', $node, \&upload, $node_port, '/');
}

printf "memory of the worker: %.1f MB before, at most %.1f MB more\n",
       $rss / 1024, ($most - $rss) / 1024;

# the file of the last upload to Tidraw has gone for that to Fastify

fresh();
upload($t->port, "/api/rooms/$room/files");

my $url = $t->path($last->{url});
my ($file) = uploads();
my ($plain) = $file =~ m{uploads/(.*)};

for my $round (1 .. 3) {
    take(\%down, 'nginx', $worker, \&download, "/plain/$plain");
    take(\%down, 'Tidraw', $worker, \&download, $url);
}

report('upload', \%up, 'Fastify');
report('download', \%down, 'nginx');

kill 'TERM', $node;
$t->finish;


# One transfer: its seconds, and those of CPU that the server had for it.

sub take {
    my ($all, $name, $pid, $what, @args) = @_;

    fresh() if $what == \&upload;

    my $cpu = cpu($pid);

    push @{ $all->{$name}{time} }, $what->(@args);
    push @{ $all->{$name}{cpu} }, cpu($pid) - $cpu;
}


sub uploads {
    return grep { -s $_ == $size } glob "$dir/data/uploads/??/*";
}


sub fresh {
    unlink glob("$dir/node.*.done"), uploads();

    open my $fh, '>', "$dir/warm" or die "$dir/warm: $!\n";
    syswrite $fh, $block or die "$dir/warm: $!\n" for 1 .. $mb;
    close $fh;

    unlink "$dir/warm";
}


sub report {
    my ($what, $all, $other) = @_;
    my ($one, $two) = @$all{'Tidraw', $other};

    printf "%s of %d MB: Tidraw %.0f MB/s, %s %.0f MB/s: %.2f times"
           . " (%s); CPU %.2f and %.2f s/GB\n",
           $what, $mb, $mb / median(@{ $one->{time} }), $other,
           $mb / median(@{ $two->{time} }),
           median(map { $two->{time}[$_] / $one->{time}[$_] } 0 .. 2),
           join(', ', map { sprintf '%.2f',
                            $two->{time}[$_] / $one->{time}[$_] } 0 .. 2),
           map { median(@{ $_->{cpu} }) * 1024 / $mb } $one, $two;
}


sub median {
    return (sort { $a <=> $b } @_)[@_ / 2];
}


# Seconds of CPU that a process has had.

sub cpu {
    my ($pid) = @_;

    open my $fh, '<', "/proc/$pid/stat" or return 0;
    my @f = split ' ', <$fh>;

    return ($f[13] + $f[14]) / 100;
}


sub memory {
    my ($pid) = @_;

    open my $fh, '<', "/proc/$pid/status" or return 0;

    return (join('', <$fh>) =~ /^VmRSS:\s+(\d+)/m)[0];
}


sub upload {
    my ($port, $path) = @_;

    my $c = Tidraw::HTTP->new(port => $port, timeout => 600);

    $c->{socket} = Tidraw::HTTP::dial($c);
    $number++;

    my $from = time;

    $c->write("POST $path HTTP/1.1\r\nHost: 127.0.0.1:$port\r\n"
              . "Cookie: $ann\r\nContent-Type: video/mp4\r\n"
              . "Content-Length: $size\r\n\r\n");

    for my $i (1 .. $mb) {
        substr($block, 0, 16) = sprintf '%08d%08d', $number, $i;

        for (my $done = 0; $done < length $block; ) {
            $done += syswrite($c->{socket}, $block, length($block) - $done,
                              $done) // die "write: $!\n";
        }

        if ($i % 64 == 0) {
            my $now = memory($worker);
            $most = $now if $now > $most;
        }
    }

    $c->{deadline} = time + 600;

    my $r = $c->answer('POST');

    die "$r->{status} $r->{body}\n" if $r->{status} != 201;
    $last = $r->{json} if $r->{json}{url};

    return time - $from;
}


sub download {
    my ($path) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                  PeerPort => $t->port) or die $!;
    my $from = time;
    my ($got, $buf) = (0, '');

    print $s "GET $path HTTP/1.1\r\nHost: x\r\nCookie: $ann\r\n"
             . "Connection: close\r\n\r\n";

    while (my $n = sysread $s, $buf, 1 << 20) {
        $got += $n;
    }

    die "$path: $got bytes\n" if $got < $size;

    return time - $from;
}
