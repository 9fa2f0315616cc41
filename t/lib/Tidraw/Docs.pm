package Tidraw::Docs;

# The blocks of the documents that are indented by four: commands, settings,
# configuration.  What stands there is what tests run.
#
#     for my $block (Tidraw::Docs::blocks('docs/nginx.md')) { … }
#
# A comment above a block says why it is not run, or what else it is:
#
#     <!-- not run: needs a container engine -->
#     <!-- no command: the folders -->

use strict;
use warnings;

use Tidraw::Util qw(slurp);


sub pages {
    return (glob('*.md'), grep { !m{^docs/permissions} }
            glob('docs/*.md docs/*/*.md docker/*.md docker/*/*.md'));
}


# page, line, heading, n (of those below the heading), text, mark

sub blocks {
    my ($page) = @_;

    my ($heading, $mark, $n, $empty, $block, @blocks) = ('', undef, 0, 1);
    my $line = 0;

    for (split /\n/, slurp($page)) {
        $line++;

        if ($block && /^(?: {4}(.*)|)$/) {
            $block->{text} .= ($1 // '') . "\n";
            next;
        }

        undef $block;

        if ($empty && /^ {4}(.*)$/) {
            $block = { page => $page, line => $line, heading => $heading,
                       n => ++$n, mark => $mark, text => "$1\n" };
            push @blocks, $block;

        } elsif (/^#+ (.*)$/) {
            ($heading, $n) = ($1, 0);

        } elsif (/^```/) {
            die "$page:$line: a block is indented here, not fenced\n";
        }

        $mark = /^<!-- ((?:not run|no command): .*) -->$/ ? $1 : undef
            if /./;
        $empty = !/./;
    }

    s/\n+\z/\n/ for map { $_->{text} } @blocks;

    return @blocks;
}


# What nginx is given: the tests of it add what is around.

sub is_snippet {
    my ($block) = @_;

    return $block->{text} =~ /^\s*tidraw(?:_\w+)?\s[^\n]*;/m
           && $block->{text} !~ /^\s*server \{/m;
}


# The commands of a block, without the words at their ends.

sub commands {
    my ($block) = @_;

    my $text = $block->{text} =~ s/^\s*#.*\n//mgr;

    return grep { /./ } map { s/\s+#\s.*//r }
           $text =~ /((?:[^\n]*\\\n)*[^\n]+)/g;
}


1;
