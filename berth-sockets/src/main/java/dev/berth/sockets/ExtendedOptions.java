package dev.berth.sockets;

import java.net.SocketOption;
import java.util.ArrayList;
import java.util.List;

/// The options of `jdk.net.ExtendedSocketOptions` that Berth honours. The module `jdk.net` may be absent, so they are
/// known by name.
final class ExtendedOptions {
    static final String KEEP_IDLE = "TCP_KEEPIDLE";
    static final String KEEP_INTERVAL = "TCP_KEEPINTERVAL";
    static final String KEEP_COUNT = "TCP_KEEPCOUNT";

    /// The option constants of connections; empty without the module `jdk.net`.
    static final List<SocketOption<?>> OF_CONNECTIONS = find(KEEP_IDLE, KEEP_INTERVAL, KEEP_COUNT);

    private ExtendedOptions() {}

    private static List<SocketOption<?>> find(String... names) {
        Class<?> holder;
        try {
            holder = Class.forName("jdk.net.ExtendedSocketOptions");
        } catch (ClassNotFoundException _) {
            return List.of(); // a run-time image without jdk.net: nobody can name the options
        }
        List<SocketOption<?>> found = new ArrayList<>();
        for (String name : names) {
            try {
                found.add((SocketOption<?>) holder.getField(name).get(null));
            } catch (ReflectiveOperationException e) {
                throw new LinkageError("jdk.net.ExtendedSocketOptions has a public field " + name, e);
            }
        }
        return List.copyOf(found);
    }
}
