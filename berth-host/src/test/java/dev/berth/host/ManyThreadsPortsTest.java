package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.ports.PortUsage;
import dev.berth.stack.StackConfig;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Many threads bind, connect and close on one host at once: no port is owned twice, and none is lost.
class ManyThreadsPortsTest {
    private static final int THREADS = 8;
    private static final int STEPS = 3_000;
    private static final PortRange RANGE = new PortRange(50_000, 50_063);
    private static final IpAddress ME = IpAddress.parse("10.77.0.1");
    private static final IpAddress PEER = IpAddress.parse("10.77.0.99");

    /// What each thread believes to own alone, by port or by tuple.
    private final ConcurrentMap<String, Object> owners = new ConcurrentHashMap<>();

    /// A socket and what it owns.
    private record Held(HostSocket socket, String claim) {}

    @Test
    @Timeout(120)
    void no_port_is_owned_twice_and_none_is_lost() throws Exception {
        StackConfig config = StackConfig.DEFAULT.withPorts(PortPolicy.dynamic().withEphemeral(RANGE));
        try (Host host = Host.builder("busy")
                        .config(config)
                        .link(new Nowhere())
                        .address(IpAddress.Prefix.parse("10.77.0.1/24"))
                        .start();
                ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Future<Integer>> results = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                SplittableRandom random = new SplittableRandom(i);
                results.add(threads.submit(() -> work(host, random)));
            }
            int successes = 0;
            for (Future<Integer> result : results) {
                successes += result.get(100, TimeUnit.SECONDS);
            }
            assertThat(successes).isGreaterThan(THREADS * STEPS / 10);
            assertThat(owners).isEmpty();
            for (PortUsage usage :
                    List.of(host.snapshot().tcpPorts(), host.snapshot().udpPorts())) {
                assertThat(usage.flowCount()).isZero();
                assertThat(usage.bindings()).isEmpty();
                assertThat(usage.destinations()).isEmpty();
            }
            assertEveryPortCanBeHad(host);
        }
    }

    private int work(Host host, SplittableRandom random) throws IOException {
        List<Held> held = new ArrayList<>();
        int successes = 0;
        for (int i = 0; i < STEPS; i++) {
            if (held.size() > random.nextInt(24)) {
                release(held.remove(random.nextInt(held.size())));
                continue;
            }
            Held next = claim(host, random);
            if (next != null) {
                held.add(next);
                successes++;
            }
        }
        for (Held each : held) {
            release(each);
        }
        return successes;
    }

    private Held claim(Host host, SplittableRandom random) throws IOException {
        boolean tcp = random.nextBoolean();
        HostSocket socket = tcp ? host.openTcpSocket() : host.openUdpSocket();
        try {
            switch (random.nextInt(4)) {
                case 0 -> socket.bind(new Endpoint(IpAddress.ANY_IPV6, 0));
                case 1 -> socket.bind(new Endpoint(ME, RANGE.first() + random.nextInt(RANGE.size())));
                case 2 -> {
                    socket.bindAddressNoPort(true);
                    socket.bind(new Endpoint(ME, 0));
                    connect(socket, 1 + random.nextInt(3));
                }
                default -> connect(socket, 1 + random.nextInt(3));
            }
        } catch (BindException refused) {
            socket.close();
            return null;
        }
        Endpoint remote = socket instanceof TcpSocket client ? client.remote() : ((UdpSocket) socket).remote();
        String claim = (tcp ? "tcp " : "udp ") + socket.local().port() + (remote == null ? "" : " > " + remote);
        assertThat(owners.putIfAbsent(claim, socket)).as(claim).isNull();
        return new Held(socket, claim);
    }

    private static void connect(HostSocket socket, int port) throws IOException {
        Endpoint remote = new Endpoint(PEER, port);
        if (socket instanceof TcpSocket client) {
            client.startConnect(remote);
        } else {
            ((UdpSocket) socket).connect(remote);
        }
    }

    /// The claim ends before the port is given back, as another thread may get it at once.
    private void release(Held held) {
        assertThat(owners.remove(held.claim, held.socket)).isTrue();
        held.socket.close();
    }

    private static void assertEveryPortCanBeHad(Host host) throws IOException {
        List<HostSocket> all = new ArrayList<>();
        for (int i = 0; i < RANGE.size(); i++) {
            all.add(host.openUdpSocket());
            all.getLast().bind(new Endpoint(ME, 0));
            all.add(host.openTcpSocket());
            all.getLast().bind(new Endpoint(ME, 0));
        }
        HostSocket oneMore = host.openTcpSocket();
        assertThatThrownBy(() -> oneMore.bind(new Endpoint(ME, 0))).isInstanceOf(BindException.class);
        oneMore.close();
        all.forEach(HostSocket::close);
    }
}
