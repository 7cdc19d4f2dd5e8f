package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A name server at every address.
@Timeout(60)
class NameRouterTest {
    private static final long TEN_SECONDS = TimeUnit.SECONDS.toNanos(10);

    private Network network;
    private Host client;
    private NameRouter router;

    @BeforeEach
    void start() throws Exception {
        network = Network.create("lab");
        client = network.host("client", IpAddress.Prefix.parse("10.0.0.1/24"), IpAddress.Prefix.parse("fd00::1/64"));
        network.host("Web", IpAddress.Prefix.parse("10.0.0.2/24"), IpAddress.Prefix.parse("fd00::2/64"));
        router = NameRouter.start(network);
    }

    @AfterEach
    void stop() {
        router.close();
        network.close();
    }

    /// A query for the IPv4 addresses of a name of one label, by hand.
    private static byte[] query(String name) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(HexFormat.of().parseHex("abcd01000001000000000000"));
        out.write(name.length());
        out.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(HexFormat.of().parseHex("0000010001"));
        return out.toByteArray();
    }

    private static String answer(String name, String address) {
        String question = HexFormat.of().formatHex(query(name)).substring(24);
        return "abcd85800001000100000000" + question + "c00c000100010000000000040a0000" + address;
    }

    @ParameterizedTest
    @ValueSource(strings = {"8.8.8.8", "192.168.1.1", "2001:4860:4860::8888", "10.0.0.77"})
    void any_name_server_knows_the_hosts_of_the_network(String server) throws Exception {
        byte[] query = query("web");
        byte[] into = new byte[512];
        try (UdpSocket socket = client.openUdpSocket()) {
            socket.connect(new Endpoint(IpAddress.parse(server), 53));
            socket.send(query, 0, query.length, null);
            int length = socket.receive(into, 0, into.length, TEN_SECONDS);
            assertThat(HexFormat.of().formatHex(into, 0, length)).isEqualTo(answer("web", "02"));
        }
    }

    @Test
    void it_answers_over_tcp_too() throws Exception {
        byte[] query = query("client");
        byte[] framed = new byte[query.length + 2];
        framed[1] = (byte) query.length;
        System.arraycopy(query, 0, framed, 2, query.length);
        String expected = answer("client", "01");
        try (TcpSocket socket = client.openTcpSocket()) {
            socket.connect(new Endpoint(IpAddress.parse("9.9.9.9"), 53), TEN_SECONDS);
            socket.write(framed, 0, framed.length);
            byte[] into = new byte[expected.length() / 2 + 2];
            for (int at = 0; at < into.length; ) {
                int read = socket.read(into, at, into.length - at, TEN_SECONDS);
                assertThat(read).isPositive();
                at += read;
            }
            assertThat(HexFormat.of().formatHex(into, 2, into.length)).isEqualTo(expected);
        }
    }

    @Test
    void other_packets_for_addresses_that_nobody_has_stay_undeliverable() throws Exception {
        try (UdpSocket socket = client.openUdpSocket()) {
            socket.send(new byte[4], 0, 4, new Endpoint(IpAddress.parse("8.8.8.8"), 123));
            socket.send(new byte[3_000], 0, 3_000, new Endpoint(IpAddress.parse("8.8.8.8"), 54));
            assertThat(network.undeliverable()).isEqualTo(2);
            assertThat(router.server().queries()).isZero();
        }
    }

    @Test
    void names_come_and_go_with_the_hosts() throws Exception {
        assertThat(network.addresses("web")).containsExactly(IpAddress.parse("10.0.0.2"), IpAddress.parse("fd00::2"));
        assertThat(network.name(IpAddress.parse("fd00::2"))).isEqualTo("Web");
        assertThat(network.name(IpAddress.parse("10.0.0.3"))).isNull();
        Host late = network.host("late", IpAddress.Prefix.parse("10.0.0.3/24"));
        assertThat(network.name(IpAddress.parse("10.0.0.3"))).isEqualTo("late");
        late.close();
        assertThat(network.addresses("late")).isEmpty();
    }

    @Test
    void there_is_one_at_a_time() throws Exception {
        assertThatThrownBy(() -> NameRouter.start(network)).isInstanceOf(IllegalStateException.class);
        router.close();
        NameRouter.start(network).close();
    }
}
