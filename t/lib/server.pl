#!/usr/bin/perl

# Holds servers of Tidraw::Test for a program in another language: one JSON
# object a line on the standard input, {id, call, server, args}, one a line
# back, {id, result} or {id, error}.  Ends with its input.

use strict;
use warnings;

use FindBin;
use JSON::PP;

use lib $FindBin::Bin;
use Tidraw::Smtp;
use Tidraw::Test;

my $json = JSON::PP->new->utf8->allow_nonref->convert_blessed;
my (%server, $made);

# what libraries print must not get between the answers

open(my $out, '>&', \*STDOUT) or die $!;
open(STDOUT, '>&', \*STDERR) or die $!;

$out->autoflush(1);
$SIG{PIPE} = 'IGNORE';
Test::More->builder->no_ending(1);

my %call = (
    new => sub {
        my (undef, $options) = @_;
        my %o = %{ $options || {} };
        my $smtp;

        if (delete $o{mail}) {
            $smtp = Tidraw::Smtp->new->start;
            $o{env} = { SMTP_HOST => 'localhost', SMTP_PORT => $smtp->port,
                        SMTP_FROM => 'Boards <boards@example.org>',
                        %{ $o{env} || {} } };
        }

        $server{++$made} = Tidraw::Test->new(%o);
        $server{$made}{smtp} = $smtp;

        return $made;
    },
    start    => sub { $_[0]->start; facts($_[0]) },
    restart  => sub { $_[0]->restart; facts($_[0]) },
    reload   => sub { $_[0]->reload; facts($_[0]) },
    locationFromNow => sub { $_[0]{conf}{location} = $_[1]; 1 },
    workersFromNow => sub { $_[0]{workers} = $_[1]; 1 },
    quit     => sub { $_[0]->quit; 1 },
    stop     => sub { $_[0]->stop; 1 },
    kill9    => sub { $_[0]->kill9; 1 },
    register => sub { $_[0]->register($_[1], %{ $_[2] || {} }) },
    login    => sub { $_[0]->login($_[1], %{ $_[2] || {} }) },
    room     => sub { $_[0]->room($_[1], $_[2]) },
    link     => sub { $_[0]->link(@_[1 .. 3], %{ $_[4] || {} }) },
    sql      => sub {
        my @rows = $_[0]->sql($_[1]);

        for (@rows) {
            utf8::decode($_) for grep { defined } @$_;
        }

        return \@rows;
    },
    errorLog => sub { $_[0]->error_log },
    workers  => sub { [$_[0]->workers] },
    killWorker => sub { kill($_[2] || 'KILL', $_[1]) },
    allow    => sub { shift->allow(map { qr/$_/ } @_); 1 },
    postgres => sub {
        my ($t, $what) = @_;

        die "not on PostgreSQL\n" if !$t->{pg};
        die "no such call\n"
            if $what !~ /^(?:start|stop|kill9|restart|pause|resume)$/;

        $t->{pg}->$what;

        return 1;
    },
    redis => sub {
        my (undef, $what) = @_;

        die "no such call\n"
            if $what !~ /^(?:start|stop|kill9|restart|pause|resume)$/;

        Tidraw::Redis->shared->$what;

        return 1;
    },
    mails => sub { [$_[0]{smtp}->wait_mails($_[1])] },
    mailServer => sub {
        my ($t, $what) = @_;

        die "no such call\n" if $what !~ /^(?:start|stop)$/;

        $t->{smtp}->$what;

        return 1;
    },
    finish => sub {
        my ($t, undef) = @_;

        $t->finish;

        return Tidraw::Test::broken() ? JSON::PP::false : JSON::PP::true;
    },
);


sub facts {
    my ($t) = @_;

    my $s = $t->{tls} ? 's' : '';

    return { host => $t->{address}, port => $t->port, dir => $t->dir,
             pid => $t->pid,
             url => "http$s://localhost:" . $t->port . $t->{location},
             wsUrl => "ws$s://localhost:" . $t->port . $t->{location},
             database => $t->{url} };
}


# Lines without Perl's buffer: what is left in that one would move the offset
# of the file that a child gets as its standard input.

my $rest = '';

sub next_line {
    while ($rest !~ /\n/) {
        sysread(STDIN, $rest, 65536, length $rest) or return undef;
    }

    $rest =~ s/^(.*?\n)//s;

    return $1;
}


while (defined(my $line = next_line())) {
    my $m = $json->decode($line);

    my $result = eval {
        my $call = $call{$m->{call}} or die "no call $m->{call}\n";

        $call->($server{$m->{server} // ''}, @{ $m->{args} || [] });
    };

    my $error = $@;

    print $out $json->encode($error ? { id => $m->{id}, error => "$error" }
                             : { id => $m->{id}, result => $result }), "\n";
}

exit 0;
