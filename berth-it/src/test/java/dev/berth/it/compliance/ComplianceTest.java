package dev.berth.it.compliance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Every requirement of the RFCs has a test or a waiver with a reason, and the pages that say so are up to date.
///
/// `scripts/update-compliance` runs this test with `-Dberth.compliance.update`, which writes the pages.
class ComplianceTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path CSV = ROOT.resolve("docs/compliance.csv");
    private static final Path PAGE = ROOT.resolve("docs/COMPLIANCE.md");

    private static RequirementScanner scanner;
    private static ComplianceMatrix matrix;

    @BeforeAll
    static void read() throws IOException {
        scanner = RequirementScanner.scan(ROOT);
        matrix = ComplianceMatrix.of(ROOT, scanner.testsById());
        if (Boolean.getBoolean("berth.compliance.update")) {
            Files.writeString(CSV, matrix.csv());
            Files.writeString(PAGE, matrix.page());
        }
    }

    @Test
    void every_requirement_has_a_test_or_a_waiver() {
        assertThat(matrix.rows()).hasSizeGreaterThan(350);
        assertThat(matrix.rows().stream().filter(ComplianceMatrix.Row::isOpen).map(r -> r.id() + " " + r.summary()))
                .isEmpty();
    }

    @Test
    void every_id_of_a_test_or_waiver_is_a_requirement() {
        assertThat(matrix.unknownIds()).isEmpty();
    }

    @Test
    void only_what_is_tested_carries_a_requirement() {
        assertThat(scanner.notTests()).isEmpty();
    }

    @Test
    void a_requirement_with_a_test_is_not_waived() {
        assertThat(matrix.rows().stream()
                        .filter(r -> !r.tests().isEmpty() && !r.waiver().isEmpty()))
                .isEmpty();
    }

    @Test
    void the_pages_are_up_to_date() throws IOException {
        assertThat(Files.readString(CSV)).as("run scripts/update-compliance").isEqualTo(matrix.csv());
        assertThat(Files.readString(PAGE)).as("run scripts/update-compliance").isEqualTo(matrix.page());
    }
}
