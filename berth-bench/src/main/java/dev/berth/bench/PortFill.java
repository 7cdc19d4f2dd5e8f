package dev.berth.bench;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.host.TcpSocket;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortTable;
import dev.berth.ports.PortUnavailableException;
import dev.berth.ports.Transport;
import dev.berth.stack.StackConfig;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.List;

/// Milliseconds until every port of the range of Linux is in use towards one destination, from an empty table: the
/// median of the fills that fit into the time, at least five. Counted is the time of the processor that the filling
/// thread has used, on both sides: the kernel needs many seconds, in which other programs run too.
final class PortFill implements Measurement {
    private static final int FEWEST = 5;
    private static final int PORTS = PortPolicy.linux().ephemeral().size();
    private static final Endpoint DESTINATION = new Endpoint(BenchFlow.REMOTE, 80);

    private final Once fill;

    private PortFill(Once fill) {
        this.fill = fill;
    }

    /// One fill, and the nanoseconds of the processor it has taken.
    @FunctionalInterface
    private interface Once {
        long nanos() throws Exception;
    }

    /// Claims in a port table, with secure random numbers.
    static PortFill ofTable() {
        return new PortFill(PortFill::fillTable);
    }

    /// Sockets of a host that begin to connect: the route, the control block, timers, and a SYN that nobody answers.
    static PortFill ofHost() {
        return new PortFill(PortFill::fillHost);
    }

    @Override
    public double measure(long nanos) throws Exception {
        List<Double> fills = new ArrayList<>();
        long begin = System.nanoTime();
        do {
            fills.add(fill.nanos() / 1e6);
        } while (fills.size() < FEWEST || System.nanoTime() - begin < nanos);
        return Spread.of(fills.stream().mapToDouble(Double::doubleValue).toArray())
                .median();
    }

    private static long fillTable() throws Exception {
        PortTable<String> table = new PortTable<>(Transport.TCP, PortPolicy.linux(), new SecureEntropy());
        long start = Threads.cpuNanos();
        for (int i = 0; i < PORTS; i++) {
            table.connect(BenchFlow.client(), null, 0);
        }
        long nanos = Threads.cpuNanos() - start;
        try {
            table.connect(BenchFlow.client(), null, 0);
        } catch (PortUnavailableException _) {
            return nanos;
        }
        throw new AssertionError("More than " + PORTS + " ports");
    }

    private static long fillHost() throws Exception {
        try (Host host = Host.builder("bench")
                .link(new NobodyLink())
                .address(new IpAddress.Prefix(BenchFlow.LOCAL, 24))
                .config(StackConfig.DEFAULT.withPorts(PortPolicy.linux()))
                .start()) {
            TcpSocket[] sockets = new TcpSocket[PORTS + 1];
            for (int i = 0; i <= PORTS; i++) {
                sockets[i] = host.openTcpSocket();
            }
            long start = Threads.cpuNanos();
            for (int i = 0; i < PORTS; i++) {
                if (sockets[i].startConnect(DESTINATION)) {
                    throw new AssertionError("Connected to nobody");
                }
            }
            long nanos = Threads.cpuNanos() - start;
            requireFull(sockets[PORTS]);
            for (TcpSocket socket : sockets) {
                socket.abort();
            }
            return nanos;
        }
    }

    private static void requireFull(TcpSocket socket) throws IOException {
        try {
            socket.startConnect(DESTINATION);
        } catch (BindException | ConnectException _) {
            return;
        }
        throw new AssertionError("More than " + PORTS + " ports");
    }

    /// A link on which every packet is lost.
    private static final class NobodyLink implements Link {
        @Override
        public LinkInfo info() {
            return new LinkInfo("nobody", 1_500, false, 0);
        }

        @Override
        public void start(LinkReceiver receiver) {}

        @Override
        public void transmit(Packet packet) {
            packet.release();
        }

        @Override
        public void close() {}
    }
}
