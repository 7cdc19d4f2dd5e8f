package dev.berth.wire;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// An IPv4 or IPv6 address in one canonical 128-bit form: IPv4 `a.b.c.d` is kept as `::ffff:a.b.c.d` (RFC 4291
/// section 2.5.5.2), so that tables have one kind of key. The static methods work on that form without an object and
/// are what the packet path uses; the record is for the edges. Immutable.
///
/// @param hi the upper 64 bits, 0 for IPv4
/// @param lo the lower 64 bits, `0x0000ffff` above the address for IPv4
public record IpAddress(long hi, long lo) {
    private static final long MAPPED = 0xffff_0000_0000L;

    /// The IPv4 wildcard, 0.0.0.0.
    public static final IpAddress ANY_IPV4 = ofIpv4(0);
    /// The IPv6 wildcard, `::`.
    public static final IpAddress ANY_IPV6 = new IpAddress(0, 0);
    /// 127.0.0.1.
    public static final IpAddress LOOPBACK_IPV4 = ofIpv4(0x7f00_0001);
    /// `::1`.
    public static final IpAddress LOOPBACK_IPV6 = new IpAddress(0, 1);

    /// The address of the 32 bits of an IPv4 address, in network order.
    public static IpAddress ofIpv4(int address) {
        return new IpAddress(0, mapped(address));
    }

    /// The address of 4 (IPv4) or 16 (IPv6) octets.
    ///
    /// @throws IllegalArgumentException for any other number of octets
    public static IpAddress of(byte[] octets) {
        return switch (octets.length) {
            case 4 -> ofIpv4(Bytes.i32(octets, 0));
            case 16 -> new IpAddress(Bytes.i64(octets, 0), Bytes.i64(octets, 8));
            default -> throw new IllegalArgumentException("An IP address has 4 or 16 octets, not " + octets.length);
        };
    }

    /// Parses dotted decimal IPv4 or the IPv6 text forms of RFC 4291 section 2.2. No names, no scope identifiers.
    ///
    /// @throws IllegalArgumentException if `text` is no address, with a sentence that says so
    public static IpAddress parse(String text) {
        IpAddress address = text.indexOf(':') >= 0 ? parseIpv6(text) : parseIpv4(text);
        if (address == null) {
            throw new IllegalArgumentException("'" + text + "' is not an IP address");
        }
        return address;
    }

    private static @Nullable IpAddress parseIpv4(String text) {
        long bits = parseDotted(text, 0);
        return bits < 0 ? null : ofIpv4((int) bits);
    }

    /// The 32 bits of four decimal octets from `from` to the end of `text`, or -1.
    private static long parseDotted(String text, int from) {
        long bits = 0;
        int octets = 0;
        int digits = 0;
        int octet = 0;
        for (int i = from; i <= text.length(); i++) {
            char c = i == text.length() ? '.' : text.charAt(i);
            if (c == '.') {
                if (digits == 0 || ++octets > 4) {
                    return -1;
                }
                bits = bits << 8 | octet;
                digits = 0;
                octet = 0;
            } else if (c >= '0' && c <= '9' && digits < 3 && !(digits > 0 && octet == 0)) {
                octet = octet * 10 + c - '0';
                digits++;
                if (octet > 255) {
                    return -1;
                }
            } else {
                return -1;
            }
        }
        return octets == 4 ? bits : -1;
    }

    private static @Nullable IpAddress parseIpv6(String text) {
        int[] groups = new int[8];
        int count = 0;
        int gap = -1;
        int i = 0;
        if (text.startsWith("::")) {
            gap = 0;
            i = 2;
        } else if (text.startsWith(":")) {
            return null;
        }
        while (i < text.length()) {
            int colon = text.indexOf(':', i);
            int stop = colon < 0 ? text.length() : colon;
            if (colon < 0 && text.indexOf('.', i) >= 0) {
                long bits = count > 6 ? -1 : parseDotted(text, i);
                if (bits < 0) {
                    return null;
                }
                groups[count++] = (int) (bits >>> 16);
                groups[count++] = (int) (bits & 0xffff);
                i = stop;
                break;
            }
            if (stop == i || stop - i > 4 || count == 8) {
                return null;
            }
            int group = 0;
            for (; i < stop; i++) {
                int digit = Character.digit(text.charAt(i), 16);
                if (digit < 0 || text.charAt(i) > 'f') {
                    return null;
                }
                group = group << 4 | digit;
            }
            groups[count++] = group;
            if (colon < 0) {
                break;
            }
            i = colon + 1;
            if (i < text.length() && text.charAt(i) == ':') {
                if (gap >= 0) {
                    return null;
                }
                gap = count;
                i++;
            } else if (i == text.length()) {
                return null;
            }
        }
        return assemble(groups, count, gap);
    }

    private static @Nullable IpAddress assemble(int[] groups, int count, int gap) {
        if (gap < 0 ? count != 8 : count > 7) {
            return null;
        }
        long hi = 0;
        long lo = 0;
        int zeros = 8 - count;
        for (int i = 0; i < 8; i++) {
            long group = gap < 0 || i < gap ? groups[i] : i < gap + zeros ? 0 : groups[i - zeros];
            if (i < 4) {
                hi = hi << 16 | group;
            } else {
                lo = lo << 16 | group;
            }
        }
        return new IpAddress(hi, lo);
    }

    /// The lower 64 bits of the canonical form of an IPv4 address.
    public static long mapped(int ipv4) {
        return MAPPED | ipv4 & 0xffff_ffffL;
    }

    /// True if the canonical form is that of an IPv4 address.
    public static boolean isIpv4(long hi, long lo) {
        return hi == 0 && lo >>> 32 == 0xffff;
    }

    /// True for 0.0.0.0 and `::`.
    public static boolean isUnspecified(long hi, long lo) {
        return hi == 0 && (lo == 0 || lo == MAPPED);
    }

    /// True for 127.0.0.0/8 (RFC 1122 section 3.2.1.3) and `::1`.
    public static boolean isLoopback(long hi, long lo) {
        return hi == 0 && (lo == 1 || lo >>> 24 == 0xffff7fL);
    }

    /// True for 224.0.0.0/4 and ff00::/8.
    public static boolean isMulticast(long hi, long lo) {
        return hi >>> 56 == 0xff || hi == 0 && lo >>> 28 == 0xffffeL;
    }

    /// True for the limited broadcast address 255.255.255.255.
    public static boolean isLimitedBroadcast(long hi, long lo) {
        return hi == 0 && lo == 0xffff_ffff_ffffL;
    }

    /// True for 240.0.0.0/4 without the limited broadcast address ("class E", RFC 1122 section 3.2.1.3).
    public static boolean isReserved(long hi, long lo) {
        return hi == 0 && lo >>> 28 == 0xfffffL && lo != 0xffff_ffff_ffffL;
    }

    /// True for fe80::/10 and 169.254.0.0/16.
    public static boolean isLinkLocal(long hi, long lo) {
        return hi >>> 54 == 0x3fa || hi == 0 && lo >>> 16 == 0xffffa9feL;
    }

    /// True for an address that may be the source of a packet from another host or the end of a connection: neither
    /// unspecified, nor multicast, broadcast or reserved.
    public static boolean isUnicast(long hi, long lo) {
        return !(isUnspecified(hi, lo) || isMulticast(hi, lo) || hi == 0 && lo >>> 28 == 0xfffffL);
    }

    /// True for an IPv4 address.
    public boolean isIpv4() {
        return isIpv4(hi, lo);
    }

    /// True for 0.0.0.0 and `::`.
    public boolean isUnspecified() {
        return isUnspecified(hi, lo);
    }

    /// True for 127.0.0.0/8 and `::1`.
    public boolean isLoopback() {
        return isLoopback(hi, lo);
    }

    /// True for 224.0.0.0/4 and ff00::/8.
    public boolean isMulticast() {
        return isMulticast(hi, lo);
    }

    /// The 32 bits of an IPv4 address; meaningless for IPv6.
    public int ipv4() {
        return (int) lo;
    }

    /// The 4 or 16 octets in network order, in a new array.
    public byte[] octets() {
        byte[] octets;
        if (isIpv4()) {
            octets = new byte[4];
            Bytes.put32(octets, 0, (int) lo);
        } else {
            octets = new byte[16];
            Bytes.put64(octets, 0, hi);
            Bytes.put64(octets, 8, lo);
        }
        return octets;
    }

    /// The text of the canonical form without an object: see [#toString].
    public static String toString(long hi, long lo) {
        return isIpv4(hi, lo)
                ? (lo >>> 24 & 0xff) + "." + (lo >>> 16 & 0xff) + "." + (lo >>> 8 & 0xff) + "." + (lo & 0xff)
                : ipv6Text(hi, lo);
    }

    /// Dotted decimal, or the canonical IPv6 text of RFC 5952 (lower case, longest run of zeros shortened).
    // Those that a record gets by itself are put together by the JVM at their first use, which delays a host's start.

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof IpAddress address && hi == address.hi && lo == address.lo;
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(hi) + Long.hashCode(lo);
    }

    @Override
    public String toString() {
        return toString(hi, lo);
    }

    private static String ipv6Text(long hi, long lo) {
        int bestStart = -1;
        int bestLength = 1; // RFC 5952 section 4.2.2: "::" must not shorten just one group
        for (int i = 0; i < 8; i++) {
            int run = 0;
            while (i + run < 8 && group(hi, lo, i + run) == 0) {
                run++;
            }
            if (run > bestLength) {
                bestStart = i;
                bestLength = run;
            }
            i += run;
        }
        StringBuilder text = new StringBuilder(39);
        for (int i = 0; i < 8; i++) {
            if (i == bestStart) {
                text.append("::");
                i += bestLength - 1;
            } else {
                if (i > 0 && i != bestStart + bestLength) {
                    text.append(':');
                }
                text.append(Integer.toHexString(group(hi, lo, i)));
            }
        }
        return text.toString();
    }

    private static int group(long hi, long lo, int i) {
        return (int) ((i < 4 ? hi : lo) >>> (3 - (i & 3)) * 16) & 0xffff;
    }

    /// An address with the length of its network prefix, such as `10.0.0.1/24`.
    ///
    /// @param address the address, with its host bits
    /// @param length significant bits: 0 to 32 for IPv4, 0 to 128 for IPv6
    public record Prefix(IpAddress address, int length) {
        /// @throws IllegalArgumentException if `length` is out of range
        public Prefix {
            Objects.requireNonNull(address);
            int bits = address.isIpv4() ? 32 : 128;
            if (length < 0 || length > bits) {
                throw new IllegalArgumentException(
                        "A prefix length of " + address + " is 0 to " + bits + ", not " + length);
            }
        }

        /// Parses `ADDRESS/LENGTH`; without `/LENGTH` all bits are significant.
        ///
        /// @throws IllegalArgumentException if `text` is no prefix, with a sentence that says so
        public static Prefix parse(String text) {
            int slash = text.indexOf('/');
            IpAddress address = IpAddress.parse(slash < 0 ? text : text.substring(0, slash));
            if (slash < 0) {
                return new Prefix(address, address.isIpv4() ? 32 : 128);
            }
            String digits = text.substring(slash + 1);
            if (digits.isEmpty() || digits.length() > 3 || !isNumber(digits)) {
                throw new IllegalArgumentException("'" + text + "' is not an address with a prefix length");
            }
            return new Prefix(address, Integer.parseInt(digits));
        }

        private static boolean isNumber(String text) {
            for (int i = 0; i < text.length(); i++) {
                if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                    return false;
                }
            }
            return true;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Prefix prefix && length == prefix.length && address.equals(prefix.address);
        }

        @Override
        public int hashCode() {
            return 31 * address.hashCode() + length;
        }

        /// True if the canonical form `hi`, `lo` lies in this prefix.
        public boolean contains(long hi, long lo) {
            int bits = canonicalLength();
            if (address.isIpv4() != IpAddress.isIpv4(hi, lo)) {
                return false;
            }
            long differentHi = hi ^ address.hi;
            long differentLo = lo ^ address.lo;
            if (bits <= 64) {
                return bits == 0 || differentHi >>> 64 - bits == 0;
            }
            return differentHi == 0 && differentLo >>> 128 - bits == 0;
        }

        /// The prefix length in the canonical 128-bit form: that of IPv4 plus 96.
        public int canonicalLength() {
            return address.isIpv4() ? length + 96 : length;
        }

        /// The directed broadcast address of an IPv4 prefix of at most 30 bits, as 32 bits; otherwise all ones.
        public int broadcast() {
            return address.isIpv4() && length <= 30 ? address.ipv4() | (int) (0xffff_ffffL >>> length) : -1;
        }

        @Override
        public String toString() {
            return address + "/" + length;
        }
    }
}
