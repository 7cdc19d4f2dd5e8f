package dev.berth.wire;

/// The IPv6 header of RFC 8200 section 3.
///
/// ```
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |Version| Traffic Class |           Flow Label                  |
/// |         Payload Length        |  Next Header  |   Hop Limit   |
/// |                         Source Address (16 octets)            |
/// |                      Destination Address (16 octets)          |
/// ```
public final class Ipv6Header {
    /// Octets of the fixed header.
    public static final int LENGTH = 40;
    /// The smallest MTU that every IPv6 link has, RFC 8200 section 5.
    public static final int MIN_MTU = 1_280;

    /// Offset of version, traffic class and flow label (32 bits).
    public static final int VERSION_CLASS_FLOW = 0;
    /// Offset of the payload length: octets behind the fixed header.
    public static final int PAYLOAD_LENGTH = 4;
    /// Offset of the next header's protocol number.
    public static final int NEXT_HEADER = 6;
    /// Offset of the hop limit.
    public static final int HOP_LIMIT = 7;
    /// Offset of the source address.
    public static final int SOURCE = 8;
    /// Offset of the destination address.
    public static final int DESTINATION = 24;

    private Ipv6Header() {}

    /// Writes a fixed header.
    ///
    /// @param payloadLength octets behind the fixed header, 0 to 65535
    public static void write(
            byte[] bytes,
            int at,
            int trafficClass,
            int flowLabel,
            int payloadLength,
            int nextHeader,
            int hopLimit,
            long sourceHi,
            long sourceLo,
            long destinationHi,
            long destinationLo) {
        Bytes.put32(bytes, at, 6 << 28 | trafficClass << 20 | flowLabel & 0xf_ffff);
        Bytes.put16(bytes, at + PAYLOAD_LENGTH, payloadLength);
        Bytes.put16(bytes, at + NEXT_HEADER, nextHeader << 8 | hopLimit);
        Bytes.put64(bytes, at + SOURCE, sourceHi);
        Bytes.put64(bytes, at + SOURCE + 8, sourceLo);
        Bytes.put64(bytes, at + DESTINATION, destinationHi);
        Bytes.put64(bytes, at + DESTINATION + 8, destinationLo);
    }

    /// The traffic class (DS field and ECN bits) at `at`.
    public static int trafficClass(byte[] bytes, int at) {
        return Bytes.u16(bytes, at) >>> 4 & 0xff;
    }
}
