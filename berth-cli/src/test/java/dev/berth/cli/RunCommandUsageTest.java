package dev.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Command lines that make no sense; nothing is started for them.
class RunCommandUsageTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String arguments) {
        String[] words = Stream.concat(Stream.of("run"), Stream.of(arguments.split(" ")).filter(w -> !w.isEmpty()))
                .toArray(String[]::new);
        return Berth.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(words);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "\"\" | The program is missing: name a jar",
                "-cp classes | The main class is missing",
                "-jar -cp classes Main | Either -jar or -cp, not both",
                "--no-such-option app.jar | Unknown option: '--no-such-option'",
                "--address app.jar | 'app.jar' is not an IP address",
                "--address 10.0.0.1 --address 10.0.0.1/8 app.jar | Address 10.0.0.1 is given twice",
                "--address 127.0.0.1 app.jar | '127.0.0.1' cannot be the address of a host",
                "--publish 80 app.jar | '80' is not [ADDRESS:]HOSTPORT:PORT",
                "--publish 8080:80 --publish 8080:81 app.jar | Port 127.0.0.1:8080 is published twice",
                "--publish 8080:80 --publish 0.0.0.0:8080:81 app.jar | Port 0.0.0.0:8080 is published twice",
                "--publish 224.0.0.1:8080:80 app.jar | '224.0.0.1' is not an address where one can listen",
                "--name localhost app.jar | 'localhost' is not a name for a host",
                "--publish 8080:70000 app.jar | ports end at 65535",
                "--publish | Missing required parameter for option '--publish'",
                "--name -web- app.jar | '-web-' is not a name for a host"
            })
    void mistakesAreOneSentence(String arguments, String sentence) {
        assertThat(run(arguments)).isEqualTo(2);
        assertThat(err.toString()).startsWith("berth run: ").contains(sentence).endsWith("See 'berth run --help'.\n");
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void withoutTheAgentItSaysWhatToDo() {
        assertThat(run("app.jar --publish is-for-the-program")).isEqualTo(1);
        assertThat(err.toString()).startsWith("berth run: The agent is missing").contains("./berth");
    }

    @Test
    void helpShowsEveryOption() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString())
                .contains("berth run [OPTIONS] app.jar", "--publish", "--address", "--tun")
                .contains("--capture", "--ports", "-D");
    }
}
