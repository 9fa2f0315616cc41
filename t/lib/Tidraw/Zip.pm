package Tidraw::Zip;

# Archives, made and read by hand, so that a test can lie in them.

use strict;
use warnings;

use Compress::Raw::Zlib qw(crc32 Z_STREAM_END);
use Exporter qw(import);

our @EXPORT_OK = qw(zip unzip);


# Entries are { name, data } and what differs from the truth: packed, method,
# crc, size, packed_size, flags, offset, local (a name there), extra.

sub zip {
    my (@entries) = @_;
    my ($out, $directory) = ('', '');

    for my $e (@entries) {
        my $data = $e->{packed} // $e->{data};
        my $method = $e->{method} // (defined $e->{packed} ? 8 : 0);
        my $crc = $e->{crc} // crc32($e->{data});
        my $size = $e->{size} // length $e->{data};
        my $packed = $e->{packed_size} // length $data;
        my $flags = $e->{flags} // 0x800;
        my $offset = $e->{offset} // length $out;
        my $local = $e->{local} // $e->{name};

        $out .= pack('VvvvVVVVvv', 0x04034b50, 20, $flags, $method, 0x00210000,
                     $crc, $packed, $size, length $local, 0) . $local . $data
            if !defined $e->{offset};
        $directory .= pack('VvvvvVVVVvvvvvVV', 0x02014b50, 20, 20, $flags,
                           $method, 0x00210000, $crc, $packed, $size,
                           length $e->{name}, 0, 0, 0, 0, 0, $offset)
                      . $e->{name};
    }

    return $out . $directory
           . pack('VvvvvVVv', 0x06054b50, 0, 0, scalar @entries,
                  scalar @entries, length $directory, length $out, 0);
}


# The entries by name, by the directory; dies when one is not what it says.

sub unzip {
    my ($zip) = @_;
    my %all;

    my ($n, $size, $at) = unpack 'x10vVV', substr $zip, -22;

    for (1 .. $n) {
        my ($method, $crc, $packed, $size, $name, $extra, $comment, $offset)
            = unpack 'x10vx4VVVvvvx8V', substr $zip, $at, 46;
        my $key = substr $zip, $at + 46, $name;
        my ($local, $more) = unpack 'x26vv', substr $zip, $offset, 30;
        my $data = substr $zip, $offset + 30 + $local + $more, $packed;

        if ($method == 8) {
            my $z = Compress::Raw::Zlib::Inflate->new(-WindowBits => -15)
                or die 'inflate';
            my $out = '';
            my $rc = $z->inflate($data, $out);

            die "$key: inflate: $rc\n" if $rc != Z_STREAM_END;
            $data = $out;
        }

        die "$key: length\n" if length $data != $size;
        die "$key: checksum\n" if crc32($data) != $crc;
        die "$key: twice\n" if exists $all{$key};

        $all{$key} = $data;
        $at += 46 + $name + $extra + $comment;
    }

    return \%all;
}


1;
