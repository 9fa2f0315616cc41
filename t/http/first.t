#!/usr/bin/perl

# The administrator that the environment names: made once, by one worker, if
# there is no account; checked like any other; its password in no log.

use strict;
use warnings;

use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with each_database me_of);
use Tidraw::Test;
use Tidraw::Util qw(wait_for slurp write_file);

my $password = 'correct horse battery staple';
my $secret = 'another horse, another staple';

sub users {
    my ($t) = @_;

    return map { $_->[0] } $t->sql('SELECT email FROM users ORDER BY email');
}


each_database(sub {
    my ($t) = @_;

    ok(wait_for(sub { scalar users($t) }, 20), 'an account is made');
    is(join(',', users($t)), 'ann@example.org', 'one');

    my $ann = me_of($t, $t->login('ann@example.org'));

    is($ann->{role}, 'admin', 'an administrator');
    is($ann->{name}, 'Ann from the environment', 'with the name');
    ok(!$t->api('GET', 'api/config')->{setup}{needed}, 'setup is done');

    my ($row) = $t->sql('SELECT action, target FROM activity');
    is_deeply($row, ['user.created', 'ann@example.org'], 'the log has it');

    unlike($t->error_log, qr/event=setup_code/, 'no code is offered');
    unlike($t->error_log, qr/\Q$password/, 'no log has the password');
    is(scalar(() = $t->error_log =~ /event=admin_made/g), 1,
       'made once');

    # later starts change nothing

    write_file("$t->{dir}/password", "$secret \r\nsecond line\n");
    $t->{env} = { ADMIN_EMAIL => 'eve@example.org',
                  ADMIN_PASSWORD_FILE => "$t->{dir}/password" };
    $t->restart;
    $t->login('ann@example.org');
    is(join(',', users($t)), 'ann@example.org', 'where there are accounts');

    # from a file, when they are all gone

    $t->stop;
    $t->sql('DELETE FROM users');
    $t->start;
    ok(wait_for(sub { scalar users($t) }, 20), 'the first one anew');
    is(me_of($t, $t->login('eve@example.org', password => $secret))->{name},
       'Administrator', 'from a file');
    unlike($t->error_log, qr/\Q$secret/, 'not logged either');
}, workers => 2, env => { ADMIN_EMAIL => ' Ann@Example.org',
                          ADMIN_PASSWORD => $password,
                          ADMIN_NAME => 'Ann from the environment' });


# What cannot be an account stops nginx before it starts.

my $t = Tidraw::Test->new(database => 'sqlite');

for my $c (['no password', qr/together/, EMAIL => 'a@b'],
           ['no e-mail', qr/together/, PASSWORD => $password],
           ['no address', qr/ADMIN_EMAIL/, EMAIL => 'a b@c',
            PASSWORD => $password],
           ['a short one', qr/8 to 256/, EMAIL => 'a@b', PASSWORD => '1234567'],
           ['a common one', qr/tried first/, EMAIL => 'a@b',
            PASSWORD => 'Password1'],
           ['no name', qr/ADMIN_NAME/, EMAIL => 'a@b', PASSWORD => $password,
            NAME => "\x01"])
{
    my ($name, $says, %env) = @$c;

    local @ENV{map { "ADMIN_$_" } keys %env} = values %env;

    my ($ok, $said) = $t->check;

    ok(!$ok, "$name: refused");
    like($said, $says, 'and says why');
    unlike($said, qr/\Q$password\E|1234567|Password1/, 'without the password');
}

$t->finish;

done_testing();
