#!/usr/bin/perl

# The metrics: a form that Prometheus reads, numbers that fit what happened,
# and nobody gets them who is not named.  The dashboard and the alert rules
# name metrics that exist.

use strict;
use warnings;

use JSON::PP;
use Test::More;
use lib 't/lib';
use Tidraw::Api qw(each_database fails);
use Tidraw::Board qw(document join_board page push_records);
use Tidraw::Test;
use Tidraw::Util qw(wait_for slurp);


# The text format, strictly: every series once, below the head of its family,
# histograms whole.  { family => { type, help, series => { text => value } } }

sub parse {
    my ($text) = @_;

    my (%families, $family);

    die "the last line has no end\n" if $text !~ /\n\z/;

    for my $line (split /\n/, $text) {

        if ($line =~ /^# HELP ([a-z][a-z0-9_]+) (\S.*)$/) {
            die "$1: twice\n" if $families{$1};
            $families{$1} = { name => $1, help => $2, series => {},
                              order => [] };
            $family = $families{$1};
            next;
        }

        if ($line =~ /^# TYPE ([a-z][a-z0-9_]+) (counter|gauge|histogram)$/) {
            die "$1: TYPE\n" if !$family || $family->{name} ne $1
                                || $family->{type};
            $family->{type} = $2;
            next;
        }

        my ($name, $labels, $value) = $line =~
            /^([a-zA-Z_:][a-zA-Z0-9_:]*)
              (\{(?:[a-z_]+="[^"\\\n]*")(?:,[a-z_]+="[^"\\\n]*")*\})?
              [ ](\d+(?:\.\d+)?)$/x or die "line: $line\n";

        my $base = $family->{type} eq 'histogram'
            ? $name =~ s/_(?:bucket|sum|count)$//r : $name;

        die "$name: outside of its family\n" if $base ne $family->{name};

        my $series = $name . ($labels // '');

        die "$series: twice\n" if exists $family->{series}{$series};

        $family->{series}{$series} = $value;
        push @{ $family->{order} }, $series;
    }

    for my $f (values %families) {
        die "$f->{name}: no series\n" if !@{ $f->{order} };
        die "$f->{name}: a counter ends with _total\n"
            if ($f->{type} eq 'counter') != ($f->{name} =~ /_total$/);
        histogram($f) if $f->{type} eq 'histogram';
    }

    return \%families;
}


sub histogram {
    my ($f) = @_;

    my $before = 0;
    my $bound = 0;

    for (grep { /_bucket/ } @{ $f->{order} }) {
        my ($le) = /le="([^"]+)"/;

        die "$_: no order\n" if $le ne '+Inf' && $le <= $bound
                                || $f->{series}{$_} < $before;
        $bound = $le if $le ne '+Inf';
        $before = $f->{series}{$_};
    }

    die "$f->{name}: +Inf\n"
        if ($f->{series}{"$f->{name}_bucket{le=\"+Inf\"}"} // -1) != $before
           || $f->{series}{"$f->{name}_count"} != $before;
    die "$f->{name}: sum\n" if !exists $f->{series}{"$f->{name}_sum"};
}


sub metrics {
    my ($t) = @_;

    my $r = $t->http('GET', 'metrics');

    die "$r->{status} $r->{body}\n" if $r->{status} != 200;

    return parse($r->{body});
}


sub value {
    my ($m, $series) = @_;

    my ($f) = grep { exists $_->{series}{$series} } values %$m;

    return $f ? $f->{series}{$series} : undef;
}


my %known;

each_database(sub {
    my ($t) = @_;

    my $m = eval { metrics($t) };

    ok($m, 'the form is right') or diag($@);
    like($t->http('GET', 'metrics')->{headers}{'content-type'}[0],
         qr{^text/plain; version=0\.0\.4}, 'its type');

    %known = %$m;

    my $ann = $t->register('ann@example.org');
    my $room = $t->room($ann, 'Plans');

    my ($one) = join_board($t, $room, cookie => $ann);
    my ($two) = join_board($t, $room, cookie => $ann);

    push_records($t, $ann, $room, document(), page("n$_")) for 1 .. 5;

    $t->http('GET', 'api/rooms');

    my $denied = $t->ws("connect/$room");
    $denied->wait_close;

    ok(wait_for(sub {
        $m = metrics($t);
        value($m, 'tidraw_sessions') == 2
            && value($m, 'tidraw_resident_memory_bytes') > 0;
    }, 10), 'sessions');

    is(value($m, 'tidraw_boards_open'), 1, 'boards');
    is(value($m, "tidraw_connects_total"), 7, "connects");
    is(value($m, 'tidraw_edits_total'), 5, 'edits');

    my $commits = value($m, 'tidraw_commits_total');

    ok($commits >= 1 && $commits <= 5, 'commits');
    is(value($m, 'tidraw_edit_durable_seconds_count'), 5,
       'each edit was stored once');
    is(value($m, 'tidraw_edit_peer_seconds_count'), 5,
       'and went to the others');
    is(value($m, 'tidraw_commit_seconds_count'), $commits, 'commits took');
    is(value($m, 'tidraw_commit_edits_sum'), 5, 'they had all edits');
    cmp_ok(value($m, 'tidraw_commit_bytes_sum'), '>', 300, 'and bytes');
    cmp_ok(value($m, 'tidraw_edit_peer_seconds_sum'), '>=',
           value($m, 'tidraw_edit_durable_seconds_sum'),
           'nobody saw an edit before it was stored');

    is(value($m, 'tidraw_sessions_refused_total{reason="not_authenticated"}'),
       1, 'a refusal by its reason');
    cmp_ok(value($m, 'tidraw_api_errors_total{code="not_authenticated"}'),
           '>=', 1, 'a failure by its code');
    cmp_ok(value($m, 'tidraw_api_answers_total{class="2xx"}'), '>=', 2,
           'answers');
    is(value($m, 'tidraw_database_up'), 1, 'the database is there');
    is(value($m, 'tidraw_redis_up'), undef, 'no Redis, no state of it');
    is(value($m, 'tidraw_edits_waiting'), 0, 'nothing waits');
    cmp_ok(value($m, 'tidraw_resident_memory_bytes'), '>', 1e6, 'memory');
    is(value($m, 'tidraw_workers'), 1, 'workers');
    cmp_ok(value($m, 'tidraw_messages_received_total'), '>=', 7, 'messages');

    $t->reload;

    $m = metrics($t);
    is(value($m, 'tidraw_edits_total'), 5, 'a reload loses no counters');
    is(value($m, 'tidraw_edit_durable_seconds_count'), 5,
       'and no histograms');
});


# the activity log cannot be written

each_database(sub {
    my ($t) = @_;

    $t->register('ann@example.org');
    is(value(metrics($t), 'tidraw_activity_lost_total'), 0,
       'no entry of the activity log is lost');
    $t->sql('ALTER TABLE activity RENAME TO elsewhere');

    $t->http('POST', 'api/auth/login',
             json => { email => 'ann@example.org', password => 'wrong one' });

    ok(wait_for(sub {
        value(metrics($t), 'tidraw_activity_lost_total') == 1;
    }, 10), 'one that could not be stored is counted');
});


# the database goes away

{
    my $t = Tidraw::Test->new(database => 'postgres')->start;

    $t->{pg}->stop;

    ok(wait_for(sub {
        $t->http('GET', 'readyz');
        value(metrics($t), 'tidraw_database_up') == 0;
    }, 20), 'metrics say that the database is away');

    $t->{pg}->start;

    ok(wait_for(sub {
        $t->http('GET', 'readyz');
        value(metrics($t), 'tidraw_database_up') == 1;
    }, 20), 'and that it is back');
}


# who gets them

sub asks {
    my ($t, %o) = @_;

    return $t->http('GET', 'metrics', headers => [%{ $o{headers} || {} }]);
}

{
    my $t = Tidraw::Test->new(database => 'sqlite')->start;

    is(asks($t)->{status}, 200, 'this machine');
    fails(asks($t, headers => { $_ => '127.0.0.1' }), 403, 'forbidden',
          "not who comes by a proxy ($_)")
        for qw(X-Forwarded-For X-Real-IP Forwarded Via X-Forwarded-Proto);
    fails(asks($t, headers => { Host => 'boards.example.org' }), 403,
          'forbidden', 'nor under a name of another machine');
}

for ([off => 403], ['10.0.0.0/8' => 403], ['127.0.0.0/8' => 200],
     ['::1 127.0.0.1' => 200])
{
    my ($value, $status) = @$_;
    my $t = Tidraw::Test->new(database => 'sqlite',
        conf => { location => "tidraw_metrics $value;" })->start;

    is(asks($t)->{status}, $status, "tidraw_metrics $value");
    is(asks($t, headers => { 'X-Forwarded-For' => '127.0.0.1' })->{status},
       403, 'not by a proxy that nobody trusts');
}

{
    my $t = Tidraw::Test->new(database => 'sqlite',
        conf => { server => 'set_real_ip_from 127.0.0.1;'
                            . ' real_ip_header X-Forwarded-For;',
                  location => 'tidraw_metrics 192.0.2.7;' })->start;

    fails(asks($t), 403, 'forbidden', 'the proxy itself');
    is(asks($t, headers => { 'X-Forwarded-For' => '192.0.2.7' })->{status},
       200, 'whom a trusted proxy brings');
    fails(asks($t, headers => { 'X-Forwarded-For' => '192.0.2.8' }), 403,
          'forbidden', 'another one');
    fails(asks($t, headers => { 'X-Forwarded-For' => '192.0.2.7, 192.0.2.8' }),
          403, 'forbidden', 'and who says he is somebody else');
}


# the files for Prometheus and Grafana

my %extra = (tidraw_redis_up => 1);

for my $file ('conf/monitoring/alerts.yml', 'conf/monitoring/grafana.json',
              'docs/monitoring.md')
{
    my %named = map { s/_(?:bucket|sum|count)$//r => 1 }
                slurp($file) =~ /\b(tidraw_[a-z0-9_]+[a-z])\b/g;

    # directives

    delete @named{slurp('src/ngx_tidraw_conf.c') =~
                  /ngx_string\("(tidraw_\w+)"\)/g};

    cmp_ok(keys %named, '>', 10, "$file names metrics");
    is(join(' ', grep { !$known{$_} && !$extra{$_} } sort keys %named), '',
       'that exist');

    is(join(' ', grep { !$named{$_} } sort keys %known), '',
       'and each of them') if $file =~ /\.md$/;
}

{
    my $d = JSON::PP->new->decode(slurp('conf/monitoring/grafana.json'));
    my (%ids, @wrong);

    for (@{ $d->{panels} }) {
        push @wrong, $_->{title} if $ids{ $_->{id} }++
            || !@{ $_->{targets} } || grep { !length $_->{expr} }
                                      @{ $_->{targets} };
    }

    is("@wrong", '', 'the panels are whole');
}

done_testing();
