#!/usr/bin/perl

# Every statement of the table is understood by both databases.  They run with
# nulls only, so that most of them then fail, but for another reason.

use strict;
use warnings;

use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../lib";

use Store qw(op);
use Test::More;

# the compiler puts together what stands in macros

my $file = "$Tidraw::Test::root/src/store/ngx_tidraw_statements.h";
my $text = `gcc -E -P -xc '-DTD_STMT(n,s)=TD n s;' \\
            '-DTD_GUARD(n,s)=TD n s;' $file`;
my @statements;

while ($text =~ /\bTD (\w+)((?:\s*"(?:[^"\\]|\\.)*")+)\s*;/g) {
    my ($name, $sql) = ($1, $2);
    my ($n) = sort { $b <=> $a } $sql =~ /\$(\d+)/g, 0;

    push @statements, [$name, ('n') x $n];
}

is(scalar @statements, scalar(() = $text =~ /\bTD \w+/g),
   scalar(@statements) . ' statements');

for my $db (Tidraw::Test->databases) {

    my $t = Store->new(database => $db)->start;

    $t->run(op('w', $_)) for @statements;

    my @bad = grep { /event=statement_failed statement=(\w+)/ && $1 !~ /^TEST/
                     && !/NOT NULL constraint|code=23502/
                     && !/datatype mismatch/ }    # LIMIT NULL
              split /\n/, $t->error_log;

    is_deeply(\@bad, [], "$db: all are understood");

    $t->finish;
}

done_testing();
