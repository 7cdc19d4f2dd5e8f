package dev.berth.it.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `berth demo` from the outside.
@Timeout(300)
class DemoCommandTest {
    @TempDir
    private Path directory;

    @Test
    void sceneIsPlayedAndRecorded() throws Exception {
        try (BerthProcess berth = BerthProcess.startIn(directory, List.of(), "demo")) {
            assertThat(berth.exitCode()).isZero();
            assertThat(berth.err()).isEmpty();
            String story = berth.out();
            assertThat(story).doesNotContain("\033[");
            assertExchange(story, "A", "10.0.0.1", "B", "10.0.0.2");
            assertExchange(story, "B", "10.0.0.2", "A", "10.0.0.1");
            assertExchange(story, "A", "10.0.0.1", "A", "10.0.0.1");
            assertThat(story)
                    .contains("LISTEN", "ESTABLISHED", "TIME-WAIT")
                    .contains("Port 80 of A got 2 requests and 0 replies.")
                    .contains("Port 80 of B got 3 requests and 0 replies.")
                    .contains("3 in use towards 2 destinations, 3 of them in TIME-WAIT");
            assertThat(story.substring(story.indexOf("free again")))
                    .contains("none in use")
                    .doesNotContain("TIME-WAIT");
            Path capture = directory.resolve("berth-demo.pcapng");
            assertThat(story).contains(capture.toRealPath().toString());
            assertThat(Files.size(capture)).isPositive();
        }
        assertCapture(directory.resolve("berth-demo.pcapng").toString());
    }

    /// A request and the reply that goes back the same way.
    private static void assertExchange(String story, String from, String source, String to, String destination) {
        Matcher request = Pattern.compile("request +" + from + " to " + to + " +" + Pattern.quote(source)
                        + ":(\\d+) \\(ephemeral\\) -> " + Pattern.quote(destination) + ":80 \\(http, well-known\\)")
                .matcher(story);
        assertThat(request.find()).as("request from " + from + " to " + to).isTrue();
        assertThat(story.substring(request.end()).lines().skip(1).findFirst().orElseThrow())
                .matches(" +reply +" + to + " to " + from + " +" + Pattern.quote(destination)
                        + ":80 \\(http, well-known\\) -> " + Pattern.quote(source) + ":" + request.group(1)
                        + " \\(ephemeral\\) +200 OK \"Hello from " + to + "\"");
    }

    private static void assertCapture(String capture) throws Exception {
        assertThat(Tool.TSHARK.run("-r", capture, "-Y", "http.request").lines()).hasSize(5);
        assertThat(Tool.TSHARK
                        .run("-r", capture, "-Y", "http.response.code == 200")
                        .lines())
                .hasSize(5);
        assertThat(Tool.TSHARK.run(
                        "-o",
                        "tcp.check_checksum:TRUE",
                        "-r",
                        capture,
                        "-Y",
                        "_ws.malformed or tcp.checksum.status == 0 or tcp.analysis.flags"))
                .isEmpty();
    }

    @Test
    void captureThatCannotBeWrittenIsOneSentence() throws Exception {
        try (BerthProcess berth = BerthProcess.start("demo", "--capture", "/no/such/x.pcapng")) {
            assertThat(berth.exitCode()).isEqualTo(1);
            assertThat(berth.err())
                    .containsExactly("berth demo: Cannot write /no/such/x.pcapng: there is no such directory.");
            assertThat(berth.out()).isEmpty();
        }
    }
}
