package dev.berth.wire;

/// A DHCPv4 message that a server reads (RFC 2131 section 2, RFC 2132), validated and taken apart. Mutable, to be
/// used again for each message; allocates nothing. Texts and lists are named by where they lie in the message's
/// array.
public final class DhcpMessage {
    /// UDP port of servers.
    public static final int SERVER_PORT = 67;
    /// UDP port of clients.
    public static final int CLIENT_PORT = 68;

    /// Octets before the options, with the magic cookie.
    public static final int FIXED_LENGTH = 240;
    /// `op` of a client.
    public static final int BOOT_REQUEST = 1;
    /// `op` of a server.
    public static final int BOOT_REPLY = 2;
    /// The flag with which a client asks for answers to all stations.
    public static final int BROADCAST = 0x8000;

    /// Message types, RFC 2132 section 9.6.
    public static final int DISCOVER = 1;
    /// A server's offer.
    public static final int OFFER = 2;
    /// A client asks for what was offered, or for more time.
    public static final int REQUEST = 3;
    /// A client has found the address in use.
    public static final int DECLINE = 4;
    /// A server grants.
    public static final int ACK = 5;
    /// A server refuses.
    public static final int NAK = 6;
    /// A client gives its address back.
    public static final int RELEASE = 7;
    /// A client that has an address asks for the rest.
    public static final int INFORM = 8;

    static final int OP = 0;
    static final int XID = 4;
    static final int SECS_FLAGS = 8;
    static final int CIADDR = 12;
    static final int YIADDR = 16;
    static final int SIADDR = 20;
    static final int GIADDR = 24;
    static final int CHADDR = 28;
    static final int SNAME = 44;
    static final int FILE = 108;
    static final int COOKIE = 236;
    static final int MAGIC = 0x6382_5363;

    private static final int PAD = 0;
    private static final int HOST_NAME = 12;
    private static final int REQUESTED = 50;
    private static final int LEASE_TIME = 51;
    private static final int OVERLOAD = 52;
    private static final int TYPE = 53;
    private static final int SERVER = 54;
    private static final int CLIENT = 61;
    private static final int END = 255;

    /// [#DISCOVER] to [#INFORM].
    public int type;
    /// The transaction, to be repeated in the answer.
    public int xid;
    /// True if the client cannot take unicast before it has an address.
    public boolean broadcast;
    /// The address that the client has, or 0.
    public int clientAddress;
    /// The relay that passed the message on, or 0.
    public int relay;
    /// The client's Ethernet address.
    public long hardware;
    /// The address that the client asks for, or 0.
    public int requested;
    /// The server that the client means, or 0.
    public int server;
    /// The seconds that the client asks for, -1 (4294967295) for ever; 0 without.
    public int leaseTime;
    /// Where the client's name lies, and its octets; 0 octets without one.
    public int nameAt, nameLength;
    /// Where the client's identifier lies, and its octets; 0 octets without one.
    public int identifierAt, identifierLength;

    /// Reads a message.
    ///
    /// @param at where it starts, behind the UDP header
    /// @return false if it is none of a client with an Ethernet address
    public boolean parse(byte[] bytes, int at, int length) {
        type = 0;
        requested = 0;
        server = 0;
        leaseTime = 0;
        nameAt = 0;
        nameLength = 0;
        identifierAt = 0;
        identifierLength = 0;
        if (length < FIXED_LENGTH
                || Bytes.i32(bytes, at + COOKIE) != MAGIC
                // op, then hardware type 1 with 6 octets
                || Bytes.i32(bytes, at + OP) >>> 8 != (BOOT_REQUEST << 16 | 1 << 8 | 6)) {
            return false;
        }
        xid = Bytes.i32(bytes, at + XID);
        broadcast = (Bytes.i32(bytes, at + SECS_FLAGS) & BROADCAST) != 0;
        clientAddress = Bytes.i32(bytes, at + CIADDR);
        relay = Bytes.i32(bytes, at + GIADDR);
        hardware = EthernetHeader.address(bytes, at + CHADDR);
        int overload = options(bytes, at + FIXED_LENGTH, length - FIXED_LENGTH);
        // RFC 2131 section 4.1: the options field comes first, then 'file', then 'sname'.
        if (overload > 0 && (overload & 1) != 0) {
            overload = options(bytes, at + FILE, COOKIE - FILE) < 0 ? -1 : overload;
        }
        if (overload > 0 && (overload & 2) != 0) {
            overload = options(bytes, at + SNAME, FILE - SNAME) < 0 ? -1 : overload;
        }
        return overload >= 0 && type >= DISCOVER && type <= INFORM && EthernetHeader.isStation(hardware);
    }

    /// Returns which other fields hold options, 0 to 3, or -1 for options that cannot be.
    private int options(byte[] bytes, int from, int length) {
        int overload = 0;
        int at = from;
        int end = from + length;
        while (at < end) {
            int code = Bytes.u8(bytes, at);
            if (code == END) {
                return overload;
            }
            if (code == PAD) {
                at++;
                continue;
            }
            if (end - at < 2 || Bytes.u8(bytes, at + 1) > end - at - 2) {
                return -1;
            }
            int size = Bytes.u8(bytes, at + 1);
            if (code == OVERLOAD && size == 1) {
                overload = Bytes.u8(bytes, at + 2) & 3;
            } else if (!option(bytes, code, at + 2, size)) {
                return -1;
            }
            at += 2 + size;
        }
        return overload;
    }

    /// Returns false for one that has not the length it must have.
    private boolean option(byte[] bytes, int code, int at, int size) {
        switch (code) {
            case TYPE -> {
                type = size == 1 ? Bytes.u8(bytes, at) : -1;
                return size == 1;
            }
            case REQUESTED -> requested = size == 4 ? Bytes.i32(bytes, at) : 0;
            case SERVER -> server = size == 4 ? Bytes.i32(bytes, at) : 0;
            case LEASE_TIME -> leaseTime = size == 4 ? Bytes.i32(bytes, at) : 0;
            case HOST_NAME -> {
                nameAt = at;
                nameLength = size;
                return size > 0;
            }
            case CLIENT -> {
                identifierAt = at;
                identifierLength = size;
                return size >= 2; // RFC 2132 section 9.14
            }
            default -> {
                return true;
            }
        }
        return size == 4;
    }
}
