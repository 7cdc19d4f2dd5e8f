package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Members of a network that are no hosts of it. Here they are hosts of another network, behind its gateway link.
@Timeout(60)
class GuestTest {
    private static final long TEN_SECONDS = TimeUnit.SECONDS.toNanos(10);
    private static final IpAddress.Prefix V4 = IpAddress.Prefix.parse("10.0.0.7/24");
    private static final IpAddress.Prefix V6 = IpAddress.Prefix.parse("fd00::7/64");

    private Network network;
    private Network far;
    private Host server;
    private Host stranger;

    @BeforeEach
    void start() throws Exception {
        network =
                Network.builder("lab").subnet("lab", "10.0.0.0/24", "fd00::/64").build();
        server = network.host("server", IpAddress.Prefix.parse("10.0.0.1/24"), IpAddress.Prefix.parse("fd00::1/64"));
        far = Network.create("far");
        stranger = far.host("stranger", V4, V6);
    }

    @AfterEach
    void stop() {
        network.close();
        far.close();
    }

    private static UdpSocket bound(Host host, String address, int port) throws IOException {
        UdpSocket socket = host.openUdpSocket();
        socket.bind(new Endpoint(IpAddress.parse(address), port));
        return socket;
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.1", "fd00::1"})
    void a_guest_connects_to_a_host_and_is_connected_to(String address) throws Exception {
        try (Guest guest = network.guest("guest", far.gatewayLink(_ -> true), V4, V6);
                TcpAcceptor acceptor = server.openTcpAcceptor();
                TcpSocket asking = stranger.openTcpSocket()) {
            assertThat(network.addresses("guest")).containsExactlyInAnyOrder(V4.address(), V6.address());
            acceptor.bind(new Endpoint(IpAddress.parse(address), 80));
            acceptor.listen(8);
            asking.connect(new Endpoint(IpAddress.parse(address), 80), TEN_SECONDS);
            try (TcpSocket accepted = acceptor.accept(TEN_SECONDS)) {
                assertThat(network.name(accepted.remote().address())).isEqualTo("guest");
                asking.write(new byte[100_000], 0, 100_000);
                asking.shutdownOutput();
                byte[] buffer = new byte[8_192];
                long sum = 0;
                int count;
                while ((count = accepted.read(buffer, 0, buffer.length, TEN_SECONDS)) >= 0) {
                    sum += count;
                }
                assertThat(sum).isEqualTo(100_000);
            }
            assertThat(guest.counters().octetsIn()).isGreaterThan(100_000);
            assertThat(guest.counters().packetsOut()).isPositive();
            assertThat(guest.counters().spoofed()).isZero();
        }
    }

    @Test
    void what_bears_the_address_of_somebody_else_is_dropped_and_counted() throws Exception {
        try (Guest guest = network.guest("guest", far.gatewayLink(_ -> true), V4);
                UdpSocket listening = bound(server, "::", 9);
                UdpSocket asking = bound(stranger, "fd00::7", 5_000)) {
            asking.send(new byte[1], 0, 1, new Endpoint(IpAddress.parse("fd00::1"), 9));
            assertThat(guest.counters().spoofed()).isEqualTo(1);
            assertThat(network.dropped()).isEqualTo(1);
            assertThat(listening.tryReceive((_, _, _) -> {}, 1)).isEqualTo(UdpSocket.UNAVAILABLE);
        }
    }

    @Test
    void guests_without_addresses_get_free_ones_and_reach_each_other() throws Exception {
        Network third = Network.create("third");
        try (Guest one = network.guest("one", far.gatewayLink(_ -> true));
                Guest other = network.guest("other", third.gatewayLink(_ -> true));
                Host first = far.host("first", prefixes(one));
                Host second = third.host("second", prefixes(other));
                UdpSocket listening = bound(second, "::", 9);
                UdpSocket asking = first.openUdpSocket()) {
            asking.send(new byte[3], 0, 3, new Endpoint(other.addresses().getFirst(), 9));
            assertThat(listening.receive(new byte[8], 0, 8, TEN_SECONDS)).isEqualTo(3);
            assertThat(listening.lastSender().address())
                    .isEqualTo(one.addresses().getFirst());
        } finally {
            third.close();
        }
    }

    private static IpAddress.Prefix[] prefixes(Guest guest) {
        return guest.addresses().stream()
                .map(each -> new IpAddress.Prefix(each, each.isIpv4() ? 24 : 64))
                .toArray(IpAddress.Prefix[]::new);
    }

    @Test
    void a_guest_that_is_closed_leaves_name_and_addresses_to_the_next() throws Exception {
        Guest gone = network.guest("guest", far.gatewayLink(_ -> true), V4);
        assertThatThrownBy(() -> network.guest("Guest", far.link(), IpAddress.Prefix.parse("10.0.0.8/24")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> network.guest("other", far.link(), V4)).isInstanceOf(IllegalArgumentException.class);
        gone.close();
        gone.close();
        assertThat(network.addresses("guest")).isEmpty();
        network.guest("guest", far.gatewayLink(_ -> true), V4).close();
    }

    @Test
    void a_link_that_is_too_narrow_or_does_not_open_leaves_nothing_behind() throws Exception {
        Network narrow = Network.create("narrow", 1_500);
        assertThatThrownBy(() -> network.guest("guest", narrow.gatewayLink(_ -> true), V4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("MTU of 1500");
        narrow.close();
        Lab broken = new Lab(65_535);
        broken.failure = new IOException("no device");
        assertThatThrownBy(() -> network.guest("guest", broken, V4)).hasMessage("no device");
        assertThat(broken.closed).isTrue();
        assertThat(network.addresses("guest")).isEmpty();
        network.guest("guest", new Lab(65_535), V4).close();
    }

    @Test
    void a_link_that_fails_is_told_and_what_is_for_it_is_counted() throws Exception {
        Lab link = new Lab(65_535);
        try (Guest guest = network.guest("guest", link, V4);
                UdpSocket asking = server.openUdpSocket()) {
            CompletableFuture<String> told = new CompletableFuture<>();
            link.receiver().down("unplugged");
            guest.whenDown(told::complete);
            assertThat(told.get(10, TimeUnit.SECONDS)).isEqualTo("unplugged");
            asking.send(new byte[1], 0, 1, new Endpoint(V4.address(), 9));
            assertThat(guest.counters().overflow()).isEqualTo(1);
            assertThat(link.sent).isEmpty();
        }
    }

    @Test
    void what_the_link_has_no_room_for_waits_and_then_goes_or_is_dropped() throws Exception {
        Lab link = new Lab(65_535);
        link.ready = false;
        try (Guest guest = network.guest("guest", link, V4);
                UdpSocket asking = server.openUdpSocket()) {
            for (int i = 0; i < 5_000; i++) {
                asking.send(new byte[1], 0, 1, new Endpoint(V4.address(), 9));
            }
            assertThat(link.sent).isEmpty();
            assertThat(guest.counters().overflow()).isPositive();
            link.ready = true;
            link.receiver().ready();
            assertThat(link.sent.size() + guest.counters().overflow()).isEqualTo(5_000);
        }
    }

    @Test
    void packets_that_make_no_sense_are_dropped_and_counted() throws Exception {
        Lab link = new Lab(65_535);
        try (Guest guest = network.guest("guest", link, V4, V6)) {
            for (int version : new int[] {0x00, 0x45, 0x4f, 0x60, 0xf0}) {
                for (int size : new int[] {1, 19, 20, 39, 40}) {
                    Packet packet = link.receiver().pool().takePacket(size);
                    packet.end = packet.start + size;
                    packet.bytes[packet.start] = (byte) version;
                    packet.bytes[Math.min(packet.end - 1, packet.start + 5)] = 0x7f; // longer than it is
                    link.receiver().received(packet);
                }
            }
            assertThat(guest.counters().malformed()).isEqualTo(25);
            assertThat(guest.counters().packetsIn()).isZero();
            assertThat(link.receiver().pool().outstanding()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.1", "fd00::1"})
    void segments_stay_together_or_are_cut_as_the_link_has_it(String address) throws Exception {
        for (int whole : new int[] {0, 65_535}) {
            try (Network wide = Network.builder("wide")
                            .mtu(1_500)
                            .segments()
                            .subnet("wide", "10.0.0.0/24", "fd00::/64")
                            .host("server", plan -> plan.address("10.0.0.1", "fd00::1"))
                            .build();
                    Network beyond = Network.create("beyond");
                    Lab link = new Lab(1_500, whole, beyond.gatewayLink(_ -> true));
                    Guest guest = wide.guest("guest", link, V4, V6);
                    Host client = beyond.host("client", V4, V6);
                    TcpAcceptor acceptor = wide.find("server").orElseThrow().openTcpAcceptor();
                    TcpSocket asking = client.openTcpSocket()) {
                acceptor.bind(new Endpoint(IpAddress.parse(address), 80));
                acceptor.listen(8);
                asking.connect(new Endpoint(IpAddress.parse(address), 80), TEN_SECONDS);
                byte[] data = new byte[300_000];
                new SplittableRandom(7).nextBytes(data);
                try (TcpSocket accepted = acceptor.accept(TEN_SECONDS)) {
                    CompletableFuture<byte[]> read = CompletableFuture.supplyAsync(() -> readAll(asking));
                    accepted.write(data, 0, data.length);
                    accepted.shutdownOutput();
                    assertThat(read.get(20, TimeUnit.SECONDS)).isEqualTo(data);
                }
                // On a busy machine a segment may be sent twice.
                assertThat(client.snapshot().drops().keySet()).isSubsetOf(DropReason.NOT_ACCEPTABLE);
                int largest = Collections.max(link.sent);
                if (whole == 0) {
                    assertThat(largest).isLessThanOrEqualTo(1_500);
                } else {
                    assertThat(largest).isGreaterThan(1_500);
                }
                assertThat(guest.counters().overflow()).isZero();
            }
        }
    }

    private static byte[] readAll(TcpSocket socket) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[8_192];
        try {
            int count;
            while ((count = socket.read(buffer, 0, buffer.length, TEN_SECONDS)) >= 0) {
                all.write(buffer, 0, count);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all.toByteArray();
    }

    @Test
    void no_guest_lives_in_virtual_time() throws Exception {
        try (Network virtual = Network.builder("lab").virtualTime(1).build()) {
            assertThatThrownBy(() -> virtual.guest("guest", new Lab(65_535), V4))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    /// A link that the test is the other side of.
    private static final class Lab implements Link {
        final List<Integer> sent = new ArrayList<>();
        private final LinkInfo info;
        private final @Nullable Link beyond;
        private @Nullable LinkReceiver receiver;

        @Nullable
        IOException failure;

        boolean ready = true;
        boolean closed;

        Lab(int mtu) {
            this(mtu, 65_535, null);
        }

        /// A link that goes on over another one.
        Lab(int mtu, int maxSegmented, @Nullable Link beyond) {
            info = new LinkInfo("lab", mtu, true, maxSegmented);
            this.beyond = beyond;
        }

        LinkReceiver receiver() {
            assertThat(receiver).isNotNull();
            return receiver;
        }

        @Override
        public LinkInfo info() {
            return info;
        }

        @Override
        public void start(LinkReceiver own) throws IOException {
            if (failure != null) {
                throw failure;
            }
            receiver = own;
            if (beyond != null) {
                beyond.start(own);
            }
        }

        @Override
        public boolean isReady() {
            return ready;
        }

        @Override
        public void transmit(Packet packet) {
            sent.add(packet.length());
            if (beyond == null) {
                packet.release();
            } else {
                beyond.transmit(packet);
            }
        }

        @Override
        public void flush() {
            if (beyond != null) {
                beyond.flush();
            }
        }

        @Override
        public void close() {
            closed = true;
            if (beyond != null) {
                beyond.close();
            }
        }
    }

    @Test
    void addresses_can_be_claimed_and_given_up_later() throws Exception {
        try (Guest guest = network.guestWithoutAddress("guest", far.gatewayLink(_ -> true), V4.address());
                UdpSocket inside = bound(server, "10.0.0.1", 5000);
                UdpSocket outside = bound(stranger, "10.0.0.7", 6000)) {
            assertThat(guest.addresses()).isEmpty();
            outside.send(new byte[] {1}, 0, 1, new Endpoint(IpAddress.parse("10.0.0.1"), 5000));
            assertThat(guest.counters().spoofed()).isEqualTo(1);
            assertThat(guest.claim(IpAddress.Prefix.parse("10.0.0.1/24")))
                    .as("that is the server's")
                    .isFalse();
            assertThat(guest.claim(IpAddress.Prefix.parse("10.0.1.7/24")))
                    .as("that is of no subnet")
                    .isFalse();

            assertThat(guest.claim(V4)).isTrue();
            assertThat(guest.claim(V4)).isFalse();
            assertThat(network.addresses("guest")).containsExactly(V4.address());
            assertThat(network.name(V4.address())).isEqualTo("guest");
            assertThat(network.isTaken(V4.address())).isTrue();
            byte[] buffer = new byte[8];
            outside.send(new byte[] {2}, 0, 1, new Endpoint(IpAddress.parse("10.0.0.1"), 5000));
            assertThat(inside.receive(buffer, 0, 8, TEN_SECONDS)).isEqualTo(1);
            assertThat(buffer[0]).isEqualTo((byte) 2);

            guest.giveUp(V4.address());
            assertThat(network.isTaken(V4.address())).isFalse();
            assertThat(network.addresses("guest")).isEmpty();
            outside.send(new byte[] {3}, 0, 1, new Endpoint(IpAddress.parse("10.0.0.1"), 5000));
            assertThat(guest.counters().spoofed()).isEqualTo(2);
        }
    }
}
