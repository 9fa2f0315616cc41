package BenchReport;

# The figures of the benchmark as text: the tables in Markdown, what the
# targets say to them, and a line of progress a row.

use strict;
use warnings;

use Exporter qw(import);
use POSIX ();

our @EXPORT = qw(report progress load_average);

# rows, result, names, load, seconds, warmup, dir, node: bench.pl sets them

our %set;


sub report {
    my ($names, $load) = @set{qw(names load)};
    my $text = "# Benchmark\n\n";
    my @targets;

    $text .= sprintf("%s: one core for the server, one for the load, %d s"
                     . " measured after %g s. %s.%s\n\n",
                     POSIX::strftime('%Y-%m-%d', gmtime), $set{seconds},
                     $set{warmup},
                     machine(),
                     $load > 0.7 ? sprintf(' The machine was busy with other'
                                           . ' things (load %.1f).', $load)
                                 : '');

    my @loads = grep { exists $set{result}{$_->{id}} && $_->{latency} }
                     @{$set{rows}};

    if (@loads) {
        $text .= "| load | server | core used | of the floor"
                 . " | deliveries per CPU second | p50 / p99 ms"
                 . " | durable p50 / p99 ms | memory MB |\n"
                 . "|---|---|---|---|---|---|---|---|\n";
    }

    for my $row (@loads) {
        for my $name (@$names) {
            my $r = $set{result}{$row->{id}}{$name} or next;
            my $l = $r->{$row->{latency}};

            $text .= sprintf("| %s | %s | %s | %s | %s | %s | %s | %s |\n",
                             $row->{title}, label($name, $row),
                             core($r), ratio($row, $r),
                             $r->{cpu} ? thousands($r->{received} / $r->{cpu})
                                       : '–',
                             pair($l), pair($r->{durable}), mb($r));

            $text .= trouble($r);
        }

        push @targets, targets($row);
    }

    if (my $results = $set{result}{idle2000}) {
        $text .= "\n| 2 000 idle clients in 200 rooms | core used"
                 . " | KB a session | memory MB | fresh server MB |\n"
                 . "|---|---|---|---|---|\n";

        for my $name (grep { $results->{$_} } @$names) {
            my $r = $results->{$name};

            $text .= sprintf("| %s | %s | %.1f | %s | %s |\n", label($name),
                             core($r, 4), $r->{session} // 0, mb($r),
                             mb({ memory => $r->{fresh} }));
            $text .= trouble($r);
        }

        if (my $r = $results->{tidraw}) {
            push @targets,
                target('idle server, MB', $r->{fresh}{total} / 1024, 15),
                target('idle session, KB', $r->{session}, 8);
        }
    }

    if (my $results = $set{result}{return2000}) {
        $text .= "\n| 2 000 clients come back after a reload"
                 . " | all synced after s | away p50 / p99 ms |\n"
                 . "|---|---|---|\n";

        for my $name (grep { $results->{$_} } @$names) {
            my $r = $results->{$name};

            $text .= sprintf("| %s | %s | %s |\n", label($name),
                             $r->{back} ? sprintf('%.2f',
                                                  $r->{back}{max} / 1000)
                                        : '–', pair($r->{away}));
            $text .= trouble($r);

            push @targets, target("$name: all back after a reload, s",
                                  $r->{back} && $r->{back}{max} / 1000, 5);
        }
    }

    if (my $results = $set{result}{board4000}) {
        $text .= "\n| first message of a 4 000-shape board | first byte ms"
                 . " | whole p50 / max ms | CPU ms a client"
                 . " | after a restart ms | MB sent | memory MB |\n"
                 . "|---|---|---|---|---|---|---|\n";

        for my $name (grep { $results->{$_} } @$names) {
            my $r = $results->{$name};

            next if $name eq 'floor' && $r->{ok};

            $text .= sprintf("| %s | %s | %s | %s | %s | %s | %s |\n",
                             label($name), ms($r->{first_byte}{p50}),
                             ms($r->{whole_reply}{p50}) . ' / '
                             . ms($r->{whole_reply}{max}),
                             ms($r->{cpu} ? $r->{cpu} * 1000
                                            / $r->{whole_reply}{n} : undef),
                             ms($r->{cold}),
                             sprintf('%.2f', ($r->{reply_bytes} || 0) / 1e6),
                             mb($r));
            $text .= trouble($r);
        }

        if (my $r = $results->{tidraw}) {
            push @targets,
                target('first message of 4 000 shapes, whole, ms',
                       $r->{whole_reply}{max}, 50);
        }
    }

    $text .= "\nMemory of Tidraw: master and worker, the worker alone in"
             . " brackets.\n" if grep { $_ eq 'tidraw' } @$names;

    $text .= "\nTargets:\n\n" . join('', @targets) if @targets;

    return $text;
}


sub targets {
    my ($row) = @_;
    my $results = $set{result}{$row->{id}};
    my $r = $results->{tidraw} or return;
    my @found;

    push @found, target("$row->{title}: times the floor",
                        $r->{core} / $results->{floor}{core}, 2)
        if $r->{core} && $results->{floor} && $results->{floor}{core};

    my ($two, $pg, $hosts) = @$results{qw(tidraw-2 tidraw-pg tidraw-hosts)};

    # what two workers could serve, by the CPU that they need for the same

    push @found, target_least("$row->{title}: two workers serve",
                              2 * $r->{core} / $two->{core}, 1.7)
        if $r->{core} && $two && $two->{core};

    push @found, target("$row->{title}: over two workers, p99 more, ms",
                        $two->{$row->{latency}}{p99}
                        - $r->{$row->{latency}}{p99}, 2)
        if $row->{id} =~ /30$/ && $two && $two->{ok};

    push @found, target("$row->{title}: over two hosts, p99 more, ms",
                        $hosts->{$row->{latency}}{p99}
                        - $pg->{$row->{latency}}{p99}, 5)
        if $hosts && $hosts->{ok} && $pg && $pg->{ok};

    push @found, target("$row->{title}: p99, ms", $r->{presence}{p99}, 25)
        if $row->{id} eq 'presence100';

    push @found, target("$row->{title}: durable p50, ms", $r->{durable}{p50},
                        10),
                 target("$row->{title}: durable p99, ms", $r->{durable}{p99},
                        30)
        if $row->{edits};

    return @found;
}


sub target {
    my ($what, $value, $limit) = @_;

    return "- **missed**: $what: no figure (wanted: at most $limit)\n"
        if !defined $value;

    return sprintf("- met: %s: %.2f (at most %g)\n", $what, $value, $limit)
        if $value <= $limit;

    return sprintf("- **missed**: %s: %.2f, %.0f %% above the %g wanted\n",
                   $what, $value, ($value / $limit - 1) * 100, $limit);
}


sub target_least {
    my ($what, $value, $limit) = @_;

    return sprintf("- %s: %s: %.2f times as much (at least %g)\n",
                   $value >= $limit ? 'met' : '**missed**', $what, $value,
                   $limit);
}


# What went wrong, as a line under its own.

sub trouble {
    my ($r) = @_;

    my @notes = $r->{ok} ? () : @{$r->{errors}};

    push @notes, sprintf('%d of %d cursor positions were left out',
                         $r->{skipped_presence}, $r->{skipped_presence}
                                                 + $r->{received})
        if $r->{skipped_presence};

    push @notes, sprintf('%d of %d moves came only as part of a later one',
                         $r->{skipped_edits}, $r->{skipped_edits}
                                              + $r->{received})
        if $r->{skipped_edits};

    push @notes, sprintf('not a fair figure: others used %.0f %% of the'
                         . ' server\'s core', $r->{others} * 100)
        if $r->{others} && $r->{others} > 0.1;

    push @notes, sprintf('the generator used %.0f %% of its core',
                         $r->{generator_core} * 100)
        if $r->{generator_core} > 0.85 && $r->{seconds} > 0.5;

    return join '', map { "| | $_ |\n" } map { s/\|/ /gr } @notes;
}


sub progress {
    my ($row, $name, $r) = @_;

    my $wrong = $r->{ok} ? '' : "  WRONG: @{$r->{errors}}";

    return sprintf("%-12s %-16s core %s  p50/p99 %s  durable %s  memory %s"
                   . "  generator %.2f  others %.2f%s\n",
                   $row->{id}, $name, core($r),
                   pair($r->{$row->{latency} || 'whole_reply'}),
                   pair($r->{durable}), mb($r), $r->{generator_core},
                   $r->{others} // 0, $wrong);
}


sub label {
    my ($name, $row) = @_;

    return { 'floor' => 'floor', 'tidraw' => '**Tidraw**',
             'tidraw-2' => '**Tidraw**, 2 workers',
             'tidraw-pg' => '**Tidraw**, PostgreSQL',
             'tidraw-hosts' => '**Tidraw**, 2 hosts',
             'upstream' => $row && $row->{v7} ? 'upstream 3.15.6'
                                              : 'upstream 5.4.2',
             'upstream-sqlite' => 'upstream 5.4.2, SQLite',
             'upstream-3' => 'upstream 3.15.6' }->{$name};
}


sub core {
    my ($r, $digits) = @_;

    return '–' if !defined $r->{core};

    return sprintf('%.*f', $digits || 3, $r->{core});
}


sub ratio {
    my ($row, $r) = @_;
    my $floor = $set{result}{$row->{id}}{floor};

    return '–' if !$floor || !$floor->{core} || !defined $r->{core};

    return sprintf('%.1f', $r->{core} / $floor->{core});
}


sub ms {
    return defined $_[0] ? sprintf('%.1f', $_[0]) : '–';
}


sub pair {
    my ($l) = @_;

    return $l ? ms($l->{p50}) . ' / ' . ms($l->{p99}) : '–';
}


sub mb {
    my ($r) = @_;
    my $m = $r->{memory} or return '–';

    return sprintf('%.1f', $m->{total} / 1024)
           . ($m->{worker} != $m->{total}
              ? sprintf(' (%.1f)', $m->{worker} / 1024) : '');
}


sub thousands {
    my $n = sprintf('%.0f', $_[0]);

    1 while $n =~ s/^(\d+)(\d{3})/$1 $2/;

    return $n;
}


sub load_average {
    open(my $fh, '<', '/proc/loadavg') or return 0;

    return (split ' ', <$fh>)[0];
}


sub machine {
    my $model = 'unknown processor';

    if (open(my $fh, '<', '/proc/cpuinfo')) {
        while (<$fh>) {
            $model = $1, last if /^model name\s*:\s*(.+)$/;
        }
    }

    my ($fs) = `stat -f -c %T '$set{dir}' 2>/dev/null` =~ /(\S+)/;
    my ($version) = `'$set{node}' --version 2>/dev/null` =~ /v(\S+)/;

    return sprintf('%s, Linux %s, %s%s', $model,
                   (POSIX::uname())[2] =~ /^(\d+\.\d+)/,
                   $version ? "Node $version, " : '',
                   'databases on ' . ($fs // 'an unknown file system'));
}


1;
