package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import dev.berth.check.Seeds;
import dev.berth.host.Host;
import dev.berth.host.HostSocket;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.tun.StreamCalls;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Octets between a socket of the kernel and one in memory, straight and through a buffer.
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KernelStreamTest {
    private static final int LARGE = 65_536;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final Turns turns = new Turns();
    private Host host;
    private TcpSocket gateway;
    private TcpSocket guest;
    private SocketChannel near;
    private SocketChannel far;

    /// Both ends of a connection of the kernel.
    private static SocketChannel[] connected() throws IOException {
        try (ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel one = SocketChannel.open(server.getLocalAddress());
            return new SocketChannel[] {one, server.accept()};
        }
    }

    @BeforeEach
    void connect() throws IOException {
        host = Host.builder("inside").start();
        SocketChannel[] ends = connected();
        near = ends[0];
        far = ends[1];
        near.configureBlocking(false);
        far.configureBlocking(false);
        try (TcpAcceptor acceptor = host.openTcpAcceptor()) {
            acceptor.bind(new Endpoint(IpAddress.LOOPBACK_IPV4, 0));
            acceptor.listen(1);
            gateway = host.openTcpSocket();
            gateway.noDelay(true);
            gateway.connect(acceptor.local(), 0);
            guest = acceptor.accept(0);
        }
    }

    @AfterEach
    void close() throws IOException {
        near.close();
        far.close();
        host.close();
    }

    private static byte octet(int i) {
        return (byte) (i * 31 + (i >>> 8) * 7);
    }

    private static byte[] pattern(int from, int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = octet(from + i);
        }
        return bytes;
    }

    private int inward(KernelStream stream, int most) throws IOException {
        int room = gateway.tryLend(turns.space(), most);
        if (room == HostSocket.UNAVAILABLE) {
            return 0;
        }
        int count = 0;
        try {
            count = stream.receive(turns, turns.space().bytes(), turns.space().from(), room);
        } finally {
            gateway.append(turns.space(), Math.max(count, 0));
        }
        return count;
    }

    private int outward(KernelStream stream, int most) throws IOException {
        if (gateway.tryView(turns.view(), most) < 0) {
            return 0;
        }
        int sent = 0;
        try {
            sent = stream.send(turns, turns.view());
        } finally {
            gateway.consume(turns.view(), sent);
        }
        return sent;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void what_comes_from_the_kernel_arrives_inside(boolean straight) {
        Seeds.run(5, random -> {
            KernelStream stream = new KernelStream(near, straight, () -> {});
            int total = 3_000_000;
            int sent = 0;
            int received = 0;
            byte[] read = new byte[LARGE];
            while (received < total) {
                if (sent < total) {
                    sent += far.write(ByteBuffer.wrap(pattern(sent, Math.min(total - sent, random.nextInt(200_000)))));
                }
                inward(stream, 1 + random.nextInt(random.nextBoolean() ? LARGE : 500));
                int count = guest.tryRead(read, 0, random.nextInt(1, LARGE));
                for (int i = 0; i < count; i++) {
                    assertOctet(read[i], received++);
                }
            }
            assertThat(stream.isStraight()).isEqualTo(straight && StreamCalls.arePossible());
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void what_comes_from_inside_arrives_at_the_kernel(boolean straight) {
        Seeds.run(5, random -> {
            KernelStream stream = new KernelStream(near, straight, () -> {});
            int total = 3_000_000;
            int sent = 0;
            int received = 0;
            ByteBuffer read = ByteBuffer.allocate(LARGE);
            while (received < total) {
                // Small writes are small slices of the queue, which go together.
                int most = random.nextBoolean() ? 100_000 : 2_000;
                for (int i = 0; i < 20 && sent < total; i++) {
                    int count = Math.min(total - sent, random.nextInt(1, most));
                    sent += Math.max(0, guest.tryWrite(pattern(sent, count), 0, count));
                }
                outward(stream, random.nextInt(1, 4 * LARGE));
                int count = far.read(read.clear().limit(random.nextInt(1, LARGE)));
                for (int i = 0; i < count; i++) {
                    assertOctet(read.get(i), received++);
                }
            }
            assertThat(stream.isStraight()).isEqualTo(straight && StreamCalls.arePossible());
        });
    }

    private static void assertOctet(byte octet, int index) {
        if (octet != octet(index)) {
            throw new AssertionError("Octet " + index + " is wrong");
        }
    }

    /// A stream through which so much has gone that octets pass straight.
    private KernelStream fast(SocketChannel channel, SocketChannel other) throws IOException {
        assumeThat(StreamCalls.arePossible()).isTrue();
        KernelStream stream = new KernelStream(channel);
        ByteBuffer bytes = ByteBuffer.allocate(LARGE);
        byte[] read = new byte[LARGE];
        for (int received = 0; received < LARGE || !stream.isStraight(); ) {
            if (!bytes.hasRemaining()) {
                bytes.clear();
            }
            other.write(bytes);
            received += Math.max(0, stream.receive(turns, read, 0, LARGE));
        }
        while (bytes.hasRemaining()) {
            other.write(bytes);
        }
        // What is still on its way
        other.configureBlocking(true);
        other.socket().setSoTimeout(60_000);
        channel.write(ByteBuffer.wrap(new byte[] {1}));
        assertThat(other.socket().getInputStream().read()).isEqualTo(1);
        int count;
        do {
            count = stream.receive(turns, read, 0, LARGE);
        } while (count > 0);
        other.configureBlocking(false);
        return stream;
    }

    @Test
    void the_ends_of_the_kernels_stream_are_told() throws Exception {
        KernelStream stream = fast(near, far);
        assertThat(stream.receive(turns, new byte[10], 0, 10)).isZero();
        far.shutdownOutput();
        assertThat(awaitEnd(stream)).isEqualTo(-1);
        far.setOption(StandardSocketOptions.SO_LINGER, 0);
        far.close();
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 100_000; i++) {
                        guest.tryWrite(new byte[10_000], 0, 10_000);
                        outward(stream, LARGE);
                    }
                })
                .isInstanceOf(IOException.class);
        stream.close();
        assertThatThrownBy(() -> stream.receive(turns, new byte[10], 0, 10)).isInstanceOf(ClosedChannelException.class);
        assertThat(near.isOpen()).isFalse();
    }

    private int awaitEnd(KernelStream stream) throws IOException {
        int count = 0;
        long end = System.nanoTime() + 30_000_000_000L;
        while (count == 0 && System.nanoTime() - end < 0) {
            count = stream.receive(turns, new byte[10], 0, 10);
        }
        return count;
    }

    /// The kernel gives the number of a closed descriptor to the next socket: who still uses the number would take
    /// that one's octets.
    @Test
    void no_call_meets_a_socket_that_has_got_the_number_of_a_closed_one() throws Exception {
        byte[] stranger = new byte[100];
        for (int round = 0; round < 300; round++) {
            SocketChannel[] ends = connected();
            ends[0].configureBlocking(false);
            ends[1].configureBlocking(false);
            KernelStream stream = fast(ends[0], ends[1]);
            Turns others = new Turns();
            FutureTask<Integer> using = new FutureTask<>(() -> {
                byte[] bytes = new byte[100];
                try {
                    int count;
                    do {
                        count = stream.receive(others, bytes, 0, 100);
                    } while (count == 0);
                    return count;
                } catch (ClosedChannelException e) {
                    return 0;
                }
            });
            Thread.ofPlatform().daemon().start(using);
            for (int spin = 0; spin < round * 10; spin++) {
                Thread.onSpinWait();
            }
            stream.close();
            SocketChannel[] next = connected();
            next[0].write(ByteBuffer.wrap(stranger));
            next[1].write(ByteBuffer.wrap(stranger));
            assertThat(using.get(60, TimeUnit.SECONDS)).isZero();
            for (SocketChannel each : new SocketChannel[] {ends[1], next[0], next[1]}) {
                each.close();
            }
        }
    }

    @Test
    void moving_octets_straight_allocates_no_buffers() throws Exception {
        KernelStream stream = fast(near, far);
        ByteBuffer bytes = ByteBuffer.allocateDirect(20_000);
        byte[] read = new byte[40_000];
        long least = Long.MAX_VALUE;
        for (int attempt = 0; attempt < 30 && least > 0; attempt++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 5_000; i++) {
                far.write(bytes.clear());
                inward(stream, LARGE);
                int count = Math.max(0, guest.tryRead(read, 0, read.length));
                if (guest.tryWrite(read, 0, count) != count && count > 0) {
                    throw new AssertionError("no room");
                }
                outward(stream, LARGE);
                far.read(bytes.clear());
            }
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
        }
        // Two calls of the C library with 20,000 octets each: the objects that stand for parts of arrays in them, 112
        // octets a call, are there unless the compiler sees that they go nowhere, which depends on what ran before.
        assertThat(least / 5_000.0).as("octets per round").isLessThan(256);
    }
}
