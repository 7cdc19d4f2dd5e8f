package dev.berth.agent.run;

import dev.berth.ports.ServiceName;
import dev.berth.ports.ServiceRegistry;
import dev.berth.ports.Transport;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/// What `--publish` asks for: a port of this machine that leads to a port of the host.
///
/// @param machine where the kernel listens; port 0 for any that is free
/// @param port the port of the host
///
/// A port is a number or, as in `8080:http`, the name of a service that has one TCP port in IANA's registry.
public record Publication(Endpoint machine, int port) {
    private static final String FORM = "' is not [ADDRESS:]HOSTPORT:PORT, such as 8080:80 or 0.0.0.0:8080:80";

    /// Parses `[ADDRESS:]HOSTPORT:PORT`; an IPv6 address stands in brackets. Without an address it is 127.0.0.1.
    ///
    /// @throws IllegalArgumentException if `text` has another form, with a sentence that says so
    public static Publication parse(String text) {
        int last = text.lastIndexOf(':');
        int first = text.lastIndexOf(':', last - 1);
        if (last <= 0) {
            throw new IllegalArgumentException("'" + text + FORM);
        }
        IpAddress address = first < 0 ? IpAddress.LOOPBACK_IPV4 : address(text, text.substring(0, first));
        int machinePort = port(text, text.substring(first + 1, last));
        int port = port(text, text.substring(last + 1));
        if (port == 0) {
            throw new IllegalArgumentException("'" + text + "' leads to port 0, where nobody can listen");
        }
        return new Publication(new Endpoint(address, machinePort), port);
    }

    /// Parses `[ADDRESS:]HOSTPORT`, the end of this machine alone. Without an address it is 127.0.0.1.
    ///
    /// @throws IllegalArgumentException if `text` has another form, with a sentence that says so
    public static Endpoint machine(String text) {
        Publication whole;
        try {
            whole = parse(text + ":1");
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(String.valueOf(e.getMessage())
                    .replace("'" + text + ":1", "'" + text)
                    .replace(FORM, "' is not [ADDRESS:]HOSTPORT, such as 8080 or 0.0.0.0:8080"));
        }
        if (whole.machine.port() == 0) {
            throw new IllegalArgumentException("Port 0 is none that is published");
        }
        return whole.machine;
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

    private static int port(String text, String port) {
        if (ServiceName.isValid(port)) {
            return ServiceRegistry.iana().requirePort(port, Transport.TCP);
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
        IpAddress address = machine.address();
        IpAddress others = other.machine.address();
        return machine.port() != 0
                && machine.port() == other.machine.port()
                && (address.equals(others) || address.isUnspecified() || others.isUnspecified());
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
}
