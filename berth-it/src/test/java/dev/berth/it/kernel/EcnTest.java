package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.stack.StackConfig;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpFeatures;
import dev.berth.testkit.netns.NamespaceProgram;
import java.io.IOException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// ECN with the kernel, while packets are marked both ways.
class EcnTest extends KernelTest {
    private static final long SIZE = 20_000_000;

    @Override
    Host.Builder configure(Host.Builder builder) {
        TcpFeatures features = TcpFeatures.DEFAULT.withEcn(TcpFeatures.Ecn.ON);
        return builder.config(StackConfig.DEFAULT.withTcp(TcpConfig.DEFAULT.withFeatures(features)));
    }

    @BeforeEach
    void use_ecn() {
        namespace.check("sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_ecn");
    }

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void marks_slow_both_ends_down_and_nothing_is_lost(String address) throws Exception {
        String field = address.equals(KERNEL) ? "ip ecn" : "ip6 ecn";
        String mark = field + " ect0 numgen random mod 100 == 0 " + field + " set ce";
        filter("input " + mark, "output " + mark);
        NamespaceProgram server = server("serve", address, 7000, SIZE, 1);
        TcpSocket socket = connect(address, 7000);
        assertThat(socket.info().ecn()).isTrue();
        Thread writer = Thread.ofVirtual().start(() -> {
            try {
                Bulk.write(Streams.out(socket), SIZE);
                socket.shutdownOutput();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        assertThat(Bulk.read(Streams.in(socket, LIMIT_NANOS), Long.MAX_VALUE)).isEqualTo(Bulk.summary(SIZE));
        assertThat(writer.join(LIMIT)).isTrue();
        assertThat(server.awaitLine(line -> !line.equals("ready"), LIMIT)).isEqualTo(Bulk.summary(SIZE));
        // the kernel told of marks, and the host heeded them
        assertThat(socket.info().ssthresh()).isLessThan(Integer.MAX_VALUE);
    }
}
