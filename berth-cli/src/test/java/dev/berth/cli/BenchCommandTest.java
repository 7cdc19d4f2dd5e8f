package dev.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class BenchCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int bench(String... args) {
        String[] all = new String[args.length + 1];
        all[0] = "bench";
        System.arraycopy(args, 0, all, 1, args.length);
        return Berth.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(all);
    }

    @Test
    void oneObjectALineOnStandardOutputAndProgressOnStandardError() {
        assertThat(bench("--quick", "--json", "--rounds", "1", "pick-50", "pick-full"))
                .isZero();
        assertThat(out.toString().lines()).hasSize(2).allMatch(line -> line.startsWith("{\"name\":\"pick-"));
        assertThat(err.toString()).contains("pick-50: ").contains("round 1 of 1");
    }

    @Test
    void theListMeasuresNothing() {
        assertThat(bench("--list")).isZero();
        assertThat(out.toString())
                .contains("rtt-virtual")
                .contains("stream-64k")
                .contains("tun-rtt");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void aWrongNameIsOneSentenceAndExitCode2() {
        assertThat(bench("rtt-vrtual")).isEqualTo(2);
        assertThat(err.toString())
                .isEqualToNormalizingNewlines("berth bench: There is no benchmark 'rtt-vrtual'; 'berth bench --list'"
                        + " shows all names. See 'berth bench --help'.\n");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void noRoundsIsOneSentenceAndExitCode2() {
        assertThat(bench("--rounds", "0")).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
    }

    @Test
    void aRunOfNoSecondsIsOneSentenceAndExitCode2() {
        assertThat(bench("--decline", "0", "connect-decline")).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
    }

    @Test
    void anUnknownPatternOfPartsIsAFailure() {
        assertThat(bench("--jmh", "no such part")).isEqualTo(1);
        assertThat(err.toString().lines()).hasSize(1);
    }

    @Test
    void aGateThatDoesNotExistIsOneSentenceAndExitCode2() {
        assertThat(bench("--gate", "--jmh", "no such part")).isEqualTo(2);
        assertThat(err.toString()).contains("No part with a gate matches 'no such part'.");
        assertThat(bench("--record", "gates.csv")).isEqualTo(2);
    }
}
