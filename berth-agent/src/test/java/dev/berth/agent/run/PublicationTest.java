package dev.berth.agent.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.ports.Transport;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PublicationTest {
    @ParameterizedTest
    @CsvSource({
        "8080:80, 127.0.0.1:8080, 80",
        "0:1, 127.0.0.1:0, 1",
        "8080:http, 127.0.0.1:8080, 80",
        "0.0.0.0:https:HTTPS, 0.0.0.0:443, 443",
        "[::1]:5432:postgresql, [::1]:5432, 5432",
        "0.0.0.0:8080:80, 0.0.0.0:8080, 80",
        "192.0.2.7:65535:65535, 192.0.2.7:65535, 65535",
        "[::1]:8080:80, [::1]:8080, 80",
        "[::]:8080:80, [::]:8080, 80"
    })
    void formsAreRead(String text, String machine, int port) {
        Publication publication = Publication.parse(text);
        assertThat(publication.machine()).hasToString(machine);
        assertThat(publication.port()).isEqualTo(port);
        assertThat(publication.socketAddress().getPort())
                .isEqualTo(publication.machine().port());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ":",
                "::",
                "80",
                ":80",
                "8080:",
                "8080:80:",
                "a:80",
                "8080:b",
                "-1:80",
                "8080:+80",
                "1.2.3:8080:80",
                "::1:8080:80",
                "[::1]:80",
                "[::1:8080:80",
                "localhost:8080:80",
                "8080:80/sctp",
                "8080:80/",
                "8000-8010:80",
                "8000-8010:8000-8011",
                "8010-8000:8010-8000",
                "0-10:1-11",
                "1-2000:1-2000",
                "65530-65540:1-11",
                "8080/udp:80",
                "224.0.0.1:8080:80",
                "255.255.255.255:8080:80",
                "[ff02::1]:8080:80",
                "8080:0",
                "65536:80",
                "8080:65536",
                "99999999999:80"
            })
    void otherFormsAreRefusedInOneSentence(String text) {
        assertThatThrownBy(() -> Publication.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .isNotBlank()
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "8080:htpt | There is no service 'htpt' in IANA's registry of 2026-02-13; near it: http",
                "8080:http-alt | The service 'http-alt' has 3 ports for tcp, 591, 8008 and 8080: give the number",
                "8080:airplay | The service 'airplay' has a name but no port"
            })
    void aServiceWithoutOneTcpPortIsRefusedInWords(String text, String words) {
        assertThatThrownBy(() -> Publication.parse(text)).message().startsWith(words);
    }

    @ParameterizedTest
    @CsvSource({
        "8080:80, 8080:81, true",
        "8080:80, 8081:80, false",
        "8080:80, 0.0.0.0:8080:81, true",
        "[::]:8080:80, 192.0.2.7:8080:80, true",
        "192.0.2.8:8080:80, 192.0.2.7:8080:80, false",
        "0:80, 0:80, false",
        "0:80, 0.0.0.0:0:80, false"
    })
    void portsMeetOnTheSameAddress(String one, String other, boolean meet) {
        assertThat(Publication.parse(one).meets(Publication.parse(other))).isEqualTo(meet);
        assertThat(Publication.parse(other).meets(Publication.parse(one))).isEqualTo(meet);
    }

    @Test
    void a_range_is_one_port_after_the_other() {
        List<Publication> all = Publication.parseAll("[::1]:8000-8002:9000-9002/UDP");
        assertThat(all)
                .hasToString("[[::1]:8000:9000/udp, [::1]:8001:9001/udp, [::1]:8002:9002/udp]")
                .allMatch(each -> each.transport() == Transport.UDP)
                .allMatch(each -> Publication.parse(each.toString()).equals(each));
        assertThatThrownBy(() -> Publication.parse("8000-8001:8000-8001")).hasMessageContaining("more than one port");
        assertThat(Publication.parseAll("1-1000:1-1000/tcp")).hasSize(Publication.MOST);
        assertThat(Publication.ends("0.0.0.0:8000-8001/udp")).hasToString("[0.0.0.0:8000/udp, 0.0.0.0:8001/udp]");
        assertThat(Publication.end("5353/udp").meets(Publication.end("5353"))).isFalse();
        assertThat(Publication.end("5353/udp").meets(Publication.end("[::]:5353/udp")))
                .isTrue();
        assertThat(Publication.parse("5353:domain/udp").port()).isEqualTo(53);
    }

    @Test
    void withoutAddressOnlyThisMachineCanConnect() {
        assertThat(Publication.parse("8080:80").socketAddress().getAddress().isLoopbackAddress())
                .isTrue();
    }
}
