package dev.berth.agent.run;

import dev.berth.ports.ServiceName;
import dev.berth.ports.ServiceRegistry;
import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What `--publish` asks for: a port of this machine that leads to a port of the host.
///
/// @param machine where the kernel listens; port 0 for any that is free
/// @param port the port of the host
/// @param transport TCP or UDP
///
/// A port is a number or, as in `8080:http`, the name of a service that has one port in IANA's registry.
public record Publication(Endpoint machine, int port, Transport transport) {
    /// Ports of one range.
    public static final int MOST = 1_000;

    private static final String FORM =
            "' is not [ADDRESS:]HOSTPORT:PORT[/udp], such as 8080:80, 0.0.0.0:8080:80 or 8000-8010:8000-8010";

    /// An end of this machine.
    ///
    /// @param machine where the kernel listens
    /// @param transport TCP or UDP
    public record End(Endpoint machine, Transport transport) {
        /// True if both can be the same port; 0.0.0.0 and `::` are all addresses.
        public boolean meets(End other) {
            IpAddress address = machine.address();
            IpAddress others = other.machine.address();
            return transport == other.transport
                    && machine.port() == other.machine.port()
                    && (address.equals(others) || address.isUnspecified() || others.isUnspecified());
        }

        /// `127.0.0.1:8080`, or `127.0.0.1:5353/udp`.
        @Override
        public String toString() {
            return machine + suffix(transport);
        }
    }

    /// The end of this machine.
    public End end() {
        return new End(machine, transport);
    }

    /// Parses one port: `[ADDRESS:]HOSTPORT:PORT[/tcp|/udp]`; an IPv6 address stands in brackets. Without an address it
    /// is 127.0.0.1.
    ///
    /// @throws IllegalArgumentException if `text` has another form, with a sentence that says so
    public static Publication parse(String text) {
        List<Publication> all = parseAll(text);
        if (all.size() > 1) {
            throw new IllegalArgumentException("'" + text + "' is more than one port");
        }
        return all.getFirst();
    }

    /// Parses one port or two ranges of the same size: `[ADDRESS:]FIRST-LAST:FIRST-LAST[/tcp|/udp]`.
    ///
    /// @return one for each port
    /// @throws IllegalArgumentException if `text` has another form, with a sentence that says so
    public static List<Publication> parseAll(String text) {
        Transport transport = transport(text);
        String plain = plain(text);
        int last = plain.lastIndexOf(':');
        int first = plain.lastIndexOf(':', last - 1);
        if (last <= 0) {
            throw new IllegalArgumentException("'" + text + FORM);
        }
        IpAddress address = first < 0 ? IpAddress.LOOPBACK_IPV4 : address(text, plain.substring(0, first));
        int[] machine = ports(text, plain.substring(first + 1, last), transport);
        int[] inside = ports(text, plain.substring(last + 1), transport);
        if (inside[0] == 0) {
            throw new IllegalArgumentException("'" + text + "' leads to port 0, where nobody can listen");
        }
        int count = machine[1] - machine[0] + 1;
        if (count != inside[1] - inside[0] + 1) {
            throw new IllegalArgumentException(
                    "'" + text + "' has ranges of different sizes, " + count + " and " + (inside[1] - inside[0] + 1));
        }
        List<Publication> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(new Publication(new Endpoint(address, machine[0] + i), inside[0] + i, transport));
        }
        return all;
    }

    /// Parses `[ADDRESS:]HOSTPORT`, the end of this machine alone. Without an address it is 127.0.0.1.
    ///
    /// @throws IllegalArgumentException if `text` has another form, with a sentence that says so
    public static Endpoint machine(String text) {
        return end(text).machine;
    }

    /// Parses `[ADDRESS:]HOSTPORT[/tcp|/udp]`, the end of this machine alone.
    ///
    /// @throws IllegalArgumentException if `text` has another form, with a sentence that says so
    public static End end(String text) {
        List<End> all = ends(text);
        if (all.size() > 1) {
            throw new IllegalArgumentException("'" + text + "' is more than one port");
        }
        return all.getFirst();
    }

    /// Parses `[ADDRESS:]HOSTPORT[/tcp|/udp]` or `[ADDRESS:]FIRST-LAST[/tcp|/udp]`.
    ///
    /// @throws IllegalArgumentException if `text` has another form, with a sentence that says so
    public static List<End> ends(String text) {
        Transport transport = transport(text);
        String plain = plain(text);
        int colon = plain.endsWith("]") ? -1 : plain.lastIndexOf(':');
        List<End> all = new ArrayList<>();
        try {
            IpAddress address = colon < 0 ? IpAddress.LOOPBACK_IPV4 : address(text, plain.substring(0, colon));
            int[] range = ports(text, plain.substring(colon + 1), transport);
            if (range[0] == 0) {
                throw new IllegalArgumentException("Port 0 is none that is published");
            }
            for (int port = range[0]; port <= range[1]; port++) {
                all.add(new End(new Endpoint(address, port), transport));
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(String.valueOf(e.getMessage())
                    .replace(FORM, "' is not [ADDRESS:]HOSTPORT[/udp], such as 8080 or 0.0.0.0:8080"));
        }
        return all;
    }

    private static Transport transport(String text) {
        int slash = text.indexOf('/');
        return switch (slash < 0 ? "tcp" : text.substring(slash + 1).toLowerCase(Locale.ROOT)) {
            case "tcp" -> Transport.TCP;
            case "udp" -> Transport.UDP;
            default ->
                throw new IllegalArgumentException(
                        "'" + text + "' names '" + text.substring(slash + 1) + "', but only tcp and udp are published");
        };
    }

    private static String plain(String text) {
        int slash = text.indexOf('/');
        return slash < 0 ? text : text.substring(0, slash);
    }

    private static String suffix(Transport transport) {
        return transport == Transport.UDP ? "/udp" : "";
    }

    private static IpAddress address(String text, String address) {
        boolean bracketed = address.startsWith("[") && address.endsWith("]");
        if (!bracketed && address.indexOf(':') >= 0) {
            throw new IllegalArgumentException("'" + text + FORM);
        }
        IpAddress parsed = IpAddress.parse(bracketed ? address.substring(1, address.length() - 1) : address);
        if (!parsed.isUnspecified() && !IpAddress.isUnicast(parsed.hi(), parsed.lo())) {
            throw new IllegalArgumentException("'" + address + "' is not an address where one can listen");
        }
        return parsed;
    }

    /// The first and the last of a range; twice the same of one port.
    private static int[] ports(String text, String ports, Transport transport) {
        int hyphen = ports.indexOf('-');
        if (hyphen <= 0 || !Character.isDigit(ports.charAt(0)) || ServiceName.isValid(ports)) {
            int port = port(text, ports, transport);
            return new int[] {port, port};
        }
        int first = port(text, ports.substring(0, hyphen), transport);
        int last = port(text, ports.substring(hyphen + 1), transport);
        if (first == 0 || last < first) {
            throw new IllegalArgumentException("'" + text + "' has the range " + ports + ", which is none of ports");
        }
        if (last - first >= MOST) {
            throw new IllegalArgumentException("'" + text + "' has more than " + MOST + " ports");
        }
        return new int[] {first, last};
    }

    private static int port(String text, String port, Transport transport) {
        if (ServiceName.isValid(port)) {
            return ServiceRegistry.iana().requirePort(port, transport);
        }
        if (port.isEmpty() || port.length() > 5 || !port.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw new IllegalArgumentException("'" + text + FORM);
        }
        int number = Integer.parseInt(port);
        if (number > 65_535) {
            throw new IllegalArgumentException("'" + text + "' names port " + number + ", but ports end at 65535");
        }
        return number;
    }

    /// True if both want the same port of the same address; 0.0.0.0 and `::` are all addresses. Port 0 is another one
    /// each time.
    public boolean meets(Publication other) {
        return machine.port() != 0 && end().meets(other.end());
    }

    /// The machine's end for the kernel.
    public InetSocketAddress socketAddress() {
        try {
            return new InetSocketAddress(
                    InetAddress.getByAddress(machine.address().octets()), machine.port());
        } catch (UnknownHostException e) {
            throw new AssertionError("an address has 4 or 16 octets", e);
        }
    }

    /// As [#parse] reads it.
    @Override
    public String toString() {
        return machine + ":" + port + suffix(transport);
    }
}
