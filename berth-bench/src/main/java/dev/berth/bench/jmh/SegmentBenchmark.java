package dev.berth.bench.jmh;

import dev.berth.ports.PortBinding;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.endpoint.ByteSink;
import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Two stacks that hand each other packets, without locks and threads: one segment of data is sent and received, and
/// its acknowledgment is sent and received. Two traversals of TCP and IP in each direction; allocates nothing.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class SegmentBenchmark {
    @Param({"1", "1448", "65000"})
    int octets;

    private final byte[] sent = new byte[65_536];
    private final byte[] received = new byte[65_536];
    private final ByteSource source = (bytes, at, length) -> System.arraycopy(sent, 0, bytes, at, length);
    private final ByteSink sink = (bytes, from, length) -> System.arraycopy(bytes, from, received, 0, length);
    private final SplittableRandom random = new SplittableRandom(1);
    private final NetStack client = new NetStack(StackConfig.DEFAULT, random::nextLong, 0);
    private final NetStack server = new NetStack(StackConfig.DEFAULT, random::nextLong, 0);
    private NetInterface clientNic;
    private NetInterface serverNic;
    private Tcb sender;
    private Tcb receiver;
    private long now = 1_000_000_000L;

    @Setup
    public void connect() throws PortUnavailableException {
        clientNic = client.addInterface("client", 65_535, true, 0);
        serverNic = server.addInterface("server", 65_535, true, 0);
        client.addAddress(clientNic, IpAddress.Prefix.parse("10.0.0.1/24"));
        server.addAddress(serverNic, IpAddress.Prefix.parse("10.0.0.2/24"));
        PortBinding<TcpListener> binding = server.tcp().ports().bind(0, 0, 80, 0, "benchmark");
        TcpListener listener = server.tcp().listen(binding, 1, StackConfig.DEFAULT.tcp());
        Endpoint remote = new Endpoint(IpAddress.parse("10.0.0.2"), 80);
        sender = client.connect(remote, null, StackConfig.DEFAULT.tcp(), null, now);
        carry();
        receiver = server.tcp().accept(listener);
    }

    private void carry() {
        boolean moved;
        do {
            client.settle(now);
            moved = move(clientNic, server, serverNic);
            server.settle(now);
            moved |= move(serverNic, client, clientNic);
        } while (moved);
    }

    private boolean move(NetInterface from, NetStack to, NetInterface nic) {
        Packet packet;
        boolean moved = false;
        while ((packet = from.pollEgress()) != null) {
            to.receive(nic, packet, now);
            moved = true;
        }
        return moved;
    }

    @Benchmark
    public int segmentAndAcknowledgment() {
        client.tcp().send(sender, source, octets);
        carry();
        int n = server.tcp().receive(receiver, sink, octets);
        now += 50_000_000L; // the delayed acknowledgment is due
        server.advance(now);
        client.advance(now);
        carry();
        if (n != octets) {
            throw new AssertionError(n);
        }
        return n;
    }
}
