package dev.berth.bench;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.testkit.netns.NetworkNamespace;
import dev.berth.tun.TunLink;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/// A network namespace with the kernel's end of a TUN device in it and a host of Berth at the other, at an MTU of
/// 1500; and a JVM in the namespace that is the kernel's side. All of it goes with [#close], or with this JVM.
final class TunLab implements AutoCloseable {
    private static final IpAddress KERNEL = IpAddress.parse("10.7.0.1");
    private static final long START_LIMIT = TimeUnit.SECONDS.toNanos(20);

    private final NetworkNamespace namespace;
    private final PeerProcess peer;
    private final Host host;
    private final int port;

    private TunLab(NetworkNamespace namespace) throws IOException {
        this.namespace = namespace;
        TunLink link = TunLink.builder("berth0").inNamespace(namespace.path()).open();
        host = Host.builder("bench")
                .link(link)
                .address(IpAddress.Prefix.parse("10.7.0.2/24"))
                .start();
        namespace.check("ip", "address", "add", KERNEL + "/24", "dev", "berth0");
        link.up();
        peer = new PeerProcess(namespace, PeerProgram.class, "-Xmx256m");
        port = Integer.parseInt(peer.answer().substring("port ".length()));
    }

    /// @throws Measurement.UnavailableException if this machine has no namespaces or TUN devices for us
    static TunLab open() throws Exception {
        String reason = NetworkNamespace.unavailableReason();
        if (reason != null) {
            throw new Measurement.UnavailableException(reason);
        }
        NetworkNamespace namespace = NetworkNamespace.create();
        boolean opened = false;
        try {
            TunLab lab = new TunLab(namespace);
            opened = true;
            return lab;
        } finally {
            if (!opened) {
                namespace.close();
            }
        }
    }

    /// The host of Berth is the client, the kernel the server.
    static Measurement berth(PeerTask task) throws Exception {
        TunLab lab = open();
        return new Side(lab, nanos -> lab.overTun(task, nanos));
    }

    /// The kernel is both, over the loopback interface of the namespace.
    static Measurement kernel(PeerTask task) throws Exception {
        TunLab lab = open();
        return new Side(lab, nanos -> lab.overLoopback(task, nanos));
    }

    private record Side(TunLab lab, Measurement measurement) implements Measurement {
        @Override
        public double measure(long nanos) throws Exception {
            return measurement.measure(nanos);
        }

        @Override
        public void close() {
            lab.close();
        }
    }

    private double overTun(PeerTask task, long nanos) throws Exception {
        return Threads.join(Threads.start(false, () -> {
            TcpSocket socket = host.openTcpSocket();
            socket.connect(new Endpoint(KERNEL, port), START_LIMIT);
            try (Sockets.Connection connection = new BerthSockets.HostConnection(socket)) {
                return task.run(connection, nanos);
            }
        }));
    }

    private double overLoopback(PeerTask task, long nanos) throws IOException {
        return Double.parseDouble(peer.ask(task + " " + nanos));
    }

    @Override
    public void close() {
        host.close();
        peer.close();
        namespace.close();
    }
}
