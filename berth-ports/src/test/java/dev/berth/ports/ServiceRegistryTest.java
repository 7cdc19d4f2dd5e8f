package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Requirement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
    @Requirement("6335-09")
    @CsvSource({
        "TCP, 49150, ASSIGNED",
        "UDP, 49150, RESERVED",
        "TCP, 4, UNASSIGNED",
        "TCP, 0, RESERVED",
        "UDP, 0, RESERVED",
        "SCTP, 0, RESERVED",
        "DCCP, 0, RESERVED",
        "UDP, 230, RESERVED",
        "SCTP, 230, RESERVED",
        "TCP, 2, RESERVED",
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
    @Requirement("6335-12")
    void no_port_of_the_dynamic_range_has_a_name() {
        for (int port = 49_152; port <= 65_535; port++) {
            for (Transport transport : Transport.values()) {
                assertThat(registry.nameOf(transport, port)).isNull();
            }
        }
        assertThat(registry.servicesWithin(PortRange.DYNAMIC, Set.of(Transport.values())))
                .isEmpty();
    }

    @Test
    @Requirement("6335-11")
    void an_assignment_counts_for_its_own_transports_only() {
        assertThat(registry.nameOf(Transport.TCP, 179)).isEqualTo("bgp");
        assertThat(registry.nameOf(Transport.SCTP, 179)).isEqualTo("bgp");
        assertThat(registry.nameOf(Transport.DCCP, 179)).isNull();
        assertThat(registry.nameOf(Transport.UDP, 69)).isEqualTo("tftp");
        assertThat(registry.nameOf(Transport.SCTP, 69)).isNull();
        assertThat(registry.nameOf(Transport.UDP, 49_150)).isNull();
        assertThat(registry.assignment(Transport.SCTP, 49_150)).isEqualTo(PortAssignment.UNASSIGNED);
    }

    @Test
    @Requirement("6335-10")
    void the_ports_for_experiments_are_marked() {
        for (Transport transport : Transport.values()) {
            for (int port = 1021; port <= 1022; port++) {
                assertThat(registry.nameOf(transport, port)).isEqualTo("exp" + (port - 1020));
                assertThat(registry.servicesAt(transport, port))
                        .singleElement()
                        .satisfies(service -> assertThat(service.experimental()).isTrue());
            }
        }
        assertThat(registry.services()).filteredOn(Service::experimental).hasSize(2);
    }

    @Test
    @Requirement("6335-14")
    void what_was_taken_back_or_is_of_the_past_is_marked() {
        assertThat(registry.servicesAt(Transport.TCP, 2)).singleElement().satisfies(service -> {
            assertThat(service.description()).isEqualTo("Reserved, formerly compressnet");
            assertThat(service.reserved()).isTrue();
            assertThat(service.deregistered()).isTrue();
        });
        // RFC 6335 §8.2: it is RECOMMENDED that a given service name remain assigned even after all associated port
        //   number assignments have become de-assigned
        assertThat(registry.servicesNamed("compressnet"))
                .singleElement()
                .satisfies(service -> assertThat(service.ports()).isNull());
        assertThat(registry.search("compressnet").getFirst().name()).isEqualTo("compressnet");
        assertThat(registry.search("compressnet")).hasSize(3);
        assertThat(registry.servicesAt(Transport.TCP, 18)).allMatch(Service::historic);
        assertThat(registry.servicesNamed("iad1")).allMatch(Service::deregistered);
        assertThat(registry.servicesNamed("http")).noneMatch(Service::historic);
        assertThat(registry.servicesAt(Transport.UDP, 49_150))
                .allMatch(Service::reserved)
                .noneMatch(Service::deregistered);
    }

    @Test
    @Requirement("6335-15")
    void dccp_service_codes_are_32_bit_values() {
        assertThat(registry.servicesAt(Transport.DCCP, 9)).singleElement().satisfies(service -> {
            assertThat(service.serviceCode()).hasValue(0x44495343);
            assertThat(service.serviceCodeText()).isEqualTo("SC:DISC");
        });
        assertThat(registry.servicesNamed("dccp-ping")).singleElement().satisfies(service -> {
            assertThat(service.serviceCode()).hasValue(1_885_957_735);
            assertThat(service.serviceCodeText()).isEqualTo("SC:ping");
        });
        assertThat(registry.servicesNamed("ltp-deepspace").stream().map(Service::serviceCodeText))
                .contains("SC=7107696"); // starts with an octet of zeros
        assertThat(registry.servicesAt(Transport.TCP, 9).getFirst().serviceCode())
                .isEmpty();
    }

    @Test
    void an_alias_says_what_to_use_instead() {
        assertThat(registry.servicesNamed("WHOIS++")).singleElement().satisfies(service -> {
            assertThat(service.aliasOf()).isEqualTo("whoispp");
            assertThat(service.historic()).isTrue();
        });
        assertThat(registry.nameOf(Transport.TCP, 63)).isEqualTo("whoispp");
        assertThat(registry.aliasesOf("HTTP")).containsExactly("www", "www-http");
        assertThat(registry.aliasesOf("ssh")).isEmpty();
        assertThat(registry.portsOf("www", Transport.TCP)).containsExactly(80);
    }

    @Test
    @Requirement("6335-06")
    @Requirement("6335-16")
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
    @Requirement("6335-16")
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
        List<Service> all = registry.services();
        assertThat(all).hasSize(registry.size()).doesNotHaveDuplicates();
        assertThat(registry.search(" ")).isEqualTo(all);
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
    void the_best_of_a_search_come_first() {
        assertThat(registry.search("LDAP")).extracting(Service::name).startsWith("ldap", "ldaps", "ldap-admin");
        assertThat(registry.search("http").getFirst().name()).isEqualTo("http");
        assertThat(registry.search("postgresql").getFirst().name()).isEqualTo("postgresql");
        assertThat(registry.search("world wide web")).extracting(Service::name).contains("http", "www");
        assertThat(registry.search("web server")).isNotEmpty().allSatisfy(service -> {
            String text = (service.name() + " " + service.description()).toLowerCase(Locale.ROOT);
            assertThat(text).contains("web").contains("server");
        });
        assertThat(registry.search("no such words")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "htpt, http",
        "htttp, http",
        "postgers, ''",
        "postgres, postgresql",
        "postgreslq, postgresql",
        "sshh, ssh",
        "doman, domain",
        "LDAPX, ldap",
        "wwww, http",
        "sql_net, sql-net",
        "elasticsearch, ''"
    })
    void unknown_names_have_near_ones(String name, String near) {
        assertThat(registry.servicesNamed(name)).isEmpty();
        List<String> names = registry.near(name);
        assertThat(names).hasSizeLessThanOrEqualTo(5).doesNotHaveDuplicates();
        assertThat(names.isEmpty() ? "" : names.getFirst()).isEqualTo(near);
        assertThat(names)
                .allSatisfy(known -> assertThat(registry.servicesNamed(known)).isNotEmpty());
    }

    @ParameterizedTest
    @CsvSource({"443, 443", "0, 0", "https, 443", "HTTPS, 443", "www, 80", "65535, 65535"})
    void a_text_names_a_port(String text, int port) {
        assertThat(registry.requirePort(text, Transport.TCP)).isEqualTo(port);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            htpt     | There is no service 'htpt' in IANA's registry of 2026-02-13; near it: http
            q0q0q0  | There is no service 'q0q0q0' in IANA's registry of 2026-02-13
            http-alt | The service 'http-alt' has 3 ports for tcp, 591, 8008 and 8080: give the number
            x11      | The service 'x11' has 64 ports for tcp, 6000 to 6063: give the number
            airplay  | The service 'airplay' has a name but no port in IANA's registry
            biff     | The service 'biff' has no port for tcp, but port 512 for udp
            65536    | A port is 0 to 65535, not 65536
            """)
    void a_text_that_names_no_single_port_is_refused_in_words(String text, String words) {
        assertThatThrownBy(() -> registry.requirePort(text, Transport.TCP))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .startsWith(words);
    }

    @Test
    void the_resource_is_read_in_the_same_way_from_a_jar_a_directory_and_a_class_loader(@TempDir Path directory)
            throws IOException {
        byte[] expected = ServiceRegistryData.readByLoader();
        assertThat(ServiceRegistryData.readBeside()).isEqualTo(expected);
        Path jar = directory.resolve("with space.jar");
        Path empty = directory.resolve("empty.jar");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar));
                ZipOutputStream other = new ZipOutputStream(Files.newOutputStream(empty))) {
            out.putNextEntry(new ZipEntry("dev/berth/ports/" + ServiceRegistryData.RESOURCE));
            out.write(expected);
            other.putNextEntry(new ZipEntry("other"));
        }
        assertThat(ServiceRegistryData.read(jar.toFile())).isEqualTo(expected);
        assertThat(ServiceRegistryData.read(empty.toFile())).isNull();
        assertThat(ServiceRegistryData.read(directory.toFile())).isNull();
        assertThat(ServiceRegistryData.read(null)).isNull();
    }

    @Test
    void what_is_no_registry_is_refused() {
        assertThatThrownBy(() -> new ServiceRegistry(new byte[3])).hasMessage("Not a service registry");
        assertThatThrownBy(() -> new ServiceRegistry(new byte[300])).hasMessage("Not a service registry");
    }

    @Test
    void no_contact_of_a_person_is_in_the_resource() {
        assertThat(registry.services())
                .allSatisfy(service -> assertThat(service.description())
                        .doesNotContainPattern("\\[[A-Z][a-z]+_[A-Z][a-zA-Z_]+]")
                        .doesNotContain("@iana.org"));
    }

    @Test
    void a_port_number_out_of_range_is_refused() {
        assertThatThrownBy(() -> registry.servicesAt(Transport.TCP, 65_536)).hasMessageContaining("0 to 65535");
        assertThatThrownBy(() -> registry.assignment(Transport.TCP, -1)).hasMessageContaining("0 to 65535");
    }
}
