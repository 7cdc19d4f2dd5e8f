package dev.berth.names;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The name server of a host that asks itself.
@Timeout(60)
class DnsServerTest {
    private static final long TEN_SECONDS = TimeUnit.SECONDS.toNanos(10);
    private static final Endpoint SERVER = new Endpoint(IpAddress.parse("10.0.0.1"), 53);

    private static final NameTable TABLE = new NameTable() {
        private final NameTable known = NameTable.of(Map.of(
                "web.test", List.of(IpAddress.parse("10.0.0.1")),
                "many.test", IntStream.range(0, 900).mapToObj(IpAddress::ofIpv4).toList()));

        @Override
        public List<IpAddress> addresses(String name) {
            if (name.equals("broken.test")) {
                throw new IllegalStateException("a table that fails on purpose");
            }
            return known.addresses(name);
        }

        @Override
        public String name(IpAddress address) {
            return known.name(address);
        }
    };

    private Host host;
    private DnsServer server;

    @BeforeEach
    void start() throws Exception {
        host = Host.builder("names")
                .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                .start();
        server = DnsServer.start(host, DnsResponder.of(TABLE));
    }

    @AfterEach
    void stop() {
        server.close();
        host.close();
    }

    private static Messages.Reply ask(UdpSocket socket, byte[] query) throws IOException {
        socket.send(query, 0, query.length, null);
        byte[] answer = new byte[2_000];
        return Messages.read(Arrays.copyOf(answer, socket.receive(answer, 0, answer.length, TEN_SECONDS)));
    }

    private static Messages.Reply ask(TcpSocket socket, byte[] query) throws IOException {
        byte[] prefix = {(byte) (query.length >>> 8), (byte) query.length};
        socket.write(prefix, 0, 2);
        socket.write(query, 0, query.length);
        byte[] length = read(socket, 2);
        return Messages.read(read(socket, (length[0] & 0xff) << 8 | length[1] & 0xff));
    }

    private static byte[] read(TcpSocket socket, int count) throws IOException {
        byte[] bytes = new byte[count];
        for (int at = 0; at < count; ) {
            int read = socket.read(bytes, at, count - at, TEN_SECONDS);
            assertThat(read).as("octets before the end").isPositive();
            at += read;
        }
        return bytes;
    }

    @Test
    void it_answers_over_udp() throws Exception {
        try (UdpSocket socket = host.openUdpSocket()) {
            socket.connect(SERVER);
            assertThat(ask(socket, Messages.query(1, "web.test", DnsQuery.A)).data())
                    .containsExactly("10.0.0.1");
            assertThat(ask(socket, Messages.query(2, "other.test", DnsQuery.A)).rcode())
                    .isEqualTo(DnsQuery.NXDOMAIN);
            assertThat(server.queries()).isEqualTo(2);
        }
    }

    @Test
    void it_answers_from_the_loopback_address_too() throws Exception {
        try (UdpSocket socket = host.openUdpSocket()) {
            socket.connect(new Endpoint(IpAddress.parse("127.0.0.53"), 53));
            assertThat(ask(socket, Messages.query(1, "web.test", DnsQuery.A)).data())
                    .containsExactly("10.0.0.1");
        }
    }

    @Test
    void a_cut_answer_is_whole_over_tcp_and_a_connection_carries_several() throws Exception {
        byte[] query = Messages.query(3, "many.test", DnsQuery.A);
        try (UdpSocket datagrams = host.openUdpSocket();
                TcpSocket connection = host.openTcpSocket()) {
            datagrams.connect(SERVER);
            assertThat(ask(datagrams, query).is(DnsQuery.TC)).isTrue();
            connection.connect(SERVER, TEN_SECONDS);
            assertThat(ask(connection, query).answers()).hasSize(900);
            assertThat(ask(connection, Messages.query(4, "web.test", DnsQuery.A))
                            .data())
                    .containsExactly("10.0.0.1");
        }
    }

    @Test
    void an_upstream_that_blocks_does_not_keep_others_waiting() throws Exception {
        server.close();
        byte[] slow = Messages.query(5, "slow.test", DnsQuery.A);
        try (DnsServer forwarding = DnsServer.start(host, DnsResponder.of(TABLE).withUpstream(_ -> {
                    try {
                        new java.util.concurrent.CountDownLatch(1).await(3, TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return null;
                }));
                UdpSocket waiting = host.openUdpSocket();
                UdpSocket socket = host.openUdpSocket()) {
            waiting.connect(SERVER);
            for (int i = 0; i < 40; i++) {
                waiting.send(slow, 0, slow.length, null);
            }
            socket.connect(SERVER);
            assertThat(ask(socket, Messages.query(1, "web.test", DnsQuery.A)).data())
                    .containsExactly("10.0.0.1");
            byte[] into = new byte[600];
            assertThatThrownBy(() -> waiting.receive(into, 0, 600, 1)).isInstanceOf(SocketTimeoutException.class);
            assertThat(forwarding.refused()).isEqualTo(8); // the datagrams come in order
            int length = waiting.receive(into, 0, 600, TEN_SECONDS);
            assertThat(Messages.read(Arrays.copyOf(into, length)).rcode()).isEqualTo(DnsQuery.SERVFAIL);
        }
    }

    @Test
    void a_table_that_fails_does_not_stop_it() throws Exception {
        byte[] broken = Messages.query(1, "broken.test", DnsQuery.A);
        try (UdpSocket socket = host.openUdpSocket()) {
            socket.connect(SERVER);
            socket.send(broken, 0, broken.length, null);
            assertThat(ask(socket, Messages.query(2, "web.test", DnsQuery.A)).id())
                    .isEqualTo(2);
        }
    }

    @Test
    void the_port_is_free_again_after_close() throws Exception {
        assertThatThrownBy(() -> DnsServer.start(host, DnsResponder.of(TABLE))).isInstanceOf(BindException.class);
        server.close();
        DnsServer.start(host, DnsResponder.of(TABLE)).close();
        assertThat(host.snapshot().udpPorts().bindings()).isEmpty();
    }
}
