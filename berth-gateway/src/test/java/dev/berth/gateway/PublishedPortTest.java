package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.network.Network;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Clients are the kernel's sockets, the server is on a host in memory.
@Timeout(60)
class PublishedPortTest {
    private static final long PATIENCE = 30_000_000_000L;
    private static final IpAddress GATEWAY = IpAddress.parse("10.0.0.254");
    private static final Endpoint TARGET = new Endpoint(IpAddress.parse("10.0.0.1"), 80);

    private final Network network = Network.create("test");
    private Host gateway;
    private TcpAcceptor acceptor;

    @BeforeEach
    void startHosts() throws IOException {
        gateway = network.host("gateway", new IpAddress.Prefix(GATEWAY, 24));
        acceptor = network.host("server", new IpAddress.Prefix(TARGET.address(), 24))
                .openTcpAcceptor();
        acceptor.bind(TARGET);
        acceptor.listen(50);
    }

    @AfterEach
    void stopHosts() {
        network.close();
    }

    private PublishedPort publish(int limit) throws IOException {
        return PublishedPort.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), gateway, TARGET, limit);
    }

    private static Socket connect(PublishedPort port) throws IOException {
        Socket socket = new Socket(port.address().getAddress(), port.address().getPort());
        socket.setSoTimeout(30_000);
        return socket;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void eachDirectionEndsForItself() throws Exception {
        try (PublishedPort port = publish(10);
                Socket client = connect(port);
                TcpSocket server = acceptor.accept(PATIENCE)) {
            Endpoint remote = Objects.requireNonNull(server.remote());
            assertThat(remote.address()).isEqualTo(GATEWAY);
            assertThat(remote.port()).isBetween(49_152, 65_535);

            client.getOutputStream().write(ascii("request"));
            client.shutdownOutput();
            byte[] bytes = new byte[100];
            assertThat(server.read(bytes, 0, 100, PATIENCE)).isEqualTo(7);
            assertThat(server.read(bytes, 0, 100, PATIENCE)).isEqualTo(-1);

            server.write(ascii("reply"), 0, 5);
            server.shutdownOutput();
            assertThat(client.getInputStream().readAllBytes()).isEqualTo(ascii("reply"));
            assertThat(port.accepted()).isEqualTo(1);
        }
    }

    @Test
    void bytesArriveWholeAndInOrder() throws Exception {
        byte[] sent = new byte[20_000_000];
        new Random(1).nextBytes(sent);
        try (PublishedPort port = publish(10);
                var executor = Executors.newVirtualThreadPerTaskExecutor();
                Socket client = connect(port);
                TcpSocket server = acceptor.accept(PATIENCE)) {
            CompletableFuture<Void> echo = CompletableFuture.runAsync(() -> echo(server), executor);
            CompletableFuture<Void> upload = CompletableFuture.runAsync(() -> upload(client, sent), executor);
            assertThat(client.getInputStream().readAllBytes()).isEqualTo(sent);
            echo.join();
            upload.join();
        }
    }

    private static void upload(Socket client, byte[] bytes) {
        try {
            client.getOutputStream().write(bytes);
            client.shutdownOutput();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void echo(TcpSocket server) {
        byte[] bytes = new byte[10_000];
        try {
            int count;
            while ((count = server.read(bytes, 0, bytes.length, PATIENCE)) >= 0) {
                server.write(bytes, 0, count);
            }
            server.shutdownOutput();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void serverThatReadsNothingHoldsUpTheClient() throws Exception {
        try (PublishedPort port = publish(10);
                Socket client = connect(port);
                TcpSocket server = acceptor.accept(PATIENCE)) {
            CompletableFuture<Integer> flood = CompletableFuture.supplyAsync(() -> flood(client));
            byte[] bytes = new byte[10_000];
            assertThat(server.read(bytes, 0, bytes.length, PATIENCE)).isPositive();
            CountDownLatch never = new CountDownLatch(1);
            long before = -1;
            long waiting = 0;
            // Until nothing more arrives: the buffers on the way are full.
            while (waiting != before) {
                before = waiting;
                assertThat(never.await(200, TimeUnit.MILLISECONDS)).isFalse();
                waiting = server.available();
            }
            assertThat(flood).isNotDone();
            server.abort();
            assertThat(flood.join()).isLessThan(100_000);
        }
    }

    /// Writes a gigabyte, or less if the connection is reset before.
    private static int flood(Socket client) {
        int writes = 0;
        try {
            OutputStream out = client.getOutputStream();
            while (writes < 100_000) {
                out.write(new byte[10_000]);
                writes++;
            }
            return writes;
        } catch (IOException e) {
            return writes;
        }
    }

    @Test
    void refusalInsideIsResetOutside() throws Exception {
        acceptor.close();
        try (PublishedPort port = publish(10);
                Socket client = connect(port)) {
            assertThatThrownBy(() -> client.getInputStream().read())
                    .isInstanceOf(SocketException.class)
                    .hasMessage("Connection reset");
        }
    }

    @Test
    void resetInsideIsResetOutside() throws Exception {
        try (PublishedPort port = publish(10);
                Socket client = connect(port);
                TcpSocket server = acceptor.accept(PATIENCE)) {
            server.abort();
            assertThatThrownBy(() -> client.getInputStream().read()).hasMessage("Connection reset");
        }
    }

    @Test
    void resetOutsideIsResetInside() throws Exception {
        try (PublishedPort port = publish(10);
                Socket client = connect(port);
                TcpSocket server = acceptor.accept(PATIENCE)) {
            client.setSoLinger(true, 0);
            client.close();
            assertThatThrownBy(() -> server.read(new byte[1], 0, 1, PATIENCE)).hasMessage("Connection reset");
        }
    }

    @Test
    void connectionsAboveTheLimitAreReset() throws Exception {
        try (PublishedPort port = publish(1);
                Socket first = connect(port);
                TcpSocket server = acceptor.accept(PATIENCE)) {
            try (Socket second = connect(port)) {
                assertThatThrownBy(() -> second.getInputStream().read()).hasMessage("Connection reset");
            }
            assertThat(port.overLimit()).isEqualTo(1);
            server.write(new byte[] {42}, 0, 1);
            assertThat(first.getInputStream().read()).isEqualTo(42);
        }
    }

    @Test
    void closeDeliversWhatWasSentAndFreesThePort() throws Exception {
        PublishedPort port = publish(10);
        try (port;
                Socket client = connect(port);
                TcpSocket server = acceptor.accept(PATIENCE)) {
            server.write(new byte[] {42}, 0, 1);
            port.close();
            assertThat(client.getInputStream().read()).isEqualTo(42);
            assertThat(client.getInputStream().read()).isEqualTo(-1);
            assertThat(port.connections()).isZero();
            assertThatThrownBy(() -> connect(port)).hasMessageContaining("refused");
        }
    }

    @Test
    void busyPortIsNamed() throws Exception {
        try (PublishedPort port = publish(1)) {
            assertThatThrownBy(() -> PublishedPort.open(port.address(), gateway, TARGET))
                    .isInstanceOf(BindException.class)
                    .hasMessageMatching("Port " + port.address().getPort() + " of 127.0.0.1 is in use by process "
                            + ProcessHandle.current().pid() + " \\(java .*\\)\\.");
        }
    }
}
