package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.ports.PortKind;
import dev.berth.stack.StackConfig;
import dev.berth.wire.Bytes;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The scene that ports are for: a web server on port 80 and a thousand clients, on the same host and on another one,
/// all at once. Every reply reaches the client that asked, none the server beside it.
@Timeout(120)
class ServerAndClientsTest {
    private static final int CLIENTS = 1_000;
    private static final int HTTP = 80;
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(60);

    private final Set<Integer> repliedTo = ConcurrentHashMap.newKeySet();
    private final AtomicInteger repliesToServers = new AtomicInteger();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private Network network;
    private Host a;
    private Host b;

    @BeforeEach
    void start() throws IOException {
        network = Network.create("lab");
        a = host("a", "10.0.0.1/24");
        b = host("b", "10.0.0.2/24");
    }

    private Host host(String name, String address) throws IOException {
        IpAddress.Prefix prefix = IpAddress.Prefix.parse(address);
        return Host.builder(name)
                .config(StackConfig.DEFAULT.withTimeWait(TimeUnit.SECONDS.toNanos(1)))
                .link(new Watched(network.link(prefix)))
                .address(prefix)
                .start();
    }

    @AfterEach
    void stop() {
        threads.shutdownNow();
        a.close();
        b.close();
    }

    /// Looks at what a host sends: a segment with data from port 80 is a reply.
    private final class Watched implements Link {
        private final Link link;

        Watched(Link link) {
            this.link = link;
        }

        @Override
        public LinkInfo info() {
            return link.info();
        }

        @Override
        public void start(LinkReceiver receiver) throws IOException {
            link.start(receiver);
        }

        @Override
        public void transmit(Packet packet) {
            if (packet.protocol == IpProtocol.TCP && hasData(packet)) {
                int from = Bytes.u16(packet.bytes, packet.transportAt + TcpHeader.SOURCE_PORT);
                int to = Bytes.u16(packet.bytes, packet.transportAt + TcpHeader.DESTINATION_PORT);
                if (from == HTTP) {
                    repliedTo.add(to);
                    if (to == HTTP) {
                        repliesToServers.incrementAndGet();
                    }
                }
            }
            link.transmit(packet);
        }

        private static boolean hasData(Packet packet) {
            int header = TcpHeader.headerLength(packet.bytes, packet.transportAt);
            return packet.end - packet.transportAt - header + packet.tailLength() > 0;
        }

        @Override
        public void flush() {
            link.flush();
        }

        @Override
        public void close() {
            link.close();
        }
    }

    private TcpAcceptor serve(Host host, AtomicInteger requests) throws IOException {
        TcpAcceptor acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, HTTP));
        acceptor.listen(4 * CLIENTS);
        threads.execute(() -> {
            try {
                while (acceptor.isOpen()) {
                    TcpSocket connection = acceptor.accept(0);
                    threads.execute(() -> answer(host, connection, requests));
                }
            } catch (IOException e) {
                if (acceptor.isOpen()) {
                    failures.add(e);
                }
            }
        });
        return acceptor;
    }

    private void answer(Host host, TcpSocket connection, AtomicInteger requests) {
        try (connection) {
            String request = line(connection);
            assertThat(request).startsWith("GET /");
            requests.incrementAndGet();
            write(connection, "200 " + host.name() + " " + request.substring(5) + " for " + connection.remote() + "\n");
            assertThat(connection.read(new byte[1], 0, 1, LIMIT)).isEqualTo(-1);
        } catch (IOException | AssertionError e) {
            failures.add(e);
        }
    }

    private static String line(TcpSocket socket) throws IOException {
        StringBuilder text = new StringBuilder();
        byte[] buffer = new byte[200];
        while (text.isEmpty() || text.charAt(text.length() - 1) != '\n') {
            int count = socket.read(buffer, 0, buffer.length, LIMIT);
            if (count < 0) {
                throw new IOException("The stream ended after '" + text + "'");
            }
            text.append(new String(buffer, 0, count, StandardCharsets.US_ASCII));
        }
        return text.toString().strip();
    }

    private static void write(TcpSocket socket, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        socket.write(bytes, 0, bytes.length);
    }

    private record Asked(Host client, Endpoint server, Endpoint local) {}

    @Test
    void every_reply_reaches_its_own_client_and_no_server_gets_one() throws Exception {
        AtomicInteger requestsOfA = new AtomicInteger();
        AtomicInteger requestsOfB = new AtomicInteger();
        try (TcpAcceptor serverOfA = serve(a, requestsOfA);
                TcpAcceptor serverOfB = serve(b, requestsOfB)) {
            CountDownLatch connected = new CountDownLatch(4 * CLIENTS);
            CountDownLatch go = new CountDownLatch(1);
            List<Future<Asked>> asking = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                for (Host client : List.of(a, b)) {
                    for (Host server : List.of(a, b)) {
                        String id = client.name() + server.name() + i;
                        asking.add(threads.submit(() -> ask(client, server, id, connected, go)));
                    }
                }
            }
            assertThat(connected.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(a.snapshot().tcpPorts().flowCount()).isEqualTo(4 * CLIENTS);
            go.countDown();
            Set<Asked> tuples = new HashSet<>();
            for (Future<Asked> each : asking) {
                Asked asked = each.get(60, TimeUnit.SECONDS);
                assertThat(PortKind.of(asked.local.port())).isEqualTo(PortKind.DYNAMIC);
                assertThat(tuples.add(asked))
                        .as("port used twice towards one destination")
                        .isTrue();
            }
            assertThat(requestsOfA).hasValue(2 * CLIENTS);
            assertThat(requestsOfB).hasValue(2 * CLIENTS);
        }
        assertThat(failures).isEmpty();
        assertThat(repliesToServers).hasValue(0);
        assertThat(repliedTo).isNotEmpty().allMatch(port -> PortKind.of(port) == PortKind.DYNAMIC);
        awaitEmpty(a);
        awaitEmpty(b);
    }

    private static Asked ask(Host client, Host server, String id, CountDownLatch connected, CountDownLatch go)
            throws Exception {
        Endpoint to = new Endpoint(server.addresses().getFirst(), HTTP);
        try (TcpSocket socket = client.openTcpSocket()) {
            socket.connect(to, LIMIT);
            connected.countDown();
            if (!go.await(60, TimeUnit.SECONDS)) {
                throw new IOException("not all clients are connected");
            }
            write(socket, "GET /" + id + "\n");
            assertThat(line(socket)).isEqualTo("200 " + server.name() + " " + id + " for " + socket.local());
            return new Asked(client, to, socket.local());
        }
    }

    /// TIME-WAIT, one second in this test, releases the last ports.
    private static void awaitEmpty(Host host) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        long deadline = System.nanoTime() + LIMIT;
        while (host.snapshot().tcpPorts().flowCount() > 0) {
            assertThat(System.nanoTime())
                    .as("ports are still in use: %s", host.snapshot().flows())
                    .isLessThan(deadline);
            assertThat(never.await(20, TimeUnit.MILLISECONDS)).isFalse();
        }
        assertThat(host.snapshot().tcpPorts().bindings()).isEmpty();
        assertThat(host.snapshot().tcpPorts().destinations()).isEmpty();
    }
}
