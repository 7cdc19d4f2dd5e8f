package dev.berth.wire;

/// ARP for IPv4 over Ethernet (RFC 826).
///
/// ```
/// hardware space 1 | protocol space 0x0800 | lengths 6 and 4 | opcode
/// sender hardware address (6) | sender protocol address (4)
/// target hardware address (6) | target protocol address (4)
/// ```
public final class ArpHeader {
    /// Octets of a packet.
    public static final int LENGTH = 28;
    /// Offset of the opcode.
    public static final int OPCODE = 6;
    /// Offset of the sender's hardware address.
    public static final int SENDER_HARDWARE = 8;
    /// Offset of the sender's protocol address.
    public static final int SENDER_PROTOCOL = 14;
    /// Offset of the target's hardware address.
    public static final int TARGET_HARDWARE = 18;
    /// Offset of the target's protocol address.
    public static final int TARGET_PROTOCOL = 24;

    /// Opcode of a request.
    public static final int REQUEST = 1;
    /// Opcode of a reply.
    public static final int REPLY = 2;

    private static final long ETHERNET_IPV4 = 1L << 32 | (long) EthernetHeader.IPV4 << 16 | 6 << 8 | 4;

    private ArpHeader() {}

    /// True if `length` octets at `at` are a request or reply about IPv4 over Ethernet.
    public static boolean isValid(byte[] bytes, int at, int length) {
        if (length < LENGTH || Bytes.i64(bytes, at) >>> 16 != ETHERNET_IPV4) {
            return false;
        }
        int opcode = Bytes.u16(bytes, at + OPCODE);
        return opcode == REQUEST || opcode == REPLY;
    }

    /// Writes a packet.
    ///
    /// @param opcode [#REQUEST] or [#REPLY]
    /// @param senderProtocol an IPv4 address, as is `targetProtocol`
    public static void write(
            byte[] bytes,
            int at,
            int opcode,
            long senderHardware,
            int senderProtocol,
            long targetHardware,
            int targetProtocol) {
        Bytes.put64(bytes, at, ETHERNET_IPV4 << 16 | opcode);
        EthernetHeader.putAddress(bytes, at + SENDER_HARDWARE, senderHardware);
        Bytes.put32(bytes, at + SENDER_PROTOCOL, senderProtocol);
        EthernetHeader.putAddress(bytes, at + TARGET_HARDWARE, targetHardware);
        Bytes.put32(bytes, at + TARGET_PROTOCOL, targetProtocol);
    }
}
