package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.HostSocket;
import dev.berth.host.UdpSocket;
import dev.berth.stack.endpoint.ByteSource;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Datagrams are sent and taken without the lock of a host where it can be done. Whatever goes on meanwhile, each of
/// them arrives or is counted as dropped, and those of one thread keep their order.
@Timeout(120)
class DatagramRacesTest {
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(30);
    private static final int COUNT = 30_000;
    private static final int SENDERS = 3;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Network network = Network.create("datagrams");
    private Host client;
    private Host server;
    private Endpoint at;

    @BeforeEach
    void start() throws IOException {
        client = network.host("client");
        server = network.host("server");
        at = new Endpoint(network.addresses("server").getFirst(), 53);
    }

    @AfterEach
    void stop() {
        threads.shutdownNow();
        network.close();
    }

    private UdpSocket receiver() throws IOException {
        UdpSocket socket = server.openUdpSocket();
        socket.bind(new Endpoint(IpAddress.ANY_IPV6, at.port()));
        return socket;
    }

    private List<Future<Long>> start(int count, Callable<Long> work) {
        List<Future<Long>> started = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            started.add(threads.submit(work));
        }
        return started;
    }

    private static long sum(List<Future<Long>> results) throws Exception {
        long sum = 0;
        for (Future<Long> result : results) {
            sum += result.get(60, TimeUnit.SECONDS);
        }
        return sum;
    }

    /// Takes datagrams until one of a single octet has come.
    private static long takeUntilTold(UdpSocket socket) throws IOException {
        byte[] octets = new byte[64];
        for (long taken = 1; ; taken++) {
            if (socket.receive(octets, 0, 64, LIMIT) == 1) {
                return taken;
            }
        }
    }

    /// Tells those who take datagrams that these were all.
    ///
    /// @return how many datagrams that took
    private long tell(List<Future<Long>> taking, UdpSocket from) throws Exception {
        long sent = 0;
        for (Future<Long> one : taking) {
            while (!one.isDone()) {
                from.send(new byte[1], 0, 1, at); // which finds the queue full now and then
                sent++;
                Thread.yield();
            }
        }
        return sent;
    }

    private static long takeRest(UdpSocket socket) throws IOException {
        long taken = 0;
        while (socket.tryReceive((_, _, _) -> {}, 64) != HostSocket.UNAVAILABLE) {
            taken++;
        }
        return taken;
    }

    private static long drops(Host host, DropReason reason) {
        return Objects.requireNonNull(host.counters().drops().get(reason));
    }

    private long delivered() {
        return server.counters().datagramsReceived();
    }

    private void assertAllAreCounted(long sent) {
        assertThat(client.counters().datagramsSent()).isEqualTo(sent);
        long refused = drops(client, DropReason.EGRESS_FULL);
        assertThat(client.counters().interfaces().get(1).packetsOut() + refused).isEqualTo(sent);
        long dropped = refused
                + network.dropped()
                + drops(server, DropReason.INBOX_FULL)
                + drops(server, DropReason.RECEIVE_BUFFER_FULL)
                + drops(server, DropReason.NO_PORT_OWNER);
        assertThat(delivered() + dropped).as("delivered and dropped").isEqualTo(sent);
    }

    /// Meanwhile another thread has left a datagram to the one that has the link.
    @Test
    void a_source_that_fails_keeps_no_datagram_of_others_back() throws Exception {
        UdpSocket receiver = receiver();
        byte[] octets = new byte[64];
        UdpSocket other = client.openUdpSocket();
        UdpSocket socket = client.openUdpSocket();
        for (int i = 0; i < 20; i++) { // and its way is known
            socket.send(octets, 0, 64, at);
            assertThat(receiver.receive(octets, 0, 64, LIMIT)).isEqualTo(64);
        }
        ByteSource failing = (_, _, _) -> {
            try {
                start(1, () -> {
                            other.send(new byte[7], 0, 7, at);
                            return 1L;
                        })
                        .getFirst()
                        .get(10, TimeUnit.SECONDS);
            } catch (Exception e) {
                throw new AssertionError("The other thread could not send", e);
            }
            throw new IllegalStateException("closed");
        };
        assertThatThrownBy(() -> socket.trySend(failing, 64, at)).isInstanceOf(IllegalStateException.class);
        assertThat(receiver.receive(octets, 0, 64, LIMIT)).isEqualTo(7);
        assertAllAreCounted(21);
    }

    private long send(UdpSocket socket, int sender) throws IOException {
        byte[] octets = new byte[64];
        for (int i = 1; i <= COUNT; i++) {
            octets[0] = (byte) sender;
            octets[1] = (byte) (i >>> 16);
            octets[2] = (byte) (i >>> 8);
            octets[3] = (byte) i;
            socket.send(octets, 0, 64, at);
        }
        return COUNT;
    }

    /// As [#takeUntilTold], and those of each sender have to come in order.
    private static long takeInOrder(UdpSocket socket) throws IOException {
        byte[] octets = new byte[64];
        int[] last = new int[SENDERS];
        for (long taken = 1; ; taken++) {
            if (socket.receive(octets, 0, 64, LIMIT) == 1) {
                return taken;
            }
            int number = (octets[1] & 0xff) << 16 | (octets[2] & 0xff) << 8 | octets[3] & 0xff;
            assertThat(number).as("the next of sender %s", octets[0]).isGreaterThan(last[octets[0]]);
            last[octets[0]] = number;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void datagrams_of_a_thread_keep_their_order(boolean together) throws Exception {
        UdpSocket receiver = receiver();
        UdpSocket common = client.openUdpSocket();
        List<Future<Long>> taking = start(1, () -> takeInOrder(receiver));
        AtomicInteger ids = new AtomicInteger();
        long sent = sum(start(SENDERS, () -> {
            int id = ids.getAndIncrement();
            return send(together ? common : client.openUdpSocket(), id);
        }));
        sent += tell(taking, common);
        assertThat(sum(taking) + takeRest(receiver)).isEqualTo(delivered());
        assertAllAreCounted(sent);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void several_threads_take_each_datagram_once(boolean virtual) throws Exception {
        ExecutorService takers = virtual ? Executors.newVirtualThreadPerTaskExecutor() : threads;
        UdpSocket receiver = receiver();
        UdpSocket sender = client.openUdpSocket();
        List<Future<Long>> taking = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            taking.add(takers.submit(() -> takeUntilTold(receiver)));
        }
        long sent = sum(start(2, () -> send(sender, 0)));
        sent += tell(taking, sender);
        assertThat(sum(taking) + takeRest(receiver)).isEqualTo(delivered());
        assertAllAreCounted(sent);
        takers.shutdownNow();
    }

    @Test
    void a_receiver_that_is_closed_and_opened_again_loses_nothing_uncounted() throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        List<Future<Long>> opening = start(1, () -> {
            long opened = 0;
            for (; !over.get(); opened++) {
                UdpSocket receiver = receiver();
                List<Future<Long>> taking = start(1, () -> {
                    try {
                        return takeUntilTold(receiver);
                    } catch (SocketException e) {
                        assertThat(e).hasMessage("Socket closed");
                        return 0L;
                    }
                });
                for (int i = 0; i < opened % 50 * 100; i++) {
                    Thread.onSpinWait();
                }
                receiver.close();
                sum(taking);
            }
            return opened;
        });
        long sent = sum(start(2, () -> send(client.openUdpSocket(), 0)));
        over.set(true);
        assertThat(sum(opening)).isPositive();
        assertAllAreCounted(sent);
    }

    @Test
    void a_sender_that_is_closed_meanwhile_has_sent_what_is_counted() throws Exception {
        UdpSocket receiver = receiver();
        List<Future<Long>> taking = start(1, () -> takeUntilTold(receiver));
        long sent = 0;
        for (int round = 0; round < 100; round++) {
            UdpSocket socket = client.openUdpSocket();
            List<Future<Long>> sending = start(2, () -> {
                for (long i = 0; ; i++) {
                    try {
                        socket.send(new byte[64], 0, 64, at);
                    } catch (SocketException e) {
                        assertThat(e).hasMessage("Socket closed");
                        return i;
                    }
                }
            });
            for (int i = 0; i < round * 100; i++) {
                Thread.onSpinWait();
            }
            socket.close();
            sent += sum(sending);
        }
        sent += tell(taking, client.openUdpSocket());
        assertThat(sum(taking) + takeRest(receiver)).isEqualTo(delivered());
        assertAllAreCounted(sent);
    }

    @Test
    void rules_that_come_and_go_catch_what_is_sent_while_they_are_there() throws Exception {
        UdpSocket receiver = receiver();
        UdpSocket sender = client.openUdpSocket();
        List<Future<Long>> taking = start(1, () -> takeUntilTold(receiver));
        AtomicBoolean over = new AtomicBoolean();
        List<Future<Long>> ruling = start(1, () -> {
            long caught = 0;
            while (!over.get()) {
                try (Fault rule = network.between("client", "server").rule(_ -> Verdict.DROP)) {
                    Thread.yield();
                    caught += rule.packets();
                }
            }
            return caught;
        });
        long sent = sum(start(2, () -> send(sender, 0)));
        over.set(true);
        sum(ruling);
        try (Fault _ = network.between("client", "server").rule(_ -> Verdict.DROP)) {
            long before = network.dropped();
            for (int i = 0; i < 100; i++) {
                sender.send(new byte[64], 0, 64, at);
            }
            assertThat(network.dropped()).isEqualTo(before + 100);
        }
        sent += 100 + tell(taking, sender);
        assertThat(sum(taking) + takeRest(receiver)).isEqualTo(delivered());
        assertAllAreCounted(sent);
    }

    @Test
    void a_connected_sender_learns_that_its_receiver_is_gone() throws Exception {
        UdpSocket receiver = receiver();
        UdpSocket sender = client.openUdpSocket();
        sender.connect(at);
        for (int i = 0; i < 20; i++) {
            sender.send(new byte[64], 0, 64, null);
        }
        assertThat(takeRest(receiver)).isEqualTo(20);
        receiver.close();
        sender.send(new byte[64], 0, 64, null);
        assertThatThrownBy(() -> sender.send(new byte[64], 0, 64, null)).isInstanceOf(PortUnreachableException.class);
        sender.send(new byte[64], 0, 64, null);
        assertThatThrownBy(() -> sender.tryReceive((_, _, _) -> {}, 64)).isInstanceOf(PortUnreachableException.class);
    }

    @Test
    void options_and_ends_that_change_hold_for_the_next_datagram() throws Exception {
        Endpoint other = new Endpoint(at.address(), 54);
        UdpSocket receiver = receiver();
        UdpSocket second = server.openUdpSocket();
        second.bind(new Endpoint(IpAddress.ANY_IPV6, other.port()));
        UdpSocket sender = client.openUdpSocket();
        for (int i = 0; i < 20; i++) {
            sender.send(new byte[64], 0, 64, at);
        }
        sender.connect(other);
        sender.send(new byte[64], 0, 64, null);
        sender.disconnect();
        sender.send(new byte[64], 0, 64, at);
        byte[] large = new byte[100_000];
        assertThatThrownBy(() -> sender.send(large, 0, 70_000, at)).hasMessage("Message too long");
        sender.send(large, 0, 60_000, at);
        assertThat(takeRest(receiver)).isEqualTo(22);
        assertThat(takeRest(second)).isEqualTo(1);
        sender.close();
        assertThatThrownBy(() -> sender.send(large, 0, 64, at)).hasMessage("Socket closed");
    }

    private void sendTwenty(UdpSocket sender) throws IOException {
        for (int i = 0; i < 20; i++) {
            sender.send(new byte[64], 0, 64, at);
        }
    }

    @Test
    void datagrams_of_two_senders_in_turns_are_told_apart() throws Exception {
        UdpSocket receiver = receiver();
        UdpSocket second = server.openUdpSocket();
        second.bind(new Endpoint(IpAddress.ANY_IPV6, 54));
        Endpoint other = new Endpoint(at.address(), 54);
        List<UdpSocket> senders = List.of(client.openUdpSocket(), client.openUdpSocket(), client.openUdpSocket());
        byte[] octets = new byte[70];
        for (int i = 0; i < 600; i++) {
            UdpSocket sender = senders.get(i * 7 % 3);
            boolean elsewhere = sender == senders.get(2);
            UdpSocket to = elsewhere ? second : receiver;
            octets[0] = (byte) i;
            sender.send(octets, 0, 1 + i % 70, elsewhere ? other : at);
            octets[0] = 0;
            assertThat(to.receive(octets, 0, 70, LIMIT)).isEqualTo(1 + i % 70);
            assertThat(octets[0]).isEqualTo((byte) i);
            assertThat(to.lastSender())
                    .isEqualTo(new Endpoint(
                            network.addresses("client").getFirst(),
                            Objects.requireNonNull(sender.local()).port()));
        }
        assertAllAreCounted(600);
    }

    @Test
    void datagrams_go_to_the_socket_that_has_the_port_now() throws Exception {
        UdpSocket first = receiver();
        UdpSocket sender = client.openUdpSocket();
        sendTwenty(sender);
        assertThat(takeRest(first)).isEqualTo(20);
        first.close();
        UdpSocket second = receiver();
        sendTwenty(sender);
        assertThat(takeRest(second)).isEqualTo(20);
        assertAllAreCounted(40);
    }

    @Test
    void datagrams_go_to_the_host_that_has_the_address_now() throws Exception {
        IpAddress.Prefix address = IpAddress.Prefix.parse("10.0.9.9/8");
        Endpoint there = new Endpoint(address.address(), 53);
        UdpSocket sender = client.openUdpSocket();
        for (String name : List.of("first", "second", "third")) {
            try (Host host = network.host(name, address);
                    UdpSocket receiver = host.openUdpSocket()) {
                receiver.bind(new Endpoint(IpAddress.ANY_IPV6, 53));
                for (int i = 0; i < 20; i++) {
                    sender.send(new byte[64], 0, 64, there);
                }
                assertThat(takeRest(receiver)).as(name).isEqualTo(20);
            }
            sender.send(new byte[64], 0, 64, there);
        }
        assertThat(network.undeliverable()).isEqualTo(3);
    }
}
