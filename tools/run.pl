#!/usr/bin/perl

# Runs Tidraw in the foreground: writes nginx's configuration into the data
# folder, starts nginx, says where it listens, and stops it on Ctrl-C.
#
#   PORT     3000
#   DATA     ./data, the folder for everything that is written
#   WORKERS  1; nginx processes that serve
#
# As root the workers get the rights of the owner of DATA, or of www-data when
# that is root.

use strict;
use warnings;

use Cwd qw(abs_path);
use Fcntl qw(O_WRONLY O_CREAT O_EXCL);
use File::Path qw(make_path);
use IO::Socket::INET;
use POSIX qw(:signal_h WNOHANG setpgid tcgetpgrp tcsetpgrp);

$| = 1;

my $patience = 60;

my $root = abs_path(__FILE__ =~ s{[^/]*$}{}r . '..');
my $module = "$root/build/ngx_http_tidraw_module.so";
my $nginx = $ENV{NGINX_BIN} || '/usr/sbin/nginx';
my $port = setting('PORT') // 3000;
my $workers = setting('WORKERS') // 1;
my $data = setting('DATA') // "$root/data";

die "PORT must be a number from 1 to 65535\n"
    unless $port =~ /^\d{1,5}$/ && $port >= 1 && $port <= 65535;
die "WORKERS must be a number from 1 to 256, or auto\n"
    unless $workers eq 'auto'
           || $workers =~ /^\d{1,3}$/ && $workers >= 1 && $workers <= 256;
die "DATA must not contain quotes, dollar signs or control characters\n"
    if $data =~ /["\\\$[:cntrl:]]/;

my ($uid, $gid, $user) = prepare();

my $web = readable("$root/web/dist", 'web');
my $schema = readable("$root/conf/schema", 'schema');
my $templates = readable("$root/conf/templates", 'templates');

configure();
serve();


sub setting {
    my ($name) = @_;

    return length($ENV{$name} // '') ? $ENV{$name} : undef;
}


# Makes the data folder and finds whose rights the workers get.

sub prepare {
    if ($> != 0) {
        make_path($data);
        -w $data or die "$data: not writable\n";
        $data = abs_path($data);
        make_path("$data/run");

        return;
    }

    my @www = getpwnam('www-data') or die "there is no user www-data\n";

    if (!defined setting('DATA') && !-e $data
        && !reachable($root, $www[2], $www[3]))
    {
        $data = '/var/lib/tidraw';
        print "$root is closed to the user www-data, so the data are kept in",
              " $data\n(DATA= names another folder).\n";
    }

    make_path($data);
    $data = abs_path($data);

    my ($owner) = (stat $data)[4];

    # The owner of the folder is the operator, who may do what he likes there.

    if ($owner != 0) {
        my @pw = getpwuid($owner) or die "$data: its owner has no name\n";

        mkdir "$data/run";

        return ($owner, $pw[3], $pw[0]);
    }

    # A folder of root: the workers write there as members of its group, and
    # the sticky bit keeps them off what is ours, above all nginx.conf.

    opendir(my $dh, $data) or die "$data: $!\n";
    my @entries = grep { !/^\.\.?$/ } readdir $dh;

    die "$data belongs to root and holds other things: name a folder of its",
        " own with DATA=\n" if @entries && !-e "$data/nginx.conf";

    mkdir "$data/run";

    die "$data/run does not belong to root\n" if (lstat "$data/run")[4] != 0;

    if (!reachable($data =~ s{/[^/]*$}{/}r, $www[2], $www[3])) {
        print STDERR "WARNING: $data is closed to everybody but root, so",
                     " nginx's workers run as root.\nWARNING: a folder",
                     " that www-data can reach is safer.\n";

        return (0, 0, 'root');
    }

    chown 0, $www[3], $data or die "$data: $!\n";
    chmod 01770, $data or die "$data: $!\n";

    return (@www[2, 3], 'www-data');
}


# Can that user enter the folder?  Asked of the kernel, in a child.

sub reachable {
    my ($dir, $u, $g) = @_;

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        $) = "$g $g";
        $( = $g;
        POSIX::setuid($u);
        POSIX::_exit(-x $dir && chdir($dir) ? 0 : 1);
    }

    waitpid $pid, 0;

    return $? == 0;
}


# Where the workers can read a folder of the project: in its place, or in a
# copy next to the data.

sub readable {
    my ($dir, $name) = @_;

    return $dir if !-d $dir || $> != 0 || reachable($dir, $uid, $gid);

    my $copy = "$data/run/$name";

    system('rm', '-rf', $copy);
    system('cp', '-r', $dir, $copy) == 0 or die "cannot copy $dir\n";
    system('chmod', '-R', 'a+rX', $copy);

    return $copy;
}


sub configure {
    my $listen = "        listen  $port;\n";

    $listen .= "        listen  [::]:$port;\n"
        if -s '/proc/net/if_inet6';

    my %value = (
        USER    => $user ? "user $user;" : '',
        WORKERS => $workers,
        NOFILE  => open_files(),
        DATA    => $data,
        MODULE  => $module,
        WEB     => $web,
        SCHEMA  => $schema,
        TEMPLATES => $templates,
        LISTEN  => $listen,

        PASSWORDS => "$root/conf/passwords.txt",
    );

    open(my $in, '<', "$root/conf/nginx.conf") or die "conf/nginx.conf: $!\n";
    my $conf = do { local $/; <$in> };

    $conf =~ s/^\@LISTEN\@\n/\@LISTEN\@/m;
    $conf =~ s/\@([A-Z]+)\@/$value{$1}/g;

    unlink "$data/nginx.conf";

    sysopen(my $out, "$data/nginx.conf", O_WRONLY | O_CREAT | O_EXCL)
        or die "$data/nginx.conf: $!\n";
    print $out $conf;
    close($out) or die "$data/nginx.conf: $!\n";

    $ENV{DATABASE_URL} = "sqlite:$data/tidraw.db"
        unless setting('DATABASE_URL') || setting('DATABASE_URL_FILE');
}


# As many as we want, or as many as the system lets us have.

sub open_files {
    open(my $fh, '<', '/proc/self/limits') or return 1024;

    my ($hard) = map { /^Max open files\s+\S+\s+(\d+)/ } <$fh>;

    return defined $hard && $hard < 65536 ? $hard : 65536;
}


sub serve {
    my $parent = getppid();
    my ($stop, $tty, $old) = (0);

    # On a terminal we become its foreground group, so that Ctrl-C means us
    # alone: make does not see it, and ends with our exit code.

    if (open($tty, '+<', '/dev/tty')) {
        $old = tcgetpgrp(fileno $tty);

        if ($old == getpgrp()) {
            $SIG{TTOU} = 'IGNORE';
            setpgid(0, 0);
            tcsetpgrp(fileno $tty, getpgrp());

        } else {
            undef $old;
        }
    }

    $SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { $stop = 1 };

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        $SIG{INT} = $SIG{TERM} = $SIG{HUP} = $SIG{TTOU} = 'DEFAULT';
        my @nginx = ('setpriv', '--pdeathsig', 'TERM',
                     $nginx, '-e', 'stderr', '-p', "$data/",
                     '-c', "$data/nginx.conf", '-g', 'daemon off;');

        { exec @nginx }
        print STDERR "$nginx: $!\n";
        POSIX::_exit(127);
    }

    my ($said, $sent, $status) = (0, 0);

    for ( ;; ) {
        if (waitpid($pid, WNOHANG) == $pid) {
            $status = $?;
            last;
        }

        $stop = 1 if getppid() != $parent || interrupted($parent);

        if ($stop && !$sent) {
            kill 'TERM', $pid;
            $sent = 1;
        }

        $said ||= say_hello($pid) if !$sent;

        select(undef, undef, undef, $said ? 0.3 : 0.05);
    }

    tcsetpgrp(fileno $tty, $old) if $old;

    exit($stop ? 0 : $status >> 8 || ($status ? 1 : 0));
}


# Once the pid file is ours, the port is; the first start also waits for the
# database, so that the page works when it is opened.

sub say_hello {
    my ($pid) = @_;

    open(my $fh, '<', "$data/run/nginx.pid") or return 0;

    return 0 if (<$fh> // 0) != $pid;

    if ($patience-- > 0) {
        my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', Timeout => 1,
                                      PeerPort => $port) or return 0;

        print $s "GET /readyz HTTP/1.0\r\n\r\n";

        return 0 if (<$s> // '') !~ / 200 /;
    }

    print "\nTidraw is at http://localhost:$port",
          " (data in $data, Ctrl-C stops)\n";

    my $address = address();

    print "From other machines it is http://$address:$port: use that one,",
          " too, to copy links\n" if defined $address;

    print "\n";

    return 1;
}


# Ours on the network, if there is one: where a packet would leave from.  None
# is sent.

sub address {
    my $s = IO::Socket::INET->new(Proto => 'udp', PeerAddr => '192.0.2.1',
                                  PeerPort => 9) or return undef;
    my $address = $s->sockhost;

    return $address =~ /^127\./ ? undef : $address;
}


# make passes on SIGTERM, but waits for us in silence when SIGINT went to it
# alone; that it is in its handler shows in its mask.

sub interrupted {
    open(my $fh, '<', "/proc/$_[0]/status") or return 0;

    return 0 if <$fh> !~ /^Name:\s*g?make$/;

    while (<$fh>) {
        return hex($1) >> (SIGINT - 1) & 1 if /^SigBlk:\s*([0-9a-f]+)/;
    }

    return 0;
}
