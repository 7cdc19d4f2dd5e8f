package dev.berth.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PortsCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int ports(String arguments) {
        String[] words = Stream.concat(
                        Stream.of("ports"), Stream.of(arguments.split(" ")).filter(w -> !w.isEmpty()))
                .toArray(String[]::new);
        return Berth.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(words);
    }

    private void assertPrints(String arguments, String text) {
        assertThat(ports(arguments)).isZero();
        assertThat(err.toString()).isEmpty();
        assertThat(out.toString()).isEqualToNormalizingNewlines(text);
    }

    @Test
    void aPortHasALineForEachServiceAndForTheTransportsWithout() {
        assertPrints("443", """
                PORT  PROTO    KIND    STATE       SERVICE  DESCRIPTION
                443   tcp,udp  system  assigned    https    http protocol over TLS/SSL
                443   sctp     system  assigned    https    HTTPS
                443   dccp     system  unassigned  -        -

                IANA's registry of 2026-02-13
                """);
    }

    @Test
    void aRangeHasItsEntriesAndACount() {
        assertPrints("49149-49153 --transport tcp,udp", """
                PORT         PROTO    KIND     STATE     SERVICE   DESCRIPTION
                49150        tcp      user     assigned  inspider  InSpider System
                49150        udp      user     reserved  -         Reserved
                49151        tcp,udp  user     reserved  -         Reserved
                49152-49153  tcp,udp  dynamic  dynamic   -         never assigned; for clients
                                                                   and private use

                49149-49153/tcp: 1 assigned, 1 reserved, 1 unassigned, 2 dynamic
                49149-49153/udp: 2 reserved, 1 unassigned, 2 dynamic
                IANA's registry of 2026-02-13
                """);
    }

    @Test
    void namesAndAliasesHaveTheirPorts() {
        assertPrints("PostgreSQL www dccp-ping", """
                PORT  PROTO    KIND    STATE     SERVICE     DESCRIPTION
                5432  tcp,udp  user    assigned  postgresql  PostgreSQL Database
                80    tcp,udp  system  assigned  www         World Wide Web HTTP (alias of http)
                -     dccp     -       assigned  dccp-ping   ping/traceroute using DCCP
                                                             (SC:ping)

                IANA's registry of 2026-02-13
                """);
    }

    @ParameterizedTest
    @CsvSource({
        "0 --transport sctp, 0, system, reserved, held back by IANA",
        "4 --transport tcp, 4, system, unassigned, -",
        "2 --transport tcp, 2, system, reserved, 'Reserved, formerly compressnet'",
        "50000 --transport udp, 50000, dynamic, dynamic, never assigned; for clients and",
        "1021 --transport tcp, 1021, system, assigned, RFC3692-style Experiment 1"
    })
    void statesOfPortsAreNamed(String arguments, String port, String kind, String state, String description) {
        assertThat(ports(arguments)).isZero();
        String line = out.toString().lines().skip(1).findFirst().orElseThrow();
        assertThat(line).startsWith(port + " ").contains(" " + kind + " ", " " + state + " ", description);
    }

    @Test
    void aSearchHasTheBestFirstAndFitsTheScreen() {
        assertThat(ports("--search ldap")).isZero();
        assertThat(out.toString().lines()).allMatch(line -> line.length() <= 80);
        assertThat(out.toString().lines().skip(1)).first().asString().startsWith("389 ");
        assertThat(out.toString()).contains("ldaps", "bmc-ctd-ldap", "historic");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0-65535 --limit 100000", "--search a --limit 100000"})
    void noLineIsWiderThanTheScreen(String arguments) {
        assertThat(ports(arguments)).isZero();
        assertThat(out.toString().lines().count()).isGreaterThan(5000);
        assertThat(out.toString().lines()).allMatch(line -> line.length() <= 80);
    }

    @Test
    void longTablesEndWithACount() {
        assertThat(ports("8000-8100 --transport tcp --limit 2")).isZero();
        assertThat(out.toString().lines().filter(line -> line.startsWith("80"))).hasSize(3);
        assertThat(out.toString()).containsPattern("\\.\\.\\. and \\d+ more; --limit \\d+ shows all");
        out.getBuffer().setLength(0);
        assertThat(ports("0-1023")).isZero();
        assertThat(out.toString()).containsPattern("\\.\\.\\. and \\d{3} more");
    }

    @Test
    void jsonIsOneObjectALine() {
        assertPrints("443 49152-65535 --transport tcp,dccp --json", """
                {"port":443,"lastPort":443,"transports":["tcp"],"kind":"system","state":"assigned","name":"https",\
                "description":"http protocol over TLS/SSL","aliasOf":null,"marks":[],"serviceCode":null,\
                "registry":"2026-02-13"}
                {"port":443,"lastPort":443,"transports":["dccp"],"kind":"system","state":"unassigned","name":null,\
                "description":null,"aliasOf":null,"marks":[],"serviceCode":null,"registry":"2026-02-13"}
                {"port":49152,"lastPort":65535,"transports":["tcp","dccp"],"kind":"dynamic","state":"dynamic",\
                "name":null,"description":null,"aliasOf":null,"marks":[],"serviceCode":null,"registry":"2026-02-13"}
                """);
    }

    @Test
    void jsonHasAliasesMarksAndServiceCodes() {
        assertThat(ports("whois++ dccp-ping --json")).isZero();
        assertThat(out.toString())
                .contains("\"aliasOf\":\"whoispp\",\"marks\":[\"historic\"]")
                .contains("{\"port\":null,\"lastPort\":null,", "\"kind\":null,", "\"serviceCode\":1885957735,");
        out.getBuffer().setLength(0);
        assertThat(ports("0-65535 --json")).isZero();
        assertThat(out.toString().lines().count()).isGreaterThan(7000);
        out.getBuffer().setLength(0);
        assertThat(ports("0-65535 --json --limit 3")).isZero();
        assertThat(out.toString().lines()).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "htpt | There is no service 'htpt' in IANA's registry of 2026-02-13; near it: http",
                "443 q0q0q0 | There is no service 'q0q0q0' in IANA's registry of 2026-02-13.",
                "ssh --transport dccp | The service 'ssh' is not registered for dccp, but for tcp, udp and sctp.",
                "--search xyzzy | No name or description in IANA's registry of 2026-02-13 has 'xyzzy'.",
                "--search ldap --transport dccp | No name or description in IANA's registry of 2026-02-13 has 'ldap'"
                        + " for dccp."
            })
    void whatIsNotThereIsOneSentenceAndExitCode1(String arguments, String sentence) {
        assertThat(ports(arguments)).isEqualTo(1);
        assertThat(err.toString()).startsWith("berth ports: " + sentence);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(out.toString()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "65536 | A port is 0 to 65535, not 65536.",
                "5-3 | A range of ports goes from low to high, not from 5 to 3.",
                "1-2-3 | '1-2-3' is no port or range of ports such as 80 or 49152-65535 (0 to 65535).",
                "80- | '80-' is no port or range of ports such as 80 or 49152-65535 (0 to 65535).",
                "99999999999 | '99999999999' is no port or range of ports",
                "4 --transport icmp | Invalid value for option '--transport' (NAME): A transport is tcp, udp, sctp or"
                        + " dccp, not 'icmp'.",
                "4 --limit 0 | '--limit' takes a number from 1 on, not 0.",
                "4 --limit x | Invalid value for option '--limit'",
                "\"\" | Name a port, a range of ports or a service, or give words to --search."
            })
    void whatMakesNoSenseIsOneSentenceAndExitCode2(String arguments, String sentence) {
        assertThat(ports(arguments)).isEqualTo(2);
        assertThat(err.toString()).startsWith("berth ports: " + sentence).endsWith("See 'berth ports --help'.\n");
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void helpHasExamples() {
        assertThat(ports("--help")).isZero();
        assertThat(out.toString()).contains("--search", "--transport", "--json", "--limit", "berth ports 8000-8100");
    }
}
