package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.testkit.netns.NetworkNamespace;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The kernel's `curl` at an HTTP server on the host: small things, captured.
class CurlTest extends KernelTest {
    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void a_page(String address) throws Exception {
        Service service = serve(80, PageServer::talk);
        NetworkNamespace.Outcome outcome = curl(url(address, 80, "page"));
        assertThat(outcome.output()).isEqualTo(PageServer.PAGE);
        assertThat(outcome.exit()).isZero();
        assertThat(service.failures()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void head_and_close(String address) throws Exception {
        Service service = serve(80, PageServer::talk);
        assertThat(curl("-I", url(address, 80, "page")).output())
                .startsWith("HTTP/1.1 200 OK")
                .contains("Content-Length: " + PageServer.PAGE.length());
        NetworkNamespace.Outcome outcome = curl("-i", "-H", "Connection: close", url(address, 80, "page"));
        assertThat(outcome.output()).contains("Connection: close").endsWith(PageServer.PAGE);
        assertThat(service.failures()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void many_requests_on_one_connection(String address) throws Exception {
        Service service = serve(80, PageServer::talk);
        List<String> arguments = new ArrayList<>(List.of("-w", "%{num_connects}\n"));
        for (int i = 0; i < 20; i++) {
            arguments.add(url(address, 80, "page"));
        }
        String output = curl(arguments.toArray(String[]::new)).output();
        assertThat(output).isEqualTo(PageServer.PAGE + "1\n" + (PageServer.PAGE + "0\n").repeat(19));
        assertThat(service.failures()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void an_upload_of_a_little(String address) throws Exception {
        Service service = serve(80, PageServer::talk);
        java.nio.file.Files.write(directory.resolve("body"), Bulk.of(300_000));
        String output = curl("-T", directory.resolve("body").toString(), url(address, 80, ""))
                .output();
        assertThat(output).isEqualTo(Bulk.summary(300_000));
        assertThat(service.failures()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void parallel_requests(String address) throws Exception {
        Service service = serve(80, PageServer::talk);
        List<String> arguments = new ArrayList<>(List.of("--parallel", "--parallel-immediate", "--parallel-max", "50"));
        for (int i = 0; i < 50; i++) {
            arguments.addAll(List.of("-o", directory.resolve("part" + i).toString(), url(address, 80, "40000")));
        }
        NetworkNamespace.Outcome outcome = curl(arguments.toArray(String[]::new));
        assertThat(outcome.exit()).as(outcome.output()).isZero();
        for (int i = 0; i < 50; i++) {
            assertThat(directory.resolve("part" + i)).hasBinaryContent(Bulk.of(40_000));
        }
        assertThat(service.failures()).isEmpty();
    }
}
