#!/usr/bin/perl

# Every call of docs/openapi.json with what it does not expect: fields of a
# wrong type, missing or unknown; bodies, types, paths, queries, headers and
# methods at random, as everybody.  Nothing of it is a failure of the server,
# every refusal has the form of failures, and the log raises no alert.
#
# SEED repeats a run, ROUNDS (30) is how many random requests each call gets.

use strict;
use warnings;

use JSON::PP;
use Test::More;
use lib 't/lib';
use Tidraw::Api qw(each_database me_of);
use Tidraw::OpenApi;
use Tidraw::Test;

my $seed = $ENV{SEED} || time ^ $$ << 8;
my $rounds = $ENV{ROUNDS} || 30;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $api = Tidraw::OpenApi->new;

note("SEED=$seed");

sub any { return $_[int rand @_] }

sub bytes { return join '', map { chr int rand 256 } 1 .. 1 + int rand $_[0] }

my %wrong = (
    string => [7, JSON::PP::true, [], {}, ['x'], { a => 'x' }, 1.5],
    integer => ['7', JSON::PP::true, [], {}, 1.5, -1, 1e300, ''],
    boolean => ['true', 1, [], {}, 'x'],
    array => ['read', 7, {}, JSON::PP::true],
);

my @odd = (undef, JSON::PP::true, 0, -1, 1e308, 9007199254740993, '', ' ',
           'x' x 5000, "\0", "\x{1f600}", "\x{202e}x", "a\nb", "'; DROP --",
           '%s%n%x', '../../etc/passwd', [], {}, [[[[]]]], { a => { b => 1 } },
           'A' x 22, 'B' x 43, '__proto__', 'null', '1e5', ['admin', 7],
           "\x{ffff}", '<script>', 'admin');

my @raw = ('', '{', '[]', 'null', '"x"', '{"a":}', '{"name":"x"}}', '{,}',
           "\xef\xbb\xbf{}", "\xff\xfe{\0}\0", "{\"name\":\"\xff\"}",
           '{"name":"\\ud800"}', '{"name":"a\\u0000"}', '[' x 3000,
           '{"a":' x 3000, '{"name":"x","name":7}', "\x1f\x8b\x08\0\0",
           'name=x&role=admin', '{"a":1e999}', '{"a":' . '9' x 400 . '}',
           '{"documents":[{}]}', '{"records":[7],"schema":{}}',
           '{"tldrawFileFormatVersion":1,"schema":{},"records":[]}',
           '{"clock":-1,"documents":[],"schema":null}', "\x89PNG\r\n\x1a\n",
           "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff",
           "\xff\xd8\xff\xe1\xff\xff", 'RIFF' . "\xff" x 8, 'x' x 70_000);

my @types = ('application/json', 'application/json', 'text/plain', '', ';',
             'application/octet-stream', 'image/png', 'image/webp', 'a/b',
             'application/vnd.tldraw+json', 'multipart/form-data', "\xff/\xfe",
             'application/x-www-form-urlencoded', 'application/json' x 400);

my @segments = ('x', '..', '%2e%2e', '%2F', '%ff', '%20', 'A' x 21, 'A' x 23,
                'A' x 22, 'B' x 43, '-1', '0', '1', '999999999999999',
                '9' x 40, '*', "'", '%E2%82', 'x' x 900, ':', '@', '{room}',
                'import', 'unlock', 'a;b', 'A' x 21 . '%41', '%0a', '');

my @values = ('', '0', '1', '-1', '9' x 30, '1.5', 'x', '%', '%zz', '%00',
              '%ff%fe', 'none', 'true', 'A' x 22, 'B' x 43, "'", 'x' x 900,
              '%25%73', 'name', '1000', '&&=&', '%F0%9F%98%80', '_%25%5F',
              '1,2', 'eyJ4IjoxfQ', 'AAAAAAAAAAAAAAAA');

my @headers = (
    ['If-Match', '"1"'], ['If-Match', '*'], ['If-Match', 'W/"1"'],
    ['If-Match', '"' . '9' x 40 . '"'], ['If-None-Match', '"x", *'],
    ['Range', 'bytes=-1'], ['Range', 'bytes=9-1'], ['Range', 'x=1-2,3-,-'],
    ['Authorization', 'Bearer'], ['Authorization', 'Bearer tdp_'],
    ['Authorization', 'Bearer tdp_' . 'A' x 43], ['Authorization', "\xff"],
    ['Authorization', 'Basic eDp4'], ['Cookie', 'tidraw_session=' x 50],
    ['Content-Encoding', 'gzip'], ['Accept', 'text/html'],
    ['Expect', '100-continue'], ['X-HTTP-Method-Override', 'DELETE'],
    ['If-Modified-Since', 'never'], ['User-Agent', "\xff\xfe"],
    ['Sec-Fetch-Site', 'cross-site'], ['Origin', 'null'],
    ['Upgrade', 'websocket'], ['Transfer-Encoding', 'chunked'],
);

my @methods = qw(GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND MKCOL LOCK
                 BREW CONNECT_);


# What a schema allows, with what there is.

sub sample {
    my ($schema, $name, $there) = @_;

    my $s = $api->resolve($schema);

    $s = $api->resolve($s->{anyOf}[0]) if $s->{anyOf};

    my ($type) = ref $s->{type} ? @{ $s->{type} } : $s->{type} // 'object';

    return 'f' . int(rand 1e6) . '@example.org' if $name =~ /email|owner|to$/;
    return $there->{$name} if exists $there->{$name};
    return any(@{ $s->{enum} }) if $s->{enum};
    return 'A' x $1 if ($s->{pattern} // '') =~ /\{(\d+)\}\$$/
                       && $name ne 'color';
    return '#aabbcc' if $name eq 'color';
    return 'wrong horse battery' if $name =~ /password|current/;
    return [map { sample($s->{items}, $name, $there) } 1] if $type eq 'array';
    return any(JSON::PP::true, JSON::PP::false) if $type eq 'boolean';
    return 1 + int rand 1e12 if $type eq 'integer';
    return 'A name' if $type eq 'string';

    return { map { ($_ => sample($s->{properties}{$_}, $_, $there)) }
             keys %{ $s->{properties} || {} } };
}


each_database(sub {
    my ($t) = @_;

    srand $seed;

    my $password = 'correct horse battery staple';
    my $ann = $t->register('ann@example.org');
    my $ben = $t->register('ben@example.org');
    my $user = me_of($t, $ben)->{id};
    my $bearer = $t->api('POST', 'api/me/tokens', cookie => $ann, json => {
        name => 'All', scopes => [qw(read write admin)] })->{token};
    my ($requests, @bad) = (0);

    my $ask = sub {
        my ($what, $only, $method, $path, %o) = @_;

        my $r = eval { $t->http($method, $path, %o) };

        $requests++;

        my $e = $r && ref $r->{json} eq 'HASH' ? $r->{json}{error} : undef;
        my $good = $r && $r->{status} < 500
                   && ($r->{status} >= 400 || !$only)
                   && ($r->{status} < 400 || $method eq 'HEAD'
                       || !$api->errors({ '$ref' =>
                           '#/components/schemas/error' }, $r->{json}, ''));

        # of a range that is none nginx tells in words of its own

        return if $good || $r && $r->{status} == 416;

        push @bad, "$what: $method " . substr($path, 0, 200) . ' '
            . substr($json->encode({ map { ($_ => $o{$_}) }
                     grep { $_ ne 'cookie' } sort keys %o }), 0, 300)
            . ' -> ' . ($r ? "$r->{status} " . substr $r->{body}, 0, 200
                        : $@);
    };

    for my $o ($api->operations) {
        my $name = "$o->{method} $o->{route}";

        $ann = $t->login('ann@example.org')
            if $t->http('GET', 'api/me', cookie => $ann)->{status} == 401;

        # what the call is about, fresh

        my %there = (user => $user, member => $user, boards => 'transfer');

        $there{user} = $t->api('POST', 'api/admin/users', cookie => $ann,
            json => { name => 'Dan', email => "$requests\@example.com" })
            ->{user}{id} if $o->{route} =~ m{^api/admin/users};

        if ($o->{route} =~ m{^api/(?:admin/)?rooms/:}) {
            $there{room} = $t->room($ann, 'Plans');
            $t->api('POST', "api/rooms/$there{room}/members", cookie => $ann,
                    json => { email => 'ben@example.org', role => 'editor' });

            my $link = $t->api('POST', "api/rooms/$there{room}/links",
                               cookie => $ann, json => { role => 'editor' });

            @there{qw(link_id link)} = @$link{qw(id token)};
        }

        $there{folder} = $t->api('POST', 'api/folders', cookie => $ann,
                                 json => { name => 'F' })->{id}
            if $name =~ /folder/;

        my $fill = sub { $o->{path} =~ s{^/}{}r
            =~ s/\{(\w+)\}/$there{$1} \/\/ ($1 eq 'secret' ? 'B' x 43
                           : $1 eq 'clock' ? 1 : 'A' x 22)/ger };

        # fields of a wrong type, and missing ones

        my $content = ($o->{op}{requestBody} || {})->{content} || {};
        my $schema = keys %$content == 1 && $content->{'application/json'}
            && $api->resolve($content->{'application/json'}{schema});

        if ($schema) {
            my $fields = $schema->{properties} || {};
            my %must = map { $_ => 1 } @{ $schema->{required} || [] };

            for my $field (sort keys %$fields) {
                my $body = sample($schema, '', \%there);
                my $s = $api->resolve($fields->{$field});

                $s = $api->resolve($s->{anyOf}[0]) if $s->{anyOf};

                my ($type) = ref $s->{type} ? @{ $s->{type} } : $s->{type};

                for my $value (@{ $wrong{$type} || [] }) {
                    $ask->("$field of a wrong type", 1, $o->{method},
                           $fill->(), cookie => $ann,
                           json => { %$body, $field => $value });
                }

                next if !$must{$field};

                delete $body->{$field};
                $ask->("without $field", 1, $o->{method}, $fill->(),
                       cookie => $ann, json => $body);
            }
        }

        # anything

        for (1 .. $rounds) {
            my $method = rand() < 0.85 ? $o->{method} : any(@methods);
            my $path = $fill->();
            my (@h, %body);

            my @query = map { $api->resolve($_)->{name} }
                        @{ $o->{op}{parameters} || [] };

            $path = join '/', map { rand() < 0.15 ? any(@segments) : $_ }
                              split m{/}, $path if rand() < 0.3;
            $path .= '?' . join '&', map { any(@query, 'x', 'link') . '='
                                           . any(@values) } 1 .. 1 + rand 3
                if rand() < 0.5;

            # nginx itself refuses these, in words of its own

            $path =~ s/%(?:00|zz|(?![0-9A-Fa-f]{2}))|\.\.//g;
            $path =~ s/%(?:2e%2e|0a)//gi;
            $path = 'api/' . $path if $path !~ m{^api/|^healthz};

            if ($method ne 'GET' || rand() < 0.1) {
                my $text = any(@raw);

                if ($schema && rand() < 0.7) {
                    my $b = sample($schema, '', \%there);
                    my @keys = sort keys %$b;

                    $b->{ any(@keys) } = any(@odd) if @keys && rand() < 0.8;
                    delete $b->{ any(@keys) } if @keys && rand() < 0.2;
                    $b->{ any('id', 'x', '__proto__', '') } = any(@odd)
                        if rand() < 0.3;

                    $text = $json->encode($b);
                }

                $text = bytes(300) if rand() < 0.05;
                substr($text, rand length $text, 1) = bytes(3)
                    if length $text && rand() < 0.1;
                $text = substr $text, 0, rand length $text if rand() < 0.1;

                my ($type) = sort keys %$content;

                %body = (body => $text, type => rand() < 0.8
                         ? $type && $type ne '*/*' ? $type : $types[0]
                         : any(@types));
            }

            push @h, @{ any(@headers) } if rand() < 0.3;

            # a body in chunks that are none: nginx ends the request itself

            @h = () if @h && $h[0] eq 'Transfer-Encoding' && %body;

            my $given = grep { $_ eq 'Cookie' } @h;
            my $who = rand();

            $ask->('at random', 0, $method, $path, %body,
                   headers => [@h, $who > 0.9 && !@h
                       ? (Authorization => "Bearer $bearer") : ()],
                   $given || $who > 0.9 ? () : (cookie => $who < 0.7 ? $ann
                       : $who < 0.8 ? $ben : ''));
        }
    }

    is(scalar @bad, 0, "$requests requests, each answered as it should be")
        or diag("SEED=$seed\n" . join "\n", @bad > 40 ? @bad[0 .. 39] : @bad);
    is($t->http('GET', 'healthz')->{status}, 200, 'the server is well');
});

done_testing();
