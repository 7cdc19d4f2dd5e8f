package dev.berth.bench;

import dev.berth.host.Host;
import dev.berth.sockets.BerthSelectorProvider;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.ArrayList;
import java.util.List;

/// What a selector costs for a channel that becomes ready, beside many others that do not: one thread writes an octet
/// to a channel, selects, takes the key and reads the octet. Counted is the processor time of that thread, per channel.
///
/// The channels that become ready take turns, a thousand of them at most, spread over all: so the figure is about the
/// selector rather than about memory that nobody has touched for long.
final class Selections implements Measurement {
    /// Connections of a server: a client has no more than some ten thousand ports towards one destination.
    private static final int PER_SERVER = 10_000;

    private static final int MOST_IN_TURN = 1_000;
    private static final int ROUNDS = 256;

    private final AutoCloseable platform;
    private final Selector selector;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<SocketChannel> writers = new ArrayList<>();
    private final ByteBuffer octet = ByteBuffer.allocateDirect(1);
    private final ByteBuffer room = ByteBuffer.allocateDirect(16);
    private final int stride;
    private int next;

    private Selections(AutoCloseable platform, SelectorProvider provider, int channels) throws IOException {
        this.platform = platform;
        selector = provider.openSelector();
        stride = Math.max(1, channels / MOST_IN_TURN);
        ServerSocketChannel server = null;
        for (int i = 0; i < channels; i++) {
            if (i % PER_SERVER == 0) {
                server = provider.openServerSocketChannel();
                opened.add(server.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0)));
            }
            SocketChannel writer = provider.openSocketChannel();
            opened.add(writer);
            writer.connect(server.getLocalAddress());
            writer.setOption(StandardSocketOptions.TCP_NODELAY, true);
            SocketChannel reader = server.accept();
            opened.add(reader);
            reader.configureBlocking(false);
            reader.register(selector, SelectionKey.OP_READ);
            writers.add(writer);
        }
    }

    /// Channels of a host, both ends on it.
    static Measurement onBerth(int channels) throws IOException {
        Host host = Host.builder("selecting").start();
        return new Selections(host, new BerthSelectorProvider(host), channels);
    }

    /// Channels of the kernel.
    static Measurement onKernel(int channels) throws IOException {
        return new Selections(() -> {}, SelectorProvider.provider(), channels);
    }

    @Override
    public double measure(long nanos) throws IOException {
        long operations = 0;
        long cpu = Threads.cpuNanos();
        long end = System.nanoTime() + nanos;
        do {
            for (int i = 0; i < ROUNDS; i++) {
                writeAndSelect();
            }
            operations += ROUNDS;
        } while (System.nanoTime() < end);
        return (double) (Threads.cpuNanos() - cpu) / operations;
    }

    private void writeAndSelect() throws IOException {
        writers.get(next).write(octet.clear());
        next += stride;
        if (next >= writers.size()) {
            next = 0;
        }
        int found = 0;
        while (found == 0) {
            found = selector.select();
        }
        for (SelectionKey key : selector.selectedKeys()) {
            if (((SocketChannel) key.channel()).read(room.clear()) != 1) {
                throw new AssertionError("A channel was ready without the octet that was written");
            }
        }
        if (selector.selectedKeys().size() != 1) {
            throw new AssertionError("One channel was written to, not " + selector.selectedKeys().size());
        }
        selector.selectedKeys().clear();
    }

    @Override
    public void close() throws Exception {
        selector.close();
        for (AutoCloseable each : opened) {
            each.close();
        }
        platform.close();
    }
}
