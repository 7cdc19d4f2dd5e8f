package dev.berth.junit;

import dev.berth.host.Host;
import dev.berth.ports.PortFilter;
import dev.berth.ports.Transport;
import dev.berth.stack.endpoint.SocketEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// The sockets and ports of a host, as they are at the moment of each question.
public final class HostAssert {
    private static final int MAX_LISTED = 20;

    private final Host host;

    HostAssert(Host host) {
        this.host = host;
    }

    static List<SocketEntry> sockets(Host host) {
        List<SocketEntry> sockets = new ArrayList<>();
        host.ports().eachSocket(Transport.TCP, PortFilter.ALL, false, sockets::add);
        host.ports().eachSocket(Transport.UDP, PortFilter.ALL, false, sockets::add);
        return sockets;
    }

    /// Servers listen on these ports of TCP; others may too.
    public HostAssert listensOn(int... ports) {
        List<SocketEntry> sockets = sockets(host);
        for (int port : ports) {
            boolean there = sockets.stream().anyMatch(listener(port));
            check(there, "somebody to listen on port " + port, "nobody does", sockets);
        }
        return this;
    }

    /// Nobody listens on this port of TCP.
    public HostAssert doesNotListenOn(int port) {
        List<SocketEntry> sockets = sockets(host);
        List<SocketEntry> there = sockets.stream().filter(listener(port)).toList();
        String actual = there.isEmpty() ? "" : Leak.owner(there.getFirst()) + " does";
        return check(there.isEmpty(), "nobody to listen on port " + port, actual, sockets);
    }

    private static Predicate<SocketEntry> listener(int port) {
        return socket ->
                socket.state().equals(SocketEntry.LISTEN) && socket.local().port() == port;
    }

    /// A socket holds this port, whatever it does with it.
    public HostAssert usesPort(Transport transport, int port) {
        List<SocketEntry> sockets = sockets(host);
        boolean there = sockets.stream()
                .anyMatch(socket ->
                        socket.transport() == transport && socket.local().port() == port);
        return check(there, transport + " port " + port + " to be in use", "it is free", sockets);
    }

    /// No socket holds this port, not even a connection in TIME-WAIT.
    public HostAssert hasFreePort(Transport transport, int port) {
        List<SocketEntry> sockets = sockets(host);
        List<SocketEntry> there = sockets.stream()
                .filter(socket ->
                        socket.transport() == transport && socket.local().port() == port)
                .toList();
        String actual = there.isEmpty()
                ? ""
                : "it is in use: " + there.getFirst().state() + ", " + Leak.owner(there.getFirst());
        return check(there.isEmpty(), transport + " port " + port + " to be free", actual, sockets);
    }

    /// So many connections of TCP are open both ways.
    public HostAssert hasOpenConnections(int count) {
        List<SocketEntry> sockets = sockets(host);
        long there = sockets.stream()
                .filter(socket -> socket.state().equals("ESTABLISHED"))
                .count();
        return check(
                there == count,
                count + (count == 1 ? " open connection" : " open connections"),
                there == 1 ? "there is 1" : "there are " + there,
                sockets);
    }

    /// No program has a socket open: what remains of closed connections does not count.
    public HostAssert hasNoOpenSockets() {
        List<SocketEntry> sockets = sockets(host);
        long there = sockets.stream().filter(Leak::isOpen).count();
        return check(there == 0, "no open sockets", there == 1 ? "there is 1" : "there are " + there, sockets);
    }

    private HostAssert check(boolean holds, String expected, String actual, List<SocketEntry> sockets) {
        if (holds) {
            return this;
        }
        StringBuilder message = new StringBuilder("Expected ")
                .append(expected)
                .append(" on host ")
                .append(host.name())
                .append(", but ")
                .append(actual)
                .append(".\nSockets of ")
                .append(host.name())
                .append(':');
        if (sockets.isEmpty()) {
            message.append(" none");
        }
        for (SocketEntry socket : sockets.subList(0, Math.min(MAX_LISTED, sockets.size()))) {
            message.append("\n  ").append(Leak.described(socket));
        }
        if (sockets.size() > MAX_LISTED) {
            message.append("\n  and ").append(sockets.size() - MAX_LISTED).append(" more");
        }
        throw new AssertionError(message.toString());
    }
}
