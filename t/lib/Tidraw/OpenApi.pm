package Tidraw::OpenApi;

# docs/openapi.json as tests use it: which call a request is, and whether an
# answer is what the document says.  A validator of the few words of JSON
# Schema that stand there; one that it does not know is an error.

use strict;
use warnings;

use Exporter qw(import);
use JSON::PP;
use Tidraw::HTTP;
use Tidraw::Util qw(slurp);

our @EXPORT_OK = qw(routes fill);

my $root = __FILE__ =~ s{[^/]*$}{}r . '../../..';

my %known = map { $_ => 1 } qw($ref type enum required properties items anyOf
    additionalProperties pattern minLength maxLength minItems maxItems minimum
    maximum description default);


# The table of routes: { method, path, who, scope, body } of each line.

sub routes {
    my $table = slurp("$root/src/http/ngx_tidraw_http_routes.c");
    my @routes;

    while ($table =~ /\{\s*NGX_HTTP_(\w+),\s*"([^"]+)",\s*NGX_TIDRAW_WHO_(\w+),
                      \s*NGX_TIDRAW_SCOPE_(\w+),\s*NGX_TIDRAW_BODY_(\w+),/gx)
    {
        push @routes, { method => $1, path => $2, who => $3, scope => $4,
                        body => $5 };
    }

    return @routes;
}


# A path of the table with ids, tokens and numbers in it; the first id is the
# one given, the others are nobody's.

sub fill {
    my ($path, $id) = @_;

    $path =~ s/:/$id/ if defined $id;

    return $path =~ s/:/'A' x 22/ger =~ s/\@/'B' x 43/ger =~ s/#/1/gr;
}


sub new {
    my ($class, $text) = @_;

    $text //= slurp("$root/docs/openapi.json");

    return bless { doc => $Tidraw::HTTP::json->decode($text) }, $class;
}


# Every operation: { method, path, op }; the path as the table of routes
# writes it, too.

sub operations {
    my ($self) = @_;

    my $paths = $self->{doc}{paths};
    my @all;

    for my $path (sort keys %$paths) {
        my $route = $path =~ s{^/}{}r =~ s/\{clock\}/#/gr
                          =~ s/\{secret\}/\@/gr =~ s/\{\w+\}/:/gr;

        for my $method (grep { !/parameters/ } sort keys %{ $paths->{$path} })
        {
            push @all, { method => uc $method, path => $path,
                         route => $route, op => $paths->{$path}{$method},
                         shared => $paths->{$path}{parameters} || [] };
        }
    }

    return @all;
}


# The operation of a request; what stands there in full wins over parameters.

sub find {
    my ($self, $method, $path) = @_;

    $path =~ s/\?.*//;

    my @fit = grep {
        my $re = join '', map { /^\{/ ? '[^/]+' : quotemeta }
                          split /(\{\w+\})/, $_->{path} =~ s{^/}{}r;
        $_->{method} eq $method && $path =~ /^$re$/
    } $self->operations;

    my ($best) = sort { ($a->{path} =~ tr/{//) <=> ($b->{path} =~ tr/{//) }
                 @fit;

    return $best;
}


sub resolve {
    my ($self, $x) = @_;

    while (ref $x eq 'HASH' && defined $x->{'$ref'}) {
        my ($path) = $x->{'$ref'} =~ m{^#/(.*)} or die "$x->{'$ref'}\n";

        $x = $self->{doc};
        $x = $x->{$_} // die "$path: not in the document\n"
            for split m{/}, $path;
    }

    return $x;
}


# What an answer has that the document does not say: a list of words.

sub answer_errors {
    my ($self, $operation, $r) = @_;

    my $responses = $operation->{op}{responses};
    my $said = $self->resolve($responses->{ $r->{status} }
                              // ($r->{status} >= 400 ? $responses->{default}
                                  : return "status $r->{status}"));
    my ($type) = ($r->{headers}{'content-type'}[0] // '') =~ /^([^;]*)/;

    return length $r->{body} ? 'a body' : () if !$said->{content};

    my $media = $said->{content}{$type} // $said->{content}{'*/*'}
                // return "type $type";

    return () if !$media->{schema};

    my $value = eval { $Tidraw::HTTP::json->decode($r->{body}) };

    return 'no JSON' if $@;
    return $self->errors($media->{schema}, $value, 'answer');
}


# The same for the body of a request.

sub body_errors {
    my ($self, $operation, $value) = @_;

    my $body = $operation->{op}{requestBody} or return 'a body';

    return $self->errors($body->{content}{'application/json'}{schema}, $value,
                         'body');
}


# A closed object: what the schema does not name may not be there, unless
# it says so.

sub errors {
    my ($self, $schema, $v, $at) = @_;

    my $s = $self->resolve($schema);
    my @wrong = map { "$at: the word $_" } grep { !$known{$_} } keys %$s;

    if ($s->{anyOf}) {
        my @first;

        for (@{ $s->{anyOf} }) {
            my @e = $self->errors($_, $v, $at);
            return @wrong if !@e;
            @first = @e if !@first;
        }

        return @wrong, @first;
    }

    if (defined $s->{type}) {
        my @types = ref $s->{type} ? @{ $s->{type} } : $s->{type};

        return @wrong, "$at: " . type_of($v) . ", not @types"
            if !grep { is_type($v, $_) } @types;
    }

    push @wrong, "$at: not of " . $Tidraw::HTTP::json->encode($s->{enum})
        if $s->{enum} && !grep { defined $_ ? defined $v && $_ eq $v
                                            : !defined $v } @{ $s->{enum} };

    if (ref $v eq 'HASH') {
        my $more = $s->{additionalProperties} // JSON::PP::false;
        my $named = $s->{properties} || {};

        push @wrong, map { "$at: without $_" }
                     grep { !exists $v->{$_} } @{ $s->{required} || [] };

        for (sort keys %$v) {
            push @wrong, $named->{$_}
                ? $self->errors($named->{$_}, $v->{$_}, "$at.$_")
                : ref $more eq 'HASH' ? $self->errors($more, $v->{$_}, "$at.$_")
                : $more || !$s->{properties} ? () : "$at: has $_";
        }

    } elsif (ref $v eq 'ARRAY') {
        push @wrong, "$at: too many" if @$v > ($s->{maxItems} // @$v);
        push @wrong, "$at: too few" if @$v < ($s->{minItems} // 0);

        if ($s->{items}) {
            push @wrong, $self->errors($s->{items}, $v->[$_], "$at\[$_]")
                for 0 .. $#$v;
        }

    } elsif (defined $v && !ref $v) {
        push @wrong, "$at: $v" if defined $s->{pattern}
                                  && $v !~ /$s->{pattern}/
                               || length $v < ($s->{minLength} // 0)
                               || length $v > ($s->{maxLength} // length $v)
                               || defined $s->{minimum} && $v < $s->{minimum}
                               || defined $s->{maximum} && $v > $s->{maximum};
    }

    return @wrong;
}


sub type_of {
    my ($v) = @_;

    return 'null' if !defined $v;
    return 'object' if ref $v eq 'HASH';
    return 'array' if ref $v eq 'ARRAY';
    return 'boolean' if JSON::PP::is_bool($v);

    my $text = $Tidraw::HTTP::json->encode($v);

    return $text =~ /^"/ ? 'string' : $text =~ /[.eE]/ ? 'number' : 'integer';
}


sub is_type {
    my ($v, $type) = @_;

    my $is = type_of($v);

    return $is eq $type || $is eq 'integer' && $type eq 'number';
}


1;
