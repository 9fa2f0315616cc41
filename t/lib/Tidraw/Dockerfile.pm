package Tidraw::Dockerfile;

# Carries out the steps of a Dockerfile without an engine: each stage is a
# Debian of its own (Tidraw::Tree), each RUN a chroot.  What an engine would
# do further (layers, namespaces, cgroups) is not done.
#
#     my $image = Tidraw::Dockerfile->new('docker/Dockerfile')->build;
#     $image->{tree}          # of the last stage
#     $image->{USER}          # and what it said at last: USER, STOPSIGNAL,
#                             # ENTRYPOINT, HEALTHCHECK, VOLUME, WORKDIR, ENV
#
# Dies with what a step printed when it fails, and of instructions that it
# does not know.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(make_path);
use JSON::PP;
use Tidraw::Tree;
use Tidraw::Util qw(run_ok slurp);

my $root = abs_path(__FILE__ =~ s{[^/]*$}{}r . '../../..');


sub new {
    my ($class, $path) = @_;

    my $text = slurp("$root/$path");

    $text =~ s/^\s*#.*\n//mg;
    $text =~ s/\\\n/ /g;

    return bless { steps => [grep { /\S/ } split /\n/, $text] }, $class;
}


sub build {
    my ($self) = @_;

    my (%stage, $now);

    for my $step (@{ $self->{steps} }) {
        my ($what, $rest) = $step =~ /^([A-Z]+)\s+(.*?)\s*$/
            or die "no instruction: $step\n";

        if ($what eq 'FROM') {
            my ($image, $name) = $rest
                =~ /^(?:--platform=\S+ )?(\S+)(?: AS (\S+))?$/
                or die "FROM: $rest\n";

            $now = { tree => from($image), WORKDIR => '/',
                     ENV => ['NODE_EXTRA_CA_CERTS=/root/ca.crt'] };
            $stage{$name} = $now if $name;

        } elsif ($what eq 'RUN') {
            $now->{tree}->run(join '', map({ "export $_; " } @{ $now->{ENV} }),
                              "cd $now->{WORKDIR}; $rest");

        } elsif ($what eq 'COPY') {
            copy($now, \%stage, $rest);

        } elsif ($what eq 'ENV') {
            push @{ $now->{ENV} }, $rest;

        } elsif ($what eq 'ARG') {
            my ($name, $value) = split /=/, $rest, 2;

            $now->{ARG}{$name} = $value;

        } elsif ($what =~ /^(?:USER|STOPSIGNAL|VOLUME|EXPOSE|WORKDIR)$/) {
            $now->{$what} = $rest =~ s/\$(\w+)/$now->{ARG}{$1}/r;
            make_path($now->{tree}->dir . $rest)
                if $what eq 'WORKDIR' || $what eq 'VOLUME';

        } elsif ($what eq 'ENTRYPOINT') {
            $now->{$what} = decode_json($rest);

        } elsif ($what eq 'HEALTHCHECK') {
            $now->{$what} = decode_json($rest =~ s/^.*?CMD\s+//r);

        } else {
            die "what is $what?\n";
        }
    }

    return $now;
}


# The images that ours are built from, as near as Debian's packages come.

sub from {
    my ($image) = @_;

    my ($suite) = $image =~ /^(?:debian:|node:\d+-)(\w+)-slim$/
        or die "FROM: $image is not known\n";

    my $tree = Tidraw::Tree->new(suite => $suite);

    # as Debian's slim images are made

    $tree->write('/etc/dpkg/dpkg.cfg.d/docker',
                 join '', map { "path-exclude /usr/share/$_/*\n" }
                          qw(doc man locale info groff lintian));
    $tree->run('rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/*'
               . ' /usr/share/info/* /var/cache/apt/archives/*.deb'
               . ' /var/lib/apt/lists/*');

    # this machine's node

    if ($image =~ /^node:/) {
        my ($node, $npm) = map { abs_path($_) }
                           split /\n/, qx{which node npm};

        $npm =~ s{/bin/[^/]*$}{};

        my $dir = $tree->dir;

        run_ok(undef, 'cp', $node, "$dir/usr/bin/node");
        make_path("$dir/usr/lib/node_modules");
        run_ok(undef, 'cp', '-rL', $npm, "$dir/usr/lib/node_modules/npm");
        symlink '../lib/node_modules/npm/bin/npm-cli.js', "$dir/usr/bin/npm"
            or die "npm: $!";

        # ... and whom it trusts

        my $registry = qx{npm config get registry};
        my ($ca) = grep { -e } $ENV{NODE_EXTRA_CA_CERTS} // '',
                               '/etc/ssl/certs/ca-certificates.crt';

        $tree->write('/root/.npmrc', "registry=$registry");
        run_ok(undef, 'cp', $ca, "$dir/root/ca.crt");
        $tree->run('apt-get update; apt-get install -y'
                   . ' --no-install-recommends libstdc++6')
            if !eval { $tree->run('node --version; npm --version') };
    }

    return $tree;
}


sub copy {
    my ($now, $stages, $rest) = @_;

    my ($from) = $rest =~ s/^--from=(\S+)\s+//
        ? $stages->{$1}{tree}->dir : $root;

    my @from = split ' ', $rest;
    my $to = pop @from;

    $to = "$now->{WORKDIR}/$to" if $to !~ m{^/};
    $to = $now->{tree}->dir . $to;

    for my $path (@from) {
        my $source = "$from/$path";

        die "COPY: $path is not there\n" if !-e $source;

        if (!-d $source) {
            make_path($to =~ s{[^/]*$}{}r);
            run_ok(undef, 'cp', '-p', $source, $to);
            next;
        }

        # what .dockerignore leaves out

        my @without = $from eq $root
            ? map { "--exclude=$_" } qw(node_modules ./dist) : ();

        make_path($to);
        run_ok(undef, 'sh', '-ec', 'from=$1 to=$2; shift 2;'
               . ' tar -C "$from" "$@" -cf - . | tar -C "$to" --no-same-owner'
               . ' --no-overwrite-dir -xpf -', 'sh', $source, $to, @without);
    }
}


1;
