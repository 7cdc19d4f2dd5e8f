package dev.berth.gateway;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.UdpSocket;
import dev.berth.network.Network;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Clients are the kernel's sockets, the server is on a host in memory.
@Timeout(60)
class PublishedUdpPortTest {
    private static final long PATIENCE = 30_000_000_000L;
    private static final long LONG = PublishedUdpPort.DEFAULT_IDLE_NANOS;
    private static final Endpoint TARGET = new Endpoint(IpAddress.parse("10.0.0.1"), 53);

    private final Network network = Network.create("test");
    private Host gateway;
    private UdpSocket server;

    @BeforeEach
    void start() throws IOException {
        gateway = network.host("gateway", IpAddress.Prefix.parse("10.0.0.254/24"));
        server = network.host("server", new IpAddress.Prefix(TARGET.address(), 24))
                .openUdpSocket();
        server.bind(TARGET);
    }

    @AfterEach
    void stop() {
        network.close();
        await(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("berth-gateway-loop")));
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("a deadline").isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private PublishedUdpPort publish(int limit, long idle, OutsideRule... rules) throws IOException {
        return publish("127.0.0.1", limit, idle, rules);
    }

    private PublishedUdpPort publish(String address, int limit, long idle, OutsideRule... rules) throws IOException {
        return PublishedUdpPort.open(
                new InetSocketAddress(address, 0), gateway, TARGET, limit, idle, OutsidePolicy.of(List.of(rules)));
    }

    private static DatagramSocket client(String address) throws IOException {
        DatagramSocket socket = new DatagramSocket(0, InetAddress.getByName(address));
        socket.setSoTimeout(30_000);
        return socket;
    }

    private static void send(DatagramSocket client, byte[] data, String to, PublishedUdpPort port) throws IOException {
        client.send(new DatagramPacket(
                data, data.length, InetAddress.getByName(to), port.address().getPort()));
    }

    private static DatagramPacket receive(DatagramSocket client) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[65_535], 65_535);
        client.receive(packet);
        return packet;
    }

    /// What the server gets, and sends back.
    private Endpoint echo() throws IOException {
        byte[] bytes = new byte[65_535];
        int length = server.receive(bytes, 0, bytes.length, PATIENCE);
        Endpoint from = server.lastSender();
        server.send(bytes, 0, length, from);
        return from;
    }

    @Test
    void clients_are_told_apart_and_have_their_answers() throws Exception {
        try (PublishedUdpPort port = publish(10, LONG);
                DatagramSocket one = client("127.0.0.1");
                DatagramSocket two = client("127.0.0.2")) {
            send(one, "one".getBytes(US_ASCII), "127.0.0.1", port);
            Endpoint first = echo();
            send(two, "two".getBytes(US_ASCII), "127.0.0.1", port);
            Endpoint second = echo();
            send(one, "one".getBytes(US_ASCII), "127.0.0.1", port);
            assertThat(echo()).isEqualTo(first).isNotEqualTo(second);
            assertThat(first.address()).hasToString("10.0.0.254");
            for (DatagramSocket each : List.of(one, two, one)) {
                DatagramPacket answer = receive(each);
                assertThat(new String(answer.getData(), 0, answer.getLength(), US_ASCII))
                        .isEqualTo(each == one ? "one" : "two");
                assertThat(answer.getSocketAddress()).isEqualTo(port.address());
            }
            assertThat(port.connections()).isEqualTo(2);
            assertThat(port.accepted()).isEqualTo(2);
            await(() -> port.datagramsOut() == 3);
            assertThat(port.datagramsIn()).isEqualTo(3);
            assertThat(port.dropped()).isZero();
        }
    }

    @Test
    void datagrams_of_every_size_come_back_whole() throws Exception {
        Random random = new Random(1);
        try (PublishedUdpPort port = publish(10, LONG);
                DatagramSocket client = client("127.0.0.1")) {
            for (int size : new int[] {0, 1, 1_472, 1_473, 9_000, 2_047, 65_507}) {
                byte[] data = new byte[size];
                random.nextBytes(data);
                send(client, data, "127.0.0.1", port);
                echo();
                DatagramPacket answer = receive(client);
                assertThat(java.util.Arrays.copyOf(answer.getData(), answer.getLength()))
                        .isEqualTo(data);
            }
        }
    }

    /// 127.0.0.0/8 is all this machine's: without more, the kernel would answer from 127.0.0.1.
    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 127.0.0.1, 127.0.0.77",
        "0.0.0.0, 127.0.0.5, 127.0.0.1",
        "::, ::1, ::1",
        "::, 127.0.0.1, 127.0.0.9"
    })
    void the_answer_leaves_from_the_address_that_was_asked(String published, String from, String asked)
            throws Exception {
        try (PublishedUdpPort port = publish(published, 10, LONG);
                DatagramSocket client = client(from)) {
            for (int i = 0; i < 2; i++) {
                send(client, new byte[] {1, 2, 3}, asked, port);
                echo();
                DatagramPacket answer = receive(client);
                assertThat(answer.getAddress()).isEqualTo(InetAddress.getByName(asked));
                assertThat(answer.getPort()).isEqualTo(port.address().getPort());
                assertThat(answer.getLength()).isEqualTo(3);
            }
            assertThat(port.connections()).isEqualTo(1);
        }
    }

    @Test
    void nobody_but_the_target_answers() throws Exception {
        Host other = network.host("other", IpAddress.Prefix.parse("10.0.0.9/24"));
        try (PublishedUdpPort port = publish(10, LONG);
                DatagramSocket client = client("127.0.0.1");
                UdpSocket stranger = other.openUdpSocket()) {
            send(client, new byte[1], "127.0.0.1", port);
            byte[] bytes = new byte[10];
            server.receive(bytes, 0, 10, PATIENCE);
            stranger.bind(new Endpoint(IpAddress.parse("10.0.0.9"), 53));
            stranger.send(new byte[] {66}, 0, 1, server.lastSender());
            server.send(new byte[] {7}, 0, 1, server.lastSender());
            assertThat(receive(client).getData()[0]).isEqualTo((byte) 7);
            assertThat(port.datagramsOut()).isLessThanOrEqualTo(1);
        }
    }

    @Test
    void a_client_that_is_silent_is_forgotten() throws Exception {
        try (PublishedUdpPort port = publish(10, 1);
                DatagramSocket client = client("127.0.0.1")) {
            send(client, new byte[1], "127.0.0.1", port);
            echo();
            await(() -> port.connections() == 0);
            assertThat(port.accepted()).isEqualTo(1);
            await(() -> gateway.snapshot().flows().isEmpty());
        }
    }

    @Test
    void whoever_floods_with_ports_of_its_own_keeps_nobody_else_out() throws Exception {
        List<DatagramSocket> flood = new ArrayList<>();
        try (PublishedUdpPort port = publish(4, LONG);
                DatagramSocket modest = client("127.0.0.2")) {
            send(modest, new byte[] {9}, "127.0.0.1", port);
            echo();
            for (int i = 0; i < 20; i++) {
                DatagramSocket each = client("127.0.0.1");
                flood.add(each);
                send(each, new byte[] {1}, "127.0.0.1", port);
                Endpoint from = echo();
                assertThat(from.port()).isPositive();
            }
            assertThat(port.connections()).isEqualTo(4);
            assertThat(port.overLimit()).isEqualTo(17);
            receive(modest);
            send(modest, new byte[] {9}, "127.0.0.1", port);
            echo();
            assertThat(receive(modest).getData()[0]).isEqualTo((byte) 9);
            assertThat(port.accepted()).as("it was never forgotten").isEqualTo(21);
        } finally {
            flood.forEach(DatagramSocket::close);
        }
    }

    @Test
    void a_target_where_nobody_listens_harms_nobody() throws Exception {
        server.close();
        try (PublishedUdpPort port = publish(10, LONG);
                DatagramSocket client = client("127.0.0.1")) {
            for (int i = 0; i < 10; i++) {
                send(client, new byte[1], "127.0.0.1", port);
            }
            await(() -> port.datagramsIn() + port.dropped() >= 10);
            assertThat(port.connections()).isEqualTo(1);
            assertThat(port.datagramsOut()).isZero();
        }
    }

    @Test
    void rules_for_what_comes_in_are_obeyed() throws Exception {
        try (PublishedUdpPort port = publish(10, LONG, OutsideRule.deny("in:127.0.0.2"));
                DatagramSocket denied = client("127.0.0.2");
                DatagramSocket allowed = client("127.0.0.1")) {
            send(denied, new byte[1], "127.0.0.1", port);
            send(allowed, new byte[1], "127.0.0.1", port);
            echo();
            receive(allowed);
            assertThat(port.denied()).isEqualTo(1);
            assertThat(port.connections()).isEqualTo(1);
        }
    }

    @Test
    void who_has_the_port_is_named_and_it_is_free_afterwards() throws Exception {
        InetSocketAddress taken;
        try (PublishedUdpPort port = publish(10, LONG)) {
            taken = port.address();
            assertThatThrownBy(() -> PublishedUdpPort.open(taken, gateway, TARGET))
                    .isInstanceOf(BindException.class)
                    .hasMessageStartingWith("UDP port " + taken.getPort() + " of 127.0.0.1 is in use by process "
                            + ProcessHandle.current().pid() + " (");
        }
        PublishedUdpPort.open(taken, gateway, TARGET).close();
    }
}
