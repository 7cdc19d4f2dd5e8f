package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.host.TcpSocket;
import dev.berth.testkit.netns.NamespaceProgram;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// 200 MB between the host and the kernel, each way, with a checked digest.
class BulkTest extends KernelTest {
    private static final long SIZE = 200_000_000;

    @Override
    boolean captures() {
        return false;
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void curl_downloads_from_the_host(String address) throws Exception {
        Service service = serve(80, PageServer::talk);
        String output = namespace
                .run(
                        LIMIT,
                        "bash",
                        "-o",
                        "pipefail",
                        "-c",
                        "curl -sS --max-time 110 '" + url(address, 80, "" + SIZE) + "' | sha256sum")
                .output();
        assertThat(output).startsWith(Bulk.digest(SIZE));
        assertThat(service.failures()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void curl_uploads_to_the_host(String address) throws Exception {
        Service service = serve(80, PageServer::talk);
        Path body = directory.resolve("body");
        try (OutputStream out = Files.newOutputStream(body)) {
            Bulk.write(out, SIZE);
        }
        assertThat(curl("-T", body.toString(), url(address, 80, "")).output()).isEqualTo(Bulk.summary(SIZE));
        assertThat(service.failures()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void the_host_downloads_from_a_server_on_the_kernel(String address) throws Exception {
        server("http", address, 8080);
        TcpSocket socket = connect(address, 8080);
        byte[] request = ("GET /" + SIZE + " HTTP/1.1\r\nHost: kernel\r\nConnection: close\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        socket.write(request, 0, request.length);
        HttpReply reply = HttpReply.read(Streams.in(socket, LIMIT_NANOS));
        assertThat(reply.status()).isEqualTo("HTTP/1.1 200 OK");
        assertThat(reply.summary()).isEqualTo(Bulk.summary(SIZE));
    }

    @ParameterizedTest
    @ValueSource(strings = {KERNEL, KERNEL_V6})
    void transfers_go_both_ways_at_once(String address) throws Exception {
        NamespaceProgram server = server("serve", address, 7000, SIZE, 1);
        TcpSocket socket = connect(address, 7000);
        Thread writer = Thread.ofVirtual().start(() -> {
            try {
                Bulk.write(Streams.out(socket), SIZE);
                socket.shutdownOutput();
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        assertThat(Bulk.read(Streams.in(socket, LIMIT_NANOS), Long.MAX_VALUE)).isEqualTo(Bulk.summary(SIZE));
        assertThat(writer.join(Duration.ofMinutes(2))).isTrue();
        assertThat(server.awaitLine(line -> !line.equals("ready"), LIMIT)).isEqualTo(Bulk.summary(SIZE));
    }
}
