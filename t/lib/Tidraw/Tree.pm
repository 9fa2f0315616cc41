package Tidraw::Tree;

# A Debian of this release, unpacked into a folder of its own, in which a test
# installs things as an operator would.  Needs root and some 400 MB.
#
#     my $tree = Tidraw::Tree->new;
#     $tree->run('apt-get install -y nginx');       # in it, by sh; dies
#     my $pid = $tree->spawn(['nginx'], output => "$dir/log");
#     $tree->write('/etc/nginx/conf.d/x.conf', $text);
#
# The folder goes with the object.  What debootstrap fetched is kept in
# build/ship for the next one.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use POSIX ();
use Tidraw::Util qw(run_ok slurp write_file);

my $root = abs_path(__FILE__ =~ s{[^/]*$}{}r . '../../..');


# Why there cannot be one, or undef.

sub lacks {
    return 'the long form only (LONG=1, make test-ship)' if !$ENV{LONG};
    return 'needs root' if $> != 0;
    return 'needs debootstrap' if !grep { -x "$_/debootstrap" }
                                   qw(/usr/sbin /usr/bin);
    return undef;
}


# suite   this release; another one
# base    1; 0 leaves it empty, for what is copied into it

sub new {
    my ($class, %o) = @_;

    my ($suite) = slurp('/etc/os-release') =~ /^VERSION_CODENAME=(\S+)/m;

    $suite = $o{suite} if $o{suite};

    my $self = bless { dir => tempdir('tidraw-tree-XXXXXX', TMPDIR => 1),
                       owner => $$, mounts => [] }, $class;

    if ($o{base} // 1) {
        my $base = "$root/build/ship/$suite.tar";

        base($suite, $base) if !-e $base;
        run_ok(undef, 'tar', '-xpf', $base, '-C', $self->{dir});
        chmod 0755, $self->{dir};
        $self->mount('-t', 'proc', 'proc', '/proc');
        $self->network;
    }

    return $self;
}


sub base {
    my ($suite, $tar) = @_;

    my $dir = tempdir('tidraw-base-XXXXXX', TMPDIR => 1);

    make_path("$root/build/ship");

    run_ok(undef, 'debootstrap', '--variant=minbase',
           '--include=ca-certificates', $suite, $dir,
           'http://deb.debian.org/debian');
    run_ok(undef, 'tar', '-cf', "$tar.new", '-C', $dir, '.');
    rename "$tar.new", $tar or die "$tar: $!";
    remove_tree($dir, { safe => 0 });
}


# What the host knows of names, proxies and package archives.

sub network {
    my ($self) = @_;

    for my $file ('/etc/resolv.conf', '/etc/hosts', glob('/etc/apt/apt.conf'),
                  glob('/etc/apt/apt.conf.d/*proxy*'))
    {
        run_ok(undef, 'cp', '-L', $file, "$self->{dir}$file") if -e $file;
    }

    my ($suite) = slurp("$self->{dir}/etc/os-release")
                  =~ /^VERSION_CODENAME=(\S+)/m;

    $self->write('/etc/apt/sources.list', <<"END");
deb http://deb.debian.org/debian $suite main
deb http://deb.debian.org/debian-security $suite-security main
END

    # nothing starts by itself

    $self->write('/usr/sbin/policy-rc.d', "#!/bin/sh\nexit 101\n", 0755);
}


sub dir { return $_[0]{dir} }


sub write {
    my ($self, $path, $text, $mode) = @_;

    make_path($self->{dir} . $path =~ s{/[^/]*$}{}r);
    write_file("$self->{dir}$path", $text);
    chmod $mode, "$self->{dir}$path" if $mode;
}


sub mount {
    my ($self, @args) = @_;

    my $at = $self->{dir} . pop @args;

    make_path($at) if !-e $at;
    run_ok(undef, 'mount', @args, $at);
    unshift @{ $self->{mounts} }, $at;
}


sub env {
    return ('env', '-i', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin'
            . ':/usr/bin:/sbin:/bin', 'HOME=/root', 'LC_ALL=C.UTF-8',
            'DEBIAN_FRONTEND=noninteractive',
            map { "$_=$ENV{$_}" } grep { defined $ENV{$_} }
                qw(http_proxy https_proxy no_proxy));
}


# What the command printed; dies with it when it fails.

sub run {
    my ($self, $command) = @_;

    my ($code, $text) = $self->try($command);

    die "$command: $text" if $code;

    return $text;
}


sub try {
    my ($self, $command) = @_;

    my $pid = open(my $out, '-|') // die "fork: $!";

    if ($pid == 0) {
        open(STDIN, '<', '/dev/null');
        open(STDERR, '>&', \*STDOUT);
        { exec 'chroot', $self->{dir}, env(), 'sh', '-ec', $command }
        POSIX::_exit(127);
    }

    local $/;
    my $text = <$out> // '';

    close $out;

    return ($? >> 8, $text);
}


sub spawn {
    my ($self, $command, %o) = @_;

    my @as = $o{as} ? ("--userspec=$o{as}") : ();

    return Tidraw::Util::spawn(['chroot', @as, $self->{dir}, env(),
                                @{ $o{set} || [] }, @$command], %o);
}


sub DESTROY {
    my ($self) = @_;

    return if $self->{owner} != $$;

    local ($?, $@);

    system('umount', '-l', $_) for @{ $self->{mounts} };
    system('rm', '-rf', '--one-file-system', $self->{dir});
}


1;
