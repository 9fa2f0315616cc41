#!/usr/bin/perl

# The mail server: how it is set up, TLS, signing in, and errors that people
# understand.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use lib 't/lib';
use Tidraw::Api qw(fails done_with);
use Tidraw::Smtp;
use Tidraw::Test;
use Tidraw::Util qw(wait_for free_port);

my ($t, $ann);


# A test mail with the directive as given.

sub with {
    my ($line) = @_;

    my %old = map { $_ => 1 } $t->workers;

    $t->{conf}{location} = $line;
    $t->reload;
    wait_for(sub { !grep { $old{$_} } $t->workers });

    return $t->http('POST', 'api/admin/mail/test', cookie => $ann,
                    json => {});
}


sub refused {
    my ($r, $what, $name) = @_;

    fails($r, 502, 'mail_failed', $name);
    like($r->{json}{error}{message}, $what, "$name: why");
}


my $tls = Tidraw::Smtp->new(tls => 'tls', user => 'u', password => 'p 1')
    ->start;
my $start = Tidraw::Smtp->new(tls => 'starttls', user => 'u',
    password => 'p 1', map { $_ => $tls->{o}{$_} } qw(key cert))->start;
my $plain = Tidraw::Smtp->new->start;

my $ca = 'ca=' . $tls->ca;
my $from = '"from=A <a@example.org>"';

$t = Tidraw::Test->new(database => 'sqlite', workers => 2)->start;
$ann = $t->register('ann@example.org');

fails($t->http('POST', 'api/admin/mail/test', cookie => $ann, json => {}),
      409, 'conflict', 'without a mail server');

my $room = $t->room($ann);

$t->api('POST', "api/rooms/$room/invites", cookie => $ann,
        json => { role => 'editor', email => 'ben@example.org' });
ok(wait_for(sub {
    $t->error_log
        =~ m{to=ben\@example.org text="an invi[^"]*" link=http://\S+/invite/}
}), 'an invitation is in the log then');

# TLS

my $at = 'localhost:' . $tls->port;
my $who = 'user=u "password=p 1"';

done_with(with("tidraw_smtp $at tls=tls $who $from $ca;"), 200,
          'TLS from the start');
ok(($tls->wait_mails(1))[0]{secure}, 'it was');

refused(with("tidraw_smtp $at tls=tls $who $from;"),
        qr/^The certificate of the mail server localhost is not to be/,
        'an authority that nobody knows');
refused(with('tidraw_smtp 127.0.0.1:' . $tls->port
             . " tls=tls $who $from $ca;"),
        qr/^The certificate of the mail server/, 'a name of another server');

$at = 'localhost:' . $start->port;

done_with(with("tidraw_smtp $at tls=starttls $who $from $ca;"), 200,
          'STARTTLS');
ok(($start->wait_mails(1))[0]{secure}, 'it was done');
refused(with("tidraw_smtp $at tls=starttls user=u password=wrong $from $ca;"),
        qr/^The mail server localhost refuses the user name or the password/,
        'a wrong password');
refused(with('tidraw_smtp localhost:' . $plain->port
             . " tls=starttls $from $ca;"),
        qr/^The mail server localhost offers no STARTTLS/, 'no STARTTLS');

# without

done_with(with('tidraw_smtp localhost:' . $plain->port . " $from;"), 200,
          'on the machine itself it need not be TLS');
ok(!($plain->wait_mails(1))[0]{secure}, 'nor is it');

refused(with('tidraw_smtp localhost:' . free_port() . " $from;"),
        qr/^Nothing answers at the mail server's address, localhost port/,
        'nobody there');
refused(with("tidraw_smtp mail.invalid tls=none $from;"),
        qr/^The name of the mail server mail.invalid cannot be resolved/,
        'a name of nothing');

# anybody can ask for a reset with a host of his own

with('tidraw_smtp localhost:' . $plain->port . " $from;");
{
    my $before = () = $plain->mails;
    my $r = $t->http('POST', 'api/auth/password-reset',
                     headers => [Host => 'evil.example'],
                     json => { email => 'ann@example.org' });

    is($r->{status}, 204, 'a reset is asked for');
    ok(wait_for(sub { $t->error_log =~ m{evil\.example/\S*reset/} }, 10),
       'without tidraw_public_url its link goes to the log');
    is(scalar(() = $plain->mails), $before, 'and to nobody else');
}

fails(with('tidraw_smtp off;'), 409, 'conflict', 'switched off');

# many at once, by two workers

with('tidraw_smtp localhost:' . $plain->port . " $from;");

my $before = $plain->mails;
my @people = map { "p$_\@example.net" } 1 .. 24;

for my $email (@people) {
    my $client = $t->client;

    done_with($client->request('POST', "/api/rooms/$room/invites",
        cookie => $ann, json => { role => 'viewer', email => $email }), 201,
        $email);
}

my @got = map { $_->{to}[0] } $plain->wait_mails($before + @people, 30);

is_deeply([sort @got[$before .. $#got]], [sort @people],
          'everybody got one mail');

ok(wait_for(sub { !$t->sql('SELECT 1 FROM mails') }), 'none is left');

# somebody who has mail sent to all the world

my $slow;

for my $n (1 .. 20) {
    my $r = $t->http('POST', "api/rooms/$room/invites", cookie => $ann,
        json => { role => 'viewer', email => "q$n\@example.net" });

    $slow = $r and last if $r->{status} == 429;
}

fails($slow, 429, 'too_many_attempts', 'so many that it is slowed down');

# a full queue

$plain->stop;
with('tidraw_public_url http://boards.test; tidraw_smtp localhost:'
     . $plain->port . " $from;");
$t->sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
         WHERE i < 10000) INSERT INTO mails SELECT 'x' || i, 'a\@b', '', '',
         '', 1, 9e15, 9e15, 0, NULL FROM n");
done_with($t->http('POST', 'api/auth/password-reset',
                   json => { email => 'ann@example.org' }), 204,
          'a full queue is nothing a request notices');
ok(wait_for(sub {
    $t->error_log =~ /mail_given_up to=ann\@example.org error="too many mails/
}), 'the log does');

unlike($t->error_log, qr/p 1/, 'no password in the log');

$t->finish;

# what is refused when the configuration is read

for (['mail.example.org', qr/the sender of mails .* is missing/],
     ['mail.example.org from=x', qr/the sender of mails .* is missing/],
     ['"mail.example.org/x" from=a@b', qr/must look like "mail.example.org/],
     ['mail.example.org:99999 from=a@b', qr/invalid port "99999"/],
     ['mail.example.org from=a@b tls=maybe', qr/must be starttls, tls or none/],
     ['mail.example.org from=a@b password=hunter2', qr/a password and no user/],
     ['mail.example.org from=a@b pass=hunter2', qr/parameter 3 .* is none of/])
{
    my ($line, $why) = @$_;
    my $c = Tidraw::Test->new(database => 'sqlite', conf => {
        location => "tidraw_smtp $line;" });
    my ($ok, $text) = $c->check;

    ok(!$ok, "$line is refused");
    like($text, $why, 'with a reason');
    unlike($text, qr/hunter2/, 'that tells no secret');
}

for ('mail.example.org user=a@example.org password=x', '[::1]:25 from=a@b',
     '::1 "from=Boards <a@b>"', '127.0.0.1 from=a@b', 'off')
{
    my $c = Tidraw::Test->new(database => 'sqlite', conf => {
        location => "tidraw_smtp $_;" });
    my ($ok, $text) = $c->check;

    ok($ok, "$_ is fine") or diag($text);
}

done_testing();
