package dev.berth.sockets;

import dev.berth.ports.PortRange;
import java.net.SocketOption;

/// Options of sockets and channels on a Berth host that the JDK has no names for. They are set and read with
/// `setOption` and `getOption` of `Socket`, `SocketChannel`, `DatagramSocket` and `DatagramChannel`, and
/// `supportedOptions` lists them; sockets of others refuse them with `UnsupportedOperationException`.
public final class BerthSocketOptions {
    /// `IP_LOCAL_PORT_RANGE`: a port that the host chooses for this socket lies within this range too. Listening
    /// sockets
    /// have the option as well.
    ///
    /// The choice is made in what the range and that of the host have in common: "If either bound is outside of the
    /// global local port range, or is zero, then that bound has no effect" (ip(7)). A range that has no port of the
    /// host's is refused with `IllegalArgumentException`, where Linux would ignore it. The default, [PortRange#ALL], is
    /// no restriction.
    public static final SocketOption<PortRange> LOCAL_PORT_RANGE = new Option<>("LOCAL_PORT_RANGE", PortRange.class);

    /// `IP_BIND_ADDRESS_NO_PORT`: a bind with port 0 takes the address only. The port is chosen when the socket
    /// connects,
    /// and so need only be free towards that remote end (RFC 6056 section 3.5 calls this lazy binding); a datagram
    /// socket that sends without being connected gets one that nobody uses. Until then the local port is 0. The
    /// default is false.
    public static final SocketOption<Boolean> BIND_ADDRESS_NO_PORT =
            new Option<>("BIND_ADDRESS_NO_PORT", Boolean.class);

    /// A few words that tell people what the socket is for, such as `admin pages`: the message of an address in use and
    /// the list of sockets show them. Connections that a listener accepted show its label unless they have one of their
    /// own. At most 64 characters, none of them a control character; an empty one takes the label away. Without one, a
    /// bound socket is known by the thread that bound it.
    public static final SocketOption<String> LABEL = new Option<>("LABEL", String.class);

    /// How a TCP connection finds out how much may be in flight: `CUBIC` (the default of hosts), `CUBIC_PACED`,
    /// `NEW_RENO` or `BBR`. May be set before the connection is made and while it is there; another name is an
    /// [IllegalArgumentException].
    public static final SocketOption<String> CONGESTION_CONTROL = new Option<>("CONGESTION_CONTROL", String.class);

    /// Not a record, whose `hashCode` the JVM would have to spin when the first socket is made.
    static final class Option<T> implements SocketOption<T> {
        private final String name;
        private final Class<T> type;

        Option(String name, Class<T> type) {
            this.name = name;
            this.type = type;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Class<T> type() {
            return type;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private BerthSocketOptions() {}
}
