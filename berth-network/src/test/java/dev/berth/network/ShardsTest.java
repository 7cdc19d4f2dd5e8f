package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.ConnectionRequest;
import dev.berth.host.Host;
import dev.berth.host.HostClock;
import dev.berth.host.HostCounters;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.ports.FlowShard;
import dev.berth.ports.PortError;
import dev.berth.ports.PortFilter;
import dev.berth.ports.PortPolicy;
import dev.berth.ports.PortRange;
import dev.berth.ports.Transport;
import dev.berth.stack.StackConfig;
import dev.berth.stack.StackSnapshot;
import dev.berth.stack.endpoint.SocketEntry;
import dev.berth.stack.icmp.Unreachable;
import dev.berth.wire.BufferPool;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.PortUnreachableException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A host of several shards is to its programs what a host of one is.
@Timeout(120)
class ShardsTest {
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(60);
    private static final IpAddress SERVER = IpAddress.parse("10.0.0.2");

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Queue<Throwable> unexpected = new ConcurrentLinkedQueue<>(); // in the background
    private final Network network = Network.create("shards");
    private Host client;
    private Host server;

    @AfterEach
    void stop() {
        assertThat(unexpected).isEmpty();
        threads.shutdownNow();
        network.close();
    }

    private void inBackground(Callable<?> work) {
        threads.execute(() -> {
            try {
                work.call();
            } catch (Exception | AssertionError e) {
                unexpected.add(e);
            }
        });
    }

    private void start(int shards) throws IOException {
        start(shards, PortPolicy.dynamic(), StackConfig.DEFAULT.withTimeWait(0));
    }

    private void start(int shards, PortPolicy ports, StackConfig config) throws IOException {
        client = network.host(
                "client",
                plan -> plan.address("10.0.0.1")
                        .config(config)
                        .build(b -> b.shards(shards).ports(ports)));
        server = network.host(
                "server", plan -> plan.address("10.0.0.2").config(config).build(b -> b.shards(shards)));
    }

    private TcpAcceptor listen(Host host, int port, int backlog) throws IOException {
        TcpAcceptor acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, port));
        acceptor.listen(backlog);
        return acceptor;
    }

    /// A socket in the shard of a thread that comes and goes, so that all shards have their turns.
    private TcpSocket open(Host host) throws IOException {
        try {
            return threads.submit(host::openTcpSocket).get();
        } catch (InterruptedException | ExecutionException e) {
            throw new IOException(e);
        }
    }

    private static Endpoint end(TcpSocket socket) {
        Endpoint local = socket.local();
        assertThat(local).isNotNull();
        return local;
    }

    private static int shardOf(TcpSocket socket, int shards) {
        Endpoint local = end(socket);
        Endpoint remote = socket.remote();
        return FlowShard.of(
                local.address().hi(),
                local.address().lo(),
                local.port(),
                remote.address().hi(),
                remote.address().lo(),
                remote.port(),
                shards);
    }

    /// Echoes what comes until the other end closes.
    private void echo(TcpSocket socket) throws IOException {
        byte[] bytes = new byte[4_096];
        try (socket) {
            int count;
            while ((count = socket.read(bytes, 0, bytes.length, LIMIT)) > 0) {
                socket.write(bytes, 0, count);
            }
        }
    }

    private Future<Integer> echoes(TcpAcceptor acceptor, int connections) {
        return threads.submit(() -> {
            for (int i = 0; i < connections; i++) {
                TcpSocket accepted = acceptor.accept(LIMIT);
                inBackground(() -> {
                    echo(accepted);
                    return null;
                });
            }
            return connections;
        });
    }

    private static void ask(TcpSocket socket, int seed) throws IOException {
        byte[] sent = new byte[3_000];
        for (int i = 0; i < sent.length; i++) {
            sent[i] = (byte) (seed + i);
        }
        socket.write(sent, 0, sent.length);
        byte[] got = new byte[sent.length];
        int count = 0;
        while (count < got.length) {
            int more = socket.read(got, count, got.length - count, LIMIT);
            assertThat(more).isPositive();
            count += more;
        }
        assertThat(got).isEqualTo(sent);
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.get(60, TimeUnit.SECONDS);
    }

    private static void awaitNoFlows(Host host) {
        long deadline = System.nanoTime() + LIMIT;
        while (!host.snapshot().flows().isEmpty()) {
            assertThat(System.nanoTime()).as("%s", host.snapshot().flows()).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void connections_of_all_shards_are_accepted_and_answered(int shards) throws Exception {
        start(shards);
        int connections = 200;
        TcpAcceptor acceptor = listen(server, 80, connections);
        Future<Integer> served = echoes(acceptor, connections);
        List<TcpSocket> sockets = new ArrayList<>();
        Set<Integer> used = new HashSet<>();
        Set<Integer> ports = new HashSet<>();
        for (int i = 0; i < connections; i++) {
            TcpSocket socket = open(client);
            socket.connect(new Endpoint(SERVER, 80), LIMIT);
            sockets.add(socket);
            used.add(shardOf(socket, shards));
            ports.add(end(socket).port());
        }
        assertThat(get(served)).isEqualTo(connections);
        assertThat(used).hasSize(shards);
        assertThat(ports).as("no port twice").hasSize(connections);
        List<Future<Void>> asked = new ArrayList<>();
        for (TcpSocket socket : sockets) {
            asked.add(threads.submit(() -> {
                for (int i = 0; i < 20; i++) {
                    ask(socket, i);
                }
                return null;
            }));
        }
        for (Future<Void> each : asked) {
            get(each);
        }
        HostCounters counters = client.counters();
        assertThat(counters.tcpPorts().flows()).isEqualTo(connections);
        assertThat(counters.segmentsSent()).isGreaterThanOrEqualTo(connections * 22L);
        assertThat(client.snapshot().segmentsSent()).isGreaterThanOrEqualTo(counters.segmentsSent());
        assertThat(client.snapshot().flows()).hasSize(connections);
        assertThat(server.ports().summary(Transport.TCP).states()).containsEntry("ESTABLISHED", connections);
        List<SocketEntry> entries = new ArrayList<>();
        server.ports().eachSocket(Transport.TCP, PortFilter.ALL, true, entries::add);
        assertThat(entries).as("a listener and all connections, each once").hasSize(connections + 1);
        for (TcpSocket socket : sockets) {
            socket.close();
        }
        acceptor.close();
        awaitNoFlows(client);
        awaitNoFlows(server);
        assertThat(client.waitingThreads()).isEmpty();
        assertThat(client.counters().tcpPorts().bindings()).isZero();
        assertThat(server.counters().tcpPorts().bindings()).isZero();
        assertThat(client.counters().tcpMemory() + server.counters().tcpMemory())
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void a_bound_socket_connects_in_the_shard_of_its_flow(int shards) throws Exception {
        start(shards);
        TcpAcceptor acceptor = listen(server, 80, 100);
        get(threads.submit(() -> {
            Future<Integer> served = echoes(acceptor, 40);
            for (int i = 0; i < 40; i++) {
                try (TcpSocket socket = open(client)) {
                    socket.bind(new Endpoint(IpAddress.parse("10.0.0.1"), 2_000 + i));
                    socket.connect(new Endpoint(SERVER, 80), LIMIT);
                    assertThat(end(socket).port()).isEqualTo(2_000 + i);
                    ask(socket, i);
                    TcpSocket second = open(client);
                    assertThatThrownBy(() -> second.bind(new Endpoint(
                                    IpAddress.parse("10.0.0.1"), end(socket).port())))
                            .isInstanceOf(BindException.class);
                    second.close();
                }
            }
            return get(served);
        }));
        acceptor.close();
        awaitNoFlows(client);
        assertThat(client.counters().tcpPorts().bindings()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void a_host_connects_to_itself_in_any_shard(int shards) throws Exception {
        start(shards);
        TcpAcceptor acceptor = listen(client, 80, 100);
        Future<Integer> served = echoes(acceptor, 30);
        for (int i = 0; i < 30; i++) {
            try (TcpSocket socket = open(client)) {
                socket.connect(
                        new Endpoint(i % 2 == 0 ? IpAddress.LOOPBACK_IPV4 : IpAddress.parse("10.0.0.1"), 80), LIMIT);
                ask(socket, i);
            }
        }
        assertThat(get(served)).isEqualTo(30);
        acceptor.close();
        awaitNoFlows(client);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void all_ports_of_a_range_can_be_had_and_no_more(int shards) throws Exception {
        start(shards, PortPolicy.dynamic().withEphemeral(new PortRange(50_000, 50_031)), StackConfig.DEFAULT);
        listen(server, 80, 100);
        Set<Integer> ports = new HashSet<>();
        for (int i = 0; i < 32; i++) {
            TcpSocket socket = open(client);
            socket.connect(new Endpoint(SERVER, 80), LIMIT);
            ports.add(end(socket).port());
        }
        assertThat(ports).hasSize(32);
        TcpSocket refused = open(client);
        assertThatThrownBy(() -> refused.connect(new Endpoint(SERVER, 80), LIMIT))
                .isInstanceOf(BindException.class);
        long exhausted = 0;
        for (PortError error : PortError.values()) {
            exhausted += client.counters().tcpPorts().refusals().get(error);
        }
        assertThat(exhausted).as("one refusal, whichever shards were asked").isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void the_backlog_is_one_for_all_shards(int shards) throws Exception {
        start(shards);
        int backlog = 7;
        TcpAcceptor acceptor = listen(server, 80, backlog);
        List<TcpSocket> sockets = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            TcpSocket socket = open(client);
            socket.startConnect(new Endpoint(SERVER, 80));
            sockets.add(socket);
        }
        List<SocketEntry> listeners = new ArrayList<>();
        server.ports().eachSocket(Transport.TCP, PortFilter.ALL, false, entry -> {
            if (entry.state().equals("LISTEN")) {
                listeners.add(entry);
            }
        });
        assertThat(listeners)
                .singleElement()
                .satisfies(entry -> assertThat(entry.receiveQueue()).isEqualTo(backlog));
        int accepted = 0;
        while (acceptor.tryAccept() != null) {
            accepted++;
        }
        assertThat(accepted).isEqualTo(backlog);
        assertThat(server.counters().drops().get(DropReason.BACKLOG_FULL)).isPositive();
        for (TcpSocket socket : sockets) {
            socket.abort();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void an_acceptor_is_observed_for_connections_of_all_shards(int shards) throws Exception {
        start(shards);
        TcpAcceptor acceptor = listen(server, 80, 100);
        AtomicInteger told = new AtomicInteger();
        acceptor.observe(_ -> told.incrementAndGet());
        for (int i = 0; i < 30; i++) {
            int before = told.get();
            TcpSocket socket = open(client);
            socket.connect(new Endpoint(SERVER, 80), LIMIT);
            assertThat(told.get()).as("connection " + i).isGreaterThan(before);
            assertThat(acceptor.tryAccept()).isNotNull();
            assertThat(acceptor.tryAccept()).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void nobody_listens_and_an_error_says_so_to_the_right_shard(int shards) throws Exception {
        start(shards);
        for (int i = 0; i < 20; i++) {
            TcpSocket socket = open(client);
            assertThatThrownBy(() -> socket.connect(new Endpoint(SERVER, 81), LIMIT))
                    .isInstanceOf(ConnectException.class);
        }
        awaitNoFlows(client);
        UdpSocket udp = client.openUdpSocket();
        udp.connect(new Endpoint(SERVER, 81));
        udp.send(new byte[] {1}, 0, 1, null);
        assertThatThrownBy(() -> udp.receive(new byte[10], 0, 10, LIMIT)).isInstanceOf(PortUnreachableException.class);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void requests_are_decided_in_any_shard_and_an_error_reaches_the_flow(int shards) throws Exception {
        start(shards);
        TcpAcceptor acceptor = server.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
        acceptor.listenForRequests(100, LIMIT);
        for (int i = 0; i < 24; i++) {
            TcpSocket socket = open(client);
            socket.startConnect(new Endpoint(SERVER, 80));
            ConnectionRequest request = acceptor.awaitRequest(LIMIT);
            assertThat(request.isPending()).isTrue();
            if (i % 3 == 0) {
                TcpSocket admitted = request.admit();
                assertThat(admitted).isNotNull();
                socket.awaitOpen(LIMIT);
                inBackground(() -> {
                    echo(admitted);
                    return null;
                });
                ask(socket, i);
                socket.close();
            } else {
                if (i % 3 == 1) {
                    request.refuse();
                } else {
                    request.unreachable(Unreachable.PORT);
                }
                assertThatThrownBy(() -> socket.awaitOpen(LIMIT)).isInstanceOf(ConnectException.class);
            }
            assertThat(request.isPending()).isFalse();
        }
        acceptor.close();
        awaitNoFlows(server);
    }

    /// Cuts segments of TCP over IPv4 into two pieces each, as a router may.
    private static final class Cutting implements Link {
        private final Link link;
        private final BufferPool pool = new BufferPool();
        private int identification;

        Cutting(Link link) {
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
            int header = Ipv4Header.MIN_LENGTH;
            int payload = packet.length() - header;
            if (packet.protocol != IpProtocol.TCP || payload <= 24) {
                link.transmit(packet);
                return;
            }
            packet.completeChecksum();
            byte[] whole = new byte[packet.length()];
            packet.copyTo(whole, 0);
            identification++;
            link.transmit(piece(packet, whole, 0, 24, Ipv4Header.MORE_FRAGMENTS));
            link.transmit(piece(packet, whole, 24, payload - 24, 24 / 8));
            packet.release();
        }

        private Packet piece(Packet of, byte[] whole, int from, int length, int flagsOffset) {
            int header = Ipv4Header.MIN_LENGTH;
            Packet piece = pool.takePacket(header + length);
            piece.start = 0;
            piece.end = header + length;
            Ipv4Header.write(
                    piece.bytes,
                    0,
                    0,
                    header + length,
                    identification,
                    flagsOffset,
                    64,
                    IpProtocol.TCP,
                    (int) of.sourceLo,
                    (int) of.destinationLo);
            System.arraycopy(whole, header + from, piece.bytes, header, length);
            piece.sourceHi = of.sourceHi;
            piece.sourceLo = of.sourceLo;
            piece.destinationHi = of.destinationHi;
            piece.destinationLo = of.destinationLo;
            return piece;
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

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void segments_in_pieces_are_handed_to_their_shard(int shards) throws Exception {
        client = network.host(
                "client", plan -> plan.address("10.0.0.1").around(Cutting::new).build(b -> b.shards(shards)));
        server = network.host("server", plan -> plan.address("10.0.0.2").build(b -> b.shards(shards)));
        TcpAcceptor acceptor = listen(server, 80, 100);
        Future<Integer> served = echoes(acceptor, 12);
        for (int i = 0; i < 12; i++) {
            try (TcpSocket socket = open(client)) {
                socket.connect(new Endpoint(SERVER, 80), LIMIT);
                ask(socket, i);
            }
        }
        assertThat(get(served)).isEqualTo(12);
        assertThat(client.counters().retransmissions()).isZero();
    }

    @Test
    void the_last_of_as_many_shards_as_there_may_be_gets_its_segments_too() throws Exception {
        int shards = Host.Builder.MAX_SHARDS;
        client = network.host("client", plan -> plan.address("10.0.0.1").around(Cutting::new));
        server = network.host("server", plan -> plan.address("10.0.0.2").build(b -> b.shards(shards)));
        TcpAcceptor acceptor = listen(server, 80, 100);
        Future<Integer> served = echoes(acceptor, 1);
        long own = IpAddress.parse("10.0.0.1").lo();
        int port = 2_000;
        while (FlowShard.of(0, own, port, 0, SERVER.lo(), 80, shards) != shards - 1) {
            port++;
        }
        try (TcpSocket socket = client.openTcpSocket()) {
            socket.bind(new Endpoint(IpAddress.parse("10.0.0.1"), port));
            socket.connect(new Endpoint(SERVER, 80), LIMIT);
            ask(socket, 1);
        }
        assertThat(get(served)).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void datagrams_and_their_pieces_arrive(int shards) throws Exception {
        start(shards);
        UdpSocket receiver = server.openUdpSocket();
        receiver.bind(new Endpoint(IpAddress.ANY_IPV6, 53));
        UdpSocket sender = client.openUdpSocket();
        byte[] bytes = new byte[65_000];
        for (int i = 0; i < 10; i++) {
            sender.send(bytes, 0, i * 6_500, new Endpoint(SERVER, 53));
            assertThat(receiver.receive(new byte[65_000], 0, 65_000, LIMIT)).isEqualTo(i * 6_500);
        }
        assertThat(server.counters().datagramsReceived()).isEqualTo(10);
        assertThat(client.isReachable(SERVER, LIMIT)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void closing_an_acceptor_while_connections_come_leaves_nothing(int shards) throws Exception {
        start(shards);
        AtomicInteger made = new AtomicInteger();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        for (int round = 0; round < 15; round++) {
            TcpAcceptor acceptor = listen(server, 80, 3);
            List<Future<Void>> racers = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                racers.add(threads.submit(racer(made, failures)));
            }
            racers.add(threads.submit(() -> {
                try (TcpSocket accepted = acceptor.accept(LIMIT)) {
                    accepted.lingerSeconds(0);
                }
                acceptor.close();
                return null;
            }));
            for (Future<Void> racer : racers) {
                get(racer);
            }
        }
        assertThat(failures).isEmpty();
        assertThat(made).hasPositiveValue();
        awaitNoFlows(client);
        awaitNoFlows(server);
        assertThat(server.counters().tcpPorts().bindings()).isZero();
        assertThat(server.waitingThreads()).isEmpty();
    }

    /// Connects, and is refused, reset or made; what else happens is a failure.
    private Callable<Void> racer(AtomicInteger made, Queue<Throwable> failures) {
        return () -> {
            TcpSocket socket = open(client);
            try {
                socket.connect(new Endpoint(SERVER, 80), TimeUnit.MILLISECONDS.toNanos(100));
                made.incrementAndGet();
            } catch (ConnectException | SocketTimeoutException _) {
                // nobody listens any more, or the queue was full
            } catch (IOException | RuntimeException e) {
                failures.add(e);
            } finally {
                socket.abort();
            }
            return null;
        };
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void a_socket_is_closed_while_it_connects_and_leaves_nothing(int shards) throws Exception {
        start(shards);
        TcpAcceptor acceptor = listen(server, 80, 1_000);
        for (int round = 0; round < 200; round++) {
            TcpSocket socket = open(client);
            socket.bind(new Endpoint(IpAddress.parse("10.0.0.1"), 0));
            Future<Void> closing = threads.submit(() -> {
                socket.abort();
                return null;
            });
            try {
                socket.connect(new Endpoint(SERVER, 80), LIMIT);
            } catch (IOException e) {
                assertThat(e).hasMessageMatching("(?i).*closed.*|.*reset.*");
            }
            get(closing);
        }
        acceptor.close();
        awaitNoFlows(client);
        awaitNoFlows(server);
        assertThat(client.counters().tcpPorts().bindings()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void many_threads_accept_each_connection_once(int shards) throws Exception {
        start(shards);
        int connections = 400;
        TcpAcceptor acceptor = listen(server, 80, connections);
        Set<Endpoint> accepted = ConcurrentHashMap.newKeySet();
        List<Future<Integer>> acceptors = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            acceptors.add(threads.submit(() -> {
                int count = 0;
                for (; count < connections / 4; count++) {
                    try (TcpSocket socket = acceptor.accept(LIMIT)) {
                        assertThat(accepted.add(socket.remote())).isTrue();
                    }
                }
                return count;
            }));
        }
        for (int i = 0; i < 4; i++) {
            inBackground(() -> {
                for (int n = 0; n < connections / 4; n++) {
                    TcpSocket socket = open(client); // open to the end, so that its port is its own
                    socket.connect(new Endpoint(SERVER, 80), LIMIT);
                }
                return null;
            });
        }
        for (Future<Integer> each : acceptors) {
            assertThat(get(each)).isEqualTo(connections / 4);
        }
        assertThat(accepted).hasSize(connections);
    }

    @Test
    void closing_a_host_ends_what_waits_in_every_shard() throws Exception {
        start(4);
        TcpAcceptor acceptor = listen(server, 80, 100);
        List<Future<Integer>> readers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            TcpSocket socket = open(client);
            socket.connect(new Endpoint(SERVER, 80), LIMIT);
            acceptor.accept(LIMIT);
            readers.add(threads.submit(() -> socket.read(new byte[1], 0, 1, LIMIT)));
        }
        long deadline = System.nanoTime() + LIMIT;
        while (client.waitingThreads().size() < readers.size()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
        client.close();
        for (Future<Integer> reader : readers) {
            assertThatThrownBy(() -> get(reader)).hasMessageContaining("Socket closed");
        }
        StackSnapshot left = client.snapshot();
        assertThat(left.flows()).isEmpty();
    }

    @Test
    void a_host_with_a_clock_of_its_own_has_one_shard() {
        HostClock clock = client("clock");
        assertThatThrownBy(() -> Host.builder("two").clock(clock).shards(2).start())
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Host.builder("none").shards(0)).isInstanceOf(IllegalArgumentException.class);
    }

    private HostClock client(String name) {
        try {
            client = network.host(name, IpAddress.Prefix.parse("10.0.0.1/24"));
            return client.clock();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
