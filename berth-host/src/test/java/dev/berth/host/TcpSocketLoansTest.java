package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.tcp.ReceivedView;
import dev.berth.stack.tcp.SendSpace;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.SocketException;
import java.util.SplittableRandom;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Reading and writing a socket without a copy.
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TcpSocketLoansTest {
    private static final int TOTAL = 8 << 20;
    private static final int LARGE = 65_536;

    private Host host;
    private final SendSpace space = new SendSpace();
    private final ReceivedView view = new ReceivedView();
    private TcpSocket near;
    private TcpSocket far;

    @BeforeEach
    void connect() throws IOException {
        host = Host.builder("both").start();
        try (TcpAcceptor acceptor = host.openTcpAcceptor()) {
            acceptor.bind(new Endpoint(IpAddress.LOOPBACK_IPV4, 0));
            acceptor.listen(1);
            near = host.openTcpSocket();
            near.noDelay(true);
            near.connect(acceptor.local(), 0);
            far = acceptor.accept(0);
        }
    }

    @AfterEach
    void close() {
        near.abort();
        far.abort();
        host.close();
    }

    private static byte octet(int i) {
        return (byte) (i * 31 + (i >>> 8) * 7);
    }

    private static void await(Semaphore told) {
        try {
            if (!told.tryAcquire(60, TimeUnit.SECONDS)) {
                throw new AssertionError("Nothing was told for a minute");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        told.drainPermits();
    }

    private static Semaphore tellOf(TcpSocket socket, int bit) {
        Semaphore told = new Semaphore(0);
        socket.observe(ready -> {
            if ((ready & bit) != 0) {
                told.release();
            }
        });
        return told;
    }

    private Void send(SplittableRandom random) throws IOException {
        Semaphore told = tellOf(near, Readiness.WRITABLE);
        for (int sent = 0; sent < TOTAL; ) {
            int room = near.tryLend(space, Math.min(TOTAL - sent, 1 + random.nextInt(LARGE)));
            if (room == HostSocket.UNAVAILABLE) {
                await(told);
                continue;
            }
            int count = random.nextInt(10) == 0 ? random.nextInt(room) : room;
            for (int i = 0; i < count; i++) {
                space.bytes()[space.from() + i] = octet(sent++);
            }
            near.append(space, count);
        }
        near.shutdownOutput();
        return null;
    }

    private int receive(SplittableRandom random) throws IOException {
        Semaphore told = tellOf(far, Readiness.READABLE);
        int received = 0;
        int there;
        while ((there = far.tryView(view, 1 + random.nextInt(4 * LARGE))) != -1) {
            if (there == HostSocket.UNAVAILABLE) {
                await(told);
                continue;
            }
            int wanted = random.nextInt(4) == 0 ? random.nextInt(there + 1) : there;
            int left = wanted;
            for (int i = 0; left > 0; i++) {
                int part = Math.min(left, view.length(i));
                for (int k = 0; k < part; k++) {
                    if (view.bytes(i)[view.from(i) + k] != octet(received++)) {
                        throw new AssertionError("Octet " + (received - 1) + " is wrong");
                    }
                }
                left -= part;
            }
            far.consume(view, wanted);
        }
        return received;
    }

    @Test
    void every_octet_arrives_through_two_threads() {
        Seeds.run(3, random -> {
            close();
            connect();
            SplittableRandom other = random.split();
            FutureTask<Void> sending = new FutureTask<>(() -> send(other));
            Thread.ofPlatform().daemon().start(sending);
            assertThat(receive(random)).isEqualTo(TOTAL);
            sending.get(60, TimeUnit.SECONDS);
        });
    }

    @Test
    void a_closed_socket_takes_its_loans_back() throws Exception {
        near.tryLend(space, LARGE);
        near.close();
        assertThatThrownBy(() -> near.append(space, 10)).isInstanceOf(SocketException.class);
        assertThat(space.isLent()).isFalse();
        assertThatThrownBy(() -> near.tryLend(space, LARGE)).isInstanceOf(SocketException.class);
        assertThat(space.isLent()).isFalse();
        assertThatThrownBy(() -> near.tryView(view, LARGE)).isInstanceOf(SocketException.class);
    }

    @Test
    void what_was_lent_before_the_end_of_the_output_is_not_sent() throws Exception {
        near.tryLend(space, LARGE);
        near.shutdownOutput();
        assertThatThrownBy(() -> near.append(space, 10)).hasMessage("Broken pipe");
        assertThat(space.isLent()).isFalse();
        assertThat(far.read(new byte[10], 0, 10, 0)).isEqualTo(-1);
    }

    @Test
    void a_view_outlives_the_socket() throws Exception {
        near.write(new byte[] {1, 2, 3}, 0, 3);
        assertThat(far.tryView(view, LARGE)).isEqualTo(3);
        far.close();
        assertThat(view.bytes(0)[view.from(0) + 2]).isEqualTo((byte) 3);
        far.consume(view, 3);
        assertThat(view.count()).isZero();
    }

    @Test
    void octets_that_are_only_looked_at_count_as_unread() throws Exception {
        near.write(new byte[] {1, 2, 3}, 0, 3);
        far.tryView(view, LARGE);
        assertThat(far.available()).isEqualTo(3);
        far.consume(view, 1);
        assertThat(far.available()).isEqualTo(2);
        byte[] rest = new byte[10];
        assertThat(far.read(rest, 0, 10, 0)).isEqualTo(2);
        assertThat(rest).startsWith(2, 3);
        assertThat(far.tryView(view, LARGE)).isEqualTo(HostSocket.UNAVAILABLE);
        assertThatThrownBy(() -> far.tryView(view, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> near.tryLend(space, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
