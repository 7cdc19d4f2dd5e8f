package dev.berth.names;

import dev.berth.wire.Bytes;
import dev.berth.wire.IpAddress;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Domain names as they stand in DNS messages (RFC 1035 section 3.1), and the names that stand for addresses (section
/// 3.5, RFC 3596 section 2.5). Reading never throws and takes a bounded number of steps, whatever the octets are.
final class DnsName {
    /// Octets of the longest name, with the lengths of its labels and the root (RFC 1035 section 2.3.4).
    static final int MAX_LENGTH = 255;

    private static final int MAX_LABEL = 63;
    private static final int POINTER = 0xc0;
    private static final String IPV4_ZONE = ".in-addr.arpa";
    private static final String IPV6_ZONE = ".ip6.arpa";

    private DnsName() {}

    /// Where what follows the name at `at` begins; -1 if there is no name that ends before `end`. Pointers are not
    /// followed, so that it takes at most 128 steps.
    static int skip(byte[] message, int at, int end) {
        int i = at;
        while (i < end && i - at < MAX_LENGTH) {
            int length = Bytes.u8(message, i);
            if (length == 0) {
                return i + 1;
            }
            if (length >= POINTER) {
                return i + 2 <= end ? i + 2 : -1;
            }
            if (length > MAX_LABEL) {
                return -1;
            }
            i += 1 + length;
        }
        return -1;
    }

    /// The name at `at` in lower case without the last dot, empty for the root. Octets of a label that cannot be in a
    /// name of a table, the dot among them, are written as `\ddd` (RFC 1035 section 5.1).
    ///
    /// RFC 1035 section 4.1.4 has a pointer refer to a "prior occurrence of the same name": each one must lead to an
    /// octet before all that were read so far, so that there is no way round.
    ///
    /// @param start where the message begins, which pointers count from
    /// @param end where it ends
    /// @return null if there is no name, or it is too long
    static @Nullable String read(byte[] message, int start, int at, int end) {
        StringBuilder name = new StringBuilder();
        int octets = 1;
        int earliest = at;
        int i = at;
        while (i < end) {
            int length = Bytes.u8(message, i);
            if (length == 0) {
                return name.toString();
            }
            if (length >= POINTER) {
                if (i + 2 > end) {
                    return null;
                }
                int target = start + (Bytes.u16(message, i) & 0x3fff);
                if (target >= earliest) {
                    return null;
                }
                earliest = target;
                i = target;
                continue;
            }
            octets += 1 + length;
            if (length > MAX_LABEL || i + 1 + length > end || octets > MAX_LENGTH) {
                return null;
            }
            if (!name.isEmpty()) {
                name.append('.');
            }
            appendLabel(name, message, i + 1, length);
            i += 1 + length;
        }
        return null;
    }

    private static void appendLabel(StringBuilder name, byte[] message, int at, int length) {
        for (int i = at; i < at + length; i++) {
            int octet = Bytes.u8(message, i);
            if (octet >= 'A' && octet <= 'Z') {
                name.append((char) (octet + 'a' - 'A'));
            } else if (octet > ' ' && octet < 0x7f && octet != '.' && octet != '\\') {
                name.append((char) octet);
            } else {
                name.append('\\').append((char) ('0' + octet / 100));
                name.append((char) ('0' + octet / 10 % 10)).append((char) ('0' + octet % 10));
            }
        }
    }

    /// The octets of a name that is written with dots; null if it is not one that DNS can carry.
    static byte @Nullable [] write(String name) {
        String text = name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
        byte[] ascii = text.getBytes(StandardCharsets.ISO_8859_1);
        if (ascii.length + 2 > MAX_LENGTH || !text.equals(new String(ascii, StandardCharsets.US_ASCII))) {
            return null;
        }
        byte[] octets = new byte[ascii.length == 0 ? 1 : ascii.length + 2];
        int label = 0; // where the length of the present label goes
        for (int i = 0; i <= ascii.length && ascii.length > 0; i++) {
            if (i < ascii.length && ascii[i] != '.') {
                octets[i + 1] = ascii[i];
                continue;
            }
            int length = i - label;
            if (length == 0 || length > MAX_LABEL) {
                return null;
            }
            octets[label] = (byte) length;
            label = i + 1;
        }
        return octets;
    }

    /// The address that a name of the reverse zones stands for: `4.3.2.1.in-addr.arpa` is 1.2.3.4. Null for any other
    /// name, one of a whole network among them.
    static @Nullable IpAddress reverse(String name) {
        if (name.endsWith(IPV4_ZONE)) {
            return reverseIpv4(name.substring(0, name.length() - IPV4_ZONE.length()));
        }
        if (name.endsWith(IPV6_ZONE)) {
            return reverseIpv6(name.substring(0, name.length() - IPV6_ZONE.length()));
        }
        return null;
    }

    private static @Nullable IpAddress reverseIpv4(String labels) {
        String[] octets = labels.split("\\.", -1);
        if (octets.length != 4) {
            return null;
        }
        int address = 0;
        for (int i = 3; i >= 0; i--) {
            String octet = octets[i];
            boolean digits = octet.chars().allMatch(c -> c >= '0' && c <= '9');
            boolean number = digits && !octet.isEmpty() && octet.length() <= 3;
            if (!number || octet.length() > 1 && octet.charAt(0) == '0' || Integer.parseInt(octet) > 255) {
                return null;
            }
            address = address << 8 | Integer.parseInt(octet);
        }
        return IpAddress.ofIpv4(address);
    }

    private static @Nullable IpAddress reverseIpv6(String labels) {
        if (labels.length() != 63) {
            return null;
        }
        long hi = 0;
        long lo = 0;
        for (int i = 62; i >= 0; i--) {
            char c = labels.charAt(i);
            if ((i & 1) == 1) {
                if (c != '.') {
                    return null;
                }
                continue;
            }
            int digit = c < 0x80 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                return null;
            }
            hi = hi << 4 | lo >>> 60;
            lo = lo << 4 | digit;
        }
        return new IpAddress(hi, lo);
    }
}
