package dev.berth.bench;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.ports.Transport;
import dev.berth.testkit.netns.NetworkNamespace;
import dev.berth.tun.TunLink;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A network namespace with the kernel's end of a TUN device in it and a host of Berth at the other, at an MTU of
/// 1500; a JVM in the namespace that is the kernel's side; and, where it can be built, the floor in C behind a second
/// device. All of it goes with [#close], or with this JVM. Not thread-safe.
final class TunDevices implements AutoCloseable {
    private static final IpAddress KERNEL = IpAddress.parse("10.7.0.1");
    private static final IpAddress BERTH = IpAddress.parse("10.7.0.2");
    private static final int PORT = 80;
    private static final int BACKLOG = 1_024;
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(20);

    private final NetworkNamespace namespace;
    private final PeerProcess peer;
    private final Host host;
    private final int port;
    private final int resetPort;
    private final AtomicLong accepted = new AtomicLong();
    private final FutureTask<Void> acceptance;
    private @Nullable CFloor floor;

    private TunDevices(NetworkNamespace namespace) throws IOException {
        this.namespace = namespace;
        RenoLoopback.choose(namespace); // for the loopback device too what Berth sets for its own routes
        TunLink link = TunLink.builder("berth0")
                .inNamespace(namespace.path())
                .address(IpAddress.Prefix.parse(KERNEL + "/24"))
                .open();
        host = Host.builder("bench")
                .link(link)
                .address(IpAddress.Prefix.parse(BERTH + "/24"))
                .start();
        peer = new PeerProcess(namespace, PeerProgram.class, "-Xmx256m");
        String[] ports = peer.answer().split(" ", -1);
        port = Integer.parseInt(ports[1]);
        resetPort = Integer.parseInt(ports[2]);
        TcpAcceptor acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(BERTH, PORT));
        acceptor.listen(BACKLOG);
        acceptance = Threads.start(false, () -> acceptAndClose(acceptor));
    }

    /// @throws Measurement.UnavailableException if this machine has no namespaces or TUN devices for us
    static TunDevices open() throws Exception {
        String reason = NetworkNamespace.unavailableReason();
        if (reason != null) {
            throw new Measurement.UnavailableException(reason);
        }
        NetworkNamespace namespace = NetworkNamespace.create();
        boolean opened = false;
        try {
            TunDevices devices = new TunDevices(namespace);
            opened = true;
            return devices;
        } finally {
            if (!opened) {
                namespace.close();
            }
        }
    }

    private Void acceptAndClose(TcpAcceptor acceptor) throws IOException {
        while (true) {
            TcpSocket socket = acceptor.accept(0); // throws when the host is closed
            accepted.incrementAndGet();
            socket.close();
        }
    }

    /// Between Berth, which is the client, and the kernel.
    double overTun(PeerTask task, long nanos) throws Exception {
        return Threads.join(Threads.start(false, () -> {
            TcpSocket socket = host.openTcpSocket();
            socket.connect(new Endpoint(KERNEL, port), LIMIT);
            try (Sockets.Connection connection = new BerthSockets.HostConnection(socket)) {
                return task.run(connection, nanos);
            }
        }));
    }

    /// The kernel is both ends, over the loopback interface of the namespace.
    double overLoopback(PeerTask task, long nanos) throws IOException {
        return Double.parseDouble(peer.ask(task + " " + nanos));
    }

    /// Between the floor, which is the client, and the kernel.
    double overFloor(PeerTask task, long nanos) throws Exception {
        return floor().run(task, nanos, port);
    }

    /// Connections of the kernel to Berth per second. None may be left.
    double connectToBerth(long nanos) throws Exception {
        long before = accepted.get();
        double[] rateAndCount = connect(nanos, BERTH.toString(), PORT);
        long end = System.nanoTime() + LIMIT;
        while (accepted.get() - before != (long) rateAndCount[1] || !left().isEmpty()) {
            if (acceptance.isDone()) {
                Threads.join(acceptance); // throws what has ended it
            }
            if (System.nanoTime() - end > 0) {
                throw new AssertionError((long) rateAndCount[1] + " connections, but " + (accepted.get() - before)
                        + " accepted, and left: " + left());
            }
            LockSupport.parkNanos(1_000_000);
        }
        return rateAndCount[0];
    }

    /// Connections that are not closed; those in TIME-WAIT are of the other rows.
    private Map<String, Integer> left() {
        Map<String, Integer> states =
                new HashMap<>(host.ports().summary(Transport.TCP).states());
        states.remove("TIME-WAIT");
        return states;
    }

    double connectOverLoopback(long nanos) throws IOException {
        return connect(nanos, "127.0.0.1", resetPort)[0];
    }

    /// Connections of the kernel to the floor per second, all of which it has to have seen.
    double connectToFloor(long nanos) throws Exception {
        double[] rateAndCount = connect(nanos, CFloor.ADDRESS, CFloor.PORT);
        long seen = floor().accepted();
        if (seen != (long) rateAndCount[1]) {
            throw new AssertionError((long) rateAndCount[1] + " connections, but " + seen + " accepted");
        }
        return rateAndCount[0];
    }

    private double[] connect(long nanos, String address, int toPort) throws IOException {
        String[] answer = peer.ask(PeerProgram.CONNECT + " " + nanos + " " + address + " " + toPort)
                .split(" ", -1);
        return new double[] {Double.parseDouble(answer[0]), Double.parseDouble(answer[1])};
    }

    /// Builds and starts the floor if that has not happened.
    ///
    /// @throws Measurement.UnavailableException if it cannot be built
    CFloor floor() throws Exception {
        CFloor started = floor;
        if (started == null) {
            started = CFloor.start(namespace);
            floor = started;
        }
        return started;
    }

    @Override
    public void close() throws IOException {
        host.close();
        peer.close();
        if (floor != null) {
            floor.close();
        }
        namespace.close();
    }
}
