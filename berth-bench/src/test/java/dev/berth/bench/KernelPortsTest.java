package dev.berth.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.berth.testkit.netns.NetworkNamespace;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The kernel's side of the port rows: a namespace, a device and child processes, of which nothing may be left.
@Tag("netns")
@Timeout(120)
class KernelPortsTest {
    private final List<String> progress = new ArrayList<>();

    @BeforeEach
    void needsNamespaces() {
        assumeThat(NetworkNamespace.isAvailableFor(KernelPortsTest.class)).isTrue();
    }

    @Test
    void a_row_has_the_kernel_beside_it() throws Exception {
        SideBySide.Options options = new SideBySide.Options(2, 5, 5, 200, 200, 5, 1, false);
        try (SideBySide run = new SideBySide(options, progress::add)) {
            Row row = run.run("connect-pick-0");
            assertThat(row.other().min()).isGreaterThan(100);
            assertThat(row.toJson()).contains("\"otherName\":\"kernel connect()");
        }
    }

    @Test
    void the_range_is_filled_up_and_emptied_again_and_nothing_is_left_behind() throws Exception {
        long children = ProcessHandle.current().children().count();
        Path namespace;
        try (KernelPorts kernel = new KernelPorts(progress::add)) {
            for (int used : new int[] {1_000, 12_000, 500}) {
                try (Measurement probe = kernel.connect(used, false).open()) {
                    assertThat(probe.measure(1_000_000)).isPositive();
                }
            }
            namespace = kernel.namespace();
            assertThat(namespace).exists();
            assertThat(ProcessHandle.current().children()).hasSize((int) children + 1);
        }
        assertThat(namespace).doesNotExist();
        assertThat(ProcessHandle.current().children()).hasSize((int) children);
        assertThat(progress)
                .hasSize(3)
                .allMatch(line -> line.startsWith("  the kernel: ") && line.contains(" of 28232 ports in use ("));
    }
}
