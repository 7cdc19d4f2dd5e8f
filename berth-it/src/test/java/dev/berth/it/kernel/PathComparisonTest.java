package dev.berth.it.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NetworkNamespace;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A few cells of [PathComparison]: Berth beside the kernel over the same way. Both run at the same time, so a busy
/// machine is busy for both; the bound is far below what the table in docs/RECOVERY.md shows, as chance is large where
/// a cell lasts seconds.
@Tag("netns")
@Timeout(120)
class PathComparisonTest {
    @BeforeEach
    void enter() {
        assumeTrue(NetworkNamespace.isAvailableFor(getClass()), "needs root, ip and /dev/net/tun");
    }

    @ParameterizedTest
    @CsvSource({"cubic, 20, 0", "cubic, 20, 3"})
    void berth_is_not_left_behind(String control, double roundTrip, double loss) throws Exception {
        PathComparison.Cell cell = PathComparison.measure(control, 10, roundTrip, loss, 5, 7);
        assertThat(cell.kernel()).as("the kernel, kbit/s").isPositive();
        assertThat(cell.berth())
                .as("Berth, kbit/s, where the kernel reached %s", cell.kernel())
                .isGreaterThan(cell.kernel() / 2);
    }
}
