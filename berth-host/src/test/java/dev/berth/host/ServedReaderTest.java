package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A reader that waits gets its octets from whoever brings them: none is lost, doubled or out of order, whatever else
/// ends its wait.
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServedReaderTest {
    private static final int MESSAGES = 4_000;
    private static final int MOST_READ = 40;
    private static final Endpoint ANYWHERE = new Endpoint(IpAddress.LOOPBACK_IPV4, 0);

    private record Pair(TcpSocket client, TcpSocket server) implements AutoCloseable {
        static Pair on(Host host) throws IOException {
            try (TcpAcceptor acceptor = host.openTcpAcceptor()) {
                acceptor.bind(ANYWHERE);
                acceptor.listen(1);
                TcpSocket client = host.openTcpSocket();
                client.noDelay(true);
                client.connect(acceptor.local(), 0);
                return new Pair(client, acceptor.accept(0));
            }
        }

        @Override
        public void close() {
            client.abort();
            server.abort();
        }
    }

    private static Thread.Builder threads(boolean virtual) {
        return virtual ? Thread.ofVirtual() : Thread.ofPlatform().daemon();
    }

    /// Reads counted octets until the end of the stream; `timeout` 0 for none. Waits that end otherwise begin again.
    private static int readAll(TcpSocket socket, long timeoutNanos, SplittableRandom random) throws IOException {
        byte[] bytes = new byte[64];
        int count = 0;
        for (; ; ) {
            int most = random.nextInt(1, MOST_READ);
            int n;
            try {
                n = socket.read(bytes, 3, most, timeoutNanos == 0 ? 0 : random.nextLong(1, timeoutNanos));
            } catch (SocketTimeoutException _) {
                continue;
            } catch (InterruptedIOException _) {
                Thread.interrupted();
                continue;
            }
            if (n < 0) {
                return count;
            }
            assertThat(n).isBetween(1, most);
            for (int i = 0; i < n; i++) {
                if (bytes[3 + i] != (byte) count) {
                    throw new AssertionError("octet " + count + " is " + bytes[3 + i]);
                }
                count++;
            }
        }
    }

    private static int write(TcpSocket socket, SplittableRandom random) throws IOException {
        byte[] bytes = new byte[MOST_READ];
        int count = 0;
        for (int i = 0; i < MESSAGES; i++) {
            int length = random.nextInt(1, MOST_READ);
            for (int k = 0; k < length; k++) {
                bytes[k] = (byte) count++;
            }
            socket.write(bytes, 0, length);
            for (int spin = random.nextInt(400); spin > 0; spin--) {
                Thread.onSpinWait();
            }
        }
        socket.shutdownOutput();
        return count;
    }

    private static void everyOctetArrives(boolean virtual, long timeoutNanos, boolean interrupts) {
        Seeds.run(3, random -> {
            try (Host host = Host.builder("both").start();
                    Pair pair = Pair.on(host)) {
                SplittableRandom other = random.split();
                FutureTask<Integer> reading = new FutureTask<>(() -> readAll(pair.server, timeoutNanos, other));
                Thread reader = threads(virtual).start(reading);
                AtomicBoolean over = new AtomicBoolean();
                Thread meddler = threads(false).start(() -> {
                    while (interrupts && !over.get()) {
                        reader.interrupt();
                        for (int spin = 0; spin < 300; spin++) {
                            Thread.onSpinWait();
                        }
                    }
                });
                int written = write(pair.client, random);
                int read = reading.get(100, TimeUnit.SECONDS);
                over.set(true);
                meddler.join();
                assertThat(read).isEqualTo(written);
                assertThat(host.waitingThreads()).isEmpty();
            }
        });
    }

    @Test
    void without_a_time_out() {
        everyOctetArrives(false, 0, false);
        everyOctetArrives(true, 0, false);
    }

    @Test
    void whose_waits_time_out_again_and_again() {
        everyOctetArrives(false, 20_000, false);
        everyOctetArrives(true, 20_000, false);
    }

    @Test
    void that_is_interrupted_again_and_again() {
        everyOctetArrives(true, 0, true);
        everyOctetArrives(true, 50_000, true);
    }

    @Test
    void is_served_beside_another_one_without_losing_an_octet() {
        Seeds.run(3, random -> {
            try (Host host = Host.builder("both").start();
                    Pair pair = Pair.on(host)) {
                FutureTask<Integer> first = new FutureTask<>(() -> count(pair.server));
                FutureTask<Integer> second = new FutureTask<>(() -> count(pair.server));
                threads(true).start(first);
                threads(false).start(second);
                int written = write(pair.client, random);
                int read = first.get(100, TimeUnit.SECONDS) + second.get(100, TimeUnit.SECONDS);
                assertThat(read).isEqualTo(written);
            }
        });
    }

    private static int count(TcpSocket socket) throws IOException {
        byte[] bytes = new byte[64];
        int count = 0;
        int n;
        while ((n = socket.read(bytes, 0, bytes.length, 0)) > 0) {
            count += n;
        }
        return count;
    }
}
