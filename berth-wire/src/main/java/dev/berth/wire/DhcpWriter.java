package dev.berth.wire;

import java.util.Arrays;

/// Writes the DHCPv4 messages of a server (RFC 2131 section 2, RFC 2132), from behind the UDP header on: [#begin],
/// then options, then [#end]. Each method returns the offset behind what it wrote, and allocates nothing.
public final class DhcpWriter {
    /// Subnet mask, RFC 2132 section 3.3.
    public static final int SUBNET_MASK = 1;
    /// Router, section 3.5.
    public static final int ROUTER = 3;
    /// Domain name server, section 3.8.
    public static final int DNS_SERVER = 6;
    /// Interface MTU, section 5.1; 16 bits.
    public static final int MTU = 26;
    /// Broadcast address, section 5.3.
    public static final int BROADCAST_ADDRESS = 28;
    /// Lease time in seconds, section 9.2.
    public static final int LEASE_TIME = 51;
    /// Server identifier, section 9.7.
    public static final int SERVER = 54;
    /// Time after which a client asks its server for more, in seconds, section 9.11.
    public static final int RENEWAL = 58;
    /// Time after which it asks any server, section 9.12.
    public static final int REBINDING = 59;

    private static final int TYPE = 53;
    private static final int CLIENT = 61;
    private static final int END = 255;

    /// Octets of a BOOTP message (RFC 951), below which some clients take none.
    private static final int LEAST = 300;

    private DhcpWriter() {}

    /// The fixed part, and the type.
    ///
    /// @param to what is answered
    /// @param type [DhcpMessage#OFFER], [DhcpMessage#ACK] or [DhcpMessage#NAK]
    /// @param yours the client's address, or 0
    public static int begin(byte[] bytes, int at, DhcpMessage to, int type, int yours) {
        Arrays.fill(bytes, at, at + DhcpMessage.FIXED_LENGTH, (byte) 0);
        Bytes.put32(bytes, at + DhcpMessage.OP, DhcpMessage.BOOT_REPLY << 24 | 1 << 16 | 6 << 8);
        Bytes.put32(bytes, at + DhcpMessage.XID, to.xid);
        Bytes.put32(bytes, at + DhcpMessage.SECS_FLAGS, to.broadcast ? DhcpMessage.BROADCAST : 0);
        // RFC 2131 table 3: 'ciaddr' from the request in an ACK, else 0.
        Bytes.put32(bytes, at + DhcpMessage.CIADDR, type == DhcpMessage.ACK ? to.clientAddress : 0);
        Bytes.put32(bytes, at + DhcpMessage.YIADDR, yours);
        Bytes.put32(bytes, at + DhcpMessage.GIADDR, to.relay);
        EthernetHeader.putAddress(bytes, at + DhcpMessage.CHADDR, to.hardware);
        Bytes.put32(bytes, at + DhcpMessage.COOKIE, DhcpMessage.MAGIC);
        int next = at + DhcpMessage.FIXED_LENGTH;
        bytes[next] = TYPE;
        bytes[next + 1] = 1;
        bytes[next + 2] = (byte) type;
        return next + 3;
    }

    /// An option of 32 bits: an address or a time.
    public static int option32(byte[] bytes, int at, int code, int value) {
        bytes[at] = (byte) code;
        bytes[at + 1] = 4;
        Bytes.put32(bytes, at + 2, value);
        return at + 6;
    }

    /// An option of 16 bits.
    public static int option16(byte[] bytes, int at, int code, int value) {
        bytes[at] = (byte) code;
        bytes[at + 1] = 2;
        Bytes.put16(bytes, at + 2, value);
        return at + 4;
    }

    /// The client's identifier, if it sent one: a server returns it unchanged (RFC 6842).
    ///
    /// @param from the array that `to` was read from
    public static int identifier(byte[] bytes, int at, DhcpMessage to, byte[] from) {
        if (to.identifierLength == 0) {
            return at;
        }
        bytes[at] = CLIENT;
        bytes[at + 1] = (byte) to.identifierLength;
        System.arraycopy(from, to.identifierAt, bytes, at + 2, to.identifierLength);
        return at + 2 + to.identifierLength;
    }

    /// The end of the options, and octets of zero up to the length that old clients expect.
    ///
    /// @param start where the message started
    public static int end(byte[] bytes, int at, int start) {
        bytes[at] = (byte) END;
        int end = at + 1;
        if (end - start < LEAST) {
            Arrays.fill(bytes, end, start + LEAST, (byte) 0);
            end = start + LEAST;
        }
        return end;
    }
}
