#!/usr/bin/perl

# Every statement of the table is understood by both databases.  They run with
# nulls only, so that most of them then fail, but for another reason.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Store qw(op);
use Test::More;
use Tidraw::Util qw(slurp);

my $text = slurp("$Tidraw::Test::root/src/store/ngx_tidraw_statements.h");
my @statements;

while ($text =~ /^TD_(STMT|GUARD)\((\w+),((?:\s*"(?:[^"\\]|\\.)*")+)\)/mg) {
    my ($kind, $name, $sql) = ($1, $2, $3);
    my ($n) = sort { $b <=> $a } $sql =~ /\$(\d+)/g, 0;

    push @statements, [$name, ('n') x $n];
}

is(scalar @statements, scalar(() = $text =~ /^TD_(?:STMT|GUARD)/mg),
   scalar(@statements) . ' statements');

for my $db (Tidraw::Test->databases) {

    my $t = Store->new(database => $db)->start;

    $t->run(op('w', $_)) for @statements;

    my @bad = grep { /(?:sqlite|postgresql): (\w+) failed/ && $1 !~ /^TEST/
                     && !/NOT NULL constraint|\(23502\)/
                     && !/datatype mismatch/ }    # LIMIT NULL
              split /\n/, $t->error_log;

    is_deeply(\@bad, [], "$db: all are understood");

    $t->finish;
}

done_testing();
