package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.UdpSocket;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.wire.DropReason;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.PortUnreachableException;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Datagrams of all sizes, both ways.
class UdpTest extends KernelTest {
    private static final int[] SIZES = {0, 1, 100, 1_452, 1_453, 1_472, 1_473, 9_001, 40_000, 65_507};

    private final byte[] buffer = new byte[65_535];

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void the_kernel_echoes(String address) throws IOException {
        server("udp-echo", address, 7, SIZES.length);
        UdpSocket socket = udp();
        socket.connect(endpoint(address, 7));
        for (int size : SIZES) {
            socket.send(Bulk.of(size), 0, size, null);
            int length = socket.receive(buffer, 0, buffer.length, LIMIT_NANOS);
            assertThat(Bulk.read(new ByteArrayInputStream(buffer, 0, length), Long.MAX_VALUE))
                    .isEqualTo(Bulk.summary(size));
            assertThat(socket.lastSender()).isEqualTo(endpoint(address, 7));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void the_host_echoes(String address) throws IOException {
        UdpSocket socket = udp();
        socket.bind(new Endpoint(IpAddress.ANY_IPV6, 7));
        // The JDK's sockets do not send empty datagrams when they are connected.
        int[] sizes = Arrays.copyOfRange(SIZES, 1, SIZES.length);
        NamespaceProgram program =
                peer("udp-ask", address, 7, IntStream.of(sizes).boxed().toArray());
        for (int size : sizes) {
            int length = socket.receive(buffer, 0, buffer.length, LIMIT_NANOS);
            assertThat(length).isEqualTo(size);
            socket.send(buffer, 0, length, socket.lastSender());
        }
        assertThat(program.awaitSuccess(LIMIT))
                .isEqualTo(IntStream.of(sizes).mapToObj(Bulk::summary).collect(Collectors.joining("\n")));
    }

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void a_closed_port_of_the_kernel_is_unreachable(String address) throws IOException {
        UdpSocket socket = udp();
        socket.connect(endpoint(address, 9));
        socket.send(new byte[10], 0, 10, null);
        assertThatThrownBy(() -> socket.receive(buffer, 0, buffer.length, LIMIT_NANOS))
                .isInstanceOf(PortUnreachableException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void a_closed_port_of_the_host_is_unreachable(String address) {
        explain(DropReason.NO_PORT_OWNER);
        assertThat(ask("udp-ask", address, 9, 10)).startsWith("java.net.PortUnreachableException");
    }
}
