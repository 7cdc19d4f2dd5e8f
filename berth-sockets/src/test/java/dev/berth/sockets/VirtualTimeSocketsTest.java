package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.network.LinkProfile;
import dev.berth.network.Network;
import dev.berth.network.VirtualTime;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Iterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The JDK's sockets and selectors on hosts that live by virtual time.
@Timeout(60)
class VirtualTimeSocketsTest {
    private static Network lab() throws IOException {
        return Network.builder("lab")
                .virtualTime(1)
                .link(LinkProfile.PERFECT.latency(Duration.ofMillis(10)))
                .host("server")
                .host("client")
                .build();
    }

    private static InetSocketAddress address(Network network, String host, int port) throws IOException {
        return new InetSocketAddress(
                InetAddress.getByAddress(network.addresses(host).getFirst().octets()), port);
    }

    private static void serve(Host host, int selections) throws IOException {
        BerthSelectorProvider provider = new BerthSelectorProvider(host);
        try (Selector selector = provider.openSelector();
                ServerSocketChannel server = provider.openServerSocketChannel()) {
            server.bind(new InetSocketAddress(7));
            server.configureBlocking(false);
            server.register(selector, SelectionKey.OP_ACCEPT);
            ByteBuffer buffer = ByteBuffer.allocate(100);
            for (int i = 0; i < selections; i++) {
                selector.select();
                Iterator<SelectionKey> keys = selector.selectedKeys().iterator();
                while (keys.hasNext()) {
                    SelectionKey key = keys.next();
                    keys.remove();
                    if (key.isAcceptable()) {
                        SocketChannel accepted = server.accept();
                        accepted.configureBlocking(false);
                        accepted.register(selector, SelectionKey.OP_READ);
                    } else {
                        SocketChannel channel = (SocketChannel) key.channel();
                        channel.read(buffer.clear());
                        channel.write(buffer.flip());
                    }
                }
            }
        }
    }

    @Test
    void selectors_and_sockets_wait_in_virtual_time() throws Exception {
        try (Network network = lab()) {
            VirtualTime time = network.time();
            VirtualTime.Turn server =
                    time.start("server", () -> serve(network.find("server").orElseThrow(), 3));
            BerthSocketFactory sockets =
                    new BerthSocketFactory(network.find("client").orElseThrow());
            VirtualTime.Turn client = time.start("client", () -> {
                try (Socket socket = sockets.createSocket()) {
                    socket.connect(address(network, "server", 7));
                    assertThat(time.elapsed()).isBetween(Duration.ofMillis(40), Duration.ofMillis(41));
                    for (int i = 0; i < 2; i++) {
                        socket.getOutputStream().write(new byte[] {1, 2, 3});
                        assertThat(socket.getInputStream().readNBytes(3)).containsExactly(1, 2, 3);
                    }
                    assertThat(time.elapsed()).isBetween(Duration.ofMillis(120), Duration.ofMillis(121));
                    socket.setSoTimeout(3_600_000);
                }
            });
            assertThat(time.runUntil(() -> server.isDone() && client.isDone(), Duration.ofMinutes(1)))
                    .isTrue();
        }
    }

    @Test
    void timeouts_of_selectors_and_sockets_are_those_of_virtual_time() throws Exception {
        try (Network network = lab()) {
            BerthSelectorProvider provider =
                    new BerthSelectorProvider(network.find("server").orElseThrow());
            VirtualTime time = network.time();
            try (Selector selector = provider.openSelector();
                    ServerSocketChannel server = provider.openServerSocketChannel()) {
                server.bind(new InetSocketAddress(80));
                server.configureBlocking(false);
                server.register(selector, SelectionKey.OP_ACCEPT);
                assertThat(selector.select(7_200_000)).isZero();
                assertThat(time.elapsed()).isEqualTo(Duration.ofHours(2));
                BerthSocketFactory sockets =
                        new BerthSocketFactory(network.find("client").orElseThrow());
                try (Socket socket = sockets.createSocket()) {
                    socket.connect(address(network, "server", 80));
                    socket.setSoTimeout(3_600_000);
                    assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
                    assertThat(time.elapsed())
                            .isBetween(Duration.ofHours(3), Duration.ofHours(3).plusSeconds(1));
                }
            }
        }
    }
}
