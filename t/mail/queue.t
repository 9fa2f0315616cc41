#!/usr/bin/perl

# Mails on both databases: what they say, and that none is lost, or sent
# twice, whatever happens to the mail server and to this one.

use strict;
use warnings;
use utf8;

use Encode qw(encode);
use Test::More;
use Time::HiRes qw(time);
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Smtp;
use Tidraw::Test;
use Tidraw::Util qw(wait_for write_file);

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $secret = 'sesame, with "quotes" & blanks';

my $smtp = Tidraw::Smtp->new(tls => 'starttls', user => 'boards',
                             password => $secret)->start;

my $file = "$smtp->{dir}/password";

write_file($file, "$secret\n");

my %env = (
    SMTP_HOST => 'localhost',
    SMTP_PORT => $smtp->port,
    SMTP_TLS => 'starttls',
    SMTP_USER => 'boards',
    SMTP_PASSWORD_FILE => $file,
    SMTP_FROM => 'Bögen <boards@example.org>',
    SMTP_CA => $smtp->ca,
    PUBLIC_URL => 'http://boards.test',
);

$_ = encode('UTF-8', $_) for values %env;

my ($t, $seen);


# The mails since the last call, of which there are to be so many.

sub fresh {
    my ($n, $limit) = @_;

    my @mails = $smtp->wait_mails($seen + $n, $limit);
    my @new = @mails[$seen .. $#mails];

    $seen = @mails;

    is(scalar @new, $n, "mails that came: $n");

    return @new;
}


sub rows { return $t->sql('SELECT tries, error, next_at FROM mails') }

sub empty { return wait_for(sub { !rows() }, 10) }

sub now { $t->sql('UPDATE mails SET next_at = 0') }


sub invite {
    my ($cookie, $room, $email) = @_;

    return $t->http('POST', "api/rooms/$room/invites", cookie => $cookie,
                    json => { role => 'editor', email => $email });
}


each_database(sub {
    ($t) = @_;

    $seen = $smtp->mails;

    my $ann = $t->register('ann@example.org', name => 'Änne "A" <b>');
    my $ben = $t->register('ben@example.org', name => 'Ben');
    my $room = $t->room($ann, "Pläne für 2027 & <i>mehr</i>");

    # an invitation

    my $invite = done_with(invite($ann, $room, 'cid@example.net'), 201,
                           'an invitation');
    my ($m) = fresh(1);
    my $h = $m->{headers};
    my $link = "http://boards.test/invite/$invite->{token}";

    is_deeply($m->{to}, ['cid@example.net'], 'it goes to who is invited');
    is($m->{from}, 'boards@example.org', 'from the sender of the site');
    ok($m->{secure}, 'over TLS');
    is($m->{user}, 'boards', 'signed in');
    is($m->{subject}, 'Änne "A" <b> invites you to "Pläne für 2027 & <i>mehr'
       . '</i>"', 'the subject, in UTF-8');
    is(Tidraw::Smtp::words($h->{from}), 'Bögen <boards@example.org>', 'From');
    is($h->{to}, '<cid@example.net>', 'To');
    like($h->{'message-id'}, qr/^<[\w-]{22}\@example\.org>$/, 'Message-ID');
    like($h->{date}, qr/^\w{3}, \d+ \w{3} \d{4} [\d:]{8} \+0000$/, 'Date');
    like($m->{plain}, qr/^\Q$link\E$/m, 'the link');
    like($m->{html}, qr/href="\Q$link\E"/, 'the link in HTML');
    like($m->{html}, qr/Änne &quot;A&quot; &lt;b&gt; would/,
         'names are text in HTML');
    unlike($m->{html}, qr/<i>|<b>/, 'all of them');
    unlike($m->{raw} =~ s/\r\n//gr, qr/[\r\n]|[^ -~]/,
           'nothing but ASCII in whole lines');
    ok(empty(), 'the queue is empty again');

    $t->api('PATCH', 'api/me', cookie => $ann, json => { locale => 'de' });
    invite($ann, $room, 'dora@example.net');
    ($m) = fresh(1);
    like($m->{subject}, qr/lädt dich zu „Pläne.*“ ein/,
         'in the language of who invites');

    $t->api('PATCH', 'api/me', cookie => $ben, json => { locale => 'en' });
    invite($ann, $room, 'ben@example.org');
    ($m) = fresh(1);
    like($m->{subject}, qr/ invites you to /, 'or of who is invited');

    $t->api('POST', "api/rooms/$room/invites", cookie => $ann,
            json => { role => 'viewer' });
    fails(invite($ann, $room, "x\@y\r\nRCPT TO:<z\@y>"), 400, 'bad_request',
          'no address');

    # a new password

    $t->http('POST', 'api/auth/password-reset',
             json => { email => 'ann@example.org' });
    $t->http('POST', 'api/auth/password-reset',
             json => { email => 'nobody@example.org' });
    ($m) = fresh(1);
    is($m->{subject}, 'Ein neues Passwort für Tidraw', 'a new password');

    my ($token) = $m->{plain} =~ m{^http://.*/reset/([\w-]{43})$}m;

    done_with($t->http('POST', 'api/auth/password-reset/confirm', json => {
        token => $token, password => 'purple tractor on the moon' }), 200,
        'the link is good');
    $ann = $t->login('ann@example.org',
                     password => 'purple tractor on the moon');

    # administration

    my $r = $t->api('POST', 'api/admin/users', cookie => $ann, json => {
        email => 'eve@example.org', name => 'Eve' });
    ($m) = fresh(1);
    like($m->{plain}, qr/^\Q$r->{reset_link}\E$/m, 'a new account');
    like($m->{plain}, qr/Änne .* hat ein Konto für dich/,
         'in the language of who made it');

    $r = $t->api('POST', "api/admin/users/$r->{user}{id}/reset",
                 cookie => $ann, json => {});
    ($m) = fresh(1);
    like($m->{plain}, qr/^\Q$r->{reset_link}\E$/m, 'a link by an admin');

    ok(done_with($t->http('POST', 'api/admin/mail/test', cookie => $ann,
        json => {}), 200, 'a test mail')->{sent}, 'it was sent');
    ($m) = fresh(1);
    is($m->{subject}, 'Eine Testmail von Tidraw', 'and came');
    fails($t->http('POST', 'api/admin/mail/test', cookie => $ben,
                   json => {}), 403, 'forbidden', 'not for everybody');

    ok(empty(), 'nothing waits');

    # the mail server goes away

    $smtp->stop;

    my $start = time;
    my $gone = done_with(invite($ann, $room, 'fay@example.net'), 201,
                         'an invitation without a mail server');
    cmp_ok(time - $start, '<', 5, 'the answer does not wait');

    ok(wait_for(sub { (rows())[0][1] }, 20), 'it waits');

    my ($row) = rows();
    is($row->[0], 1, 'after one attempt');
    like($row->[1], qr/^Nothing answers at the mail server's address/,
         'the error is kept');
    cmp_ok(abs($row->[2] / 1000 - time - 60), '<', 15,
           'the next one is in a minute');
    like($t->error_log,
         qr/mail_delayed to=fay\@example.net attempt=1 minutes=1 /,
         'the log says so');

    now();
    ok(wait_for(sub { my ($x) = rows(); $x->[0] == 2
                      && $x->[2] > time * 1000 + 200_000 }, 20),
       'a second attempt, the next in five minutes');

    fails($t->http('POST', 'api/admin/mail/test', cookie => $ann,
                   json => {}), 502, 'mail_failed', 'a test mail');

    $t->kill9;
    $t->start;
    is(scalar(my @left = rows()), 1, 'it outlives a crash');

    $smtp->start;
    now();
    ($m) = fresh(1);
    like($m->{plain}, qr/$gone->{token}/, 'the server is back, it is sent');
    ok(empty(), 'and gone from the queue');

    # one that expired, one that nobody takes, one that comes later

    $smtp->stop;
    $smtp->start(refuse => 'gus@example.net', busy => 'hal@example.net');

    invite($ann, $room, 'gus@example.net');
    ok(wait_for(sub {
        $t->error_log =~ /mail_given_up to=gus\@example.net .* No such mailbox/
    }),
       'a mailbox that is none is given up');
    ok(empty(), 'at once');

    invite($ann, $room, 'hal@example.net');
    ok(wait_for(sub { my ($x) = rows(); $x && $x->[1] }),
       'a mailbox that is busy is not');
    $t->sql('UPDATE mails SET expires_at = 1, next_at = 0');
    ok(wait_for(sub {
        $t->error_log =~ /mail_given_up to=hal\@example.net error="it has wai/
    }),
       'what is too old is given up');
    ok(empty(), 'too');
    like($t->http('GET', 'metrics')->{body},
         qr/^tidraw_mails_given_up_total 2$/m, 'both are counted');

    # this server goes in the middle

    $smtp->stop;
    $smtp->start(refuse => undef, busy => undef, slow => 1500);

    invite($ann, $room, 'ida@example.net');
    ($m) = fresh(1);
    $t->reload;
    invite($ann, $room, 'jim@example.net');
    fresh(1);
    ok(empty(), 'a reload while the mail server thinks: both are sent once');

    $smtp->stop;
    $smtp->start(slow => 8000);

    invite($ann, $room, 'kim@example.net');
    ($m) = fresh(1);
    is(scalar(@left = rows()), 1, 'while it thinks the mail is kept');
    $t->kill9;
    $smtp->stop;
    $smtp->start(slow => 0);
    $t->start;

    ($row) = rows();
    is($row->[0], 1, 'killed: it is still there');
    cmp_ok($row->[2] / 1000, '>', time + 60, 'and left alone for a while');
    now();

    my ($again) = fresh(1);
    is($again->{headers}{'message-id'}, $m->{headers}{'message-id'},
       'the second one is known by its id');
    ok(empty(), 'it was the last');

    # no secret in a log

    unlike($t->error_log, qr/sesame|\Q$invite->{token}\E|\Q$token\E/,
           'no secret in the log');

    $t->quit;
    is(scalar($smtp->mails), $seen, 'no mail too many');

}, env => \%env, shutdown => 60);


# a worker that is to end does not wait for a mail server that says nothing

$smtp->stop;
$smtp->start(slow => 40_000);

$t = Tidraw::Test->new(database => 'sqlite', workers => 2, env => \%env);
$t->start;
$seen = $smtp->mails;

my $ann = $t->register('ann@example.org');

invite($ann, $t->room($ann), 'lea@example.net');

my ($m) = fresh(1);
my %old = map { $_ => 1 } $t->workers;
my $start = time;

$t->reload;
ok(wait_for(sub { !grep { $old{$_} } $t->workers }, 20),
   'after worker_shutdown_timeout the old workers go');
cmp_ok(time - $start, '<', 15, 'well before the mail server would answer');

my ($row) = rows();

is($row->[0], 1, 'the mail is kept');
like($row->[1], qr/stopped meanwhile/, 'with the reason');
cmp_ok($row->[2] / 1000, '<', time + 61, 'and goes once more in a minute');

$smtp->stop;
$smtp->start(slow => 0);
now();

my ($again) = fresh(1);

is($again->{headers}{'message-id'}, $m->{headers}{'message-id'},
   'by another worker, as the same mail');
ok(empty(), 'once');
$t->quit;
is(scalar($smtp->mails), $seen, 'no mail too many');
$t->finish;

done_testing();
