package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.network.Network;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Many streams at once through a gateway and a published port, with ends that stall, go away and reset: whoever reads
/// an octet reads the right one of the right stream, and afterwards nothing is left.
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CarriedStreamsTest {
    private static final long PATIENCE = 60_000_000_000L;
    private static final IpAddress MACHINE = IpAddress.parse("10.0.0.253");
    private static final Endpoint INSIDE = new Endpoint(IpAddress.parse("10.0.0.1"), 7);
    private static final int STREAMS = 48;
    private static final int MOST = 3_000_000;

    /// One end of a connection, of the kernel or in memory.
    private interface End {
        int read(byte[] bytes, int length) throws IOException;

        void write(byte[] bytes, int length) throws IOException;

        void shutdownOutput() throws IOException;

        void close(boolean reset) throws IOException;
    }

    private static End end(TcpSocket socket) {
        return new End() {
            @Override
            public String toString() {
                return socket.toString();
            }

            @Override
            public int read(byte[] bytes, int length) throws IOException {
                return socket.read(bytes, 0, length, PATIENCE);
            }

            @Override
            public void write(byte[] bytes, int length) throws IOException {
                socket.write(bytes, 0, length);
            }

            @Override
            public void shutdownOutput() throws IOException {
                socket.shutdownOutput();
            }

            @Override
            public void close(boolean reset) {
                if (reset) {
                    socket.abort();
                } else {
                    socket.close();
                }
            }
        };
    }

    private static End end(Socket socket) throws IOException {
        socket.setSoTimeout(60_000);
        return new End() {
            @Override
            public String toString() {
                return socket.toString();
            }

            @Override
            public int read(byte[] bytes, int length) throws IOException {
                return socket.getInputStream().read(bytes, 0, length);
            }

            @Override
            public void write(byte[] bytes, int length) throws IOException {
                socket.getOutputStream().write(bytes, 0, length);
            }

            @Override
            public void shutdownOutput() throws IOException {
                socket.shutdownOutput();
            }

            @Override
            public void close(boolean reset) throws IOException {
                if (reset && !socket.isClosed()) {
                    socket.setSoLinger(true, 0);
                }
                socket.close();
            }
        };
    }

    /// What one end does with one stream, which both ends draw from its number.
    ///
    /// @param sends octets until it ends its direction
    /// @param leavesAt after so many octets read or written it goes away; beyond all if it does not
    private record Role(int sends, int leavesAt, boolean resets, SplittableRandom random) {
        static Role of(long stream, boolean begins) {
            SplittableRandom random = new SplittableRandom(stream * 2 + (begins ? 1 : 0));
            int sends = random.nextInt(4) == 0 ? random.nextInt(200) : random.nextInt(MOST);
            boolean leaves = random.nextInt(4) == 0;
            return new Role(sends, leaves ? random.nextInt(MOST) : Integer.MAX_VALUE, random.nextBoolean(), random);
        }

        boolean leaves() {
            return leavesAt < Integer.MAX_VALUE;
        }
    }

    private static byte octet(long stream, boolean begins, int at) {
        long x = (stream * 2 + (begins ? 1 : 0)) * 0x9E3779B97F4A7C15L + (at >>> 3) * 0xD1B54A32D192ED03L;
        x ^= x >>> 29;
        return (byte) (x * 0xBF58476D1CE4E5B9L >>> 8 * (at & 7));
    }

    /// Both directions of one end.
    private final class Talk {
        private final End end;
        private final long stream;
        private final boolean begins;
        private final Role own;
        private final Role other;
        private final AtomicInteger moved = new AtomicInteger();
        private volatile boolean left;

        Talk(End end, long stream, boolean begins) {
            this.end = end;
            this.stream = stream;
            this.begins = begins;
            own = Role.of(stream, begins);
            other = Role.of(stream, !begins);
        }

        void run() throws Exception {
            Future<?> writing = executor.submit(() -> {
                write();
                return null;
            });
            try {
                read();
            } finally {
                try {
                    writing.get(PATIENCE, TimeUnit.NANOSECONDS);
                } catch (TimeoutException e) {
                    throw new AssertionError("Who writes stream " + stream + " to " + end + " waits for ever", e);
                } finally {
                    end.close(false);
                }
            }
        }

        private boolean leaves(int octets) throws IOException {
            if (moved.addAndGet(octets) >= own.leavesAt && !left) {
                left = true;
                end.close(own.resets);
            }
            return left;
        }

        /// Whether this stream may end before its time.
        private boolean mayFail() {
            return own.leaves() || other.leaves() || ending;
        }

        private void write() throws IOException {
            SplittableRandom random = own.random.split();
            byte[] bytes = new byte[200_000];
            int at = 0;
            try {
                while (at < own.sends) {
                    int count = Math.min(own.sends - at, 1 + random.nextInt(random.nextBoolean() ? 200_000 : 2_000));
                    for (int i = 0; i < count; i++) {
                        bytes[i] = octet(stream, begins, at + i);
                    }
                    end.write(bytes, count);
                    at += count;
                    if (leaves(count)) {
                        return;
                    }
                    pause(random);
                }
                end.shutdownOutput();
            } catch (IOException e) {
                if (!mayFail()) {
                    throw e;
                }
            }
        }

        private void read() throws IOException {
            SplittableRandom random = new SplittableRandom(stream);
            byte[] bytes = new byte[100_000];
            int at = 0;
            try {
                int count;
                while ((count = end.read(bytes, 1 + random.nextInt(bytes.length))) >= 0) {
                    for (int i = 0; i < count; i++) {
                        if (bytes[i] != octet(stream, !begins, at + i)) {
                            throw new AssertionError("Octet " + (at + i) + " of stream " + stream + " is wrong");
                        }
                    }
                    at += count;
                    if (leaves(count)) {
                        return;
                    }
                    pause(random);
                }
                if (at != other.sends && !mayFail()) {
                    throw new AssertionError("Stream " + stream + " ends at " + at + ", not " + other.sends);
                }
            } catch (IOException e) {
                if (!mayFail()) {
                    throw e;
                }
            }
        }
    }

    private static void pause(SplittableRandom random) {
        if (random.nextInt(30) == 0) {
            LockSupport.parkNanos(random.nextInt(20_000_000));
        }
    }

    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private volatile boolean ending;

    @Test
    void every_octet_is_of_its_stream_and_nothing_is_left() {
        Seeds.run(4, random -> carry(random, false));
    }

    @Test
    void a_gateway_that_is_closed_in_the_midst_leaves_nothing() {
        Seeds.run(4, random -> carry(random, true));
    }

    private void carry(SplittableRandom random, boolean closes) throws Exception {
        ending = false;
        long descriptors = descriptors();
        Gateway gateway;
        PublishedPort port;
        Host guest;
        Host door;
        try (Network network = Network.create("test");
                ServerSocket outside = new ServerSocket(0, 1_000, InetAddress.getLoopbackAddress())) {
            guest = network.host("guest", new IpAddress.Prefix(INSIDE.address(), 24));
            door = network.host("door", IpAddress.Prefix.parse("10.0.0.2/24"));
            TcpAcceptor inside = guest.openTcpAcceptor();
            inside.bind(INSIDE);
            inside.listen(1_000);
            gateway = Gateway.builder(network)
                    .inside(IpAddress.Prefix.parse("10.0.0.0/24"))
                    .machine(MACHINE)
                    .policy(OutsidePolicy.of(List.of(OutsideRule.allow("127.0.0.0/8"))))
                    .start();
            port = PublishedPort.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), door, INSIDE);
            List<Future<?>> ends = new ArrayList<>();
            Future<?> accepting = executor.submit(() -> {
                for (; ; ) {
                    answer(end(outside.accept()));
                }
            });
            Future<?> acceptingInside = executor.submit(() -> {
                for (; ; ) {
                    answer(end(inside.accept(0)));
                }
            });
            InetSocketAddress published = port.address();
            Endpoint target = new Endpoint(MACHINE, outside.getLocalPort());
            for (int i = 0; i < STREAMS; i++) {
                long stream = random.nextLong() >>> 8;
                boolean outward = i % 2 == 0;
                ends.add(executor.submit(() -> {
                    begin(outward ? connect(guest, target) : connect(published), stream);
                    return null;
                }));
            }
            if (closes) {
                LockSupport.parkNanos(random.nextLong(300_000_000));
                ending = true;
                port.close();
                gateway.close();
                guest.close(); // a reset that was lost comes from nowhere any more
            }
            await(ends);
            await(answers());
            int expected = closes ? 0 : STREAMS;
            assertThat(answered.getAndSet(0)).isGreaterThanOrEqualTo(expected);
            until(() -> gateway.counters().connections() == 0 && port.connections() == 0);
            assertThat(gateway.counters().opening()).isZero();
            port.close();
            if (!closes) { // a host that is down sees to nothing
                until(() -> gateway.host().counters().tcpMemory() == 0);
                until(() -> guest.counters().tcpMemory() == 0 && door.counters().tcpMemory() == 0);
            }
            gateway.close();
            accepting.cancel(true);
            acceptingInside.cancel(true);
        }
        until(() -> descriptors() <= descriptors + 5);
        until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("berth-gateway")));
    }

    private End connect(Host guest, Endpoint target) throws IOException {
        TcpSocket socket = guest.openTcpSocket();
        try {
            socket.connect(target, PATIENCE);
            return end(socket);
        } catch (IOException e) {
            socket.close();
            if (ending) {
                return GONE;
            }
            throw e;
        }
    }

    private End connect(InetSocketAddress published) throws IOException {
        try {
            return end(new Socket(published.getAddress(), published.getPort()));
        } catch (IOException e) {
            if (ending) {
                return GONE;
            }
            throw e;
        }
    }

    private static final End GONE = new End() {
        @Override
        public int read(byte[] bytes, int length) throws IOException {
            throw new IOException("gone");
        }

        @Override
        public void write(byte[] bytes, int length) throws IOException {
            throw new IOException("gone");
        }

        @Override
        public void shutdownOutput() {}

        @Override
        public void close(boolean reset) {}
    };

    /// The first octets say which stream it is.
    private void begin(End end, long stream) throws Exception {
        byte[] number = new byte[8];
        for (int i = 0; i < 8; i++) {
            number[i] = (byte) (stream >>> 8 * i);
        }
        try {
            end.write(number, 8);
        } catch (IOException e) {
            if (!ending) {
                throw e;
            }
        }
        new Talk(end, stream, true).run();
    }

    private final List<Future<?>> talks = new ArrayList<>(); // guarded by itself
    private final AtomicInteger answered = new AtomicInteger();

    private void answer(End end) {
        synchronized (talks) {
            talks.add(executor.submit(() -> {
                answered.incrementAndGet();
                long stream = 0;
                try {
                    for (int i = 0; i < 8; i++) {
                        byte[] one = new byte[1];
                        if (end.read(one, 1) != 1) {
                            end.close(false);
                            return null;
                        }
                        stream |= (one[0] & 0xFFL) << 8 * i;
                    }
                } catch (IOException e) {
                    end.close(false); // reset before it could say
                    return null;
                }
                new Talk(end, stream, false).run();
                return null;
            }));
        }
    }

    private List<Future<?>> answers() {
        synchronized (talks) {
            List<Future<?>> all = new ArrayList<>(talks);
            talks.clear();
            return all;
        }
    }

    private static void await(List<Future<?>> all) throws InterruptedException, TimeoutException {
        for (Future<?> each : all) {
            try {
                each.get(2 * PATIENCE, TimeUnit.NANOSECONDS);
            } catch (ExecutionException e) {
                throw new AssertionError("A stream has failed", e.getCause());
            }
        }
    }

    private static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("a deadline").isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static long descriptors() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
