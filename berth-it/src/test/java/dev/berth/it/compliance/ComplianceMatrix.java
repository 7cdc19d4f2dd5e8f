package dev.berth.it.compliance;

import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.apache.commons.csv.CSVRecord;

/// The requirements of the RFCs (`docs/requirements.csv`), each with the tests that prove it or the reason why it is
/// waived (`docs/waivers.csv`), and the two ways to show them: `docs/compliance.csv` and `docs/COMPLIANCE.md`.
final class ComplianceMatrix {
    /// One requirement with what covers it.
    record Row(String id, String rfc, String section, String level, String summary, List<String> tests, String waiver) {
        String status() {
            return !tests.isEmpty() ? "test" : waiver.isEmpty() ? "open" : "waived";
        }

        boolean isOpen() {
            return tests.isEmpty() && waiver.isEmpty();
        }

        String where() {
            return tests.isEmpty() ? waiver : String.join(" ", tests);
        }
    }

    private static final CSVFormat WITH_HEADER =
            CSVFormat.DEFAULT.builder().setHeader().setSkipHeaderRecord(true).get();

    private final List<Row> rows;
    private final List<String> unknownIds;

    private ComplianceMatrix(List<Row> rows, List<String> unknownIds) {
        this.rows = rows;
        this.unknownIds = unknownIds;
    }

    /// Joins the tables in `docs` below `root` with the tests found.
    static ComplianceMatrix of(Path root, Map<String, List<String>> testsById) throws IOException {
        Map<String, String> waivers = new TreeMap<>();
        for (CSVRecord record : read(root.resolve("docs/waivers.csv"))) {
            waivers.put(record.get("id"), record.get("reason"));
        }
        List<Row> rows = new ArrayList<>();
        List<String> unknown = new ArrayList<>(testsById.keySet());
        unknown.addAll(waivers.keySet());
        for (CSVRecord r : read(root.resolve("docs/requirements.csv"))) {
            String id = r.get("id");
            List<String> tests = testsById.getOrDefault(id, List.of());
            rows.add(new Row(
                    id,
                    r.get("rfc"),
                    r.get("section"),
                    r.get("level"),
                    r.get("summary"),
                    tests.stream().distinct().toList(),
                    waivers.getOrDefault(id, "")));
            unknown.removeIf(id::equals);
        }
        return new ComplianceMatrix(rows, unknown);
    }

    private static List<CSVRecord> read(Path file) throws IOException {
        try (Reader reader = Files.newBufferedReader(file)) {
            return WITH_HEADER.parse(reader).getRecords();
        }
    }

    List<Row> rows() {
        return rows;
    }

    /// Ids of tests or waivers that no requirement has.
    List<String> unknownIds() {
        return unknownIds;
    }

    /// The table for programs: `id,rfc,section,level,status,where`.
    String csv() throws IOException {
        StringWriter text = new StringWriter();
        CSVFormat format = CSVFormat.DEFAULT
                .builder()
                .setHeader("id", "rfc", "section", "level", "status", "where")
                .setRecordSeparator('\n')
                .get();
        try (CSVPrinter printer = new CSVPrinter(text, format)) {
            for (Row row : rows) {
                printer.printRecord(row.id(), row.rfc(), row.section(), row.level(), row.status(), row.where());
            }
        }
        return text.toString();
    }

    /// The page for people: a summary by RFC, then each RFC's requirements.
    String page() {
        Map<String, List<Row>> byRfc = new LinkedHashMap<>();
        for (Row row : rows) {
            byRfc.computeIfAbsent(row.rfc(), r -> new ArrayList<>()).add(row);
        }
        StringBuilder text = new StringBuilder("""
                # Compliance

                Every requirement that Berth answers to, with the test that fails without it or the reason why it is
                waived. Made by `scripts/update-compliance` from `requirements.csv`, `waivers.csv` and the
                `@Requirement` annotations of the tests; the test run fails when a requirement has neither. Choices
                within the requirements are in the table of deviations in [ARCHITECTURE.md](ARCHITECTURE.md). The same
                table for programs is [compliance.csv](compliance.csv).

                | RFC | requirements | tested | waived | open |
                |---|---|---|---|---|
                """);
        byRfc.forEach((rfc, of) -> summary(text, "[" + rfc + "](#" + anchor(rfc) + ")", of));
        summary(text, "all", rows);
        byRfc.forEach((rfc, of) -> {
            text.append("\n## ").append(rfc).append("\n\n| id | section | level | requirement | test or reason |\n");
            text.append("|---|---|---|---|---|\n");
            for (Row row : of) {
                text.append("| ").append(row.id());
                text.append(" | ").append(row.section());
                text.append(" | ").append(row.level());
                text.append(" | ").append(cell(row.summary()));
                text.append(" | ").append(covered(row)).append(" |\n");
            }
        });
        return text.toString();
    }

    private static String covered(Row row) {
        return switch (row.status()) {
            case "test" -> "`" + String.join("` `", row.tests()) + "`";
            case "waived" -> "*waived:* " + cell(row.waiver());
            default -> "**open**";
        };
    }

    private static void summary(StringBuilder text, String name, List<Row> of) {
        text.append("| ").append(name).append(" | ").append(of.size());
        for (String status : List.of("test", "waived", "open")) {
            text.append(" | ")
                    .append(of.stream().filter(r -> r.status().equals(status)).count());
        }
        text.append(" |\n");
    }

    private static String anchor(String rfc) {
        return rfc.toLowerCase(java.util.Locale.ROOT).replace(' ', '-');
    }

    private static String cell(String text) {
        return text.replace("|", "\\|").replace("<", "&lt;");
    }
}
