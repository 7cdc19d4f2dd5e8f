package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.TcpSocket;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.wire.DropReason;
import java.io.IOException;
import java.net.SocketException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Ways in which the kernel lets connections live and end.
class LifeTest extends KernelTest {
    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void keep_alive_probes_of_the_kernel_are_answered(String address) throws Exception {
        // A probe repeats the last octet's number, which is not acceptable and is answered.
        Service service = serve(80, socket -> {
            socket.read(new byte[1], 0, 1, LIMIT_NANOS);
            long before = drops(DropReason.NOT_ACCEPTABLE);
            Waiting.until(() -> drops(DropReason.NOT_ACCEPTABLE) >= before + 4, LIMIT, () -> "probes");
        });
        assertThat(ask("keep-alive", address, 80)).isEqualTo("idle\nend -1");
        assertThat(service.failures()).isEmpty();
    }

    private long drops(DropReason reason) {
        return host.snapshot().drops().getOrDefault(reason, 0L);
    }

    @Test
    void keep_alive_probes_of_the_host_find_the_kernel_gone() throws Exception {
        server("accept-reset", KERNEL, 7001);
        TcpSocket idle = connect(KERNEL, 7001);
        idle.keepIdleSeconds(1);
        idle.keepIntervalSeconds(1);
        idle.keepCount(2);
        idle.keepAlive(true);
        long sent = host.snapshot().segmentsSent();
        Waiting.until(() -> host.snapshot().segmentsSent() >= sent + 3, LIMIT, () -> "probes");
        assertThat(idle.tryRead(new byte[1], 0, 1)).isEqualTo(TcpSocket.UNAVAILABLE);
        filter("input tcp dport 7001 drop");
        assertThatThrownBy(() -> idle.read(new byte[1], 0, 1, LIMIT_NANOS))
                .isInstanceOf(SocketException.class)
                .hasMessage("Connection timed out");
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void a_reset_by_a_client_of_the_kernel(String address) throws Exception {
        Service service = serve(80, socket -> {
            socket.read(new byte[1], 0, 1, LIMIT_NANOS);
            socket.write(new byte[] {2}, 0, 1);
            socket.read(new byte[1], 0, 1, LIMIT_NANOS);
        });
        assertThat(ask("reset", address, 80)).isEqualTo("read 2\nreset");
        Waiting.until(() -> service.failures().size() == 1, LIMIT, () -> "failures " + service.failures());
        assertThat(service.failures().getFirst())
                .isInstanceOf(SocketException.class)
                .hasMessage("Connection reset");
    }

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void a_reset_by_a_server_of_the_kernel(String address) throws Exception {
        server("accept-reset", address, 7000);
        TcpSocket socket = connect(address, 7000);
        socket.write(new byte[] {1}, 0, 1);
        assertThatThrownBy(() -> socket.read(new byte[1], 0, 1, LIMIT_NANOS))
                .isInstanceOf(SocketException.class)
                .hasMessage("Connection reset");
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void a_client_of_the_kernel_that_closes_its_half_still_reads(String address) throws Exception {
        // The host closes last: an ACK that the kernel repeats for a probe of the tail meets the listener.
        explain(DropReason.WRONG_STATE);
        Service service = serve(80, socket -> {
            if (socket.read(new byte[1], 0, 1, LIMIT_NANOS) >= 0) {
                throw new IOException("There was an octet");
            }
            Bulk.write(Streams.out(socket), 1_000_000);
        });
        assertThat(ask("half-close", address, 80)).isEqualTo(Bulk.summary(1_000_000));
        assertThat(service.failures()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void a_thousand_connections_in_sequence(String address) throws Exception {
        Service service = serve(80, EchoFour::talk);
        assertThat(ask("many", address, 80, 1_000, 1)).isEqualTo("good 1000");
        assertThat(service.failures()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void two_hundred_connections_at_once(String address) throws Exception {
        Service service = serve(80, EchoFour::talk);
        assertThat(ask("many", address, 80, 1_000, 200)).isEqualTo("good 1000");
        assertThat(service.failures()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void a_thousand_connections_to_the_kernel(String address) throws Exception {
        NamespaceProgram server = server("serve", address, 7000, 10, 1_000);
        for (int i = 0; i < 1_000; i++) {
            try (TcpSocket socket = host.openTcpSocket()) {
                socket.connect(endpoint(address, 7000), LIMIT_NANOS);
                socket.write(Bulk.of(10), 0, 10);
                socket.shutdownOutput();
                assertThat(Bulk.read(Streams.in(socket, LIMIT_NANOS), Long.MAX_VALUE))
                        .isEqualTo(Bulk.summary(10));
            }
        }
        String expected = "ready" + ("\n" + Bulk.summary(10)).repeat(1_000);
        assertThat(server.awaitSuccess(LIMIT)).isEqualTo(expected);
    }

    /// The host closes first, so that each connection leaves a TIME-WAIT, and the kernel comes again from the same
    /// port.
    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void a_client_of_the_kernel_comes_again_from_the_same_port(String address) throws Exception {
        Service service = serve(80, EchoFour::talk);
        assertThat(ask("again", address, 80, 20)).isEqualTo("good 20");
        assertThat(service.failures()).isEmpty();
        assertThat(host.snapshot().flows()).hasSize(1);
    }
}
