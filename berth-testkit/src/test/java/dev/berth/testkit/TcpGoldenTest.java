package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.stack.tcp.TcpConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// How fast TCP is over simulated paths, by congestion control, bandwidth, round-trip time, buffer and loss: a table
/// that is compared as a whole, so that every change to recovery or congestion control shows as a difference that a
/// person can judge.
///
/// Time is virtual and loss seeded, so every machine gets the same numbers. An ordinary run computes the rows with a
/// star; `-Dberth.golden=full` computes all, `-Dberth.golden=write` writes the table anew. docs/TESTING.md has the
/// commands.
class TcpGoldenTest {
    private static final String RESOURCE = "tcp-throughput.txt";
    private static final double[] LOSSES = {0, 0.1, 1, 3, 5, 10, 20};
    private static final int[] ROUND_TRIPS = {50, 1_000, 10_000, 50_000, 100_000, 300_000};
    private static final int[] MEGABITS = {10, 100, 1_000};
    private static final int[] BUFFERS = {25, 100, 400};
    private static final int SEEDS = 2;

    private record Row(TcpConfig.Congestion control, Paths.Path path) {
        /// Computed by every run: CUBIC and BBR at 10 Mbit/s with one bandwidth-delay product of buffer.
        boolean isQuick() {
            return path.megabits() == 10
                    && path.buffer() == 100
                    && path.roundTripMicros() >= 1_000
                    && (control == TcpConfig.Congestion.CUBIC || control == TcpConfig.Congestion.BBR);
        }

        String line() {
            long kilobits = 0;
            long again = 0;
            for (int seed = 0; seed < SEEDS; seed++) {
                Paths.Result result = Paths.transfer(path, control, seed);
                kilobits += result.kilobits();
                again += result.again();
            }
            return String.format(Locale.ROOT, "%s %8d %7d", key(), kilobits / SEEDS, again / SEEDS);
        }

        String key() {
            return (isQuick() ? "* " : "  ") + path.key(control);
        }
    }

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (TcpConfig.Congestion control : TcpConfig.Congestion.values()) {
            for (int megabits : MEGABITS) {
                for (int roundTrip : ROUND_TRIPS) {
                    for (int buffer : BUFFERS) {
                        for (double loss : LOSSES) {
                            rows.add(new Row(control, new Paths.Path(megabits, roundTrip, buffer, loss)));
                        }
                    }
                }
            }
        }
        return rows;
    }

    @Test
    void goodput_over_simulated_paths_is_as_it_was() throws IOException {
        String mode = System.getProperty("berth.golden", "");
        if (mode.equals("write")) {
            write();
            return;
        }
        List<String> expected = expected();
        List<Row> rows = rows();
        assertThat(expected).as("rows of the table").hasSize(rows.size());
        List<String> golden = new ArrayList<>();
        List<String> actual = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            if (mode.equals("full") || rows.get(i).isQuick()) {
                golden.add(expected.get(i));
                actual.add(rows.get(i).line());
            }
        }
        assertThat(String.join("\n", actual)).isEqualTo(String.join("\n", golden));
    }

    private static List<String> expected() throws IOException {
        try (InputStream in = TcpGoldenTest.class.getClassLoader().getResourceAsStream(RESOURCE)) {
            assertThat(in).as(RESOURCE).isNotNull();
            try (Stream<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines()) {
                return lines.filter(line -> !line.startsWith("#")).toList();
            }
        }
    }

    private static void write() throws IOException {
        StringBuilder table = new StringBuilder();
        table.append("# Goodput in kbit/s of 2,000,000 octets, or of a minute, at MTU 1500, mean of 2 seeds;"
                + " and segments sent\n");
        table.append("# again. The buffer of the bottleneck is in percent of the bandwidth-delay product,"
                + " at least 10 packets;\n");
        table.append("# loss is per packet, in both directions. See TcpGoldenTest for how to write this file anew.\n");
        table.append("# control    Mbit/s  rtt ms buffer loss %   kbit/s   again\n");
        rows().parallelStream()
                .map(Row::line)
                .forEachOrdered(line -> table.append(line).append('\n'));
        Path file = Path.of(System.getProperty("berth.root", ".."), "berth-testkit/src/test/resources", RESOURCE);
        Files.createDirectories(file.getParent());
        Files.writeString(file, table);
    }
}
