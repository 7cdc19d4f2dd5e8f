package dev.berth.it.ports;

import dev.berth.ports.Flow;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortError;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortSharing;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.ports.TimeWaitFlow;
import dev.berth.ports.Transport;
import dev.berth.wire.IpAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/// Carries out the moves of `kernel_sockets.py` on a [PortTable], with just as much of sockets around it as they need.
final class TableSockets {
    private static final class Sock {
        final String name;
        final PortTable<Sock> table;
        final boolean ipv6;
        final int sharing;
        PortBinding<Sock> binding;
        Link flow;
        final Deque<Link> pending = new ArrayDeque<>();
        int datagrams;

        Sock(String name, PortTable<Sock> table, boolean ipv6, int sharing) {
            this.name = name;
            this.table = table;
            this.ipv6 = ipv6;
            this.sharing = sharing;
        }

        int port() {
            return binding != null ? binding.port() : flow != null ? flow.localPort() : 0;
        }
    }

    /// A flow that knows its socket.
    private static final class Link extends Flow {
        Sock owner;

        Link(Sock owner, IpAddress local, int localPort, IpAddress remote, int remotePort) {
            super(local.hi(), local.lo(), localPort, remote.hi(), remote.lo(), remotePort);
            this.owner = owner;
        }
    }

    private static final class Waits extends TimeWaitFlow {
        Waits(Flow flow) {
            super(
                    flow.localHi(),
                    flow.localLo(),
                    flow.localPort(),
                    flow.remoteHi(),
                    flow.remoteLo(),
                    flow.remotePort());
        }

        /// The kernel's connections have timestamps, which prove the old one dead (RFC 6191).
        @Override
        public boolean mayBeReused(long now) {
            return true;
        }
    }

    private final Random random = new Random(1);
    private final Map<String, Sock> sockets = new TreeMap<>();
    private final PortTable<Sock> tcp = new PortTable<>(Transport.TCP, PortPolicy.linux(), random::nextLong);
    private final PortTable<Sock> udp = new PortTable<>(Transport.UDP, PortPolicy.linux(), random::nextLong);

    /// The answers to one line of moves.
    static List<String> make(String line) {
        TableSockets all = new TableSockets();
        List<String> answers = new ArrayList<>();
        for (String move : line.split(";")) {
            answers.add(all.move(move.split(" ")));
        }
        return answers;
    }

    private String move(String[] words) {
        try {
            return switch (words[0]) {
                case "open" -> open(words[1], words[2], words[3], words[4]);
                case "bind" -> bind(sockets.get(words[1]), IpAddress.parse(words[2]), port(words[3]));
                case "listen" -> listen(sockets.get(words[1]));
                case "connect" -> connect(sockets.get(words[1]), IpAddress.parse(words[2]), port(words[3]));
                case "accept" -> accept(sockets.get(words[1]), words[2]);
                case "close" -> close(sockets.remove(words[1]));
                case "finish" -> finish(sockets.remove(words[1]), sockets.remove(words[2]));
                case "send" -> send(sockets.get(words[1]), IpAddress.parse(words[2]), port(words[3]));
                case "who" -> who();
                default -> throw new IllegalArgumentException(words[0]);
            };
        } catch (PortUnavailableException e) {
            return e.reason() == PortError.ADDRESS_NOT_AVAILABLE ? "EADDRNOTAVAIL" : "EADDRINUSE";
        }
    }

    private int port(String word) {
        return word.startsWith("@") ? sockets.get(word.substring(1)).port() : Integer.parseInt(word);
    }

    private String open(String name, String kind, String family, String flags) {
        int sharing = (flags.contains("a") ? PortSharing.REUSE_ADDRESS : 0)
                | (flags.contains("p") ? PortSharing.REUSE_PORT : 0)
                | (flags.contains("6") ? PortSharing.IPV6_ONLY : 0);
        sockets.put(name, new Sock(name, kind.equals("tcp") ? tcp : udp, family.equals("6"), sharing));
        return "ok";
    }

    private static String bind(Sock sock, IpAddress address, int port) throws PortUnavailableException {
        sock.binding = sock.table.bind(address.hi(), address.lo(), port, sock.sharing, sock.name);
        if (sock.table.transport() == Transport.UDP) {
            sock.table.listen(sock.binding, sock);
        }
        return "ok";
    }

    private static String listen(Sock sock) throws PortUnavailableException {
        if (sock.binding == null) {
            return "unbound";
        }
        sock.table.listen(sock.binding, sock);
        return "ok";
    }

    /// The source of packets to an address of the host is the bound address, or that address itself.
    private static IpAddress source(Sock sock, IpAddress remote) {
        if (sock.flow != null) {
            return sock.flow.local().address();
        }
        IpAddress bound =
                sock.binding == null ? remote : sock.binding.endpoint().address();
        return bound.isUnspecified() ? remote : bound;
    }

    private static String connect(Sock sock, IpAddress remote, int port) throws PortUnavailableException {
        IpAddress local = source(sock, remote);
        Link flow = new Link(sock, local, 0, remote, port);
        sock.table.connect(flow, sock.binding, 0);
        sock.flow = flow;
        if (sock.table.transport() == Transport.UDP) {
            if (sock.binding != null) {
                sock.table.unlisten(sock.binding);
            }
            return "ok";
        }
        int localPort = flow.localPort();
        if (remote.equals(local) && port == localPort) {
            return "ok"; // to itself
        }
        Sock listener = sock.table.lookupListener(remote.hi(), remote.lo(), port, local.hi(), local.lo(), localPort);
        if (listener == null) {
            sock.table.release(flow);
            sock.flow = null;
            return "ECONNREFUSED";
        }
        Link incoming = new Link(listener, remote, port, local, localPort);
        sock.table.accept(incoming, listener.binding);
        listener.pending.add(incoming);
        return "ok";
    }

    private String accept(Sock listener, String name) {
        Sock accepted = new Sock(name, listener.table, listener.ipv6, listener.sharing);
        accepted.flow = listener.pending.remove();
        accepted.flow.owner = accepted;
        sockets.put(name, accepted);
        return "ok";
    }

    private static String close(Sock sock) {
        if (sock.flow != null) {
            sock.table.release(sock.flow);
        }
        if (sock.binding != null) {
            sock.table.close(sock.binding);
        }
        return "ok";
    }

    private static String finish(Sock sock, Sock peer) {
        close(peer);
        sock.table.replace(sock.flow, new Waits(sock.flow));
        sock.flow = null;
        return close(sock);
    }

    private String send(Sock sock, IpAddress to, int port) {
        IpAddress local = source(sock, to);
        int from = sock.port();
        Flow flow = udp.lookup(to.hi(), to.lo(), port, local.hi(), local.lo(), from);
        Sock receiver = flow instanceof Link link
                ? link.owner
                : udp.lookupListener(to.hi(), to.lo(), port, local.hi(), local.lo(), from);
        if (receiver != null) {
            receiver.datagrams++;
        }
        return "ok";
    }

    private String who() {
        List<String> got = new ArrayList<>();
        for (Sock sock : sockets.values()) {
            for (; sock.datagrams > 0; sock.datagrams--) {
                got.add(sock.name);
            }
            for (Link waiting = sock.pending.poll(); waiting != null; waiting = sock.pending.poll()) {
                sock.table.release(waiting);
                got.add(sock.name);
            }
        }
        return got.isEmpty() ? "nobody" : String.join("+", got);
    }
}
