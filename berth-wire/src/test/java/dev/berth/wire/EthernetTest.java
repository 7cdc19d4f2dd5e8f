package dev.berth.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Seeds;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Ethernet headers and addresses, and ARP.
class EthernetTest {
    private static final long MAC = 0x0200_5e10_0001L;

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    @Test
    void a_header_is_written_as_the_wire_has_it() {
        byte[] frame = new byte[16];
        EthernetHeader.write(frame, 1, EthernetHeader.BROADCAST, MAC, EthernetHeader.ARP);
        assertThat(frame).isEqualTo(hex("00 ffffffffffff 02005e100001 0806 00"));
        assertThat(EthernetHeader.address(frame, 1)).isEqualTo(EthernetHeader.BROADCAST);
        assertThat(EthernetHeader.address(frame, 1 + EthernetHeader.SOURCE)).isEqualTo(MAC);
    }

    @Test
    void addresses_are_read_and_written_as_text() {
        assertThat(EthernetHeader.toString(MAC)).isEqualTo("02:00:5e:10:00:01");
        assertThat(EthernetHeader.parse("02:00:5E:10:00:01")).isEqualTo(MAC);
        Seeds.run(200, random -> {
            long address = random.nextLong(1L << 48);
            assertThat(EthernetHeader.parse(EthernetHeader.toString(address))).isEqualTo(address);
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "02:00:5e:10:00",
                "02:00:5e:10:00:0g",
                "02-00-5e-10-00-01",
                "02:00:5e:10:00:01:",
                "\u06602:00:5e:10:00:01"
            })
    void texts_that_are_no_addresses_are_refused(String text) {
        assertThatThrownBy(() -> EthernetHeader.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not an Ethernet address");
    }

    @Test
    void stations_and_groups_are_told_apart() {
        assertThat(EthernetHeader.isStation(MAC)).isTrue();
        assertThat(EthernetHeader.isStation(0)).isFalse();
        assertThat(EthernetHeader.isStation(EthernetHeader.BROADCAST)).isFalse();
        assertThat(EthernetHeader.isGroup(0x0100_5e00_0001L)).isTrue();
        assertThat(EthernetHeader.isGroup(MAC)).isFalse();
    }

    @ParameterizedTest // RFC 1112 section 6.4, RFC 2464 section 7
    @CsvSource({
        "224.0.0.251, 01:00:5e:00:00:fb",
        "239.129.2.3, 01:00:5e:01:02:03",
        "255.255.255.255, ff:ff:ff:ff:ff:ff",
        "10.0.2.255, ff:ff:ff:ff:ff:ff",
        "ff02::1:ff00:10, 33:33:ff:00:00:10",
        "ff02::1, 33:33:00:00:00:01"
    })
    void groups_of_ip_have_groups_of_the_link(String group, String expected) {
        IpAddress address = IpAddress.parse(group);
        assertThat(EthernetHeader.toString(EthernetHeader.groupOf(address.hi(), address.lo())))
                .isEqualTo(expected);
    }

    @Test // RFC 2464 section 4 has this example
    void an_interface_identifier_is_made_of_an_address() {
        assertThat(EthernetHeader.interfaceIdentifier(EthernetHeader.parse("34:56:78:9a:bc:de")))
                .isEqualTo(0x3656_78ff_fe9a_bcdeL);
    }

    @Test
    void an_arp_reply_is_written_as_the_wire_has_it() {
        byte[] packet = new byte[ArpHeader.LENGTH];
        ArpHeader.write(packet, 0, ArpHeader.REPLY, MAC, 0x0a00_0201, 0x5254_0012_3456L, 0x0a00_0264);
        assertThat(packet).isEqualTo(hex("0001 0800 06 04 0002 02005e100001 0a000201 525400123456 0a000264"));
        assertThat(ArpHeader.isValid(packet, 0, packet.length)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0001 0800 06 04 0001 02005e100001 0a000201 525400123456 0a0002", // too short
                "0006 0800 06 04 0001 02005e100001 0a000201 525400123456 0a000264", // IEEE 802
                "0001 86dd 06 04 0001 02005e100001 0a000201 525400123456 0a000264",
                "0001 0800 08 04 0001 02005e100001 0a000201 525400123456 0a000264",
                "0001 0800 06 06 0001 02005e100001 0a000201 525400123456 0a000264",
                "0001 0800 06 04 0003 02005e100001 0a000201 525400123456 0a000264" // reverse ARP
            })
    void other_arp_is_not_valid(String text) {
        byte[] packet = hex(text);
        assertThat(ArpHeader.isValid(packet, 0, packet.length)).isFalse();
    }
}
