package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.Link;
import dev.berth.host.TcpSocket;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.wire.DropReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The kernel drops 2 % of the packets in both directions, and some overtake others: this changes the time, never the
/// octets. Both large packets that stand for many segments are lost so, and single segments.
abstract class LossTest extends KernelTest {
    private static final long SIZE = 4_000_000;

    abstract boolean segmented();

    @Override
    Link decorate(Link link) {
        return new UnevenLink(link, segmented(), 50, 42);
    }

    @BeforeEach
    void drop() {
        filter(
                "input iifname berth0 numgen random mod 100 < 2 drop",
                "output oifname berth0 numgen random mod 100 < 2 drop");
        // A listener gets what is left of connections that are gone, when it was overtaken.
        explain(DropReason.RATE_LIMITED, DropReason.WRONG_STATE, DropReason.NO_PORT_OWNER);
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void curl_gets_all_octets(String address) throws Exception {
        Service service = serve(80, PageServer::talk);
        assertThat(curl("-o", directory.resolve("body").toString(), url(address, 80, "" + SIZE))
                        .output())
                .isEmpty();
        assertThat(directory.resolve("body")).hasBinaryContent(Bulk.of((int) SIZE));
        assertThat(service.failures()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void the_host_gets_all_octets(String address) throws Exception {
        Service service = serve(80, PageServer::talk);
        Files.write(directory.resolve("body"), Bulk.of((int) SIZE));
        assertThat(curl("-T", directory.resolve("body").toString(), url(address, 80, ""))
                        .output())
                .isEqualTo(Bulk.summary(SIZE));
        assertThat(service.failures()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void both_get_all_octets_at_once(String address) throws Exception {
        NamespaceProgram server = server("serve", address, 7000, SIZE, 1);
        TcpSocket socket = connect(address, 7000);
        Thread writer = Thread.ofVirtual().start(() -> {
            try {
                Bulk.write(Streams.out(socket), SIZE);
                socket.shutdownOutput();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        assertThat(Bulk.read(Streams.in(socket, LIMIT_NANOS), Long.MAX_VALUE)).isEqualTo(Bulk.summary(SIZE));
        assertThat(writer.join(LIMIT)).isTrue();
        assertThat(server.awaitLine(line -> !line.equals("ready"), LIMIT)).isEqualTo(Bulk.summary(SIZE));
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void connections_begin_and_end(String address) throws Exception {
        Service service = serve(90, EchoFour::talk);
        assertThat(ask("many", address, 90, 200, 20)).isEqualTo("good 200");
        assertThat(service.failures()).isEmpty();
    }
}
