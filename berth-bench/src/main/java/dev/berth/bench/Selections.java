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

/// What a selection costs that finds one channel ready, beside many others that are not. One thread writes an octet
/// to a channel, selects, takes the key and reads the octet, and does the same without selecting in turn. Counted is
/// the processor time of that thread; the figure is the difference.
///
/// The first thousand channels take turns in becoming ready: so the figure is about the selector rather than about
/// memory that nobody has touched for long, and has to be about the same however many others there are.
final class Selections implements Measurement {
    /// Connections of a server: a client has no more than some ten thousand ports towards one destination.
    private static final int PER_SERVER = 10_000;

    private static final int MOST_IN_TURN = 1_000;
    private static final int ROUNDS = 256;

    private final AutoCloseable platform;
    private final Selector selector;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<SocketChannel> writers = new ArrayList<>();
    private final List<SocketChannel> readers = new ArrayList<>();
    private final ByteBuffer octet = ByteBuffer.allocateDirect(1);
    private final ByteBuffer room = ByteBuffer.allocateDirect(16);
    private final int inTurn;
    private int next;

    private Selections(AutoCloseable platform, SelectorProvider provider, int channels) throws IOException {
        this.platform = platform;
        selector = provider.openSelector();
        inTurn = Math.min(channels, MOST_IN_TURN);
        List<ServerSocketChannel> servers = new ArrayList<>();
        for (int i = 0; i < channels; i += PER_SERVER) { // before the ports have connections
            ServerSocketChannel server = provider.openServerSocketChannel();
            opened.add(server.bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0)));
            servers.add(server);
        }
        for (int i = 0; i < channels; i++) {
            ServerSocketChannel server = servers.get(i / PER_SERVER);
            SocketChannel writer = provider.openSocketChannel();
            opened.add(writer);
            writer.connect(server.getLocalAddress());
            writer.setOption(StandardSocketOptions.TCP_NODELAY, true);
            SocketChannel reader = server.accept();
            opened.add(reader);
            reader.configureBlocking(false);
            reader.register(selector, SelectionKey.OP_READ);
            writers.add(writer);
            readers.add(reader);
        }
    }

    /// Channels of a host, both ends on it.
    static Measurement onBerth(int channels) throws IOException {
        Host host = Host.builder("selecting").start();
        return new Selections(host, new BerthSelectorProvider(host), channels);
    }

    /// The larger quotient of what a selection costs with 1,000 and 100,000 channels to what it costs with one.
    static Measurement flatness() throws Exception {
        Heap.require(512);
        List<Measurement> sides = new ArrayList<>();
        for (int channels : new int[] {1, 1_000, 100_000}) {
            sides.add(onBerth(channels));
        }
        return new Measurement() {
            @Override
            public double measure(long nanos) throws Exception {
                double one = sides.getFirst().measure(nanos / 3);
                double worst = 0;
                for (Measurement many : sides.subList(1, sides.size())) {
                    worst = Math.max(worst, many.measure(nanos / 3) / one);
                }
                return worst;
            }

            @Override
            public void close() throws Exception {
                for (Measurement each : sides) {
                    each.close();
                }
            }
        };
    }

    /// Channels of the kernel.
    static Measurement onKernel(int channels) throws IOException {
        return new Selections(() -> {}, SelectorProvider.provider(), channels);
    }

    @Override
    public double measure(long nanos) throws IOException {
        long operations = 0;
        long selecting = 0;
        long end = System.nanoTime() + nanos;
        do {
            long before = Threads.cpuNanos();
            for (int i = 0; i < ROUNDS; i++) {
                int channel = write();
                select();
                read(channel);
            }
            long between = Threads.cpuNanos();
            for (int i = 0; i < ROUNDS; i++) {
                read(write());
            }
            long after = Threads.cpuNanos();
            selecting += between - before - (after - between);
            operations += ROUNDS;
            selector.selectNow(); // forgets who has become ready and was not selected
        } while (System.nanoTime() < end);
        return (double) selecting / operations;
    }

    private int write() throws IOException {
        int channel = next;
        next = (channel + 1) % inTurn;
        writers.get(channel).write(octet.clear());
        return channel;
    }

    private void read(int channel) throws IOException {
        if (readers.get(channel).read(room.clear()) != 1) {
            throw new AssertionError("The octet that was written is not there");
        }
    }

    private void select() throws IOException {
        int found = 0;
        while (found == 0) {
            found = selector.select();
        }
        if (found != 1) {
            throw new AssertionError("One channel was written to, not " + found);
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
