package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Requirement;
import dev.berth.host.EchoSocket;
import dev.berth.host.Host;
import dev.berth.stack.icmp.EchoReply;
import dev.berth.wire.IpAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Echo requests between hosts.
@Timeout(60)
class EchoSocketTest {
    private static final long TEN_SECONDS = TimeUnit.SECONDS.toNanos(10);
    private static final long A_MOMENT = TimeUnit.MILLISECONDS.toNanos(50);

    private Network network;
    private Host a;

    @BeforeEach
    void start() throws Exception {
        network = Network.create("lab");
        a = network.host("a", IpAddress.Prefix.parse("10.0.0.1/24"), IpAddress.Prefix.parse("fd00::1/64"));
        network.host("b", IpAddress.Prefix.parse("10.0.0.2/24"), IpAddress.Prefix.parse("fd00::2/64"));
    }

    @AfterEach
    void stop() {
        network.close();
    }

    @ParameterizedTest
    @CsvSource({"10.0.0.2, 0", "10.0.0.2, 56", "10.0.0.2, 65507", "fd00::2, 56", "10.0.0.1, 56", "::1, 56"})
    @Requirement("1122-047")
    void another_host_and_the_host_itself_answer(String address, int length) throws Exception {
        IpAddress to = IpAddress.parse(address);
        try (EchoSocket echo = a.openEchoSocket()) {
            for (int i = 0; i < 3; i++) {
                assertThat(echo.send(to, length, 0)).isEqualTo(i);
                EchoReply reply = echo.receive(TEN_SECONDS);
                assertThat(reply.sequence()).isEqualTo(i);
                assertThat(reply.source()).isEqualTo(to);
                assertThat(reply.length()).isEqualTo(length);
                assertThat(reply.roundTripNanos()).isNotNegative(); // 0 within one critical section
                assertThat(reply.error()).isNull();
            }
            assertThat(echo.poll()).isNull();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Requirement("1122-050")
    void many_ask_at_once_and_each_gets_its_own_answers(boolean virtual) throws Exception {
        try (ExecutorService threads =
                virtual ? Executors.newVirtualThreadPerTaskExecutor() : Executors.newFixedThreadPool(8)) {
            List<Future<Integer>> askers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                int length = 10 + i;
                askers.add(threads.submit(() -> {
                    int right = 0;
                    try (EchoSocket echo = a.openEchoSocket()) {
                        for (int j = 0; j < 50; j++) {
                            echo.send(IpAddress.parse("10.0.0.2"), length, 0);
                            EchoReply reply = echo.receive(TEN_SECONDS);
                            right += reply.length() == length && reply.sequence() == j ? 1 : 0;
                        }
                    }
                    return right;
                }));
            }
            for (Future<Integer> asker : askers) {
                assertThat(asker.get(30, TimeUnit.SECONDS)).isEqualTo(50);
            }
        }
    }

    @Test
    void reachability_is_told() throws Exception {
        assertThat(a.isReachable(IpAddress.parse("10.0.0.2"), TEN_SECONDS)).isTrue();
        assertThat(a.isReachable(IpAddress.parse("fd00::2"), TEN_SECONDS)).isTrue();
        assertThat(a.isReachable(IpAddress.parse("10.0.0.99"), A_MOMENT)).isFalse();
        assertThat(a.isReachable(IpAddress.parse("255.255.255.255"), TEN_SECONDS))
                .isFalse();
        assertThatThrownBy(() -> a.isReachable(IpAddress.parse("10.0.0.2"), 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void an_answer_that_does_not_come_is_a_timeout() throws Exception {
        try (EchoSocket echo = a.openEchoSocket()) {
            echo.send(IpAddress.parse("10.0.0.99"), 8, 0);
            assertThatThrownBy(() -> echo.receive(A_MOMENT)).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void what_cannot_be_sent_throws() throws Exception {
        try (EchoSocket echo = a.openEchoSocket()) {
            assertThatThrownBy(() -> echo.send(IpAddress.parse("224.0.0.1"), 8, 0))
                    .isInstanceOf(SocketException.class)
                    .hasMessage("Network is unreachable");
            assertThatThrownBy(() -> echo.send(IpAddress.parse("10.0.0.2"), 65_508, 0))
                    .hasMessage("Message too long");
            assertThatThrownBy(() -> echo.send(IpAddress.parse("10.0.0.2"), 8, 256))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void closing_the_socket_or_the_host_ends_the_wait(boolean wholeHost) throws Exception {
        EchoSocket echo = a.openEchoSocket();
        CountDownLatch begun = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<EchoReply> waiting = threads.submit(() -> {
                begun.countDown();
                return echo.receive(0);
            });
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
            if (wholeHost) {
                a.close();
            } else {
                echo.close();
            }
            assertThatThrownBy(() -> waiting.get(10, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .cause()
                    .isInstanceOf(SocketException.class)
                    .hasMessage("Socket closed");
        }
        assertThat(echo.isOpen()).isFalse();
        echo.close();
        assertThatThrownBy(() -> echo.send(IpAddress.parse("10.0.0.2"), 8, 0)).hasMessage("Socket closed");
        assertThatThrownBy(echo::poll).hasMessage("Socket closed");
    }
}
