package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ServiceRegistryTest {
    private final ServiceRegistry registry = ServiceRegistry.iana();

    @Test
    void snapshot_has_a_date_and_thousands_of_entries() {
        assertThat(registry.date()).isEqualTo("2026-02-13");
        assertThat(registry.size()).isGreaterThan(7000);
    }

    @ParameterizedTest
    @CsvSource({
        "TCP, 22, ssh",
        "TCP, 25, smtp",
        "UDP, 53, domain",
        "TCP, 80, http",
        "SCTP, 80, http",
        "TCP, 443, https",
        "UDP, 443, https",
        "TCP, 1021, exp1",
        "UDP, 1022, exp2",
        "TCP, 5432, postgresql",
        "TCP, 6000, x11",
        "TCP, 6063, x11",
        "UDP, 6031, x11",
        "TCP, 8080, http-alt",
        "TCP, 9092, XmlIpcRegSvc",
        "DCCP, 9, discard",
        "UDP, 4250, vrml-multi-use"
    })
    void ports_have_the_name_of_their_service(Transport transport, int port, String name) {
        assertThat(registry.nameOf(transport, port)).isEqualTo(name);
        assertThat(registry.assignment(transport, port)).isEqualTo(PortAssignment.ASSIGNED);
    }

    @ParameterizedTest // RFC 6335 section 6: assigned, unassigned, reserved for each port and transport
    @CsvSource({
        "TCP, 49150, ASSIGNED",
        "UDP, 49150, RESERVED",
        "TCP, 4, UNASSIGNED",
        "TCP, 0, RESERVED",
        "UDP, 0, RESERVED",
        "UDP, 230, RESERVED",
        "TCP, 1015, RESERVED",
        "TCP, 6067, UNASSIGNED",
        "DCCP, 80, UNASSIGNED",
        "TCP, 24, ASSIGNED",
        "TCP, 49152, DYNAMIC",
        "TCP, 50000, DYNAMIC",
        "UDP, 65535, DYNAMIC"
    })
    void every_port_is_assigned_reserved_unassigned_or_dynamic(Transport transport, int port, PortAssignment expected) {
        assertThat(registry.assignment(transport, port)).isEqualTo(expected);
    }

    @Test
    void no_port_of_the_dynamic_range_has_a_name() {
        for (int port = 49_152; port <= 65_535; port++) {
            for (Transport transport : Transport.values()) {
                assertThat(registry.nameOf(transport, port)).isNull();
            }
        }
    }

    @Test
    void names_have_ports_without_regard_to_case() {
        assertThat(registry.portsOf("HTTP", Transport.TCP)).containsExactly(80);
        assertThat(registry.portsOf("http-alt", Transport.TCP)).containsExactly(591, 8008, 8080);
        assertThat(registry.portsOf("xmlipcregsvc", Transport.UDP)).containsExactly(9092);
        assertThat(registry.portsOf("x11", Transport.TCP))
                .hasSize(64)
                .startsWith(6000)
                .endsWith(6063);
        assertThat(registry.portsOf("ssh", Transport.DCCP)).isEmpty();
        assertThat(registry.portsOf("no such service", Transport.TCP)).isEmpty();
        assertThat(registry.portsOf("", Transport.TCP)).isEmpty();
    }

    @Test
    void a_port_may_have_several_names() {
        assertThat(registry.servicesAt(Transport.TCP, 80))
                .extracting(Service::name)
                .containsExactly("http", "www", "www-http");
        assertThat(registry.servicesAt(Transport.SCTP, 80))
                .extracting(Service::name)
                .containsExactly("http");
    }

    @Test
    void a_name_may_have_no_port() {
        assertThat(registry.servicesNamed("airplay")).singleElement().satisfies(service -> {
            assertThat(service.ports()).isNull();
            assertThat(service.transports()).containsExactlyInAnyOrder(Transport.TCP, Transport.UDP);
        });
        assertThat(registry.portsOf("airplay", Transport.TCP)).isEmpty();
    }

    @Test
    void every_name_is_found_by_itself() {
        Set<Service> all = Set.copyOf(registry.search(""));
        assertThat(all).hasSize(registry.size());
        for (Service service : all) {
            if (!service.name().isEmpty()) {
                assertThat(registry.servicesNamed(service.name())).contains(service);
            }
            PortRange ports = service.ports();
            if (ports != null) {
                for (Transport transport : service.transports()) {
                    assertThat(registry.servicesAt(transport, ports.first())).contains(service);
                    assertThat(registry.servicesAt(transport, ports.last())).contains(service);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            TCP | 80    | http (World Wide Web HTTP), well-known
            TCP | 4     | unassigned, well-known
            UDP | 49150 | reserved, registered
            TCP | 5432  | postgresql (PostgreSQL Database), registered
            TCP | 24    | any private mail system, well-known
            TCP | 50000 | ephemeral/dynamic
            """)
    void ports_are_described_in_words(Transport transport, int port, String words) {
        assertThat(registry.describe(transport, port)).isEqualTo(words);
    }

    @Test
    void descriptions_can_be_searched() {
        assertThat(registry.search("postgresql")).extracting(Service::name).contains("postgresql");
        assertThat(registry.search("LDAP")).extracting(Service::name).contains("ldap", "ldaps");
    }

    @Test
    void no_contact_of_a_person_is_in_the_resource() throws IOException {
        try (InputStream in = ServiceRegistry.class.getResourceAsStream(ServiceRegistry.RESOURCE)) {
            String text = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            assertThat(text)
                    .doesNotContainPattern("\\[[A-Z][a-z]+_[A-Z][a-zA-Z_]+]")
                    .doesNotContain("@iana.org");
        }
    }

    @Test
    void a_port_number_out_of_range_is_refused() {
        assertThatThrownBy(() -> registry.servicesAt(Transport.TCP, 65_536)).hasMessageContaining("0 to 65535");
        assertThatThrownBy(() -> registry.assignment(Transport.TCP, -1)).hasMessageContaining("0 to 65535");
    }

    @Test
    void a_newer_csv_compiles_with_quoted_line_feeds_and_rows_of_every_kind() throws IOException {
        String csv = """
                Service Name,Port Number,Transport Protocol,Description,Assignee
                ,0,tcp,Reserved,
                ,7,tcp,Unassigned,
                alpha,10,tcp,"two
                  lines, ""quoted\""",[A_Person]
                alpha,10,udp,"two
                  lines, ""quoted\""",[A_Person]
                Beta,20-29,,a range,
                gamma,,tcp,no port,
                """;
        ServiceRegistry small =
                new ServiceRegistry(ServiceRegistryCompiler.compile(new StringReader(csv), "2030-01-02"));

        assertThat(small.date()).isEqualTo("2030-01-02");
        assertThat(small.size()).isEqualTo(4);
        assertThat(small.servicesNamed("ALPHA"))
                .containsExactly(new Service(
                        "alpha",
                        new PortRange(10, 10),
                        Set.of(Transport.TCP, Transport.UDP),
                        "two lines, \"quoted\"",
                        false));
        assertThat(small.portsOf("beta", Transport.UDP)).hasSize(10);
        assertThat(small.nameOf(Transport.TCP, 25)).isEqualTo("Beta");
        assertThat(small.nameOf(Transport.TCP, 30)).isNull();
        assertThat(small.assignment(Transport.TCP, 0)).isEqualTo(PortAssignment.RESERVED);
        assertThat(small.assignment(Transport.TCP, 7)).isEqualTo(PortAssignment.UNASSIGNED);
        assertThat(small.servicesNamed("gamma"))
                .singleElement()
                .satisfies(s -> assertThat(s.ports()).isNull());
    }
}
