#!/usr/bin/perl

# The commands of the documents, taken from their text and run as they stand,
# page by page, in a copy of this machine where nothing lasts.  What takes
# minutes is run with LONG=1 (make test-ship) only.  A command that nothing
# runs fails, unless a comment above it says why it cannot be.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use JSON::PP qw(encode_json);
use Test::More;
use lib 't/lib';
use Tidraw::Docs;
use Tidraw::Util qw(slurp wait_for);
use Tidraw::World;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $root = abs_path('.');
my $dir = tempdir('tidraw-docs-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $log = "$dir/log";
my @blocks = map { Tidraw::Docs::blocks($_) } Tidraw::Docs::pages();

my %ran;        # command => 1
my %by;         # page:line of a block => what else tests it
my $w;

# minutes, and packages from the network; backups have tests of their own, too

my $later = qr{^(?:make|make\ (?:single|deb|clean|modules)|apt\ .*|\./tidraw\ .*
                   |\./configure\ .*)$}x;

elsewhere();

my $lacks = Tidraw::World::lacks();

if (defined $lacks) {
    diag("no command is run here: $lacks");

} else {
    first_steps();
    at_home();
    backups() if $ENV{LONG};
    in_an_nginx();
    settings();
    files_to_s3();
    builds() if $ENV{LONG};
}

accounts();
done_testing();


# The block $n below a heading of a page.

sub block {
    my ($page, $heading, $n) = @_;

    my ($block) = grep { $_->{page} eq $page && $_->{heading} eq $heading
                         && $_->{n} == ($n // 1) } @blocks;

    return $block // die "$page has no block $n under \"$heading\"\n";
}


# Runs the commands of a block, or those that match; what they printed.

sub follow {
    my ($block, $which) = @_;

    my $all = '';

    for my $command (Tidraw::Docs::commands($block)) {
        next if $which ? $command !~ $which : $command =~ $later;

        my ($code, $text) = $w->run($command);

        is($code, 0, "$block->{page}: " . shown($command)) or diag($text);
        $ran{$command} = 1;
        $all .= $text;
    }

    return $all;
}


# A command that serves, until it is stopped by Ctrl-C.

sub serves {
    my ($page, $command, $url, $inside) = @_;

    $ran{$command} = 1;

    my $up = $w->start($command, $log, $url);

    ok($up, "$page: " . shown($command)) or diag(slurp($log));
    $inside->() if $up && $inside;
    ok($w->stop, '... stops');
    unlike(slurp($log), qr/\[(?:alert|emerg)\]/, '... without alerts');
}


sub shown {
    my ($command) = @_;

    utf8::decode($command);

    return (split /\n/, $command)[0];
}


# What was printed, with any text for each "…".

sub like_text {
    my ($said, $block, $what) = @_;

    my $want = join '.*', map { quotemeta } split /…/, $block->{text}, -1;

    like($said, qr/^$want/m, "$block->{page}: $what");
}


# Other tests take these out of the pages.

sub elsewhere {
    for my $block (@blocks) {
        my $at = "$block->{page}:$block->{line}";

        $by{$at} = 't/proxies/proxies.t'
            if $block->{page} eq 'docs/proxies.md'
               && $block->{text} =~ /^\#\ (?:tidraw|nginx|caddy|haproxy
                                           |apache)$/mx;

        $by{$at} //= 't/docs.t' if Tidraw::Docs::is_snippet($block);
    }
}


# A clone of this folder, with what is built here already.

sub clone_here {
    my ($page, $heading) = @_;

    $w->setup(<<"END");
git config --global --add safe.directory '*'
mkdir -p /srv/op
git clone -q --bare --no-hardlinks '$root' /srv/op/…
echo /srv/op > /run/doc/cwd
END

    my ($clone, @rest) = Tidraw::Docs::commands(block($page, $heading));

    follow(block($page, $heading), qr/^\Q$clone\E$/);

    $w->setup(<<"END");
cd /srv/op/tidraw
mkdir -p build/nginx/objs web/node_modules
cp '$root/build/nginx/objs/Makefile' build/nginx/objs
cp -r '$root/web/dist' web
touch build/nginx/objs/Makefile web/node_modules/.stamp
cp '$root/build/ngx_http_tidraw_module.so' build
touch web/dist/index.html
touch web/dist/openapi.json
END

    return @rest;
}


sub first_steps {
    $w = Tidraw::World->new(address => '192.168.1.20');

    my ($run) = clone_here('README.md', 'Two commands');
    my $says = block('docs/first-quarter-hour.md',
        '1. Start it (3 minutes, nearly all of it waiting)', 2);

    # it serves a moment before it says so

    serves('README.md', $run, 'http://localhost:3000/readyz',
           sub { wait_for(sub { slurp($log) =~ /^From other/m }, 10) });
    like_text(slurp($log), $says, 'that is what it says');
    $by{"$says->{page}:$says->{line}"} = 'the command before it';

    $w->setup(<<'END');
mkdir /srv/pg
chown postgres: /srv/pg
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
cd /srv/pg
echo secret > /srv/secret
runuser -u postgres -- $bin/initdb -D /srv/pg/data -A scram-sha-256 \
    --pwfile=/srv/secret --locale=C.UTF-8 -E UTF8 --no-sync > /dev/null
runuser -u postgres -- $bin/pg_ctl -w -D /srv/pg/data -l /srv/pg/log \
    -o '-k /srv/pg -c fsync=off' start > /dev/null
PGPASSWORD=secret psql -qh localhost -U postgres \
    -c "CREATE ROLE tidraw LOGIN PASSWORD 'secret'" \
    -c 'CREATE DATABASE tidraw OWNER tidraw'
END

    for (Tidraw::Docs::commands(block('README.md', 'Two commands', 2))) {
        my $port = /PORT=(\d+)/ ? $1 : 3000;

        serves('README.md', $_, "http://localhost:$port/readyz");
    }

    is(($w->call('test -e /srv/boards/tidraw.db'))[0], 0,
       'the boards are where it says');
    like($w->setup('PGPASSWORD=secret psql -qAth localhost -U tidraw'
                   . " -c 'SELECT max(version) FROM tidraw_version'"),
         qr/^\d+$/m, 'and in PostgreSQL');
}


# The service of docs/home.md: what systemd would do with the file, by hand.

sub at_home {
    $w = Tidraw::World->new;
    clone_here('docs/home.md', 'Start it');
    $w->setup('cp -a /srv/op/tidraw /opt/tidraw');

    my ($user, $unit) = map { block('docs/home.md', 'Keep it running', $_) }
                        1, 2;
    my ($file) = $unit->{text} =~ m{^# (/\S+)$}m;

    follow($user);

    open(my $out, '>', "$dir/unit") or die $!;
    print $out $unit->{text};
    close $out;

    $w->setup("cat '$dir/unit' > $file");
    $by{"$unit->{page}:$unit->{line}"} = 'what it starts is started';

    unlike(($w->call("systemd-analyze verify $file"))[1], qr/tidraw/,
           'systemd takes the file');

    my ($name) = $unit->{text} =~ /^User=(.*)$/m;
    my ($set) = $unit->{text} =~ /^Environment=(.*)$/m;
    my ($start) = $unit->{text} =~ /^ExecStart=(.*)$/m;

    $w->{service} = "cd /; exec runuser -u $name -- env $set $start";
}


# Backups of that service.

sub backups {
    my $page = 'docs/backup.md';

    $w->setup('cd /opt/tidraw; make -s install');
    served(sub {
        $w->setup(sign_in('register'));
        follow(block($page, 'Backup and restore', 1));
        like(follow(block($page, 'Backup and restore', 2)),
             qr{^/var/backups/tidraw/\w+$}m, 'a backup, and its folder');

        # the line of cron: five times, a user, and a command for sh

        my $cron = block($page, 'Backup and restore', 3);
        my ($who, $command) = $cron->{text} =~ /^(?:\S+ ){5}(\S+) (.*)$/m;

        my ($code, $text) = $w->call("cd /; exec runuser -u $who --"
            . " env -i SHELL=/bin/sh PATH=/usr/bin:/bin sh -c '$command'");

        is($code, 0, "$page: " . shown($command)) or diag($text);
        $by{"$page:$cron->{line}"} = 'its command is run';

        like(follow(block($page, 'What is in it')), qr/\d{8}T\d{6}Z/,
             'what there is');
    });

    my $back = block($page, 'Restore', 1);
    my ($name) = $back->{text} =~ /restore (\w+)/;

    $w->setup("cd /var/backups/tidraw; mv \$(ls | tail -n 1) $name;"
              . ' mv /var/lib/tidraw /var/lib/tidraw.old;'
              . ' install -d -o tidraw -g tidraw /var/lib/tidraw');
    follow($back);
    follow(block($page, 'Restore', 2));

    served(sub {
        like(($w->call(sign_in('login')))[1], qr/ann\@example\.org/,
             'all is back');
    });

    my $down = block($page, 'Upgrades and the way back', 1);

    like(follow($down), qr/the schema went from version \d+ to \d+/,
         'the way back');
}


sub served {
    my ($code) = @_;

    my $up = $w->start($w->{service}, $log, 'http://localhost:3000/readyz');

    ok($up, 'the service serves') or diag(slurp($log));
    $code->();
    ok($w->stop('TERM'), '... and stops');
}


# The nginx of the machine, with a site.

sub in_an_nginx {
    $w = Tidraw::World->new;
    clone_here('README.md', 'Two commands');

    follow(block('README.md', 'In an nginx that already runs'));
    follow(block('docs/nginx.md', 'From source'));
    site();
    follow(block('README.md', 'The code', 2));
}


sub site {
    my $line = block('docs/nginx.md', 'By package', 2);

    $w->setup(<<"END");
install -d -o www-data -g www-data -m 750 /var/lib/tidraw
rm -f /etc/nginx/sites-enabled/*
module=/etc/nginx/modules-available/50-mod-http-tidraw.conf
[ ! -e \$module ] || ln -sf \$module /etc/nginx/modules-enabled
cat > /etc/nginx/sites-enabled/default <<'SITE'
server { listen 80;
$line->{text}}
SITE
mkdir -p /var/log/nginx
END

    my ($code, $text) = $w->run('nginx -t');

    is($code, 0, "$line->{page}: nginx -t") or diag($text);
    $by{"$line->{page}:$line->{line}"} = 'nginx runs with it';
    serves($line->{page}, "nginx -g 'daemon off;'",
           'http://localhost/boards/readyz');
}


# Settings: the server takes them, at the names that they say.

sub settings {
    $w = Tidraw::World->new(hosts => [qw(db1 db2 redis.internal s3.internal)]);
    clone_here('README.md', 'Two commands');
    $w->setup('mkdir -p /run/secrets; openssl rand -hex 32'
              . ' | tee /run/secrets/tidraw > /run/secrets/s3;'
              . ' chmod 644 /run/secrets/*');

    for (block('docs/hosts.md', 'What each host needs'),
         block('docs/operations.md', 'Files in S3'))
    {
        my $set = $_->{text};
        my $more = $set =~ /S3_ACCESS_KEY_ID/ ? ''
            : 'export S3_ACCESS_KEY_ID=key S3_SECRET_ACCESS_KEY=secret';

        serves($_->{page}, "set -a\n$set\n$more\nset +a\n"
               . 'cd /srv/op/tidraw; make run',
               'http://localhost:3000/healthz');
        $by{"$_->{page}:$_->{line}"} = 'the server runs with it';
        unlike(slurp($log), qr/invalid|unknown|must/, '... and takes it');
    }
}


sub files_to_s3 {
    my $settings = block('docs/operations.md', 'Files in S3');
    my $o = encode_json({ port => 9000, dir => '/srv/s3', bucket => 'boards',
                          key => 'tidraw', secret => 'secret',
                          region => 'eu-central-1' });

    $w->setup("echo secret > /run/secrets/s3; mkdir /srv/s3;"
              . " cd '$root/t/s3'; node server.cjs '$o' > /run/s3 2>&1 &"
              . ' for i in $(seq 150); do grep -q ready /run/s3 && exit 0;'
              . ' sleep 0.1; done; cat /run/s3; exit 1');
    $w->run('cd /srv/op/tidraw');
    $w->run("set -a\n$settings->{text}set +a\n"
            . 'export S3_ENDPOINT=http://127.0.0.1:9000 S3_UPLOADS=disk');

    serves($settings->{page}, 'make run', 'http://localhost:3000/readyz', sub {
        $w->setup(sign_in('register') . <<'END');
post() {
    curl -sf -b /run/doc/jar -H 'Origin: http://localhost:3000' \
        -H "Content-Type: $1" --data-binary "$2" "http://localhost:3000/$3"
}
room=$(post application/json '{"name":"Plans"}' api/rooms \
       | grep -o '"id":"[^"]*"' | head -n 1 | cut -d '"' -f 4)
post application/octet-stream 'a file' "api/rooms/$room/files?name=a.bin"
END
        my ($there, $back) = Tidraw::Docs::commands(
            block($settings->{page}, 'Files in S3', 3));
        my $find = 'find /srv/s3 -name "*_object" | wc -l';

        for ([$there, 1], [$back, 0]) {
            my ($command, $n) = @$_;

            follow(block($settings->{page}, 'Files in S3', 3),
                   qr/^\Q$command\E$/);
            is($w->setup($find) + 0, $n, "$n in the store");

            # what the database knows is no stray

            follow(block($settings->{page}, 'Files in S3', 4), qr/./) if $n;
            is($w->setup($find) + 0, $n, '... and stay there');
        }
    });
}


# A request with the one account of these servers, and where its cookie goes.

sub sign_in {
    my ($how) = @_;

    return <<"END";
curl -sf -c /run/doc/jar -H 'Content-Type: application/json' \\
    -H 'Origin: http://localhost:3000' -d '{"email":"ann\@example.org",
    "password":"a sentence of mine","name":"Ann"}' \\
    http://localhost:3000/api/auth/$how
END
}


# What takes minutes.

sub builds {
    $w = Tidraw::World->new(online => 1);
    clone_here('README.md', 'Two commands');
    $w->setup('cd /srv/op/tidraw; rm -rf build web/dist web/node_modules;'
              . ' mkdir -p build');

    # from nothing: the packages of npm, the module and the web app

    follow(block('README.md', 'The code', 2), qr/^make$/);
    follow(block('README.md', 'One file', 1), qr/./);
    $w->run('cd build');

    my $two = block('README.md', 'One file', 2);

    serves($two->{page}, $_, 'http://localhost:8080/readyz')
        for Tidraw::Docs::commands($two);

    $w->run('cd ..');
    follow(block('docs/nginx.md', 'By package', 1), qr/./);
    site();

    $w->setup('mkdir -p /path/to; ln -s /srv/op/tidraw /path/to/tidraw;'
              . ' cp -r /usr/share/nginx/src /srv/op/nginx;'
              . ' cd /srv/op/nginx; [ -e configure ]'
              . ' || cp auto/configure configure;'

              # Debian's configure writes objs/Makefile only

              . ' printf "modules:\n\t\$(MAKE) -f objs/Makefile modules\n"'
              . ' > GNUmakefile');
    $w->run('cd /srv/op/nginx');
    follow(block('docs/nginx.md', 'From source', 2), qr/./);
    is(($w->run('test -e objs/ngx_tidraw_module.so'))[0], 0, 'the module');

    $w->run('cd /srv/op/tidraw');
    follow(block('README.md', 'The code', 2), qr/^make clean$/);
}


# Each block, and what became of it.

sub accounts {
    my ($ran, @late, @not, @lost) = (0);
    my ($other, $none) = (0, 0);

    for my $block (@blocks) {
        my $at = "$block->{page}:$block->{line}";
        my $mark = $block->{mark} // '';

        if ($mark =~ /^no command/) {
            $none++;

        } elsif ($mark =~ /^not run: (.*)/) {
            push @not, "$at: " . shown($block->{text}) . " ($1)";

        } elsif ($by{$at}) {
            $other++;

        } else {
            for my $command (Tidraw::Docs::commands($block)) {
                if ($ran{$command}) {
                    $ran++;

                } elsif (defined $lacks) {
                    push @late, $command;

                } elsif (!$ENV{LONG} && ($command =~ $later
                                         || $block->{page} eq 'docs/backup.md'))
                {
                    push @late, $command;

                } else {
                    push @lost, "$at: " . shown($command);
                }
            }
        }
    }

    diag("$ran commands run, " . @late . ' left to LONG=1 as root; '
         . "$other blocks by other means, " . @not . ' blocks not run, '
         . "$none no commands");
    note("later: " . shown($_)) for @late;
    diag("not run: $_") for @not;
    is(join("\n", @lost), '', 'every command is run, or says why not');
}
