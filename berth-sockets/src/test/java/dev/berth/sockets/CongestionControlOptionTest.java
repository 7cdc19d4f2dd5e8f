package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketOption;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The choice of the congestion control, before and in the middle of a connection.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Timeout(60)
class CongestionControlOptionTest {
    private static final SocketOption<String> CONTROL = BerthSocketOptions.CONGESTION_CONTROL;

    @Test
    void every_algorithm_carries_the_stream_it_takes_over() throws Exception {
        try (Host host = Host.builder("web").start();
                ServerSocket server = new BerthServerSocketFactory(host).createServerSocket()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (Socket client = new BerthSocketFactory(host).createSocket()) {
                assertThat(client.supportedOptions()).contains(CONTROL);
                assertThat(client.getOption(CONTROL)).isEqualTo("CUBIC");
                client.setOption(CONTROL, "NEW_RENO");
                client.connect(server.getLocalSocketAddress());
                try (Socket accepted = server.accept()) {
                    byte[] block = new byte[300_000];
                    for (String name : new String[] {"BBR", "CUBIC", "BBR", "CUBIC_PACED", "NEW_RENO"}) {
                        Thread writer = Thread.ofVirtual().start(() -> write(client, block));
                        accepted.getInputStream().readNBytes(50_000);
                        client.setOption(CONTROL, name);
                        assertThat(client.getOption(CONTROL)).isEqualTo(name);
                        assertThat(accepted.getInputStream().readNBytes(250_000))
                                .hasSize(250_000);
                        writer.join();
                    }
                }
            }
        }
    }

    private static void write(Socket socket, byte[] block) {
        try {
            socket.getOutputStream().write(block);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void a_name_that_is_none_is_refused() throws Exception {
        try (Host host = Host.builder("web").start();
                Socket client = new BerthSocketFactory(host).createSocket()) {
            assertThatThrownBy(() -> client.setOption(CONTROL, "VEGAS")).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
