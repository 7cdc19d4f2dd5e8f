package dev.berth.bench;

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
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.FutureTask;

/// One octet there and back on each of many connections, whose server is one thread with one selector. The client is
/// another thread, with channels that block: it writes an octet to every connection and then reads every reply.
/// Microseconds per reply in the median batch. Every reply is checked, and the server's count at the end.
final class SelectorEcho implements Measurement {
    private static final int FEWEST_PER_BATCH = 32;

    private final AutoCloseable platform;
    private final Selector selector;
    private final ServerSocketChannel listener;
    private final List<SocketChannel> clients = new ArrayList<>();
    private final ByteBuffer octet = ByteBuffer.allocateDirect(1);
    private final FutureTask<Long> server;
    private final int sweeps;
    private byte next;
    private long replies;

    private SelectorEcho(
            AutoCloseable platform,
            SelectorProvider clientSide,
            SelectorProvider serverSide,
            InetAddress address,
            int connections)
            throws IOException {
        this.platform = platform;
        sweeps = Math.max(1, FEWEST_PER_BATCH / connections);
        selector = serverSide.openSelector();
        listener = serverSide.openServerSocketChannel();
        listener.bind(new InetSocketAddress(address, 0));
        for (int i = 0; i < connections; i++) {
            SocketChannel client = clientSide.openSocketChannel();
            clients.add(client);
            client.connect(listener.getLocalAddress());
            client.setOption(StandardSocketOptions.TCP_NODELAY, true);
            SocketChannel accepted = listener.accept();
            accepted.setOption(StandardSocketOptions.TCP_NODELAY, true);
            accepted.configureBlocking(false);
            accepted.register(selector, SelectionKey.OP_READ);
        }
        server = Threads.start(false, () -> echo(connections));
    }

    /// Between two hosts on a network in memory.
    static Measurement onBerth(int connections) throws IOException {
        BerthSockets hosts = BerthSockets.inMemory();
        InetAddress address =
                InetAddress.getByAddress(hosts.server().addresses().getFirst().octets());
        return new SelectorEcho(
                hosts,
                new BerthSelectorProvider(hosts.client()),
                new BerthSelectorProvider(hosts.server()),
                address,
                connections);
    }

    /// Over the kernel's loopback interface.
    static Measurement onKernel(int connections) throws IOException {
        SelectorProvider kernel = SelectorProvider.provider();
        return new SelectorEcho(() -> {}, kernel, kernel, InetAddress.getLoopbackAddress(), connections);
    }

    /// Echoes until all connections have ended; returns the octets.
    private long echo(int connections) throws IOException {
        ByteBuffer room = ByteBuffer.allocateDirect(64);
        int open = connections;
        long echoed = 0;
        while (open > 0) {
            selector.select();
            Iterator<SelectionKey> keys = selector.selectedKeys().iterator();
            while (keys.hasNext()) {
                SelectionKey key = keys.next();
                keys.remove();
                SocketChannel channel = (SocketChannel) key.channel();
                int n = channel.read(room.clear());
                if (n < 0) {
                    channel.close();
                    open--;
                } else if (n > 0) {
                    room.flip();
                    room.put(0, (byte) (room.get(0) + 1));
                    if (channel.write(room) != n) {
                        throw new AssertionError("An octet found no room in an empty send buffer");
                    }
                    echoed += n;
                }
            }
        }
        return echoed;
    }

    @Override
    public double measure(long nanos) throws Exception {
        int batch = sweeps * clients.size();
        return Batches.nanosPerOperation(nanos, batch, this::exchange) / 1e3;
    }

    private void exchange() throws IOException {
        for (int i = 0; i < sweeps; i++) {
            byte sent = next++;
            for (SocketChannel client : clients) {
                octet.clear().put(0, sent);
                if (client.write(octet) != 1) {
                    throw new AssertionError("An octet was not written");
                }
            }
            for (SocketChannel client : clients) {
                if (client.read(octet.clear()) != 1 || octet.get(0) != (byte) (sent + 1)) {
                    throw new AssertionError("A wrong reply");
                }
            }
            replies += clients.size();
        }
    }

    @Override
    public void close() throws Exception {
        try (platform) {
            for (SocketChannel client : clients) {
                client.close();
            }
            long echoed = Threads.join(server);
            selector.close();
            listener.close();
            if (echoed != replies) {
                throw new AssertionError(replies + " replies, but " + echoed + " echoes");
            }
        }
    }
}
