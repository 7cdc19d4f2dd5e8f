package dev.berth.ports;

/// A range of port numbers, both ends included. Immutable.
///
/// @param first the lowest port, 0 to 65535
/// @param last the highest port, `first` to 65535
public record PortRange(int first, int last) {
    /// The number of ports of a transport, 65,536.
    public static final int PORTS = 1 << 16;
    /// The highest port number, 65,535.
    public static final int MAX_PORT = PORTS - 1;

    /// System ports, the *well-known* ones: 0 to 1023 (RFC 6335 section 6).
    public static final PortRange SYSTEM = new PortRange(0, 1023);
    /// User ports, the *registered* ones: 1024 to 49151 (RFC 6335 section 6).
    public static final PortRange USER = new PortRange(1024, 49_151);
    /// Dynamic ports, also *private* or *ephemeral* ones: 49152 to 65535, never assigned (RFC 6335 section 6).
    public static final PortRange DYNAMIC = new PortRange(49_152, MAX_PORT);
    /// Every port a socket can have: 1 to 65535; 0 is reserved.
    public static final PortRange ALL = new PortRange(1, MAX_PORT);

    /// @throws IllegalArgumentException if an end is no port number or `last` is below `first`
    public PortRange {
        requirePort(first);
        requirePort(last);
        if (last < first) {
            throw new IllegalArgumentException(
                    "A range of ports goes from low to high, not from " + first + " to " + last);
        }
    }

    /// Parses `80` or `49152-65535`.
    ///
    /// @throws IllegalArgumentException if `text` is neither, with a sentence that says what is allowed
    public static PortRange parse(String text) {
        String trimmed = text.strip();
        int dash = trimmed.indexOf('-');
        if (dash < 0) {
            int port = parsePort(trimmed, text);
            return new PortRange(port, port);
        }
        return new PortRange(
                parsePort(trimmed.substring(0, dash).strip(), text),
                parsePort(trimmed.substring(dash + 1).strip(), text));
    }

    private static int parsePort(String digits, String text) {
        if (!isNumber(digits)) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no port or range of ports such as 80 or 49152-65535 (0 to 65535)");
        }
        return Integer.parseInt(digits);
    }

    private static boolean isNumber(String digits) {
        for (int i = 0; i < digits.length(); i++) {
            if (digits.charAt(i) < '0' || digits.charAt(i) > '9') {
                return false;
            }
        }
        return !digits.isEmpty() && digits.length() <= 5;
    }

    /// Checks that a number is a port number.
    ///
    /// @return `port`
    /// @throws IllegalArgumentException if it is not within 0 to 65535
    public static int requirePort(int port) {
        if (port < 0 || port > MAX_PORT) {
            throw new IllegalArgumentException("A port is 0 to 65535, not " + port);
        }
        return port;
    }

    /// Whether `port` is within the range.
    public boolean contains(int port) {
        return port >= first && port <= last;
    }

    /// The number of ports in the range, 1 to 65,536.
    public int size() {
        return last - first + 1;
    }

    /// `80` or `49152-65535`: what [#parse] reads.
    @Override
    public String toString() {
        return first == last ? Integer.toString(first) : first + "-" + last;
    }
}
