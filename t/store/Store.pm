package Store;

# A test server whose location /store runs operations on the database: see
# ngx_tidraw_store_test_module.c, which is built here when it is out of date.
#
#     my $t = Store->new(database => 'postgres')->start;
#     my ($a, $b) = $t->run(op('w', [ROOM_COMMIT => "i $num", …]), op(…));
#
# $a->{rc} is the outcome, $a->{rows}[$step] a list of rows.

use strict;
use warnings;

use Exporter 'import';
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

use lib dirname(__FILE__) . '/../lib';

use Tidraw::Pg;
use Tidraw::Test;
use Tidraw::Util qw(run_ok slurp wait_for write_file);

our @ISA = ('Tidraw::Test', 'Exporter');

our @EXPORT_OK = qw(op add text OK ERROR DECLINED CONFLICT AWAY FULL UNKNOWN);

use constant {
    OK => 0, ERROR => -1, DECLINED => -5,
    CONFLICT => -20, AWAY => -21, FULL => -22, UNKNOWN => -23,
};

my $module;


sub new {
    my ($class, %o) = @_;

    my $db = $o{database};
    my $self = $class->SUPER::new(%o, module => 0);

    build();

    if ($db eq 'postgres') {
        $self->{pg} = $o{pg} || Tidraw::Pg->shared;
        $self->{dbname} = $o{dbname} || $self->{pg}->createdb;
        $self->{url} = $self->{pg}->url($self->{dbname}, tcp => 1);

    } elsif ($db eq 'sqlite') {
        $self->{url} = 'sqlite:' . ($o{file} || 'data/test.db');
    }

    my $conf = $self->{conf}{main} || '';

    $self->{conf} = {
        main => "load_module $module;\n$conf",
        http => 'client_max_body_size 64m; client_body_buffer_size 32m;',
        server => "location = /store { tidraw_store_test \"$self->{url}\"; }",
    };

    return $self;
}


sub build {
    my $root = $Tidraw::Test::root;
    my $asan = $ENV{TIDRAW_ASAN} ? '/asan' : '';
    my $dir = "$root/build/store-test$asan";
    my $tree = "$root/build/nginx";

    $module = "$dir/ngx_tidraw_store_test_module.so";

    make_path("$dir/src/store");

    open(my $lock, '>', "$dir/lock") or die "$dir/lock: $!";
    flock($lock, LOCK_EX);

    my @ours = ("$root/t/store/ngx_tidraw_store_test_module.c",
                "$root/t/store/statements.h");
    my @line = map { "$root/src/$_.c" }
               qw(ngx_tidraw_log core/td_log core/td_utf8);
    my @store = grep { !m{/ngx_tidraw_no_\w+\.c$} }
                glob "$root/src/store/*.[ch]";
    my $newest = (sort { $a <=> $b } map { (stat)[9] } @ours, @store,
                  @line, glob("$root/src/*.h $root/src/{core,util}/*.h"))[-1];

    return if -e $module && (stat _)[9] > $newest;

    unlink glob "$dir/src/store/*";

    for my $file (@store) {
        my $text = slurp($file);

        $text .= slurp($ours[1]) if $file =~ /ngx_tidraw_statements\.h$/;
        write_file("$dir/src/store/" . ($file =~ s{.*/}{}r), $text);
    }

    chomp(my $pq = run_ok(undef, 'pg_config', '--includedir'));

    run_ok(undef, 'gcc', '-std=gnu11', '-shared', '-fPIC', '-g', '-O1',
           '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter',
           $asan ? ('-fsanitize=address,undefined', '-fno-sanitize=alignment',
                    '-fno-omit-frame-pointer') : (),
           "-I$dir/src/store", "-I$root/src", "-I$root/src/core",
           "-I$root/src/util",
           (map { ('-isystem', $_) } $pq, map { "$tree/$_" }
            qw(objs src/core src/event src/event/modules src/os/unix
               src/http src/http/modules src/http/v2)),
           '-o', "$module.new", $ours[0], glob("$dir/src/store/*.c"), @line,
           "$root/src/util/ngx_tidraw_library.c", '-lsqlite3');

    rename("$module.new", $module) or die "$module: $!";
}


# The module of the tests is what runs under the sanitizers.

sub sanitizer {
    my ($self) = @_;

    local $self->{module} = 1;

    return $self->SUPER::sanitizer;
}


# Workers take a moment to die, and as long they hold the listening socket: who
# connects to it is reset.

sub kill9 {
    my ($self) = @_;

    $self->SUPER::kill9;

    wait_for(sub { !IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                          PeerPort => $self->port) }, 10)
        or die "somebody still listens\n";
}


# An operation: its kind, then statements as [name, parameters].

sub op {
    my ($kind, @steps) = @_;

    return join("\n", $kind, map { ("+$_->[0]", @$_[1 .. $#$_]) } @steps)
           . "\n";
}


# A text with every kind of character that is not plain.

sub text { return "a 'q' \"d\" \\ \$1 ?1 % \xc3\xa9 \xf0\x9f\x98\x80" }


sub add {
    my ($id, $name) = @_;

    return op('w', [TEST_ROOM_ADD_NUM => "s $id", 's ' . ($name // 'x'),
                    'i 1']);
}


# Sends operations; a handle for finish_run().

sub begin_run {
    my ($self, @ops) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                  PeerPort => $self->port)
        or die "connect: $!";

    my $body = join '', @ops;

    print $s "POST /store HTTP/1.1\r\nHost: localhost\r\n"
             . "Connection: close\r\nContent-Length: " . length($body)
             . "\r\n\r\n$body";

    return { socket => $s, n => scalar @ops };
}


# Waits until the server has it: accepted, and read to its end.

sub taken {
    my ($self, $run) = @_;

    my ($ours, $theirs) = map { sprintf ':%04X', $_ }
                          $run->{socket}->sockport, $self->port;

    wait_for(sub {
        grep { $_->[1] =~ /$theirs$/ && $_->[2] =~ /$ours$/
               && $_->[4] =~ /:0+$/ && $_->[9] }
        map { [split] } split /\n/, slurp('/proc/net/tcp');
    }, 20) or die "the request was not taken\n";
}


# undef when the server went away or the time was over.

sub finish_run {
    my ($self, $run, $limit) = @_;

    my $end = time() + ($limit // 30);
    my $select = IO::Select->new($run->{socket});
    my $text = '';

    for ( ;; ) {
        return if time() > $end;

        next if !$select->can_read(0.2);

        my $n = sysread($run->{socket}, $text, 1 << 20, length $text);
        $self->{why} = defined $n ? "eof" : "$!";

        last if !$n;
    }

    $self->{received} = $text;

    my ($length, $body)
        = $text =~ /^HTTP\/1\.1 200 .*?Content-Length: (\d+).*?\r\n\r\n(.*)/s
        or return;

    return if length $body != $length;

    my @results = map { { rows => [] } } 1 .. $run->{n};

    for (split /\n/, $body) {
        if (/^op (\d+) rc (-?\d+)/) {
            $results[$1]{rc} = $2;

        } elsif (/^row (\d+)\.(\d+)\|(.*)/) {
            push @{ $results[$1]{rows}[$2] },
                 [map { $_ eq 'NULL' ? undef : $_ } split /\|/, $3, -1];

        } elsif (/^ready (\d)/) {
            $results[0]{ready} = $1;

        } elsif (/^step refused/) {
            $results[0]{refused}++;

        } else {
            die "what is this: $_\n";
        }
    }

    return @results;
}


sub run {
    my ($self, @ops) = @_;

    my @results = $self->finish_run($self->begin_run(@ops));

    die "no answer ($self->{why}): $self->{received}\n" . $self->error_log
        if !@results;

    return wantarray ? @results : $results[0];
}


# Rows of a statement, run past the server.

sub all {
    my ($self, $sql) = @_;

    return $self->{pg}->sql($self->{dbname}, $sql) if $self->{pg};

    return Tidraw::Pg::rows(run_ok(".timeout 10000\n.separator \"\x1f\""
        . " \"\x1e\"\n.nullvalue \"\x1d\"\n$sql;\n",
        'sqlite3', '-batch', '-bail', "$self->{dir}/data/test.db"));
}


# How often the log says so.

sub logged {
    my ($self, $pattern) = @_;

    return scalar grep { /$pattern/ } split /\n/, $self->error_log;
}


1;
