package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.berth.host.Host;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What servers do for each request allocates nothing.
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChannelAllocationTest {
    private static final int ROUNDS = 10_000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }

    /// Octets that this thread allocates in a round, once all is warm: the least of some series, as the compiler comes
    /// in between.
    private double octets(Step step) throws IOException {
        long least = Long.MAX_VALUE;
        for (int series = 0; series < 5; series++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < ROUNDS; i++) {
                step.run();
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return (double) least / ROUNDS;
    }

    /// The JDK's HTTP server does so for each request.
    @Test
    void switching_between_blocking_and_not_allocates_nothing() throws IOException {
        try (Host host = Host.builder("a")
                        .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                        .start();
                ServerSocketChannel server = new BerthSelectorProvider(host).openServerSocketChannel();
                SocketChannel client = new BerthSelectorProvider(host).openSocketChannel()) {
            server.bind(new InetSocketAddress(InetAddress.getByName("10.0.0.1"), 80));
            client.connect(server.getLocalAddress());
            assertThat(octets(() -> {
                        client.configureBlocking(false);
                        client.configureBlocking(true);
                    }))
                    .isLessThan(1);
        }
    }

    @Test
    void reading_writing_and_selecting_allocate_nothing() throws IOException {
        try (Host host = Host.builder("a")
                        .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                        .start();
                ServerSocketChannel server = new BerthSelectorProvider(host).openServerSocketChannel();
                SocketChannel client = new BerthSelectorProvider(host).openSocketChannel();
                Selector selector = new BerthSelectorProvider(host).openSelector()) {
            server.bind(new InetSocketAddress(InetAddress.getByName("10.0.0.1"), 80));
            client.connect(server.getLocalAddress());
            try (SocketChannel accepted = server.accept()) {
                accepted.configureBlocking(false);
                accepted.register(selector, SelectionKey.OP_READ);
                ByteBuffer out = ByteBuffer.allocateDirect(100);
                ByteBuffer in = ByteBuffer.allocateDirect(100);
                assertThat(octets(() -> {
                            client.write(out.clear());
                            selector.select(_ -> {});
                            accepted.read(in.clear());
                        }))
                        .isLessThan(1);
            }
        }
    }
}
