package dev.berth.wire;

/// The header of an Ethernet II frame: destination, source, type (RFC 894, RFC 2464), and link-layer addresses.
///
/// A link-layer address is the low 48 bits of a `long`, the first octet on the wire highest, so that nothing needs an
/// object for one. Allocates nothing but where a text is made.
public final class EthernetHeader {
    /// Octets of the header, without a VLAN tag and without the frame check sequence, which carriers leave out.
    public static final int LENGTH = 14;
    /// Octets of the shortest frame without its check sequence: senders pad up to it (RFC 894).
    public static final int MIN_FRAME = 60;
    /// Offset of the destination.
    public static final int DESTINATION = 0;
    /// Offset of the source.
    public static final int SOURCE = 6;
    /// Offset of the type.
    public static final int TYPE = 12;

    /// Type of IPv4 (RFC 894).
    public static final int IPV4 = 0x0800;
    /// Type of ARP (RFC 826).
    public static final int ARP = 0x0806;
    /// Type of IPv6 (RFC 2464 section 3).
    public static final int IPV6 = 0x86dd;

    /// The address of all stations.
    public static final long BROADCAST = 0xffff_ffff_ffffL;

    private static final long GROUP = 1L << 40;
    private static final long LOCAL = 1L << 41;
    private static final String DIGITS = "0123456789abcdef";

    private EthernetHeader() {}

    /// Writes a header.
    ///
    /// @param type 0 to 65535, such as [#IPV4]
    public static void write(byte[] bytes, int at, long destination, long source, int type) {
        putAddress(bytes, at + DESTINATION, destination);
        putAddress(bytes, at + SOURCE, source);
        Bytes.put16(bytes, at + TYPE, type);
    }

    /// The link-layer address at `at`.
    public static long address(byte[] bytes, int at) {
        return (long) Bytes.u16(bytes, at) << 32 | Bytes.u32(bytes, at + 2);
    }

    /// Stores a link-layer address.
    public static void putAddress(byte[] bytes, int at, long address) {
        Bytes.put16(bytes, at, (int) (address >>> 32));
        Bytes.put32(bytes, at + 2, (int) address);
    }

    /// True for an address that one station may have: neither a group, nor all zeros.
    public static boolean isStation(long address) {
        return (address & GROUP) == 0 && address != 0;
    }

    /// True for an address of a group, that of all stations with them.
    public static boolean isGroup(long address) {
        return (address & GROUP) != 0;
    }

    /// The link-layer group of a multicast or broadcast address in the canonical form of [IpAddress]: RFC 1112
    /// section 6.4 for IPv4, RFC 2464 section 7 for IPv6.
    public static long groupOf(long hi, long lo) {
        if (!IpAddress.isIpv4(hi, lo)) {
            return 0x3333_0000_0000L | lo & 0xffff_ffffL;
        }
        return IpAddress.isMulticast(hi, lo) ? 0x0100_5e00_0000L | lo & 0x7f_ffff : BROADCAST;
    }

    /// The interface identifier that is made of an address: ff-fe in its middle, the universal/local bit turned
    /// round (RFC 2464 section 4).
    public static long interfaceIdentifier(long address) {
        return ((address & 0xffff_ff00_0000L) << 16 | 0xff_fe00_0000L | address & 0xff_ffffL) ^ LOCAL << 16;
    }

    /// Six pairs of hexadecimal digits with colons between them.
    public static String toString(long address) {
        StringBuilder text = new StringBuilder(17);
        for (int shift = 40; shift >= 0; shift -= 8) {
            int octet = (int) (address >>> shift) & 0xff;
            text.append(DIGITS.charAt(octet >>> 4)).append(DIGITS.charAt(octet & 0xf));
            if (shift > 0) {
                text.append(':');
            }
        }
        return text.toString();
    }

    /// Parses six pairs of hexadecimal digits with colons between them.
    ///
    /// @throws IllegalArgumentException if `text` is none
    public static long parse(String text) {
        long address = 0;
        boolean right = text.length() == 17;
        for (int i = 0; right && i < 17; i++) {
            char c = text.charAt(i);
            if (i % 3 == 2) {
                right = c == ':';
            } else {
                int digit = c < 128 ? Character.digit(c, 16) : -1;
                right = digit >= 0;
                address = address << 4 | digit;
            }
        }
        if (!right) {
            throw new IllegalArgumentException("'" + text + "' is not an Ethernet address");
        }
        return address;
    }
}
