package dev.berth.wire;

/// The IPv4 header of RFC 791 section 3.1.
///
/// ```
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |Version|  IHL  |Type of Service|          Total Length         |
/// |         Identification        |Flags|      Fragment Offset    |
/// |  Time to Live |    Protocol   |         Header Checksum       |
/// |                       Source Address                          |
/// |                    Destination Address                        |
/// |                    Options                    |    Padding    |
/// ```
public final class Ipv4Header {
    /// Octets without options.
    public static final int MIN_LENGTH = 20;
    /// Octets with all options.
    public static final int MAX_LENGTH = 60;

    /// Offset of version and header length.
    public static final int VERSION_IHL = 0;
    /// Offset of the DS field and ECN bits.
    public static final int TOS = 1;
    /// Offset of the total length in octets.
    public static final int TOTAL_LENGTH = 2;
    /// Offset of the identification.
    public static final int IDENTIFICATION = 4;
    /// Offset of flags and fragment offset.
    public static final int FLAGS_FRAGMENT = 6;
    /// Offset of the time to live.
    public static final int TTL = 8;
    /// Offset of the protocol number.
    public static final int PROTOCOL = 9;
    /// Offset of the header checksum.
    public static final int CHECKSUM = 10;
    /// Offset of the source address.
    public static final int SOURCE = 12;
    /// Offset of the destination address.
    public static final int DESTINATION = 16;

    /// Don't Fragment, in the 16 bits of flags and fragment offset.
    public static final int DONT_FRAGMENT = 0x4000;
    /// More Fragments, in the same 16 bits.
    public static final int MORE_FRAGMENTS = 0x2000;
    /// The fragment offset, in units of eight octets, in the same 16 bits.
    public static final int FRAGMENT_OFFSET = 0x1fff;

    private Ipv4Header() {}

    /// Octets of header and options at `at`: 20 to 60 in a valid header, 0 to 60 in any.
    public static int headerLength(byte[] bytes, int at) {
        return (Bytes.u8(bytes, at) & 0x0f) << 2;
    }

    /// Writes a header without options and its checksum.
    ///
    /// @param totalLength octets of header and payload, 20 to 65535
    /// @param flagsFragment the 16 bits of flags and fragment offset
    public static void write(
            byte[] bytes,
            int at,
            int tos,
            int totalLength,
            int identification,
            int flagsFragment,
            int ttl,
            int protocol,
            int source,
            int destination) {
        // The sum is over the words as they are written, not read back: octets that were just written in pieces of
        // another size are slow to read.
        int first = (0x4500 | tos) << 16 | totalLength;
        int second = (identification & 0xffff) << 16 | flagsFragment;
        int third = (ttl << 8 | protocol) << 16;
        long sum = (first & 0xffff_ffffL)
                + (second & 0xffff_ffffL)
                + (third & 0xffff_ffffL)
                + (source & 0xffff_ffffL)
                + (destination & 0xffff_ffffL);
        Bytes.put32(bytes, at + VERSION_IHL, first);
        Bytes.put32(bytes, at + IDENTIFICATION, second);
        Bytes.put32(bytes, at + TTL, third | InternetChecksum.finish(sum));
        Bytes.put32(bytes, at + SOURCE, source);
        Bytes.put32(bytes, at + DESTINATION, destination);
    }
}
