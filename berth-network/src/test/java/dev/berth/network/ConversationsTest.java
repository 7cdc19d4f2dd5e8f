package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.stack.StackSnapshot;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.Endpoint;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Packets that go from host to host under the locks of both.
@Timeout(120)
class ConversationsTest {
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(60);
    private static final int HOSTS = 5;
    private static final int THREADS = 6;
    private static final int CONNECTIONS = 150; // of each thread
    private static final int DATAGRAMS = 4_000;
    private static final int CALLS = 2_000;
    private static final int TURNS = 1_500;
    private static final int DRAWS = 200;

    private final List<Host> hosts = new ArrayList<>();

    /// All threads go through all hosts, in all directions at once: whoever waited for one lock while he has another
    /// would soon wait for ever.
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void hosts_in_a_ring_that_talk_in_all_directions_do_not_wait_for_each_other(int shards) {
        Seeds.run(1, random -> ring(random, shards));
    }

    private void ring(SplittableRandom seeds, int shards) throws Exception {
        hosts.clear();
        try (Network network = Network.create("ring");
                ExecutorService platform = Executors.newCachedThreadPool();
                ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < HOSTS; i++) {
                String address = "10.0.0." + (i + 1);
                hosts.add(network.host("h" + i, plan -> plan.address(address).build(host -> host.shards(shards))));
            }
            List<Future<?>> threads = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int port = 1_000 + i;
                SplittableRandom random = seeds.split();
                threads.add((i % 2 == 0 ? platform : virtual).submit(() -> {
                    converse(port, random);
                    return null;
                }));
            }
            for (Future<?> thread : threads) {
                thread.get(60, TimeUnit.SECONDS);
            }
            for (Host host : hosts) {
                for (StackSnapshot.FlowEntry flow : host.snapshot().flows()) {
                    assertThat(flow.state()).as("%s on %s", flow, host.name()).isEqualTo("TIME-WAIT");
                }
            }
        }
    }

    /// Connections from host to host, one after the other, with listeners of this thread's own.
    private void converse(int port, SplittableRandom random) throws IOException {
        List<TcpAcceptor> acceptors = new ArrayList<>();
        for (Host host : hosts) {
            TcpAcceptor acceptor = host.openTcpAcceptor();
            acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, port));
            acceptor.listen(10);
            acceptors.add(acceptor);
        }
        for (int i = 0; i < CONNECTIONS; i++) {
            int from = random.nextInt(HOSTS);
            int to = (from + 1 + random.nextInt(HOSTS - 1)) % HOSTS;
            TcpSocket client = hosts.get(from).openTcpSocket();
            client.connect(new Endpoint(hosts.get(to).addresses().getFirst(), port), LIMIT);
            TcpSocket server = acceptors.get(to).accept(LIMIT);
            carry(client, server, random);
            carry(server, client, random);
            if (random.nextInt(4) == 0) {
                client.abort();
            } else {
                client.shutdownOutput();
                assertThat(server.read(new byte[1], 0, 1, LIMIT)).isEqualTo(-1);
            }
            server.close();
            client.close();
        }
        acceptors.forEach(TcpAcceptor::close);
    }

    private static void carry(TcpSocket from, TcpSocket to, SplittableRandom random) throws IOException {
        byte[] sent = new byte[1 + random.nextInt(3_000)];
        random.nextBytes(sent);
        from.write(sent, 0, sent.length);
        byte[] received = new byte[sent.length];
        for (int at = 0; at < sent.length; ) {
            int count = to.read(received, at, sent.length - at, LIMIT);
            assertThat(count).isPositive();
            at += count;
        }
        assertThat(received).isEqualTo(sent);
    }

    /// What goes straight must not overtake what a thread before has left for the link.
    @Test
    void datagrams_of_one_socket_arrive_in_order_while_others_are_at_work_in_both_hosts() throws Exception {
        hosts.clear();
        try (Network network = Network.create("order");
                ExecutorService threads = Executors.newCachedThreadPool()) {
            Host one = network.host("one", IpAddress.Prefix.parse("10.0.0.1/24"));
            Host other = network.host("other", IpAddress.Prefix.parse("10.0.0.2/24"));
            AtomicBoolean done = new AtomicBoolean();
            List<Future<?>> noise = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                UdpSocket back = (i == 0 ? one : other).openUdpSocket();
                UdpSocket target = (i == 0 ? other : one).openUdpSocket();
                Endpoint to = bound(target, i == 0 ? "10.0.0.2" : "10.0.0.1");
                noise.add(threads.submit(() -> {
                    byte[] bytes = new byte[8];
                    while (!done.get()) {
                        back.send(bytes, 0, bytes.length, to);
                        target.receive(bytes, 0, bytes.length, LIMIT);
                    }
                    return null;
                }));
            }
            UdpSocket receiver = other.openUdpSocket();
            Endpoint to = bound(receiver, "10.0.0.2");
            UdpSocket sender = one.openUdpSocket();
            AtomicInteger sent = new AtomicInteger();
            // The socket is handed to and fro between two threads, so that the one may find the link busy with what
            // the other has left.
            for (int i = 0; i < 2; i++) {
                noise.add(threads.submit(() -> {
                    byte[] bytes = new byte[8];
                    while (true) {
                        synchronized (sent) {
                            int number = sent.incrementAndGet();
                            if (number > DATAGRAMS) {
                                return null;
                            }
                            ByteBuffer.wrap(bytes).putInt(number);
                            sender.send(bytes, 0, bytes.length, to);
                        }
                    }
                }));
            }
            byte[] bytes = new byte[8];
            int last = 0;
            try {
                while (last < DATAGRAMS) {
                    receiver.receive(bytes, 0, bytes.length, TimeUnit.SECONDS.toNanos(2));
                    int number = ByteBuffer.wrap(bytes).getInt();
                    assertThat(number).isGreaterThan(last);
                    last = number;
                }
            } catch (SocketTimeoutException e) {
                assertThat(sent.get()).isGreaterThan(DATAGRAMS); // the last ones found the receiver's queue full
            } finally {
                done.set(true);
            }
            assertThat(last).isPositive();
            for (Future<?> thread : noise) {
                thread.get(60, TimeUnit.SECONDS);
            }
        }
    }

    /// Rules that let everything pass come and go, for all packets or for some, so that packets go straight, beside
    /// the lock and through the link in turn, in both directions: none overtakes another of its thread, and streams
    /// are what was written.
    @Test
    void packets_keep_their_order_and_their_octets_while_rules_come_and_go() {
        Seeds.run(1, ConversationsTest::mixed);
    }

    private static void mixed(SplittableRandom seeds) throws Exception {
        try (Network network = Network.create("mixed");
                ExecutorService threads = Executors.newCachedThreadPool()) {
            Host one = network.host("one", IpAddress.Prefix.parse("10.0.0.1/24"));
            Host other = network.host("other", IpAddress.Prefix.parse("10.0.0.2/24"));
            AtomicBoolean done = new AtomicBoolean();
            List<Future<?>> senders = new ArrayList<>();
            List<Future<Integer>> datagrams = new ArrayList<>();
            List<Future<?>> streams = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                Host near = i == 0 ? one : other;
                Host far = i == 0 ? other : one;
                UdpSocket receiver = far.openUdpSocket();
                Endpoint to = bound(receiver, i == 0 ? "10.0.0.2" : "10.0.0.1");
                UdpSocket sender = near.openUdpSocket();
                senders.add(threads.submit(() -> {
                    byte[] bytes = new byte[300];
                    for (int number = 1; !done.get(); number++) {
                        ByteBuffer.wrap(bytes).putInt(number);
                        sender.send(bytes, 0, number % 3 == 0 ? 300 : 8, to);
                    }
                    return null;
                }));
                datagrams.add(threads.submit(() -> inOrder(receiver, done)));
                SplittableRandom random = seeds.split();
                TcpAcceptor acceptor = far.openTcpAcceptor();
                acceptor.bind(new Endpoint(to.address(), 80));
                acceptor.listen(1);
                TcpSocket client = near.openTcpSocket();
                client.connect(new Endpoint(to.address(), 80), LIMIT);
                TcpSocket server = acceptor.accept(LIMIT);
                streams.add(threads.submit(() -> {
                    for (int turn = 0; turn < TURNS; turn++) {
                        carry(client, server, random);
                        carry(server, client, random);
                    }
                    return null;
                }));
            }
            List<Traffic> meant = List.of(
                    network.between("one", "other"),
                    network.traffic().udp(),
                    network.fromTo("other", "one").tcp());
            for (int i = 0; !streams.stream().allMatch(Future::isDone); i++) {
                try (Fault _ = meant.get(i % meant.size()).rule(_ -> Verdict.PASS)) {
                    Thread.yield();
                }
                Thread.yield();
            }
            done.set(true);
            streams.addAll(senders);
            for (Future<?> stream : streams) {
                stream.get(60, TimeUnit.SECONDS);
            }
            for (Future<Integer> received : datagrams) {
                assertThat(received.get(60, TimeUnit.SECONDS)).isPositive();
            }
        }
    }

    /// @return the number of the last datagram
    private static int inOrder(UdpSocket receiver, AtomicBoolean done) throws IOException {
        byte[] bytes = new byte[300];
        int last = 0;
        while (!done.get()) {
            try {
                receiver.receive(bytes, 0, bytes.length, TimeUnit.MILLISECONDS.toNanos(100));
            } catch (SocketTimeoutException e) {
                continue; // and perhaps it is done
            }
            int number = ByteBuffer.wrap(bytes).getInt();
            assertThat(number).isGreaterThan(last);
            last = number;
        }
        return last;
    }

    private static Endpoint bound(UdpSocket socket, String address) throws IOException {
        socket.bind(new Endpoint(IpAddress.parse(address), 0));
        Endpoint local = socket.local();
        assertThat(local).isNotNull();
        return local;
    }

    @Test
    void a_link_that_lets_packets_go_straight_is_not_asked_to_transmit_them() throws Exception {
        try (Network network = Network.create("straight")) {
            AskedLink link = new AskedLink(network.link(IpAddress.Prefix.parse("10.0.0.1/24")));
            try (Host client = Host.builder("client")
                    .link(link)
                    .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                    .start()) {
                Host server = network.host("server", IpAddress.Prefix.parse("10.0.0.2/24"));
                TcpAcceptor acceptor = server.openTcpAcceptor();
                Endpoint local = new Endpoint(IpAddress.parse("10.0.0.2"), 80);
                acceptor.bind(local);
                acceptor.listen(1);
                TcpSocket socket = client.openTcpSocket();
                socket.connect(local, LIMIT);
                TcpSocket accepted = acceptor.accept(LIMIT);
                assertThat(link.straight.get()).isPositive();
                assertThat(link.transmitted.get()).isZero();
                link.refuses = true;
                socket.abort();
                assertThat(link.transmitted.get()).isEqualTo(1);
                assertThat(accepted.readiness()).isNotZero();
                assertThatThrownBy(() -> accepted.read(new byte[1], 0, 1, LIMIT))
                        .isInstanceOf(SocketException.class)
                        .hasMessage("Connection reset");
            }
        }
    }

    @Test
    void a_rule_is_asked_once_about_each_packet_that_it_is_for_and_the_others_go_straight() throws Exception {
        try (Network network = Network.create("asked")) {
            AskedLink link = new AskedLink(network.link(IpAddress.Prefix.parse("10.0.0.1/24")));
            try (Host client = Host.builder("client")
                    .link(link)
                    .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                    .start()) {
                network.register(client);
                Host server = network.host("server", IpAddress.Prefix.parse("10.0.0.2/24"));
                IpAddress address = server.addresses().getFirst();
                List<TcpAcceptor> acceptors = new ArrayList<>();
                for (int port = 80; port <= 81; port++) {
                    TcpAcceptor acceptor = server.openTcpAcceptor();
                    acceptor.bind(new Endpoint(address, port));
                    acceptor.listen(10);
                    acceptors.add(acceptor);
                }
                AtomicInteger asked = new AtomicInteger();
                AtomicInteger synchronizing = new AtomicInteger();
                Fault rule = network.fromTo("client", "server").tcp().port(81).rule(packet -> {
                    asked.incrementAndGet();
                    boolean third = packet.tcpFlags() == TcpHeader.SYN && synchronizing.incrementAndGet() == 3;
                    return third ? Verdict.RESET : Verdict.PASS;
                });
                for (int i = 1; i <= 5; i++) {
                    int straight = link.straight.get();
                    int transmitted = link.transmitted.get();
                    converse(client, acceptors.get(0));
                    assertThat(link.transmitted.get()).isEqualTo(transmitted);
                    assertThat(link.straight.get()).isGreaterThan(straight);
                    if (i == 3) {
                        assertThatThrownBy(() -> converse(client, acceptors.get(1)))
                                .isInstanceOf(ConnectException.class);
                    } else {
                        converse(client, acceptors.get(1));
                    }
                    assertThat(asked.get()).isEqualTo(link.transmitted.get());
                }
                assertThat(asked.get()).isGreaterThanOrEqualTo(4 * 3 + 1);
                assertThat(rule.packets()).isEqualTo(1);
                rule.close();
                int transmitted = link.transmitted.get();
                converse(client, acceptors.get(1));
                assertThat(link.transmitted.get()).isEqualTo(transmitted);
            }
        }
    }

    private static void converse(Host client, TcpAcceptor acceptor) throws IOException {
        try (TcpSocket socket = client.openTcpSocket()) {
            socket.connect(Objects.requireNonNull(acceptor.local()), LIMIT);
            try (TcpSocket accepted = acceptor.accept(LIMIT)) {
                carry(socket, accepted, new SplittableRandom(1));
            }
        }
    }

    /// Which datagrams get lost is a matter of the seed and of what the rule is for, not of what goes past it.
    @Test
    void a_rule_draws_the_same_numbers_whatever_goes_past_it() {
        Seeds.run(3, random -> {
            long seed = random.nextLong();
            List<Integer> alone = survivors(seed, new SplittableRandom(seed), 0);
            assertThat(alone.size()).isBetween(DRAWS / 4, DRAWS * 3 / 4);
            assertThat(survivors(seed, new SplittableRandom(seed), 3)).isEqualTo(alone);
        });
    }

    /// @param others datagrams to another port between two that the rule is for, at most
    private static List<Integer> survivors(long seed, SplittableRandom random, int others) throws IOException {
        try (Network network = Network.builder("draws").seed(seed).build()) {
            Host one = network.host("one", IpAddress.Prefix.parse("10.0.0.1/24"));
            Host other = network.host("other", IpAddress.Prefix.parse("10.0.0.2/24"));
            UdpSocket meant = other.openUdpSocket();
            meant.bind(new Endpoint(IpAddress.parse("10.0.0.2"), 53));
            UdpSocket unmeant = other.openUdpSocket();
            unmeant.bind(new Endpoint(IpAddress.parse("10.0.0.2"), 54));
            UdpSocket sender = one.openUdpSocket();
            UdpSocket second = one.openUdpSocket();
            Fault loss = network.between("one", "other").udp().port(53).loss(0.5);
            List<Integer> survivors = new ArrayList<>();
            byte[] bytes = new byte[8];
            for (int i = 0; i < DRAWS; i++) {
                for (int j = random.nextInt(others + 1); j > 0; j--) {
                    second.send(bytes, 0, bytes.length, new Endpoint(IpAddress.parse("10.0.0.2"), 54));
                    assertThat(unmeant.receive(bytes, 0, bytes.length, LIMIT)).isEqualTo(bytes.length);
                }
                ByteBuffer.wrap(bytes).putInt(i);
                long lost = loss.packets();
                sender.send(bytes, 0, bytes.length, new Endpoint(IpAddress.parse("10.0.0.2"), 53));
                if (loss.packets() == lost) {
                    assertThat(meant.receive(bytes, 0, bytes.length, LIMIT)).isEqualTo(bytes.length);
                    survivors.add(ByteBuffer.wrap(bytes).getInt());
                }
            }
            assertThat(loss.packets()).isEqualTo(DRAWS - survivors.size());
            assertThat(network.dropped()).isEqualTo(loss.packets());
            return survivors;
        }
    }

    /// Each of the two hosts is called again by others as soon as it has been looked after, for a long time.
    @Test
    void hosts_that_are_called_from_all_sides_do_not_call_each_other_deeper_and_deeper() throws Exception {
        try (Network network = Network.create("calls")) {
            AtomicInteger calls = new AtomicInteger();
            AtomicInteger depth = new AtomicInteger();
            IpAddress.Prefix first = IpAddress.Prefix.parse("10.0.0.1/24");
            IpAddress.Prefix second = IpAddress.Prefix.parse("10.0.0.2/24");
            try (Host one = Host.builder("one")
                            .link(new CallingLink(network.link(first), calls, depth))
                            .address(first)
                            .start();
                    Host other = Host.builder("other")
                            .link(new CallingLink(network.link(second), calls, depth))
                            .address(second)
                            .start()) {
                UdpSocket receiver = other.openUdpSocket();
                Endpoint to = bound(receiver, "10.0.0.2");
                for (int i = 0; calls.get() < CALLS; i++) {
                    assertThat(i).isLessThan(CALLS);
                    try (UdpSocket sender = one.openUdpSocket()) { // which knows no way beside the lock
                        sender.send(new byte[8], 0, 8, to);
                        receiver.receive(new byte[8], 0, 8, LIMIT);
                    }
                }
                assertThat(depth.get()).as("frames on the stack").isBetween(1, 200);
            }
        }
    }

    /// Leaves an echo request behind for the other host whenever it lets a packet go straight there, as another
    /// thread may do at any time.
    private static final class CallingLink extends AskedLink {
        private final BufferPool pool = new BufferPool();
        private final AtomicInteger calls;
        private final AtomicInteger depth;
        private @Nullable Packet asked;

        CallingLink(Link link, AtomicInteger calls, AtomicInteger depth) {
            super(link);
            this.calls = calls;
            this.depth = depth;
        }

        @Override
        public @Nullable LinkReceiver straight(Packet packet) {
            LinkReceiver to = super.straight(packet);
            boolean again = packet == asked; // at first it is asked before the other host has taken in what has come
            asked = again ? null : packet;
            if (to != null && again && calls.incrementAndGet() <= CALLS) {
                depth.accumulateAndGet((int) (long) StackWalker.getInstance().walk(Stream::count), Math::max);
                to.receivedMore(echoRequest(packet));
            }
            return to;
        }

        /// Between the ends of `packet`.
        private Packet echoRequest(Packet packet) {
            int length = Ipv4Header.MIN_LENGTH + 8;
            Packet request = pool.takePacket(length);
            Ipv4Header.write(
                    request.bytes,
                    0,
                    0,
                    length,
                    0,
                    Ipv4Header.DONT_FRAGMENT,
                    64,
                    IpProtocol.ICMP,
                    (int) packet.sourceLo,
                    (int) packet.destinationLo);
            int at = Ipv4Header.MIN_LENGTH;
            Bytes.put64(request.bytes, at, 8L << 56);
            Bytes.put16(request.bytes, at + 2, InternetChecksum.finish(8 << 8));
            request.end = length;
            return request;
        }
    }

    /// Counts what it lets go straight, and what it is given to transmit.
    private static class AskedLink implements Link {
        private final Link link;
        final AtomicInteger straight = new AtomicInteger();
        final AtomicInteger transmitted = new AtomicInteger();
        volatile boolean refuses;

        AskedLink(Link link) {
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
        public @Nullable LinkReceiver straight(Packet packet) {
            LinkReceiver to = refuses ? null : link.straight(packet);
            straight.addAndGet(to == null ? 0 : 1);
            return to;
        }

        @Override
        public void transmit(Packet packet) {
            transmitted.incrementAndGet();
            link.transmit(packet);
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
}
