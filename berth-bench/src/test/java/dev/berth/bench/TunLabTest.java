package dev.berth.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NetworkNamespace;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// That the rows over TUN find their own results right, the floor in C included; not the numbers.
@Timeout(240)
class TunLabTest {
    @BeforeEach
    void needsNamespaces() {
        assumeTrue(NetworkNamespace.isAvailableFor(TunLabTest.class));
    }

    @Test
    void every_row_is_measured_beside_the_floor_or_the_loopback() throws Exception {
        SideBySide.Options options = new SideBySide.Options(2, 20, 20, 200, 200, 20, 1, false);
        try (SideBySide run = new SideBySide(options, _ -> {})) {
            for (String name : List.of("tun-in", "tun-out", "tun-rtt", "tun-connect")) {
                Row row = run.run(name);
                assertThat(row.otherName()).isEqualTo(CFloor.canBeBuilt() ? "c-floor" : "kernel-loopback, reno");
                assertThat(row.berth().min()).as(name).isPositive();
                assertThat(row.other().min()).as(name).isPositive();
            }
        }
    }

    @Test
    void where_there_is_a_floor_the_loopback_has_rows_of_its_own() throws Exception {
        SideBySide.Options options = new SideBySide.Options(1, 20, 20, 200, 200, 20, 1, false);
        try (SideBySide run = new SideBySide(options, _ -> {})) {
            assumeTrue(CFloor.canBeBuilt());
            for (String name : run.select(List.of("kernel-tun"))) {
                assertThat(run.run(name).ratio().median()).as(name).isPositive();
            }
        }
    }

    @Test
    void iperf3_is_a_peer_where_it_is_installed() throws Exception {
        SideBySide.Options options = new SideBySide.Options(1, 20, 20, 200, 200, 20, 1, false);
        try (SideBySide run = new SideBySide(options, _ -> {})) {
            for (String name : run.select(List.of("iperf3"))) {
                Row row = run.run(name);
                assertThat(row.berth().median()).as(name).isPositive();
                assertThat(row.otherName()).containsAnyOf("iperf3, kernel veth", "There is no command 'iperf3'.");
            }
        }
    }
}
