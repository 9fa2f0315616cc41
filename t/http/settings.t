#!/usr/bin/perl

# Settings, as administrators see and change them: values and where they come
# from, nothing secret; who may register, at run time and on all workers.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database);
use Tidraw::Test;

my $password = 'correct horse battery staple';
my $secret = 'kept-from-everybody-0123456789';

sub settings {
    my ($t, $cookie) = @_;

    my $r = done_with($t->http('GET', 'api/admin/settings',
                               cookie => $cookie), 200, 'settings');

    return ($r, map { $_->{name} => $_ } @{ $r->{settings} });
}


sub someone {
    my ($t, $email, %o) = @_;

    return $t->http('POST', 'api/auth/register', json => {
        email => $email, password => $password, name => 'Somebody', %o });
}


# Asks often enough that each worker answers.

sub everywhere {
    my ($t, $value, $name) = @_;

    is(join(',', map { $t->api('GET', 'api/config')->{registration} } 1 .. 8),
       join(',', ($value) x 8), $name);
}


each_database(sub {
    my ($t) = @_;

    my $ann = $t->register('ann@example.org');
    my ($r, %s) = settings($t, $ann);

    is_deeply($s{registration},
              { name => 'registration', value => 'invite', unit => undef,
                secret => JSON::PP::false, environment => 'REGISTRATION',
                source => 'default', editable => JSON::PP::true },
              'what nobody has set');
    is($s{max_upload}{source}, 'directive', 'from around the location');
    is($s{max_upload}{value}, 5 * 1024 * 1024, 'in bytes');
    is($s{max_room}{source}, 'default', 'a default');
    is($s{recheck}{value}, 1800, 'in seconds');
    is($s{public_url}{source}, 'environment', 'from the environment');
    is($s{public_url}{value}, 'https://boards.example.org/', 'its value');
    is_deeply([@{ $s{secret} }{qw(value source secret)}],
              [JSON::PP::true, 'environment', JSON::PP::true],
              'a secret: that it is set');
    is_deeply($s{redis}{value}, JSON::PP::false, 'one that is not');
    is_deeply([@{ $s{smtp} }{qw(value source secret)}],
              ['mail.example.org:587, from boards@example.org', 'environment',
               JSON::PP::false], 'the mail server, without its password');
    is_deeply($r->{license}, { present => JSON::PP::false }, 'no licence key');
    ok(!grep({ $_->{editable} && $_->{name} ne 'registration' } values %s),
       'nothing else can be changed');

    my $text = $t->http('GET', 'api/admin/settings', cookie => $ann)->{body};

    unlike($text, qr/\Q$secret/, 'no secret in it');
    unlike($text, qr/setup_code|site_id|orders|postgresql:/,
           'nor what is internal');

    # invitations only: nobody learns who is here

    fails(someone($t, 'ann@example.org'), 403, 'invite_required',
          'an account that there is');
    fails(someone($t, 'nobody@example.org'), 403, 'invite_required',
          'one that there is not: the same');
    fails(someone($t, 'ann@example.org', invite => 'x' x 43), 404,
          'not_found', 'nor by an invitation that is none');

    # at run time

    my $set = sub {
        return $t->http('PATCH', 'api/admin/settings', cookie => $ann,
                        json => $_[0]);
    };

    $r = done_with($set->({ registration => 'open' }), 200, 'opened');
    my ($now) = grep { $_->{name} eq 'registration' } @{ $r->{settings} };
    is_deeply([@$now{qw(value source)}], ['open', 'database'], 'is told');
    everywhere($t, 'open', 'every worker knows');
    my $ben = Tidraw::Test::cookie(someone($t, 'ben@example.org'));
    fails(someone($t, 'ann@example.org'), 409, 'email_taken', 'open says it');

    done_with($set->({ registration => 'closed' }), 200, 'closed');
    everywhere($t, 'closed', 'every worker knows');
    fails(someone($t, $_), 403, 'registration_closed', $_)
        for qw(ann@example.org nobody@example.org);

    fails($set->($_), 400, 'bad_request', 'no such value')
        for { registration => 'maybe' }, { registration => 1 }, {};

    fails($t->http('GET', 'api/admin/settings', cookie => $ben), 403,
          'forbidden', 'not for users');
    fails($t->http('PATCH', 'api/admin/settings', cookie => $ben,
                   json => { registration => 'open' }), 403, 'forbidden',
          'nor to change');

    is(($t->sql("SELECT target FROM activity WHERE action ="
                . " 'admin.settings' ORDER BY num"))[0][0],
       'registration open', 'the activity log has it');

    # the configuration has the last word

    $t->{conf} = { server => 'tidraw_max_upload 5m;'
                             . ' tidraw_registration invite;' };
    $t->reload;
    everywhere($t, 'invite', 'a directive wins');
    (undef, %s) = settings($t, $ann);
    is_deeply([@{ $s{registration} }{qw(value source editable)}],
              ['invite', 'directive', JSON::PP::false], 'and is told');
    fails($set->({ registration => 'open' }), 409, 'conflict',
          'it cannot be changed');
}, workers => 2,
   env => { PUBLIC_URL => 'https://boards.example.org/',
            TIDRAW_SECRET => $secret, SMTP_HOST => 'mail.example.org',
            SMTP_USER => 'boards', SMTP_PASSWORD => "$secret-too",
            SMTP_FROM => 'Boards <boards@example.org>' },
   without => 'tidraw_registration',
   conf => { server => 'tidraw_max_upload 5m;' });

done_testing();
