package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import dev.berth.host.Attendance;
import dev.berth.host.EchoSocket;
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
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Packets that are left to whoever attends the other host.
@Timeout(120)
class AttendanceTest {
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(60);
    private static final int PINGS = 4_000; // of each thread
    private static final int TRIPS = 1_500; // of each thread
    private static final int THREADS = 4;

    private Network network;
    private Host client;
    private Host server;
    private TcpAcceptor acceptor;

    @BeforeEach
    void two_hosts() throws IOException {
        network = Network.create("attended");
        client = network.host("client", IpAddress.Prefix.parse("10.0.0.1/24"));
        server = network.host("server", IpAddress.Prefix.parse("10.0.0.2/24"));
        acceptor = server.openTcpAcceptor();
        acceptor.bind(new Endpoint(IpAddress.parse("10.0.0.2"), 80));
        acceptor.listen(16);
    }

    @AfterEach
    void no_more() {
        network.close();
    }

    private TcpSocket connect() throws IOException {
        TcpSocket socket = client.openTcpSocket();
        socket.noDelay(true);
        socket.connect(acceptor.local(), LIMIT);
        return socket;
    }

    @Test
    void who_attends_takes_in_what_was_left_to_him() throws IOException {
        try (TcpSocket near = connect();
                TcpSocket far = acceptor.accept(LIMIT)) {
            Attendance attendance = far.attendance();
            int left = 0;
            for (int i = 0; i < 1_000; i++) {
                attendance.begin();
                near.write(new byte[] {(byte) i}, 0, 1);
                left += attendance.serve() ? 1 : 0; // unless the thread of the timers was there just then
                assertThat(far.available()).isEqualTo(1);
                attendance.end(true);
                assertThat(far.read(new byte[9], 0, 9, LIMIT)).isEqualTo(1);
            }
            assertThat(left).as("packets that were left").isPositive();
        }
    }

    @Test
    void who_goes_takes_in_what_was_left_to_him() throws IOException {
        try (TcpSocket near = connect();
                TcpSocket far = acceptor.accept(LIMIT)) {
            AtomicInteger told = new AtomicInteger();
            far.observe(_ -> told.incrementAndGet());
            int before = told.get();
            far.attendance().begin();
            near.write(new byte[1], 0, 1);
            far.attendance().end(false);
            assertThat(told).hasValue(before + 1);
            near.write(new byte[1], 0, 1);
            assertThat(told).as("nobody attends").hasValue(before + 2);
        }
    }

    /// An attendant that others keep from its processor: the second packet does not wait for it, and takes the first
    /// one along.
    @Test
    void one_packet_waits_at_most() throws IOException {
        try (TcpSocket near = connect();
                TcpSocket far = acceptor.accept(LIMIT)) {
            far.attendance().begin();
            near.write(new byte[] {1}, 0, 1);
            near.write(new byte[] {2}, 0, 1);
            assertThat(far.available()).isEqualTo(2);
            far.attendance().end(false);
        }
    }

    /// The attendant has lost its processor: who has left the packet waits for an answer, and sees to it himself. An
    /// echo request is sent once.
    @Test
    void who_waits_for_an_answer_takes_his_packet_back() throws IOException {
        try (EchoSocket echo = client.openEchoSocket()) {
            for (int i = 0; i < 10; i++) {
                acceptor.attendance().begin();
                int number = echo.send(acceptor.local().address(), 8, 0);
                assertThat(echo.receive(LIMIT).sequence()).isEqualTo(number);
            }
            acceptor.attendance().end(false);
        }
    }

    @Test
    void a_host_is_closed_while_it_is_attended() throws IOException {
        try (TcpSocket near = connect();
                TcpSocket far = acceptor.accept(LIMIT)) {
            Attendance attendance = far.attendance();
            attendance.begin();
            near.write(new byte[1], 0, 1);
            server.close();
            attendance.serve();
            attendance.end(false);
            assertThatThrownBy(() -> near.read(new byte[9], 0, 9, LIMIT)).hasMessage("Connection reset");
        }
    }

    /// An echo request is sent once: one that was left behind, or whose answer was, is never answered.
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void no_packet_is_left_behind_by_attendants_who_come_and_go(int attendants) throws Exception {
        AtomicInteger pinging = new AtomicInteger(2);
        try (ExecutorService executor = Executors.newCachedThreadPool()) {
            List<Future<?>> futures = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                futures.add(executor.submit(() -> {
                    try {
                        return ping();
                    } finally {
                        pinging.decrementAndGet();
                    }
                }));
            }
            for (int i = 0; i < attendants; i++) {
                SplittableRandom random = new SplittableRandom(i);
                futures.add(executor.submit(() -> attend(acceptor.attendance(), pinging, random)));
            }
            for (Future<?> future : futures) {
                future.get(LIMIT, TimeUnit.NANOSECONDS);
            }
        }
    }

    private int ping() throws IOException {
        try (EchoSocket echo = client.openEchoSocket()) {
            for (int i = 0; i < PINGS; i++) {
                int number = echo.send(IpAddress.parse("10.0.0.2"), 8, 0);
                assertThat(echo.receive(LIMIT).sequence()).isEqualTo(number);
            }
        }
        return PINGS;
    }

    private static void attend(Attendance attendance, AtomicInteger pinging, SplittableRandom random) {
        while (pinging.get() > 0) {
            attendance.begin();
            for (int turns = random.nextInt(30); turns > 0; turns--) {
                if (random.nextInt(4) > 0) {
                    attendance.serve();
                }
                Thread.onSpinWait();
            }
            attendance.end(random.nextBoolean());
            if (random.nextInt(8) == 0) {
                Thread.yield();
            }
        }
    }

    /// Readers look, give up after some nanoseconds and begin again; both hosts are attended by whoever waits.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void requests_and_answers_of_many_threads_arrive(boolean virtual) throws Exception {
        Thread.Builder threads =
                virtual ? Thread.ofVirtual() : Thread.ofPlatform().daemon();
        Seeds.run(2, random -> {
            try (ExecutorService executor = Executors.newThreadPerTaskExecutor(threads.factory())) {
                List<Future<?>> futures = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    TcpSocket near = connect();
                    TcpSocket far = acceptor.accept(LIMIT);
                    far.noDelay(true);
                    SplittableRandom one = random.split();
                    SplittableRandom other = random.split();
                    futures.add(executor.submit(() -> echo(far, other)));
                    futures.add(executor.submit(() -> request(near, one)));
                }
                for (Future<?> future : futures) {
                    future.get(LIMIT, TimeUnit.NANOSECONDS);
                }
            }
        });
    }

    private static int request(TcpSocket socket, SplittableRandom random) throws IOException {
        byte[] bytes = new byte[200];
        for (int i = 0; i < TRIPS; i++) {
            int length = random.nextInt(1, bytes.length);
            bytes[0] = (byte) i;
            bytes[length - 1] = (byte) i;
            socket.write(bytes, 0, length);
            for (int got = 0; got < length; ) {
                got += read(socket, bytes, got, length - got, random);
            }
            assertThat(bytes[length - 1]).isEqualTo((byte) i);
        }
        socket.close();
        return TRIPS;
    }

    private static long echo(TcpSocket socket, SplittableRandom random) throws IOException {
        byte[] bytes = new byte[64];
        long echoed = 0;
        for (int n; (n = read(socket, bytes, 0, bytes.length, random)) > 0; ) {
            socket.write(bytes, 0, n);
            echoed += n;
        }
        socket.close();
        return echoed;
    }

    /// With time limits that end in all parts of a look.
    private static int read(TcpSocket socket, byte[] bytes, int from, int length, SplittableRandom random)
            throws IOException {
        for (; ; ) {
            try {
                return socket.read(bytes, from, length, random.nextBoolean() ? LIMIT : random.nextLong(1, 20_000));
            } catch (SocketTimeoutException _) {
                // the next one
            }
        }
    }
}
