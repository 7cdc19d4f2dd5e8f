package dev.berth.gateway;

import dev.berth.names.DnsResponder;
import dev.berth.names.DnsServer;
import dev.berth.names.DnsUpstream;
import dev.berth.names.NameTable;
import dev.berth.names.ResolverFile;
import dev.berth.wire.Bytes;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The names that the machine knows, for those who ask by DNS inside.
///
/// Addresses of names and names of addresses are what the JDK's resolver finds, as for `InetAddress` in the same JVM:
/// the machine's hosts file and whatever else it asks count. Other types of records are asked of the machine's own
/// name servers, over UDP and, where an answer is cut, over TCP. Thread-safe; blocks for some seconds at most for
/// each name server.
public final class MachineNames implements DnsUpstream {
    private static final long PATIENCE_NANOS = 2_000_000_000L;
    private static final int SERVERS = 3; // as many as resolv.conf(5) may name
    private static final int HEADER = 12;
    private static final int A = 1;
    private static final int PTR = 12;
    private static final int AAAA = 28;
    private static final int QR = 0x8000;
    private static final int AA = 0x0400;
    private static final int TC = 0x0200;

    private final SelectorProvider kernel;
    private final Path file;
    private final int port;
    private final DnsResponder resolver = DnsResponder.of(new Lookups());

    /// @param file names the name servers, as resolv.conf(5)
    /// @param port of the name servers
    MachineNames(SelectorProvider kernel, Path file, int port) {
        this.kernel = kernel;
        this.file = file;
        this.port = port;
    }

    /// Those of this machine.
    ///
    /// @throws IOException if the kernel's sockets are out of reach ([KernelSockets])
    public static MachineNames create() throws IOException {
        return new MachineNames(KernelSockets.provider("Names of the machine"), ResolverFile.MACHINE, DnsServer.PORT);
    }

    private static final class Lookups implements NameTable {
        @Override
        public List<IpAddress> addresses(String name) {
            List<IpAddress> found = new ArrayList<>();
            try {
                for (InetAddress each : InetAddress.getAllByName(name)) {
                    found.add(IpAddress.of(each.getAddress()));
                }
            } catch (UnknownHostException e) {
                return List.of(); // which is an answer
            }
            return found;
        }

        @Override
        public @Nullable String name(IpAddress address) {
            try {
                InetAddress asked = InetAddress.getByAddress(address.octets());
                String name = asked.getCanonicalHostName();
                return name.equals(asked.getHostAddress()) ? null : name;
            } catch (UnknownHostException e) {
                throw new AssertionError("an address has 4 or 16 octets", e);
            }
        }
    }

    @Override
    public byte @Nullable [] ask(byte[] query) throws IOException {
        int type = type(query);
        if (type == A || type == AAAA || type == PTR) {
            byte[] answer = resolver.answer(query, 0, query.length, true);
            if (answer != null) {
                Bytes.put16(answer, 2, Bytes.u16(answer, 2) & ~AA);
            }
            return answer;
        }
        IOException failure = new IOException("The machine has no name server");
        List<IpAddress> servers = ResolverFile.nameServers(file);
        for (IpAddress server : servers.subList(0, Math.min(SERVERS, servers.size()))) {
            try {
                byte[] answer = overUdp(query, new Endpoint(server, port));
                return (Bytes.u16(answer, 2) & TC) == 0 ? answer : overTcp(query, new Endpoint(server, port));
            } catch (IOException e) {
                failure = e;
            }
        }
        throw failure;
    }

    /// QTYPE of the first question; 0 if there is none.
    static int type(byte[] query) {
        int at = HEADER;
        while (at < query.length && query[at] != 0) {
            if ((query[at] & 0xc0) != 0) {
                return 0;
            }
            at += 1 + query[at];
        }
        return at + 3 <= query.length ? Bytes.u16(query, at + 1) : 0;
    }

    private byte[] overUdp(byte[] query, Endpoint server) throws IOException {
        try (DatagramChannel channel = kernel.openDatagramChannel();
                Selector selector = kernel.openSelector()) {
            channel.configureBlocking(false);
            channel.connect(OutsideAddresses.socketAddress(server));
            SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
            channel.write(ByteBuffer.wrap(query));
            ByteBuffer buffer = ByteBuffer.allocate(65_535);
            long deadline = System.nanoTime() + PATIENCE_NANOS;
            for (; ; ) {
                await(selector, key, SelectionKey.OP_READ, deadline);
                buffer.clear();
                channel.read(buffer);
                byte[] answer = new byte[buffer.flip().remaining()];
                buffer.get(answer);
                if (isAnswer(answer, query)) {
                    return answer;
                }
            }
        }
    }

    private static boolean isAnswer(byte[] answer, byte[] query) {
        return answer.length >= HEADER
                && Bytes.u16(answer, 0) == Bytes.u16(query, 0)
                && (Bytes.u16(answer, 2) & QR) != 0;
    }

    /// RFC 1035 section 4.2.2: two octets with the length stand before a message.
    private byte[] overTcp(byte[] query, Endpoint server) throws IOException {
        try (SocketChannel channel = kernel.openSocketChannel();
                Selector selector = kernel.openSelector()) {
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_CONNECT);
            long deadline = System.nanoTime() + PATIENCE_NANOS;
            if (!channel.connect(OutsideAddresses.socketAddress(server))) {
                while (!channel.finishConnect()) {
                    await(selector, key, SelectionKey.OP_CONNECT, deadline);
                }
            }
            ByteBuffer framed = ByteBuffer.allocate(query.length + 2);
            framed.putShort((short) query.length).put(query).flip();
            while (framed.hasRemaining()) {
                await(selector, key, SelectionKey.OP_WRITE, deadline);
                channel.write(framed);
            }
            ByteBuffer length = fill(ByteBuffer.allocate(2), channel, selector, key, deadline);
            byte[] answer = fill(ByteBuffer.allocate(length.getShort() & 0xffff), channel, selector, key, deadline)
                    .array();
            if (!isAnswer(answer, query)) {
                throw new IOException("The name server " + server + " answers something else");
            }
            return answer;
        }
    }

    private static ByteBuffer fill(
            ByteBuffer into, SocketChannel channel, Selector selector, SelectionKey key, long deadline)
            throws IOException {
        while (into.hasRemaining()) {
            await(selector, key, SelectionKey.OP_READ, deadline);
            if (channel.read(into) < 0) {
                throw new IOException("The name server ends the connection");
            }
        }
        return into.flip();
    }

    private static void await(Selector selector, SelectionKey key, int interest, long deadline) throws IOException {
        key.interestOps(interest);
        do {
            long millis = (deadline - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                throw new SocketTimeoutException("The name server does not answer");
            }
            selector.select(millis);
            selector.selectedKeys().clear();
        } while ((key.readyOps() & interest) == 0);
    }
}
