package dev.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class BerthTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int berth(String... args) {
        return Berth.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(args);
    }

    @Test
    void helpGoesToStandardOutput() {
        assertThat(berth("--help")).isZero();
        assertThat(out.toString()).startsWith("Usage: berth");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void versionNamesBerthAndJava() {
        assertThat(berth("--version")).isZero();
        assertThat(out.toString()).startsWith("berth ").contains("Java 2");
    }

    @Test
    void unknownArgumentIsOneSentenceAndExitCode2() {
        assertThat(berth("no-such-command")).isEqualTo(2);
        assertThat(err.toString()).startsWith("berth: There is no command 'no-such-command'.");
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void missingSubcommandIsOneSentenceAndExitCode2() {
        assertThat(berth()).isEqualTo(2);
        assertThat(err.toString())
                .isEqualToNormalizingNewlines("berth: A sub-command is missing. See 'berth --help'.\n");
    }
}
