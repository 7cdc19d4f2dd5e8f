package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Requirement;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/// IANA's CSV file, without its people, against the resource made of it, row by row; and small files of every kind.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ServiceRowsTest {
    private static final ServiceRegistry REGISTRY = ServiceRegistry.iana();
    private static final int ROWS = 14_499;

    private static String file;
    private static List<CSVRecord> rows;

    @BeforeAll
    static void read() throws IOException {
        try (InputStream in = ServiceRowsTest.class.getResourceAsStream("service-names-port-numbers.csv")) {
            file = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        rows = CSVFormat.RFC4180
                .builder()
                .setHeader()
                .setSkipHeaderRecord(true)
                .get()
                .parse(new StringReader(file))
                .getRecords();
    }

    private static List<Transport> transports(CSVRecord row, List<Transport> ifNone) {
        String transport = row.get("Transport Protocol");
        return transport.isEmpty() ? ifNone : List.of(Transport.parse(transport));
    }

    @Test
    void every_row_is_there_and_nobody_is() {
        assertThat(rows).hasSize(ROWS);
        assertThat(rows.getFirst().toMap()).doesNotContainKeys("Assignee", "Contact");
        assertThat(file).doesNotContainPattern("\\[[A-Z][a-z]+_[A-Z][a-zA-Z_]+]");
        assertThat(rows).anyMatch(row -> row.get("Assignment Notes").contains("\n"));
    }

    @Test
    void the_resource_is_made_of_the_file() throws IOException {
        assertThat(ServiceRegistryCompiler.compile(new StringReader(file), REGISTRY.date()))
                .isEqualTo(ServiceRegistryData.read());
        assertThat(ServiceRows.write(ServiceRows.read(new StringReader(file)))).isEqualTo(file);
    }

    @Test
    @Requirement("6335-09")
    @Requirement("6335-11")
    @Requirement("6335-12")
    void every_port_of_every_transport_has_the_names_and_the_state_of_its_rows() {
        Map<Transport, Map<Integer, Set<String>>> names = new HashMap<>();
        Map<Transport, Set<Integer>> assigned = new HashMap<>();
        Map<Transport, Set<Integer>> reserved = new HashMap<>();
        for (Transport transport : Transport.values()) {
            names.put(transport, new HashMap<>());
            assigned.put(transport, new HashSet<>());
            reserved.put(transport, new HashSet<>(Set.of(0)));
        }
        for (CSVRecord row : rows) {
            String description = row.get("Description").toLowerCase(Locale.ROOT);
            boolean named = !row.get("Service Name").isEmpty();
            if (row.get("Port Number").isEmpty() || !named && description.contains("unassigned")) {
                continue;
            }
            boolean isAssigned = named || description.startsWith("any private");
            List<Transport> all = List.of(Transport.values());
            for (Transport transport : transports(row, isAssigned ? all.subList(0, 2) : all)) {
                String[] ends = row.get("Port Number").split("-");
                for (int port = Integer.parseInt(ends[0]); port <= Integer.parseInt(ends[ends.length - 1]); port++) {
                    (isAssigned ? assigned : reserved).get(transport).add(port);
                    if (named) {
                        names.get(transport)
                                .computeIfAbsent(port, _ -> new TreeSet<>())
                                .add(row.get("Service Name"));
                    }
                }
            }
        }
        for (Transport transport : Transport.values()) {
            for (int port = 0; port <= PortRange.MAX_PORT; port++) {
                PortAssignment expected = port > 49_151
                        ? PortAssignment.DYNAMIC
                        : assigned.get(transport).contains(port)
                                ? PortAssignment.ASSIGNED
                                : reserved.get(transport).contains(port)
                                        ? PortAssignment.RESERVED
                                        : PortAssignment.UNASSIGNED;
                Set<String> found = new TreeSet<>();
                REGISTRY.servicesAt(transport, port).forEach(service -> found.add(service.name()));
                found.remove("");
                String name = REGISTRY.nameOf(transport, port);
                if (REGISTRY.assignment(transport, port) != expected
                        || !found.equals(names.get(transport).getOrDefault(port, Set.of()))
                        || (name == null ? !found.isEmpty() : !found.contains(name))) {
                    throw new AssertionError(transport + " " + port + " is " + expected + " by its rows");
                }
            }
        }
    }

    @Test
    @Requirement("6335-06")
    @Requirement("6335-14")
    @Requirement("6335-15")
    void every_named_row_is_found_by_its_name_in_any_case_with_all_it_says() {
        for (CSVRecord row : rows) {
            String name = row.get("Service Name");
            if (name.isEmpty()) {
                continue;
            }
            String notes = row.get("Assignment Notes");
            String port = row.get("Port Number");
            List<Transport> both = List.of(Transport.TCP, Transport.UDP);
            assertThat(REGISTRY.servicesNamed(name.toUpperCase(Locale.ROOT))).anySatisfy(service -> {
                assertThat(service.name()).isEqualTo(name);
                assertThat(service.ports()).isEqualTo(port.isEmpty() ? null : PortRange.parse(port));
                assertThat(service.transports()).containsAll(transports(row, port.isEmpty() ? List.of() : both));
                assertThat(service.description())
                        .isEqualTo(row.get("Description").replaceAll("\\s+", " "));
                assertThat(service.reserved()).isFalse();
                assertThat(service.historic())
                        .isEqualTo(notes.contains("now historic")
                                || service.description().contains("(historic)"));
                assertThat(service.aliasOf() != null).isEqualTo(notes.matches("(?s).*(alias to|duplicate of).*"));
                String code = row.get("Service Code");
                assertThat(service.serviceCode())
                        .isEqualTo(
                                code.isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseUnsignedInt(code)));
            });
        }
    }

    @Test
    @Requirement("6335-02")
    void names_from_before_the_rules_can_be_looked_up_and_are_few() {
        Set<String> invalid = new TreeSet<>();
        for (CSVRecord row : rows) {
            String name = row.get("Service Name");
            if (!name.isEmpty() && !ServiceName.isValid(name)) {
                invalid.add(name);
                assertThat(REGISTRY.servicesNamed(name)).isNotEmpty();
            }
        }
        assertThat(invalid).hasSize(97).contains("whois++", "z39.50", "dec_dlm");
    }

    @Test
    void a_newer_csv_compiles_with_quoted_line_feeds_and_rows_of_every_kind() throws IOException {
        String csv = """
                Service Name,Port Number,Transport Protocol,Description,Assignee,Service Code,Assignment Notes
                ,0,tcp,Reserved,,,
                ,7,tcp,Unassigned,,,
                ,8,udp,Reserved,,,"De-assigned on 2025-02-13, previously oldname by [A_Person]"
                ,9,,De-registered,,,
                alpha,10,tcp,"two
                  lines, ""quoted\""",[A_Person],,
                alpha,10,udp,"two
                  lines, ""quoted\""",[A_Person],,
                Beta,20-29,,a range,,,
                gamma,,tcp,no port,,,"This entry is an alias to ""alpha"".
                This entry is now historic, not usable for use with many
                common service discovery mechanisms. [A_Person] said so."
                delta,30,dccp,a code,,4294967295,
                """;
        ServiceRegistry small =
                new ServiceRegistry(ServiceRegistryCompiler.compile(new StringReader(csv), "2030-01-02"));

        assertThat(small.date()).isEqualTo("2030-01-02");
        assertThat(small.size()).isEqualTo(7);
        assertThat(small.servicesNamed("ALPHA"))
                .containsExactly(new Service(
                        "alpha",
                        new PortRange(10, 10),
                        Set.of(Transport.TCP, Transport.UDP),
                        "two lines, \"quoted\"",
                        Set.of(),
                        null,
                        OptionalInt.empty()));
        assertThat(small.portsOf("beta", Transport.UDP)).hasSize(10);
        assertThat(small.nameOf(Transport.TCP, 25)).isEqualTo("Beta");
        assertThat(small.nameOf(Transport.SCTP, 25)).isNull();
        assertThat(small.nameOf(Transport.TCP, 30)).isNull();
        assertThat(small.assignment(Transport.TCP, 0)).isEqualTo(PortAssignment.RESERVED);
        assertThat(small.assignment(Transport.TCP, 7)).isEqualTo(PortAssignment.UNASSIGNED);
        assertThat(small.assignment(Transport.DCCP, 9)).isEqualTo(PortAssignment.RESERVED);
        assertThat(small.servicesAt(Transport.UDP, 8)).singleElement().satisfies(service -> {
            assertThat(service.description()).isEqualTo("Reserved, formerly oldname");
            assertThat(service.marks()).containsExactlyInAnyOrder(ServiceMark.RESERVED, ServiceMark.DEREGISTERED);
        });
        assertThat(small.servicesNamed("gamma"))
                .containsExactly(new Service(
                        "gamma",
                        null,
                        Set.of(Transport.TCP),
                        "no port",
                        Set.of(ServiceMark.HISTORIC),
                        "alpha",
                        OptionalInt.empty()));
        assertThat(small.servicesNamed("delta").getFirst().serviceCode()).hasValue(-1);
        assertThat(small.servicesNamed("delta").getFirst().serviceCodeText()).isEqualTo("SC=4294967295");
        assertThat(ServiceRows.write(ServiceRows.read(new StringReader(csv)))).doesNotContain("A_Person");
    }

    @Test
    void a_file_that_makes_no_sense_is_refused_in_words() {
        String head = "Service Name,Port Number,Transport Protocol,Description,Service Code,Assignment Notes\n";
        assertThatThrownBy(() -> compile(head + "a,49152,tcp,,,\n", "2030-01-02"))
                .hasMessageContaining("no port above 49151");
        assertThatThrownBy(() -> compile(head + "a,5,icmp,,,\n", "2030-01-02"))
                .hasMessageContaining("tcp, udp, sctp or dccp");
        assertThatThrownBy(() -> compile(head, "2030-01-02")).hasMessageContaining("1 to 65535 entries");
        assertThatThrownBy(() -> compile(head + "a,5,tcp,,,\n", "today")).hasMessageContaining("YYYY-MM-DD");
        assertThatThrownBy(() -> compile("Name,Port\na,5\n", "2030-01-02")).hasMessageContaining("Service Name");
    }

    private static byte[] compile(String csv, String date) throws IOException {
        return ServiceRegistryCompiler.compile(new StringReader(csv), date);
    }

    @Test
    void strings_of_any_number_are_found_in_a_pool() throws IOException {
        for (int count = 1; count <= 3 * StringPool.BLOCK + 1; count++) {
            StringBuilder csv = new StringBuilder(
                    "Service Name,Port Number,Transport Protocol,Description,Service Code,Assignment Notes\n");
            List<String> names = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                names.add("Name-" + "x".repeat(i % 40) + i);
                csv.append(names.get(i))
                        .append(',')
                        .append(i + 1)
                        .append(",tcp,text of ")
                        .append(i)
                        .append(",,\n");
            }
            ServiceRegistry small = new ServiceRegistry(compile(csv.toString(), "2030-01-02"));
            for (int i = 0; i < count; i++) {
                assertThat(small.portsOf(names.get(i).toLowerCase(Locale.ROOT), Transport.TCP))
                        .containsExactly(i + 1);
                assertThat(small.servicesAt(Transport.TCP, i + 1).getFirst().description())
                        .isEqualTo("text of " + i);
            }
            assertThat(small.servicesNamed("a")).isEmpty();
            assertThat(small.servicesNamed("zz")).isEmpty();
        }
    }
}
