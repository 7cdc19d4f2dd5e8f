package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// One selector, many connections, and writers that give a few octets at any time: readiness is looked at without the
/// host's lock, and none may be missed. A missed one is a selection that does not end.
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReadinessHammerTest {
    private static final int CONNECTIONS = 24;
    private static final int WRITERS = 3;
    private static final int OCTETS = 4_000; // of each connection
    private static final int MOST = 40; // of a write

    private record Connection(SocketChannel client, SocketChannel server) {}

    private static Thread.Builder threads(boolean virtual) {
        return virtual ? Thread.ofVirtual() : Thread.ofPlatform().daemon();
    }

    private static List<Connection> connect(SelectorProvider provider) throws Exception {
        List<Connection> all = new ArrayList<>();
        try (ServerSocketChannel listener = provider.openServerSocketChannel()) {
            listener.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), CONNECTIONS);
            for (int i = 0; i < CONNECTIONS; i++) {
                SocketChannel client = provider.openSocketChannel();
                client.connect(listener.getLocalAddress());
                SocketChannel server = listener.accept();
                server.configureBlocking(false);
                all.add(new Connection(client, server));
            }
        }
        return all;
    }

    /// Writes all octets of some connections, in pieces and in any order.
    private static void write(List<Connection> all, SplittableRandom random) throws Exception {
        int[] left = new int[all.size()];
        Arrays.fill(left, OCTETS);
        long rest = (long) all.size() * OCTETS;
        while (rest > 0) {
            int i = random.nextInt(all.size());
            int n = Math.min(left[i], random.nextInt(1, MOST));
            ByteBuffer bytes = ByteBuffer.allocate(n);
            while (bytes.hasRemaining()) {
                all.get(i).client.write(bytes);
            }
            left[i] -= n;
            rest -= n;
            for (int spin = random.nextInt(200); spin > 0; spin--) {
                Thread.onSpinWait();
            }
        }
    }

    /// Reads until all is there; sometimes not all of what waits, and sometimes without interest for a while.
    private static int readAll(Selector selector, SplittableRandom random) throws Exception {
        ByteBuffer bytes = ByteBuffer.allocate(MOST);
        List<SelectionKey> silent = new ArrayList<>();
        int count = 0;
        while (count < CONNECTIONS * OCTETS) {
            if (silent.isEmpty()) {
                selector.select();
            } else {
                selector.selectNow();
            }
            for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext(); ) {
                SelectionKey key = keys.next();
                keys.remove();
                SocketChannel channel = (SocketChannel) key.channel();
                int n;
                do {
                    bytes.clear().limit(random.nextInt(1, MOST));
                    n = channel.read(bytes);
                    count += Math.max(n, 0);
                } while (n > 0 && random.nextInt(4) > 0);
                if (random.nextInt(8) == 0) {
                    key.interestOps(0);
                    silent.add(key);
                }
            }
            if (random.nextInt(4) == 0) {
                silent.forEach(key -> key.interestOps(SelectionKey.OP_READ));
                silent.clear();
            }
        }
        return count;
    }

    private static void hammer(boolean virtual, SplittableRandom random) throws Exception {
        BerthPlatform platform = new BerthPlatform();
        SelectorProvider provider = platform.provider();
        try (Selector selector = provider.openSelector()) {
            List<Connection> all = connect(provider);
            for (Connection each : all) {
                each.server.register(selector, SelectionKey.OP_READ);
            }
            SplittableRandom reading = random.split();
            FutureTask<Integer> reader = new FutureTask<>(() -> readAll(selector, reading));
            threads(virtual).start(reader);
            List<FutureTask<Void>> writers = new ArrayList<>();
            for (int w = 0; w < WRITERS; w++) {
                List<Connection> some = all.subList(w * CONNECTIONS / WRITERS, (w + 1) * CONNECTIONS / WRITERS);
                SplittableRandom writing = random.split();
                FutureTask<Void> writer = new FutureTask<>(() -> {
                    write(some, writing);
                    return null;
                });
                writers.add(writer);
                threads(virtual).start(writer);
            }
            for (FutureTask<Void> writer : writers) {
                writer.get();
            }
            assertThat(reader.get()).isEqualTo(CONNECTIONS * OCTETS);
            for (Connection each : all) {
                each.client.close();
                each.server.close();
            }
        } finally {
            platform.close();
        }
    }

    @Test
    void every_octet_is_selected_by_a_platform_thread() throws Exception {
        Seeds.run(2, random -> hammer(false, random));
    }

    @Test
    void every_octet_is_selected_by_a_virtual_thread() throws Exception {
        Seeds.run(2, random -> hammer(true, random));
    }
}
