package dev.berth.bench.jmh;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.network.Network;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Two hosts on a network in memory, both driven by one thread, with all that users get: locks, clock, signals, timers.
/// Allocates nothing.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class HostBenchmark {
    private static final int BLOCK = 65_536;
    private static final int DATAGRAM = 64;
    private static final long LIMIT = 10_000_000_000L;

    private final Network network = Network.create("bench");
    private final byte[] out = new byte[BLOCK];
    private final byte[] in = new byte[BLOCK];
    private TcpSocket client;
    private TcpSocket server;
    private UdpSocket sender;
    private UdpSocket receiver;
    private Endpoint to;

    @Setup
    public void connect() throws IOException {
        Host one = network.host("one");
        Host two = network.host("two");
        IpAddress address = network.addresses("two").getFirst();
        to = new Endpoint(address, 80);
        TcpAcceptor acceptor = two.openTcpAcceptor();
        acceptor.bind(to);
        acceptor.listen(1);
        client = one.openTcpSocket();
        client.connect(to, LIMIT);
        server = acceptor.accept(LIMIT);
        sender = one.openUdpSocket();
        receiver = two.openUdpSocket();
        receiver.bind(to);
    }

    @TearDown
    public void close() {
        network.close();
    }

    /// One octet there and back.
    @Benchmark
    public byte roundTrip() throws IOException {
        carry(client, server, 1);
        carry(server, client, 1);
        return in[0];
    }

    /// 64 KiB in one direction.
    @Benchmark
    public byte stream() throws IOException {
        carry(client, server, BLOCK);
        return in[0];
    }

    private void carry(TcpSocket from, TcpSocket into, int octets) throws IOException {
        from.write(out, 0, octets);
        int at = 0;
        while (at < octets) {
            int n = into.read(in, at, octets - at, LIMIT);
            if (n < 0) {
                throw new AssertionError("The end of a stream that has not ended");
            }
            at += n;
        }
    }

    @Benchmark
    public byte datagram() throws IOException {
        sender.send(out, 0, DATAGRAM, to);
        if (receiver.receive(in, 0, DATAGRAM, LIMIT) != DATAGRAM) {
            throw new AssertionError("A datagram was changed");
        }
        return in[0];
    }
}
