package dev.berth.junit;

import dev.berth.host.Host;
import dev.berth.stack.endpoint.SocketEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// What a test has left open on a host: a socket, or a thread that waits in one.
///
/// @param what in words
record Leak(String what) {
    /// States in which a program still has the socket. In the others it has closed it, and the rest takes its course.
    private static final Set<String> OPEN =
            Set.of("LISTEN", "BOUND", "SYN-SENT", "ESTABLISHED", "CLOSE-WAIT", "UNCONNECTED", "CONNECTED");

    static boolean isOpen(SocketEntry socket) {
        return OPEN.contains(socket.state());
    }

    /// What is open on a host now.
    static List<Leak> of(Host host) {
        List<Leak> leaks = new ArrayList<>();
        for (SocketEntry socket : HostAssert.sockets(host)) {
            if (isOpen(socket)) {
                leaks.add(new Leak("host " + host.name() + ": " + described(socket)));
            }
        }
        for (Thread thread : host.waitingThreads()) {
            leaks.add(new Leak("host " + host.name() + ": " + (thread.isVirtual() ? "virtual thread '" : "thread '")
                    + thread.getName() + "' waits in a socket"));
        }
        return leaks;
    }

    static String owner(SocketEntry socket) {
        return socket.owner().isEmpty() ? "an unnamed owner" : socket.owner();
    }

    /// `TCP port 80 (0.0.0.0:80), LISTEN, of thread main, open for 1.250 s`.
    static String described(SocketEntry socket) {
        StringBuilder text = new StringBuilder();
        text.append(socket.transport()).append(" port ").append(socket.local().port());
        text.append(" (").append(socket.local());
        if (socket.remote() != null) {
            text.append(" - ").append(socket.remote());
        }
        text.append("), ").append(socket.state()).append(", of ").append(owner(socket));
        if (socket.ageNanos() >= 0) {
            text.append(String.format(Locale.ROOT, ", open for %.3f s", socket.ageNanos() / 1e9));
        }
        return text.toString();
    }

    @Override
    public String toString() {
        return what;
    }
}
