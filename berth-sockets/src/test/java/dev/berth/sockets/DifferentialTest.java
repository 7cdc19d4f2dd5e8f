package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestInstance;

/// Runs tables of [Case]s on both platforms and compares the outcomes.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class DifferentialTest {
    private final KernelPlatform kernel = new KernelPlatform();
    private BerthPlatform berth;

    @BeforeAll
    void start() throws IOException {
        berth = new BerthPlatform();
    }

    @AfterAll
    void stop() {
        berth.close();
        kernel.close();
    }

    Stream<DynamicTest> tests(Case.Table table) {
        List<Case> cases = table.cases().toList();
        Set<String> names = new HashSet<>();
        cases.forEach(each -> assertThat(names.add(each.name())).as(each.name()).isTrue());
        return cases.stream().map(each -> DynamicTest.dynamicTest(each.name(), () -> compare(each)));
    }

    private void compare(Case each) {
        String expected = each.outcome(kernel);
        String actual = each.outcome(berth);
        String onBerth = each.onBerth();
        if (onBerth == null) {
            assertThat(actual).as(each.name()).isEqualTo(expected);
        } else {
            assertThat(actual).as(each.name()).isEqualTo(onBerth).isNotEqualTo(expected);
        }
    }
}
