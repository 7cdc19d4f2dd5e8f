package dev.berth.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.network.Network;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Clients are the kernel's sockets, servers are on hosts in memory.
@Timeout(60)
class SocksProxyTest {
    private static final long PATIENCE = 30_000_000_000L;
    private static final long SECOND = 1_000_000_000L;
    private static final HexFormat HEX = HexFormat.of();

    private final Network network = Network.create("test");
    private Host door;
    private Host server;
    private TcpAcceptor acceptor;

    @TempDir
    private Path directory;

    @BeforeEach
    void startHosts() throws IOException {
        door = network.host("door", IpAddress.Prefix.parse("10.0.0.250/24"), IpAddress.Prefix.parse("fd00::fa/64"));
        server = network.host(
                "server.test", IpAddress.Prefix.parse("10.0.0.1/24"), IpAddress.Prefix.parse("fd00::1/64"));
        acceptor = server.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 80));
        acceptor.listen(50);
        Thread.ofVirtual().start(this::serve);
    }

    @AfterEach
    void nothing_is_left() {
        network.close();
        await(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("berth-socks")));
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("a deadline").isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    /// Answers each request of HTTP with the request line.
    private void serve() {
        while (acceptor.isOpen()) {
            try (TcpSocket socket = acceptor.accept(0)) {
                byte[] bytes = new byte[4_000];
                int count = socket.read(bytes, 0, bytes.length, PATIENCE);
                String line = new String(bytes, 0, Math.max(0, count), UTF_8)
                        .lines()
                        .findFirst()
                        .orElse("nothing");
                byte[] answer =
                        ("HTTP/1.0 200 OK\r\nContent-Length: " + line.length() + "\r\n\r\n" + line).getBytes(UTF_8);
                socket.write(answer, 0, answer.length);
                socket.shutdownOutput();
                while (socket.read(bytes, 0, bytes.length, PATIENCE) >= 0) {
                    // until the client has ended too
                }
            } catch (IOException e) {
                // the client has gone, or the network
            }
        }
    }

    private SocksProxy.Builder builder() {
        return SocksProxy.builder(door).names(network).policy(OutsidePolicy.of(List.of(OutsideRule.deny("10.0.0.9"))));
    }

    private static SocksProxy open(SocksProxy.Builder builder) throws IOException {
        return builder.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    private static int port(SocksProxy proxy) {
        return ((InetSocketAddress) proxy.address()).getPort();
    }

    private static Socket client(SocksProxy proxy) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(proxy));
        socket.setSoTimeout(30_000);
        return socket;
    }

    /// Sends octets, and reads what comes up to the end of the stream.
    private static byte[] talk(SocksProxy proxy, byte[] octets) throws IOException {
        try (Socket socket = client(proxy)) {
            socket.getOutputStream().write(octets);
            socket.shutdownOutput();
            return socket.getInputStream().readAllBytes();
        }
    }

    private static String curl(String... arguments) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/curl")), "no curl");
        List<String> command = new ArrayList<>(List.of("/usr/bin/curl", "-sS", "--max-time", "20"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output;
    }

    @Test
    void curl_fetches_by_socks_with_names_and_addresses() throws Exception {
        try (SocksProxy proxy = open(builder())) {
            String here = "127.0.0.1:" + port(proxy);
            assertThat(curl("--socks5-hostname", here, "http://server.test/name"))
                    .isEqualTo("GET /name HTTP/1.1");
            assertThat(curl("--socks5", here, "http://10.0.0.1/ipv4")).isEqualTo("GET /ipv4 HTTP/1.1");
            assertThat(curl("--socks5", here, "http://[fd00::1]/ipv6")).isEqualTo("GET /ipv6 HTTP/1.1");
            assertThat(curl("--socks5-hostname", here, "http://nobody.test/"))
                    .contains("Can't complete SOCKS5 connection to nobody.test. (4)");
            assertThat(curl("--socks5", here, "http://10.0.0.1:81/")).contains("(5)");
            assertThat(curl("--socks5", here, "http://10.0.0.9/")).contains("(2)");
            assertThat(curl("--socks5", here, "http://127.0.0.1/")).contains("(2)");
            await(() -> proxy.counters().connections() == 0 && proxy.counters().negotiating() == 0);
            ProxyCounters counters = proxy.counters();
            assertThat(counters.opened()).isEqualTo(3);
            assertThat(counters.failed()).isEqualTo(2);
            assertThat(counters.denied()).isEqualTo(2);
            assertThat(counters.accepted()).isEqualTo(7);
        }
    }

    @Test
    void curl_fetches_by_connect() throws Exception {
        try (SocksProxy proxy = open(builder())) {
            String here = "http://127.0.0.1:" + port(proxy);
            assertThat(curl("--proxytunnel", "--proxy", here, "http://server.test/name"))
                    .isEqualTo("GET /name HTTP/1.1");
            assertThat(curl("--proxytunnel", "--proxy", here, "http://[fd00::1]/ipv6"))
                    .isEqualTo("GET /ipv6 HTTP/1.1");
            assertThat(curl("--proxytunnel", "--proxy", here, "http://10.0.0.1:81/"))
                    .contains("response 502");
            assertThat(curl("--proxytunnel", "--proxy", here, "http://10.0.0.9/"))
                    .contains("response 403");
            assertThat(curl("--proxy", here, "http://server.test/not-connect"))
                    .isEqualTo("This proxy only connects.\n");
        }
    }

    @Test
    void curl_fetches_over_a_unix_socket_that_only_this_user_may_use() throws Exception {
        Path path = directory.resolve("proxy.sock");
        try (SocksProxy proxy = builder().open(UnixDomainSocketAddress.of(path))) {
            assertThat(Files.getPosixFilePermissions(path)).hasSize(2);
            assertThat(curl("--proxy", "socks5h://localhost" + path, "http://server.test/unix"))
                    .isEqualTo("GET /unix HTTP/1.1");
            assertThatThrownBy(() -> builder().open(UnixDomainSocketAddress.of(path)))
                    .isInstanceOf(BindException.class)
                    .hasMessageStartingWith(path + " is in use by process "
                            + ProcessHandle.current().pid() + " (");
            assertThat(proxy).hasToString(path + " -> door");
        }
        assertThat(path).doesNotExist();
    }

    @Test
    void who_has_the_port_is_named() throws Exception {
        try (SocksProxy proxy = open(builder())) {
            InetSocketAddress taken = (InetSocketAddress) proxy.address();
            assertThatThrownBy(() -> builder().open(taken))
                    .isInstanceOf(BindException.class)
                    .hasMessageStartingWith("Cannot listen on 127.0.0.1:" + port(proxy) + ": it is in use by process "
                            + ProcessHandle.current().pid() + " (");
        }
    }

    @Test
    void a_unix_socket_that_a_dead_process_has_left_is_replaced() throws Exception {
        Path path = directory.resolve("proxy.sock");
        try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(path));
        }
        try (SocksProxy proxy = builder().open(UnixDomainSocketAddress.of(path))) {
            assertThat(proxy.address()).isEqualTo(UnixDomainSocketAddress.of(path));
            assertThat(Files.getPosixFilePermissions(path)).hasSize(2);
        }
    }

    @Test
    void curl_gives_a_name_and_a_password() throws Exception {
        try (SocksProxy proxy = open(builder().user("me", "secret"))) {
            String here = "127.0.0.1:" + port(proxy);
            assertThat(curl("--proxy-user", "me:secret", "--socks5-hostname", here, "http://server.test/in"))
                    .isEqualTo("GET /in HTTP/1.1");
            assertThat(curl("--proxy-user", "me:secret", "-p", "--proxy", "http://" + here, "http://server.test/in"))
                    .isEqualTo("GET /in HTTP/1.1");
            assertThat(curl("--proxy-user", "me:wrong", "--socks5-hostname", here, "http://server.test/"))
                    .contains("User was rejected by the SOCKS5 server");
            assertThat(curl("--proxy-user", "me:wrong", "-p", "--proxy", "http://" + here, "http://server.test/"))
                    .contains("response 407");
            assertThat(curl("--socks5-hostname", here, "http://server.test/")).contains("No authentication method");
            await(() -> proxy.counters().unauthorised() == 3);
        }
    }

    @Test
    void a_socket_of_java_comes_through_by_name_and_learns_why_not() throws Exception {
        try (SocksProxy proxy = open(builder())) {
            Proxy socks = new Proxy(Proxy.Type.SOCKS, (InetSocketAddress) proxy.address());
            try (Socket socket = new Socket(socks)) {
                socket.connect(InetSocketAddress.createUnresolved("SERVER.test.", 80), 20_000);
                socket.setSoTimeout(30_000);
                socket.getOutputStream().write("hello\r\n".getBytes(UTF_8));
                assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8))
                        .endsWith("\r\n\r\nhello");
            }
            try (Socket socket = new Socket(socks)) {
                assertThatThrownBy(() -> socket.connect(InetSocketAddress.createUnresolved("server.test", 81), 20_000))
                        .isInstanceOf(SocketException.class)
                        .hasMessage("SOCKS: Connection refused");
            }
        }
    }

    @Test
    void what_is_sent_together_with_a_request_arrives() throws Exception {
        try (SocksProxy proxy = open(builder())) {
            byte[] socks = HEX.parseHex(
                    "050100" + "05010001" + "0a000001" + "0050" + HEX.formatHex("early\r\n".getBytes(UTF_8)));
            String answer = new String(talk(proxy, socks), UTF_8);
            assertThat(answer).endsWith("\r\n\r\nearly");
            byte[] http = "CONNECT 10.0.0.1:80 HTTP/1.1\r\nHost: x\r\n\r\nearly\r\n".getBytes(UTF_8);
            assertThat(new String(talk(proxy, http), UTF_8))
                    .startsWith("HTTP/1.1 200 ")
                    .endsWith("\r\n\r\nearly");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "050100 05020001 0a000001 0050, 0500 0507", // BIND
        "050100 05090001 0a000001 0050, 0500 0507", // nothing that there is
        "050100 05010002 0a000001 0050, 0500 0508", // an address of another kind
        "050100 05010003 09 31302e302e302e782e 0050, 0500 0504", // 10.0.0.x.
        "050100 05010001 e0000001 0050, 0500 0502", // a group
        "050100 05010001 0a000001 0000, 0500 0502", // no port
        "050100 04010001 0a000001 0050, 0500 0501", // another version
        "050102, 05ff",
        "0500, 05ff",
    })
    void what_cannot_be_done_is_refused_with_its_code(String request, String answer) throws Exception {
        try (SocksProxy proxy = open(builder())) {
            byte[] answered = talk(proxy, HEX.parseHex(request.replace(" ", "")));
            byte[] expected = HEX.parseHex(answer.replace(" ", ""));
            assertThat(Arrays.copyOf(answered, expected.length)).isEqualTo(expected);
            await(() -> proxy.counters().negotiating() == 0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"04010050", "00", "05", "0503", "05010005", "050100050100010a", "47", "16030100"})
    void what_is_no_request_is_counted_and_left(String octets) throws Exception {
        try (SocksProxy proxy = open(builder())) {
            try (Socket socket = client(proxy)) {
                socket.getOutputStream().write(HEX.parseHex(octets));
                socket.shutdownOutput();
                assertThat(socket.getInputStream().readAllBytes().length).isLessThanOrEqualTo(2);
            } catch (SocketException e) {
                assertThat(e).hasMessage("Connection reset");
            }
            await(() -> proxy.counters().negotiating() == 0);
            assertThat(proxy.counters().malformed()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "CONNECT 10.0.0.1 HTTP/1.1, 400",
        "CONNECT 10.0.0.1: HTTP/1.1, 400",
        "CONNECT 10.0.0.1:99999 HTTP/1.1, 400",
        "CONNECT :80 HTTP/1.1, 400",
        "CONNECT 10.0.0.1:80, 400",
        "CONNECT [fd00::x]:80 HTTP/1.1, 400",
        "BREW / HTTP/1.1, 405",
        "CONNECT nobody.test:80 HTTP/1.1, 502",
        "CONNECT 10.0.0.9:80 HTTP/1.1, 403",
    })
    void a_request_of_http_that_cannot_be_fulfilled_is_told_why(String line, int status) throws Exception {
        try (SocksProxy proxy = open(builder())) {
            String answer = new String(talk(proxy, (line + "\r\nHost: x\r\n\r\n").getBytes(UTF_8)), UTF_8);
            assertThat(answer)
                    .startsWith("HTTP/1.1 " + status + " ")
                    .contains("\r\nContent-Length: ")
                    .endsWith(".\n");
        }
    }

    @Test
    void a_head_without_end_is_refused() throws Exception {
        try (SocksProxy proxy = open(builder())) {
            byte[] head = new byte[9_000];
            Arrays.fill(head, (byte) 'A');
            assertThat(new String(talk(proxy, head), UTF_8)).startsWith("HTTP/1.1 431 ");
            String basic = Base64.getEncoder().encodeToString("no colon".getBytes(UTF_8));
            try (SocksProxy closed = open(builder().user("me", "secret"))) {
                for (String field : List.of("Basic " + basic, "Basic ?", "Digest x", "Basic")) {
                    String request = "CONNECT server.test:80 HTTP/1.1\r\nproxy-authorization: " + field + "\r\n\r\n";
                    assertThat(new String(talk(closed, request.getBytes(UTF_8)), UTF_8))
                            .startsWith("HTTP/1.1 407 ")
                            .contains("\r\nProxy-Authenticate: Basic ");
                }
            }
        }
    }

    @Test
    void a_destination_that_does_not_answer_is_told_in_time() throws Exception {
        // A server whose backlog is full answers nothing.
        try (TcpAcceptor full = server.openTcpAcceptor();
                TcpSocket filler = door.openTcpSocket();
                SocksProxy proxy = open(builder().times(10 * SECOND, SECOND / 2, 100 * SECOND))) {
            full.bind(new Endpoint(IpAddress.parse("10.0.0.1"), 82));
            full.listenForRequests(1, 100 * SECOND);
            Thread.ofVirtual().start(() -> {
                try {
                    filler.connect(new Endpoint(IpAddress.parse("10.0.0.1"), 82), PATIENCE);
                } catch (IOException e) {
                    // never
                }
            });
            full.awaitRequest(PATIENCE);
            byte[] answered = talk(proxy, HEX.parseHex("050100" + "05010001" + "0a000001" + "0052"));
            assertThat(answered).startsWith(HEX.parseHex("05000504"));
            byte[] http = "CONNECT 10.0.0.1:82 HTTP/1.1\r\n\r\n".getBytes(UTF_8);
            assertThat(new String(talk(proxy, http), UTF_8)).startsWith("HTTP/1.1 504 ");
        }
    }

    @Test
    void who_asks_too_slowly_and_who_is_idle_is_left() throws Exception {
        try (SocksProxy proxy = open(builder().times(SECOND / 5, SECOND, 100 * SECOND));
                Socket socket = client(proxy)) {
            socket.getOutputStream().write(5);
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
            assertThat(proxy.counters().late()).isEqualTo(1);
        }
        try (SocksProxy proxy = open(builder().times(SECOND, SECOND, SECOND / 5));
                Socket socket = client(proxy)) {
            socket.getOutputStream().write(HEX.parseHex("050100" + "05010001" + "0a000001" + "0050"));
            byte[] answer = new byte[12];
            new DataInputStream(socket.getInputStream()).readFully(answer);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketException.class);
            assertThat(proxy.counters().idle()).isEqualTo(1);
            await(() -> proxy.counters().connections() == 0);
        }
    }

    @Test
    void clients_that_are_too_many_are_turned_away() throws Exception {
        try (SocksProxy proxy = open(builder().limits(1, 0));
                Socket first = client(proxy)) {
            await(() -> proxy.counters().negotiating() == 1);
            try (Socket second = client(proxy)) {
                assertThat(second.getInputStream().read()).isEqualTo(-1);
            }
            assertThat(proxy.counters().overLimit()).isEqualTo(1);
            first.getOutputStream().write(HEX.parseHex("050100" + "05030001000000000000"));
            byte[] answer = new byte[4];
            new DataInputStream(first.getInputStream()).readFully(answer);
            assertThat(answer).as("no datagrams").isEqualTo(HEX.parseHex("05000501"));
        }
    }

    private static int associate(Socket control) throws IOException {
        control.getOutputStream().write(HEX.parseHex("050100" + "05030001000000000000"));
        byte[] answer = new byte[12];
        new DataInputStream(control.getInputStream()).readFully(answer);
        assertThat(answer).startsWith(HEX.parseHex("0500" + "05000001" + "7f000001"));
        return (answer[10] & 0xff) << 8 | answer[11] & 0xff;
    }

    private static byte[] datagram(String header, String text) {
        ByteArrayOutputStream datagram = new ByteArrayOutputStream();
        datagram.writeBytes(HEX.parseHex(header.replace(" ", "")));
        datagram.writeBytes(text.getBytes(UTF_8));
        return datagram.toByteArray();
    }

    private static void send(DatagramSocket socket, int port, byte[] datagram) throws IOException {
        socket.send(new DatagramPacket(datagram, datagram.length, InetAddress.getLoopbackAddress(), port));
    }

    private static byte[] receive(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[2_000], 2_000);
        socket.receive(packet);
        return Arrays.copyOf(packet.getData(), packet.getLength());
    }

    @Test
    void datagrams_go_by_name_and_by_address_and_come_back() throws Exception {
        try (SocksProxy proxy = open(builder());
                UdpSocket echo = server.openUdpSocket();
                UdpSocket stranger = network.host("stranger", IpAddress.Prefix.parse("10.0.0.7/24"))
                        .openUdpSocket();
                Socket control = client(proxy);
                DatagramSocket client = new DatagramSocket(0, InetAddress.getLoopbackAddress());
                DatagramSocket other = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            echo.bind(new Endpoint(IpAddress.ANY_IPV6, 7));
            client.setSoTimeout(30_000);
            int port = associate(control);
            String name = HEX.formatHex("server.test".getBytes(UTF_8));
            List<String> headers = List.of(
                    "000000 01 0a000001 0007",
                    "000000 03 0b" + name + "0007",
                    "000000 04 fd000000000000000000000000000001 0007");
            for (String header : headers) {
                send(client, port, datagram(header, "ask"));
                byte[] bytes = new byte[100];
                int length = echo.receive(bytes, 0, 100, PATIENCE);
                assertThat(new String(bytes, 0, length, UTF_8)).isEqualTo("ask");
                Endpoint sender = echo.lastSender();
                echo.send("answer".getBytes(UTF_8), 0, 6, sender);
                String from = sender.address().isIpv4() ? headers.get(0) : headers.get(2);
                assertThat(receive(client)).isEqualTo(datagram(from, "answer"));
                // Nothing was sent to that one.
                Endpoint relay = new Endpoint(IpAddress.parse("10.0.0.250"), sender.port());
                stranger.send("what".getBytes(UTF_8), 0, 4, relay);
            }
            await(() -> proxy.counters().dropped() == 3);
            for (String bad : List.of(
                    "",
                    "0000",
                    "000001 01 0a000001 0007",
                    "000100 01 0a000001 0007",
                    "000000 02 0a000001 0007",
                    "000000 01 0a0000",
                    "000000 01 0a000009 0007",
                    "000000 03 ff 41",
                    "000000 03 01 41 0007")) {
                send(client, port, datagram(bad, ""));
            }
            send(other, port, datagram(headers.get(0), "of somebody else"));
            await(() -> proxy.counters().dropped() == 13);
            assertThat(proxy.counters().datagramsOut()).isEqualTo(3);
            assertThat(proxy.counters().datagramsIn()).isEqualTo(3);
            assertThat(proxy.counters().associations()).isEqualTo(1);
            control.close();
            await(() -> proxy.counters().associations() == 0);
            other.setSoTimeout(1);
            assertThatThrownBy(() -> receive(other)).isInstanceOf(SocketTimeoutException.class);
            await(() -> door.snapshot().toString().indexOf("socks") < 0);
        }
    }

    @Test
    void a_datagram_that_is_too_long_with_its_header_is_dropped_alone() throws Exception {
        try (SocksProxy proxy = open(builder());
                UdpSocket echo = server.openUdpSocket();
                Socket control = client(proxy);
                DatagramSocket client = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            echo.bind(new Endpoint(IpAddress.ANY_IPV6, 7));
            client.setSoTimeout(30_000);
            String header = "000000 01 0a000001 0007";
            send(client, associate(control), datagram(header, "ask"));
            echo.receive(new byte[100], 0, 100, PATIENCE);
            Endpoint relay = echo.lastSender();
            echo.send(new byte[65_507], 0, 65_507, relay);
            await(() -> proxy.counters().dropped() == 1);
            echo.send("answer".getBytes(UTF_8), 0, 6, relay);
            assertThat(receive(client)).isEqualTo(datagram(header, "answer"));
        }
    }
}
