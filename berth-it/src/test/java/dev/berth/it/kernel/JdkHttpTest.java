package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.testkit.netns.NamespaceProgram;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The JDK's own HTTP server and client, unmodified, on a Berth host in a JVM of its own, with the kernel at the
/// other end.
class JdkHttpTest extends KernelTest {
    private static final long SIZE = 200_000_000;
    private static final String CHILD = "10.9.0.2";
    private static final String CHILD_V6 = "fd09::2";
    private static final String BESIDE_CHILD = "10.9.0.1";
    private static final String BESIDE_CHILD_V6 = "fd09::1";

    /// The host of the child is the one that matters here.
    @Override
    boolean captures() {
        return false;
    }

    private NamespaceProgram child(String what, String address, int port, Object... rest) {
        NamespaceProgram program =
                namespace.start(OnBerth.command("berth1", CHILD + "/24", CHILD_V6 + "/64", what, address, port, rest));
        program.awaitLine(line -> line.equals("up"), LIMIT);
        namespace.check("ip", "address", "add", BESIDE_CHILD + "/24", "dev", "berth1");
        namespace.check("ip", "address", "add", BESIDE_CHILD_V6 + "/64", "dev", "berth1", "nodad");
        return program;
    }

    @ParameterizedTest
    @ValueSource(strings = {CHILD, CHILD_V6})
    void curl_at_the_server_of_the_jdk(String address) throws Exception {
        NamespaceProgram server = child("http", address, 80);
        server.awaitLine(line -> line.equals("ready"), LIMIT);
        assertThat(curl("-I", "-X", "GET", url(address, 80, "0")).output()).startsWith("HTTP/1.1 200 OK");
        String download = "curl -sS --max-time 110 '" + url(address, 80, "" + SIZE) + "' | sha256sum";
        assertThat(namespace.run(LIMIT, "bash", "-c", download).output()).startsWith(Bulk.digest(SIZE));
        Path body = directory.resolve("body");
        try (OutputStream out = Files.newOutputStream(body)) {
            Bulk.write(out, SIZE);
        }
        assertThat(curl("-T", body.toString(), url(address, 80, "")).output()).isEqualTo(Bulk.summary(SIZE));
    }

    @ParameterizedTest
    @ValueSource(strings = {BESIDE_CHILD, BESIDE_CHILD_V6})
    void the_client_of_the_jdk_at_a_server_of_the_kernel(String address) {
        server("http", "::", 8080);
        NamespaceProgram client = child("fetch", address, 8080, SIZE);
        assertThat(client.awaitSuccess(LIMIT)).isEqualTo("up\n200 " + Bulk.summary(SIZE));
    }
}
