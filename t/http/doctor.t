#!/usr/bin/perl

# The doctor: what is well is called so, and each thing that is not is named,
# with what to do.

use strict;
use warnings;

use IO::Socket::INET;
use IO::Socket::SSL;
use Test::More;
use lib 't/lib';
use Tidraw::Pg;
use Tidraw::Redis;
use Tidraw::Test;
use Tidraw::Util qw(free_port run_ok spawn reap write_file);

# What answers one line to whoever connects.

my @servers;

sub server {
    my ($line, $reads, %tls) = @_;

    my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5)
        or die $@;
    my $pid = fork() // die $!;

    if ($pid == 0) {
        while (my $c = $s->accept) {
            next if %tls && !IO::Socket::SSL->start_SSL($c, %tls,
                                                        SSL_server => 1);

            sysread($c, my $text, 4096) if $reads;
            print $c $line;
            close $c;
        }
        POSIX::_exit(0);
    }

    push @servers, $pid;

    return $s->sockport;
}

END {
    local $?;
    kill 'KILL', @servers if @servers;
    waitpid $_, 0 for @servers;
}


# Lines of the doctor by what they are about, and its status.

sub doctor {
    my (%env) = @_;

    local @ENV{keys %env} = values %env;

    my $text = qx($^X tools/doctor 2>&1);
    my $status = $? >> 8;
    my (%said, $what);

    for (split /\n/, $text) {
        if (/^(ok|warn|FAIL) {2,4}(\S.{13}) (.*)$/) {
            my ($state, $text) = ($1, $3);
            $what = $2 =~ s{ +$}{}r;
            $said{$what} = "$state: $text";
        } elsif (/^\s+-> (.*)/) {
            $said{$what} .= " -> $1";
        } else {
            $said{junk} .= $_;
        }
    }

    return (\%said, $status, $text);
}


my $t = Tidraw::Test->new(database => 'sqlite',
    conf => { location => 'tidraw_public_url http://localhost;' })->start;
my $dir = $t->dir;

$t->register('ann@example.org');

my %good = (
    NGINX_CONF   => "$dir/nginx.conf",
    MODULE       => $t->module_file,
    DATABASE_URL => $t->{url},
    PUBLIC_URL   => "http://localhost:$t->{port}/",
    DOCTOR_FREE  => 1,
);

local $ENV{TIDRAW_ASAN} = $ENV{TIDRAW_ASAN};
delete @ENV{qw(REDIS_URL SMTP_HOST S3_BUCKET TLDRAW_LICENSE_KEY DATA)};

my $plain = $t->module_file =~ s{/asan}{}r;

{
    my ($said, $status, $text) = doctor(%good, MODULE => $plain,
        REDIS_URL => Tidraw::Redis->shared->url,
        SMTP_HOST => '127.0.0.1', SMTP_FROM => 'a@example.org',
        SMTP_PORT => server("220 mail\r\n"),
        S3_BUCKET => 'boards', S3_ACCESS_KEY_ID => 'k',
        S3_SECRET_ACCESS_KEY => 's', S3_ENDPOINT => 'http://127.0.0.1:'
            . server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1),
        TLDRAW_LICENSE_KEY => 'tldraw-2030-01-01/' . 'x' x 40);

    # under sanitizers nginx cannot load the module without help

    delete $said->{nginx} if $ENV{TIDRAW_ASAN};

    ok(!$said->{junk}, 'every line has the form') or diag($text);
    is(join("\n", grep { $said->{$_} !~ /^(?:ok|warn: .*fsync)/ }
                  sort keys %$said), '', 'all is well') or diag($text);
    is($status, 0, 'and the status says so') if !$ENV{TIDRAW_ASAN};
}

{
    my ($said) = doctor(%good, DATABASE_URL => Tidraw::Pg->shared->url(
                            Tidraw::Pg->shared->createdb));

    like($said->{database}, qr/^ok: PostgreSQL \d+ answers/, 'PostgreSQL');
}

write_file("$dir/bad.conf", "events {}\nnonsense;\n");
write_file("$dir/broken.db", 'this is no database' x 500);
write_file("$dir/none.so", 'x');
write_file("$dir/other.so", '8,4,8,' . '1' x 34);

my $closed = free_port();

for ([nginx => qr/FAIL: .*nonsense.*bad\.conf:2 -> mend/,
      NGINX_CONF => "$dir/bad.conf"],
     [nginx => qr/FAIL: it is not installed/, NGINX_BIN => '/nowhere'],
     [module => qr/FAIL: .*no module of nginx -> build/,
      MODULE => "$dir/none.so"],
     [module => qr/FAIL: .*another nginx -> build it anew/,
      MODULE => "$dir/other.so"],
     [database => qr/FAIL: there is no .* -> .*first start/,
      DATABASE_URL => "sqlite:$dir/none.db"],
     [database => qr/FAIL: .*is damaged.* -> .*backup/,
      DATABASE_URL => "sqlite:$dir/broken.db"],
     [database => qr/FAIL: it cannot be reached.* -> .*pg_hba/,
      DATABASE_URL => "postgresql://u\@127.0.0.1:$closed/x"],
     [disk => qr/FAIL: \d+ MB are free.* -> make room/, DOCTOR_FREE => 1e15],
     [disk => qr/FAIL: there is no folder/, DATA => '/nowhere'],
     [redis => qr/FAIL: .*cannot be reached.* -> is it up/,
      REDIS_URL => "redis://127.0.0.1:$closed"],
     [redis => qr/FAIL: REDIS_URL is none -> it looks like/,
      REDIS_URL => 'cache:6379'],
     [redis => qr/warn: by a socket/, REDIS_URL => 'unix:/run/redis'],
     [redis => qr/FAIL: it says: -NOAUTH.* -> put its password/,
      REDIS_URL => 'redis://127.0.0.1:' . server("-NOAUTH no\r\n", 1)],
     [mail => qr/FAIL: .*cannot be reached/, SMTP_HOST => '127.0.0.1',
      SMTP_PORT => $closed],
     [mail => qr/FAIL: it says: HTTP.* -> is this a mail server/,
      SMTP_HOST => '127.0.0.1', SMTP_PORT => server("HTTP/1.1 400\r\n")],
     [mail => qr/warn: .*sender -> set SMTP_FROM/, SMTP_HOST => '127.0.0.1',
      SMTP_PORT => server("220 mail\r\n")],
     [s3 => qr/FAIL: there is no key/, S3_BUCKET => 'boards'],
     (map { my ($status, $hint) = @$_;
            [s3 => $hint, S3_BUCKET => 'boards', S3_ACCESS_KEY_ID => 'k',
             S3_SECRET_ACCESS_KEY => 's', S3_ENDPOINT => 'http://127.0.0.1:'
             . ($status ? server("HTTP/1.1 $status x\r\nContent-Length: 0"
                                 . "\r\n\r\n", 1) : $closed)] }
          [403, qr/FAIL: the key is refused/], [404, qr/FAIL: .*no bucket/],
          [0, qr/FAIL: .*cannot be reached -> look at S3_ENDPOINT/]),
     ['licence key' => qr/warn: .*form of a key/,
      TLDRAW_LICENSE_KEY => 'what'],
     [name => qr/warn: PUBLIC_URL is not set/, PUBLIC_URL => ''],
     [name => qr/FAIL: PUBLIC_URL is no address/, PUBLIC_URL => 'boards'],
     [name => qr/FAIL: .*has no address.* -> make a DNS record/,
      PUBLIC_URL => 'http://nowhere.invalid/'],
     [site => qr/FAIL: it cannot be reached/,
      PUBLIC_URL => "http://localhost:$closed/"],
     [site => qr/FAIL: no Tidraw is there/,
      PUBLIC_URL => "http://localhost:$t->{port}/nowhere/"],
     [websocket => qr/FAIL: the handshake is answered by 426 -> .*Upgrade/,
      PUBLIC_URL => 'http://localhost:'
          . server("HTTP/1.1 426 x\r\nContent-Length: 0\r\n\r\n", 1) . '/'],
     ['proxy headers' => qr/FAIL: .*another one's -> .*Host/,
      PUBLIC_URL => 'http://localhost:' . server(
          "HTTP/1.1 403 x\r\nContent-Length: 31\r\n\r\n"
          . '{"error":{"code":"bad_origin"}}', 1) . '/'],
     [clock => qr/warn: .*differs by \d+ s -> .*NTP/,
      PUBLIC_URL => 'http://localhost:' . server(
          "HTTP/1.1 200 x\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\n"
          . "Content-Length: 0\r\n\r\n", 1) . '/'])
{
    my ($what, $want, %env) = @$_;
    my ($said, $status) = doctor(%good, %env);

    like($said->{$what}, $want, "$what: " . join ' ', %env);
    is($status, 1, 'the status says so') if $want =~ /FAIL/;
}

# a signed request goes to nobody who only says that he is S3

{
    run_ok(undef, qw(openssl req -x509 -newkey ec -pkeyopt
                     ec_paramgen_curve:prime256v1 -nodes -days 2
                     -subj /CN=localhost -addext subjectAltName=DNS:localhost),
           '-keyout', "$dir/key.pem", '-out', "$dir/cert.pem");

    my $port = server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1,
                      SSL_cert_file => "$dir/cert.pem",
                      SSL_key_file => "$dir/key.pem");
    my %s3 = (S3_BUCKET => 'boards', S3_ACCESS_KEY_ID => 'k',
              S3_SECRET_ACCESS_KEY => 's',
              S3_ENDPOINT => "https://localhost:$port");

    like((doctor(%good, %s3))[0]{s3}, qr/^FAIL: .*trusted -> look at S3_CA/,
         's3: a certificate of nobody');
    like((doctor(%good, %s3, S3_CA => "$dir/cert.pem"))[0]{s3}, qr/^ok/,
         'and the one that S3_CA names');
}

done_testing();
