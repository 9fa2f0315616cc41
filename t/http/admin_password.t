#!/usr/bin/perl

# The link for an administrator who lost his password, made at the command
# line.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(done_with each_database);
use Tidraw::Test;


each_database(sub {
    my ($t) = @_;

    $t->register('ann@example.org');
    $t->register('ben@example.org');

    local $ENV{DATABASE_URL} = $t->{url};
    local $ENV{PUBLIC_URL} = 'https://boards.example.org/';

    for my $case (['', 'ann@example.org'], ['Ben@example.org',
                                            'ben@example.org'])
    {
        my ($asked, $email) = @$case;
        my $said = qx{tools/admin-password.sh $asked 2>&1};

        like($said, qr{^for\ \Q$email\E,\ .*
                       https://boards\.example\.org/reset/[\w-]{43}\n$}x,
             "a link for $email");

        my ($token) = $said =~ m{([^/]{43})\n};
        my $r = $t->http('POST', 'api/auth/password-reset/confirm', json => {
            token => $token, password => 'purple tractor on the moon' });

        is(done_with($r, 200, 'it works')->{user}{email}, $email,
           'for this account');
    }

    like(qx{tools/admin-password.sh nobody\@example.org 2>&1},
         qr/^there is no such account/, 'not for nobody');
    isnt($?, 0, 'which the exit status tells');
    like(qx{tools/admin-password.sh "x' OR 1=1 --" 2>&1}, qr/no e-mail/,
         'what is no e-mail goes nowhere');
});

done_testing();
