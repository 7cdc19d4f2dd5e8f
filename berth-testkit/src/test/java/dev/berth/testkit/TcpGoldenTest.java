package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.stack.StackConfig;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpListener;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// How fast TCP is under loss, by round-trip time and congestion control: a table that is compared as a whole, so
/// that every change to retransmission or congestion control shows as a difference that a person can judge.
///
/// Time is virtual and loss seeded, so every machine gets the same numbers. After a wanted change write the table
/// anew:
/// `mvn -pl berth-testkit -am test -Dtest=TcpGoldenTest -Dsurefire.failIfNoSpecifiedTests=false
/// -Dberth.test.jvm=-Dberth.golden=write`.
class TcpGoldenTest {
    private static final String RESOURCE = "tcp-throughput.txt";
    private static final int OCTETS = 600_000;
    private static final double[] LOSSES = {0, 0.001, 0.01, 0.03, 0.1};
    private static final int[] ROUND_TRIPS = {1, 20, 100};
    private static final int SEEDS = 3;

    @Test
    void throughput_under_loss_is_as_it_was() throws IOException {
        String table = table();
        if ("write".equals(System.getProperty("berth.golden"))) {
            Path file = Path.of(System.getProperty("berth.root", ".."), "berth-testkit/src/test/resources", RESOURCE);
            Files.createDirectories(file.getParent());
            Files.writeString(file, table);
        }
        try (InputStream in = TcpGoldenTest.class.getClassLoader().getResourceAsStream(RESOURCE)) {
            String expected = in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8);
            if (!"write".equals(System.getProperty("berth.golden"))) {
                assertThat(table).isEqualTo(expected);
            }
        }
    }

    private static String table() {
        StringBuilder table = new StringBuilder();
        table.append("# Milliseconds of virtual time for 600,000 octets at MTU 1500, mean of 3 seeds;");
        table.append(" and segments sent again.\n");
        table.append("# Loss is per packet, in both directions. See TcpGoldenTest for how to write this file anew.\n");
        table.append("control      rtt ms   loss %         ms    again\n");
        for (TcpConfig.Congestion congestion : TcpConfig.Congestion.values()) {
            for (int roundTrip : ROUND_TRIPS) {
                for (double loss : LOSSES) {
                    row(table, congestion, roundTrip, loss);
                }
            }
        }
        return table.toString();
    }

    private static void row(StringBuilder table, TcpConfig.Congestion congestion, int roundTrip, double loss) {
        long time = 0;
        long again = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            StackConfig config = StackConfig.DEFAULT.withTcp(TcpConfig.DEFAULT.withCongestion(congestion));
            Pair pair = new Pair(config, 1_500, seed);
            pair.wire.latency(roundTrip * 500_000L);
            pair.wire.fault((packet, direction, random) -> random.nextDouble() < loss ? -1 : 0);
            TcpListener listener = pair.listen(80);
            Tcb client = pair.connect(Pair.SERVER, 80);
            Tcb server = pair.accept(listener, 100);
            long begin = pair.wire.now();
            pair.transfer(pair.client, client, pair.server, server, OCTETS, 2_000);
            time += pair.wire.now() - begin;
            again += pair.client.tcp().retransmissions();
        }
        table.append(String.format(
                java.util.Locale.ROOT,
                "%-10s %8d %8.1f %10d %8d\n",
                congestion,
                roundTrip,
                loss * 100,
                time / SEEDS / 1_000_000,
                again / SEEDS));
    }
}
