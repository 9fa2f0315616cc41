package Tidraw::Files;

# What tests of files share: pictures from nothing, and what lies on disk.

use strict;
use warnings;

use Compress::Zlib qw(compress crc32);
use Exporter qw(import);

our @EXPORT_OK = qw(png jpeg blobs left);


# A PNG of one color: real for small ones, and for large ones with the pixels
# of a small one, which only a decoder would notice.  text makes it another.

sub png {
    my ($width, $height, $text) = @_;

    my $rows = $width * $height > 100_000 ? 1 : $height;
    my $pixels = compress(("\0" . "\x80" x $width) x $rows);

    return "\x89PNG\r\n\x1a\n"
           . chunk('IHDR', pack 'NNC5', $width, $height, 8, 0, 0, 0, 0)
           . (defined $text ? chunk('tEXt', "Comment\0$text") : '')
           . chunk('IDAT', $pixels) . chunk('IEND', '');
}


sub chunk {
    my ($type, $data) = @_;

    return pack('N', length $data) . $type . $data
           . pack('N', crc32($type . $data));
}


# The head of a JPEG, with an application segment of $pad bytes before it.

sub jpeg {
    my ($width, $height, $pad) = @_;

    return "\xff\xd8" . "\xff\xe1" . pack('n', 2 + ($pad // 0))
           . 'x' x ($pad // 0)
           . "\xff\xc0" . pack('nCnnC', 17, 8, $height, $width, 3)
           . "\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xd9";
}


# The files under the upload folder, and those that are being written.

sub blobs {
    my ($t) = @_;

    my @files = grep { -f } glob $t->dir
                                 . '/data/uploads/[0-9a-f][0-9a-f]/*';

    return @files;
}


sub left {
    my ($t) = @_;

    my @files = glob $t->dir . '/data/uploads/tmp/*';

    return @files;
}


1;
