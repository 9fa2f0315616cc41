#!/usr/bin/perl

# The web app as it is served: types, caching, compression, ranges, the page
# for every path, its base, and the headers that keep foreign code out.

use strict;
use warnings;

use File::Path qw(make_path);
use Test::More;
use lib 't/lib';
use Tidraw::Api qw(fails done_with);
use Tidraw::Test;
use Tidraw::Util qw(write_file run_ok);

my $page = <<'END';
<!doctype html>
<html><head><base href="/" /><script type="module" src="./assets/a-1.js">
</script></head><body></body></html>
END

my $code = "export const a = 'x';\n" x 400;

sub site {
    my (%o) = @_;

    my $t = Tidraw::Test->new(%o);
    my $web = $t->dir . '/web';

    make_path("$web/assets/fonts", "$web/.git");
    write_file("$web/index.html", $page);
    write_file("$web/assets/a-1.js", $code);
    run_ok(undef, 'gzip', '-kn', "$web/assets/a-1.js");
    write_file("$web/assets/b-2.css", 'a { }');
    write_file("$web/assets/fonts/c-3.woff2", "\0\1\2");
    write_file("$web/assets/d-4.wasm", "\0asm");
    write_file("$web/assets/e-5.jpg", 'jpg');
    write_file("$web/assets/empty-6.json", '');
    write_file("$web/favicon.svg", '<svg/>');
    write_file("$web/.hidden", 'secret');
    write_file("$web/.git/config", 'secret');
    write_file($t->dir . '/outside.txt', 'secret');
    symlink($t->dir . '/nowhere', "$web/dangling.txt");

    $t->{conf}{location} .= " tidraw_web $web;";

    return $t->start;
}


my $t = site();
my $port = $t->port;

# the page, for every path that is nothing else

for my $path ('', 'index.html', 'login', 'b/AAAAAAAAAAAAAAAAAAAAAA', 'a/b/c',
              'b/x/', 'apix', 'healthz/x', 'connect', 'favicon.ico',
              'assets', 'dangling.txt', 'x?y=%00', '%e2%82%ac', 'a%20b')
{
    my $r = $t->http('GET', $path);

    is($r->{status}, 200, "/$path");
    is($r->{body}, $page, "/$path: the page");
    is($r->{headers}{'content-type'}[0], 'text/html; charset=utf-8', 'type');
    is($r->{headers}{'cache-control'}[0], 'no-cache', 'asked for each time');
}

# what is not served

for my $path ('.hidden', '.git/config', 'a/.b', '..', '../outside.txt',
              'x/../../outside.txt', '%2e%2e/outside.txt',
              '..%2foutside.txt', 'assets/..%2f..%2foutside.txt',
              'assets/%2e%2e/%2e%2e/outside.txt', '%2ehidden', '..%5coutside',
              'assets/none-1.js', 'assets/', 'assets/fonts', 'assets/fonts/',
              'assets/.x', "a%01b", 'a%7f')
{
    my $r = $t->http('GET', $path);

    # what leaves the root is refused by nginx itself

    ok($r->{status} == 404 || $r->{status} == 400, "/$path: $r->{status}");
    unlike($r->{body}, qr/secret/, 'nothing told');
    fails($r, 404, 'not_found', "/$path") if $r->{status} == 404;
}

# files

my %type = ('a-1.js' => 'text/javascript; charset=utf-8',
            'b-2.css' => 'text/css; charset=utf-8',
            'fonts/c-3.woff2' => 'font/woff2',
            'd-4.wasm' => 'application/wasm',
            'e-5.jpg' => 'image/jpeg',
            'empty-6.json' => 'application/json; charset=utf-8');

for my $name (sort keys %type) {
    my $r = $t->http('GET', "assets/$name");

    is($r->{status}, 200, $name);
    is($r->{headers}{'content-type'}[0], $type{$name}, 'type');
    is($r->{headers}{'cache-control'}[0],
       'public, max-age=31536000, immutable', 'kept for ever');
    is($r->{body}, Tidraw::Util::slurp($t->dir . "/web/assets/$name"),
       'its bytes');
    is($r->{headers}{'x-content-type-options'}[0], 'nosniff', 'nosniff');
}

my $r = $t->http('GET', 'favicon.svg');

is($r->{body}, '<svg/>', 'a file beside the page');
is($r->{headers}{'content-type'}[0], 'image/svg+xml; charset=utf-8', 'type');
is($r->{headers}{'cache-control'}[0], 'no-cache', 'asked for each time');

# compressed siblings

$r = $t->http('GET', 'assets/a-1.js', headers =>
    ['Accept-Encoding', 'br, gzip']);
is($r->{headers}{'content-encoding'}[0], 'gzip', 'compressed');
is($r->{headers}{vary}[0], 'Accept-Encoding', 'Vary');
is($r->{headers}{'content-type'}[0], 'text/javascript; charset=utf-8', 'type');
is($r->{body}, Tidraw::Util::slurp($t->dir . '/web/assets/a-1.js.gz'),
   'the bytes of the sibling');

my $plain = $t->http('GET', 'assets/a-1.js');

ok(!$plain->{headers}{'content-encoding'}, 'plain for others');
is($plain->{headers}{vary}[0], 'Accept-Encoding', 'Vary there, too');
isnt($plain->{headers}{etag}[0], $r->{headers}{etag}[0], 'another ETag');

$r = $t->http('GET', 'assets/a-1.js', headers =>
    ['Accept-Encoding', 'gzip;q=0']);
ok(!$r->{headers}{'content-encoding'}, 'not when refused');

$r = $t->http('GET', 'assets/b-2.css', headers => ['Accept-Encoding', 'gzip']);
is($r->{body}, 'a { }', 'without a sibling: plain');

# conditions, ranges, HEAD

$r = $t->http('GET', 'assets/a-1.js', headers =>
    ['If-None-Match', $plain->{headers}{etag}[0]]);
is($r->{status}, 304, 'If-None-Match');

$r = $t->http('GET', '', headers => ['If-None-Match',
    $t->http('GET', '')->{headers}{etag}[0]]);
is($r->{status}, 304, 'the page as well');

$r = $t->http('GET', 'assets/a-1.js', headers => ['Range', 'bytes=0-5']);
is("$r->{status} $r->{body}", '206 export', 'a range');

$r = $t->http('HEAD', 'assets/a-1.js');
is($r->{headers}{'content-length'}[0], length $code, 'HEAD: length');
is($r->{body}, '', 'HEAD: no body');

fails($t->http('POST', 'login', json => {}), 405, 'method_not_allowed',
      'POST to a page');

# a new page is seen at once

write_file($t->dir . '/web/index.html', "new $page");
is($t->http('GET', '')->{body}, "new $page", 'a new page');
write_file($t->dir . '/web/index.html', $page);

# the policy

my %policy = map { /^(\S+)\s*(.*)$/ ? ($1 => $2) : () }
             split /;\s*/,
             $t->http('GET', '')->{headers}{'content-security-policy'}[0];

is($policy{'default-src'}, "'none'", 'policy: nothing by default');
is($policy{'script-src'}, "'self'", 'policy: our scripts, none inline');
is($policy{'connect-src'}, "'self' data: blob: ws://127.0.0.1:$port"
                           . " wss://127.0.0.1:$port",
   'policy: connections to this host');
is($policy{'frame-ancestors'}, "'none'", 'policy: frames');
is($policy{'base-uri'}, "'self'", 'policy: base');
is($policy{'form-action'}, "'self'", 'policy: forms');
ok(exists $policy{$_}, "policy: $_")
    for qw(style-src img-src font-src media-src worker-src frame-src);

for my $host ("a;script-src *", "a,b", 'a"b', "a'b") {
    my $h = $t->http('GET', '', headers => ['Host', $host]);
    my $text = $h->{headers}{'content-security-policy'}[0] // '';

    unlike($text, qr/script-src \*|a,b|a"b|a'b/, "policy: Host $host");
}

for my $path ('', 'assets/a-1.js', 'favicon.svg') {
    my $h = $t->http('GET', $path)->{headers};

    is($h->{'referrer-policy'}[0], 'no-referrer', "/$path: Referrer-Policy");
    is($h->{'cross-origin-opener-policy'}[0], 'same-origin', 'opener');
    like($h->{'permissions-policy'}[0], qr/camera=\(\)/, 'permissions');
    is(scalar @{ $h->{'content-security-policy'} }, 1, 'policy');
}

$t->finish;


# Below a path the page knows its base.

$t = site(location => '/boards/');

for my $path ('/boards/', '/boards/b/AAAAAAAAAAAAAAAAAAAAAA') {
    is($t->http('GET', $path)->{body},
       $page =~ s{<base href="/" />}{<base href="/boards/" />}r,
       "$path: its base");
}

is($t->http('GET', '/boards/assets/b-2.css')->{body}, 'a { }', 'a file');
$t->finish;

$t = site(location => '/a&b/');
like($t->http('GET', '/a&b/')->{body}, qr{<base href="/a&amp;b/" />},
     'a base that needs escapes');
$t->finish;


# Without the app the API still works.

$t = Tidraw::Test->new(conf => { location => 'tidraw_web /nonexistent;' });
$t->start;
fails($t->http('GET', ''), 404, 'not_found', 'no app');
done_with($t->http('GET', 'api/config'), 200, 'the API');
$t->finish;


# The app that comes with the module.

$t = Tidraw::Test->new->start;
$r = $t->http('GET', '');
is($r->{status}, 200, 'the app of the build');

my ($script) = $r->{body} =~ m{src="\./(assets/[^"]+\.js)"};

ok($script, 'has its script below its base');
is($t->http('GET', $script)->{status}, 200, 'which is there') if $script;
unlike($r->{body}, qr/<script(?![^>]*\bsrc=)/, 'and none inline');

done_testing();
