package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.stack.StackConfig;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.wire.DropReason;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Connections that cannot be made.
class RefusalTest extends KernelTest {
    @Override
    Host.Builder configure(Host.Builder builder) {
        return builder.config(StackConfig.DEFAULT.withTcp(TcpConfig.DEFAULT.withUserTimeout(1_500)));
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void a_closed_port_of_the_host_refuses_the_kernel(String address) {
        explain(DropReason.NO_PORT_OWNER);
        assertThat(ask("connect", address, 81)).isEqualTo("java.net.ConnectException: Connection refused");
        assertThat(host.snapshot().drops()).containsEntry(DropReason.NO_PORT_OWNER, 1L);
    }

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void a_closed_port_of_the_kernel_refuses_the_host(String address) {
        assertThatThrownBy(() -> connect(address, 81))
                .isInstanceOf(ConnectException.class)
                .hasMessage("Connection refused");
    }

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void a_syn_without_an_answer_times_out(String address) throws IOException {
        filter("input tcp dport 82 drop");
        TcpSocket socket = closing(host.openTcpSocket());
        assertThatThrownBy(() -> socket.connect(
                        endpoint(address, 82), Duration.ofMillis(200).toNanos()))
                .isInstanceOf(SocketTimeoutException.class)
                .hasMessage("Connect timed out");
        assertThat(host.snapshot().flows()).noneMatch(flow -> !flow.state().equals("SYN-SENT"));
    }

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void without_a_limit_the_stack_gives_up(String address) throws IOException {
        filter("input tcp dport 82 drop");
        TcpSocket socket = closing(host.openTcpSocket());
        assertThatThrownBy(() -> socket.connect(endpoint(address, 82), 0))
                .isInstanceOf(ConnectException.class)
                .hasMessage("Connection timed out");
    }

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void a_reset_from_a_packet_filter_refuses(String address) {
        filter("input tcp dport 83 reject with tcp reset");
        assertThatThrownBy(() -> connect(address, 83))
                .isInstanceOf(ConnectException.class)
                .hasMessage("Connection refused");
    }

    /// What the kernel's own sockets say is the judge of what Berth has to say.
    @ParameterizedTest
    @ValueSource(strings = {"host-unreachable", "port-unreachable", "admin-prohibited"})
    void icmp_from_a_packet_filter_ends_the_attempt(String type) {
        filter("input tcp dport 84 reject with icmpx type " + type);
        assertThatThrownBy(() -> connect(KERNEL, 84))
                .isInstanceOfAny(ConnectException.class, NoRouteToHostException.class)
                .satisfies(e -> assertThat(e.getMessage())
                        .isIn("Connection refused", "No route to host", "Connection timed out"));
    }
}
