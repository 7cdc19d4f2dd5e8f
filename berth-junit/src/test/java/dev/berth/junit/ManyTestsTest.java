package dev.berth.junit;

import static dev.berth.junit.BerthAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.Host;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/// Five hundred tests in parallel in one JVM, each with a server on port 80: none meets another, and none leaves
/// anything behind.
@Timeout(120)
class ManyTestsTest {
    private static final int TESTS = 500;
    private static final int THREADS = 64;
    private static final AtomicInteger RUNNING = new AtomicInteger();
    private static final AtomicInteger MOST = new AtomicInteger();
    private static final Set<Integer> NUMBERS = ConcurrentHashMap.newKeySet();

    /// Run by the test below only.
    static class OneOfMany {
        @BerthNetwork(leaks = Leaks.FAIL)
        private TrafficLog traffic;

        @BerthHost("server")
        private ServerSocketFactory servers;

        @BerthHost("server")
        private Host server;

        @BerthHost("client")
        private SocketFactory clients;

        @BerthHost("server")
        private InetAddress address;

        @RepeatedTest(TESTS)
        void has_a_server_on_port_80_of_its_own(RepetitionInfo repetition) throws IOException {
            int number = repetition.getCurrentRepetition();
            MOST.accumulateAndGet(RUNNING.incrementAndGet(), Math::max);
            try (ServerSocket listener = servers.createServerSocket(80)) {
                Thread service = Thread.ofVirtual().start(() -> serve(listener, number));
                for (int i = 0; i < 5; i++) {
                    try (Socket socket = clients.createSocket(address, 80)) {
                        new DataOutputStream(socket.getOutputStream()).writeInt(i);
                        DataInputStream in = new DataInputStream(socket.getInputStream());
                        assertThat(in.readInt())
                                .as("from the server of this test")
                                .isEqualTo(number);
                        assertThat(in.readInt()).isEqualTo(i);
                    }
                }
                join(service);
            } finally {
                RUNNING.decrementAndGet();
            }
            assertThat(traffic)
                    .from("client")
                    .to("server")
                    .onPort(80)
                    .hasConnections(5)
                    .hasSentOctets(20)
                    .hasReceivedOctets(40);
            assertThat(traffic).reachedOnly("server");
            assertThat(server).doesNotListenOn(80);
            NUMBERS.add(number);
        }

        private static void serve(ServerSocket listener, int number) {
            try {
                for (int i = 0; i < 5; i++) {
                    try (Socket socket = listener.accept()) {
                        int said = new DataInputStream(socket.getInputStream()).readInt();
                        DataOutputStream out = new DataOutputStream(socket.getOutputStream());
                        out.writeInt(number);
                        out.writeInt(said);
                    }
                }
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        private static void join(Thread thread) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }

        @AfterAll
        static void all_have_run() {
            assertThat(NUMBERS).hasSize(TESTS);
        }
    }

    @Test
    void do_not_meet() {
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        Launcher launcher = LauncherFactory.create();
        launcher.execute(
                LauncherDiscoveryRequestBuilder.request()
                        .selectors(DiscoverySelectors.selectClass(OneOfMany.class))
                        .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
                        .configurationParameter("junit.jupiter.execution.parallel.mode.default", "concurrent")
                        .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
                        .configurationParameter(
                                "junit.jupiter.execution.parallel.config.fixed.parallelism", String.valueOf(THREADS))
                        .configurationParameter(
                                "junit.jupiter.execution.parallel.config.fixed.max-pool-size", String.valueOf(THREADS))
                        .build(),
                listener);
        assertThat(listener.getSummary().getFailures()).isEmpty();
        assertThat(listener.getSummary().getTestsSucceededCount()).isEqualTo(TESTS);
        assertThat(MOST.get()).as("tests at the same time").isGreaterThan(1);
        System.out.println(TESTS + " tests, " + MOST.get() + " at the same time, in "
                + (listener.getSummary().getTimeFinished()
                        - listener.getSummary().getTimeStarted()) + " ms");
    }
}
