package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.net.BindException;
import java.net.ConnectException;
import java.net.SocketException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class NetworkTest {
    private static final long TEN_SECONDS = TimeUnit.SECONDS.toNanos(10);

    private Network network;
    private Host a;
    private Host b;

    @BeforeEach
    void start() throws Exception {
        network = Network.create("lab");
        a = network.host("a", IpAddress.Prefix.parse("10.0.0.1/24"), IpAddress.Prefix.parse("fd00::1/64"));
        b = network.host("b", IpAddress.Prefix.parse("10.0.0.2/24"), IpAddress.Prefix.parse("fd00::2/64"));
    }

    @AfterEach
    void stop() {
        network.close();
    }

    private static TcpAcceptor listen(Host host, int port) throws Exception {
        TcpAcceptor acceptor = host.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, port));
        acceptor.listen(128);
        return acceptor;
    }

    private static <T> Future<T> background(boolean virtual, Callable<T> work) {
        ExecutorService executor = virtual
                ? Executors.newVirtualThreadPerTaskExecutor()
                : Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
        Future<T> future = executor.submit(work);
        executor.shutdown();
        return future;
    }

    private static String digest(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_large_transfer_arrives_whole(boolean virtual) throws Exception {
        byte[] data = new byte[50_000_000];
        new Random(1).nextBytes(data);
        try (TcpAcceptor acceptor = listen(b, 80)) {
            Future<byte[]> received = background(virtual, () -> {
                try (TcpSocket socket = acceptor.accept(TEN_SECONDS)) {
                    byte[] into = new byte[data.length];
                    int at = 0;
                    int n;
                    while ((n = socket.read(into, at, Math.min(100_000, into.length - at), TEN_SECONDS)) > 0) {
                        at += n;
                    }
                    assertThat(n == -1 || at == into.length).isTrue();
                    return into;
                }
            });
            try (TcpSocket socket = a.openTcpSocket()) {
                socket.connect(new Endpoint(IpAddress.parse("10.0.0.2"), 80), TEN_SECONDS);
                for (int at = 0; at < data.length; at += 65_536) {
                    socket.write(data, at, Math.min(65_536, data.length - at));
                }
                socket.shutdownOutput();
                assertThat(digest(received.get(30, TimeUnit.SECONDS))).isEqualTo(digest(data));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.2", "fd00::2", "127.0.0.1", "::1", "10.0.0.1"})
    void a_request_gets_its_reply(String address) throws Exception {
        IpAddress to = IpAddress.parse(address);
        Host server = address.endsWith("2") ? b : a;
        try (TcpAcceptor acceptor = listen(server, 80)) {
            Future<Object> echo = background(true, () -> {
                try (TcpSocket socket = acceptor.accept(TEN_SECONDS)) {
                    byte[] buffer = new byte[100];
                    int n;
                    while ((n = socket.read(buffer, 0, 100, TEN_SECONDS)) >= 0) {
                        socket.write(buffer, 0, n);
                    }
                    return socket.remote();
                }
            });
            try (TcpSocket socket = a.openTcpSocket()) {
                socket.connect(new Endpoint(to, 80), TEN_SECONDS);
                byte[] buffer = new byte[100];
                for (int i = 0; i < 1_000; i++) {
                    socket.write(new byte[] {(byte) i}, 0, 1);
                    assertThat(socket.read(buffer, 0, 100, TEN_SECONDS)).isEqualTo(1);
                    assertThat(buffer[0]).isEqualTo((byte) i);
                }
                socket.shutdownOutput();
                assertThat(socket.read(buffer, 0, 100, TEN_SECONDS)).isEqualTo(-1);
                assertThat(echo.get(10, TimeUnit.SECONDS)).isEqualTo(socket.local());
            }
        }
    }

    @Test
    void a_closed_port_refuses() throws Exception {
        try (TcpSocket socket = a.openTcpSocket()) {
            assertThatThrownBy(() -> socket.connect(new Endpoint(IpAddress.parse("10.0.0.2"), 81), TEN_SECONDS))
                    .isInstanceOf(ConnectException.class)
                    .hasMessage("Connection refused");
        }
    }

    @Test
    void the_owner_of_a_port_is_named() throws Exception {
        try (TcpAcceptor first = listen(a, 80);
                TcpAcceptor second = a.openTcpAcceptor()) {
            assertThatThrownBy(() -> second.bind(new Endpoint(IpAddress.ANY_IPV6, 80)))
                    .isInstanceOf(BindException.class)
                    .hasMessage("Address already in use")
                    .cause()
                    .hasMessageContaining("80");
            assertThat(first.isOpen()).isTrue();
        }
    }

    @Test
    void datagrams_go_there_and_back() throws Exception {
        try (UdpSocket server = b.openUdpSocket();
                UdpSocket client = a.openUdpSocket()) {
            server.bind(new Endpoint(IpAddress.ANY_IPV6, 53));
            client.send(new byte[] {1, 2, 3}, 0, 3, new Endpoint(IpAddress.parse("10.0.0.2"), 53));
            byte[] buffer = new byte[10];
            assertThat(server.receive(buffer, 0, 10, TEN_SECONDS)).isEqualTo(3);
            assertThat(server.lastSender().port()).isBetween(49_152, 65_535);
            server.send(buffer, 0, 3, server.lastSender());
            assertThat(client.receive(buffer, 0, 10, TEN_SECONDS)).isEqualTo(3);
            assertThat(client.lastSender()).isEqualTo(new Endpoint(IpAddress.parse("10.0.0.2"), 53));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void closing_a_host_wakes_whoever_waits_on_it(boolean virtual) throws Exception {
        TcpAcceptor acceptor = listen(a, 80);
        UdpSocket datagrams = a.openUdpSocket();
        datagrams.bind(new Endpoint(IpAddress.ANY_IPV6, 53));
        TcpSocket client = b.openTcpSocket();
        client.connect(new Endpoint(IpAddress.parse("10.0.0.1"), 80), TEN_SECONDS);
        TcpSocket accepted = acceptor.accept(TEN_SECONDS);
        List<Future<Integer>> waiting = List.of(
                background(virtual, () -> accepted.read(new byte[1], 0, 1, 0)),
                background(virtual, () -> acceptor.accept(0).readiness()),
                background(virtual, () -> datagrams.receive(new byte[1], 0, 1, 0)));
        Future<Integer> remote = background(virtual, () -> client.read(new byte[1], 0, 1, 0));
        a.close();
        for (Future<Integer> future : waiting) {
            assertThatThrownBy(() -> future.get(10, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(SocketException.class)
                    .cause()
                    .hasMessage("Socket closed");
        }
        assertThatThrownBy(() -> remote.get(10, TimeUnit.SECONDS)).cause().hasMessage("Connection reset");
    }
}
