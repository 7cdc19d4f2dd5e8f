package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NetworkNamespace;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Berth's CUBIC beside the kernel's, through one queue to one receiver: neither starves the other. A busy machine
/// stretches the way for both. docs/RECOVERY.md has longer measurements.
@Tag("netns")
@Timeout(120)
class SharedBottleneckTest {
    @BeforeEach
    void enter() {
        assumeTrue(NetworkNamespace.isAvailableFor(getClass()), "needs root, ip and /dev/net/tun");
    }

    @ParameterizedTest
    @CsvSource({"1, 3, 15", "4, 3, 12"})
    void berth_and_the_kernel_share_alike(int flows, int settle, int seconds) throws Exception {
        SharedBottleneck.Shares shares = SharedBottleneck.measure("cubic", 20, 20, 1, flows, settle, seconds);
        assertThat(shares.kernel()).hasSize(flows);
        assertThat(shares.berth()).hasSize(flows);
        long all = shares.kernelSum() + shares.berthSum();
        assertThat(all * 8 / seconds).as("the bottleneck is used, bit/s").isGreaterThan(12_000_000);
        assertThat((double) shares.berthSum() / all).as("Berth's share").isBetween(0.25, 0.75);
        assertThat(shares.index()).as("Jain's index of all flows").isGreaterThan(0.8);
    }
}
