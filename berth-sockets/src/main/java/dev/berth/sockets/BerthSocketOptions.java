package dev.berth.sockets;

import java.net.SocketOption;

/// The options that only the sockets of Berth have.
public final class BerthSocketOptions {
    /// A few words that tell people what the socket is for, such as `admin pages`: the message of an address in use and
    /// the list of sockets show them. Connections that a listener accepted show its label unless they have one of their
    /// own. At most 64 characters, none of them a control character; an empty one takes the label away. Without one, a
    /// bound socket is known by the thread that bound it.
    public static final SocketOption<String> LABEL = new Option<>("LABEL", String.class);

    private record Option<T>(String name, Class<T> type) implements SocketOption<T> {
        @Override
        public String toString() {
            return name;
        }
    }

    private BerthSocketOptions() {}
}
