package dev.berth.wire;

/// The UDP header of RFC 768: source port, destination port, length (header and data), checksum, 16 bits each.
public final class UdpHeader {
    /// Octets of the header.
    public static final int LENGTH = 8;
    /// Offset of the source port.
    public static final int SOURCE_PORT = 0;
    /// Offset of the destination port.
    public static final int DESTINATION_PORT = 2;
    /// Offset of the length of header and data in octets.
    public static final int DATAGRAM_LENGTH = 4;
    /// Offset of the checksum; 0 over IPv4 means that the sender made none.
    public static final int CHECKSUM = 6;

    private UdpHeader() {}
}
