package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import dev.berth.host.Host;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Virtual threads that answer each other: whether one finds its answer while it looks, while its carrier is offered
/// to others or after it has parked, it gets each octet once, and none of them waits for ever.
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VirtualPairsTest {
    private static final int TURNS = 1_000;
    private static final int MOST = 16;
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(60);

    /// @param pairs how many; two carriers are enough for the first
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 20})
    void exchange_octets_without_losing_one(int pairs) {
        Seeds.run(2, random -> {
            try (Network network = Network.create("pairs");
                    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                Host near = network.host("near");
                Host far = network.host("far");
                TcpAcceptor acceptor = far.openTcpAcceptor();
                acceptor.bind(new Endpoint(IpAddress.ANY_IPV6, 7));
                acceptor.listen(pairs);
                List<Future<?>> ends = new ArrayList<>();
                for (int i = 0; i < pairs; i++) {
                    TcpSocket client = near.openTcpSocket();
                    client.noDelay(true);
                    client.connect(new Endpoint(far.addresses().getFirst(), 7), LIMIT);
                    TcpSocket server = acceptor.accept(LIMIT);
                    server.noDelay(true);
                    SplittableRandom askers = random.split();
                    SplittableRandom answerers = random.split();
                    ends.add(threads.submit(() -> ask(client, askers)));
                    ends.add(threads.submit(() -> answer(server, answerers)));
                }
                for (Future<?> end : ends) {
                    assertThat(end.get(60, TimeUnit.SECONDS)).isEqualTo(TURNS);
                }
                assertThat(near.waitingThreads()).isEmpty();
                assertThat(far.waitingThreads()).isEmpty();
            }
        });
    }

    private static int ask(TcpSocket socket, SplittableRandom random) throws IOException {
        byte[] sent = new byte[MOST];
        byte[] answer = new byte[MOST];
        for (int turn = 0; turn < TURNS; turn++) {
            int length = random.nextInt(1, MOST + 1);
            for (int i = 0; i < length; i++) {
                sent[i] = (byte) (turn + i);
            }
            socket.write(sent, 0, length);
            for (int got = 0; got < length; ) {
                got += read(socket, answer, got, length - got, random);
            }
            for (int i = 0; i < length; i++) {
                if (answer[i] != (byte) (turn + i + 1)) {
                    throw new AssertionError("turn " + turn + ", octet " + i + " is " + answer[i]);
                }
            }
            pause(random);
        }
        socket.shutdownOutput();
        return TURNS;
    }

    /// @return TURNS, if the stream ends as it should
    private static int answer(TcpSocket socket, SplittableRandom random) throws IOException {
        byte[] bytes = new byte[MOST];
        int n;
        while ((n = read(socket, bytes, 0, MOST, random)) > 0) {
            for (int i = 0; i < n; i++) {
                bytes[i]++;
            }
            pause(random);
            socket.write(bytes, 0, n);
        }
        return n == -1 ? TURNS : n;
    }

    /// Some reads time out, a few of them before the answer is there.
    private static int read(TcpSocket socket, byte[] bytes, int from, int most, SplittableRandom random)
            throws IOException {
        for (; ; ) {
            boolean limited = random.nextInt(8) == 0;
            try {
                return socket.read(bytes, from, most, limited ? random.nextInt(1, 40_000) : LIMIT);
            } catch (SocketTimeoutException e) {
                if (!limited) {
                    throw e;
                }
            }
        }
    }

    /// What threads do between two calls: mostly nothing, or what takes longer than others look.
    private static void pause(SplittableRandom random) {
        switch (random.nextInt(64)) {
            case 0 -> Thread.yield();
            case 1 -> LockSupport.parkNanos(random.nextInt(100_000));
            case 2, 3 -> {
                for (int spin = random.nextInt(5_000); spin > 0; spin--) {
                    Thread.onSpinWait();
                }
            }
            default -> {}
        }
    }
}
