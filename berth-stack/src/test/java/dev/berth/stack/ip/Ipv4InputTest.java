package dev.berth.stack.ip;

import static dev.berth.stack.script.Frames.concat;
import static dev.berth.stack.script.Frames.data;
import static dev.berth.stack.script.Frames.ipv4;
import static dev.berth.stack.script.Frames.ipv4Checksum;
import static dev.berth.stack.script.Frames.put16;
import static dev.berth.stack.script.Frames.slice;
import static dev.berth.stack.script.Frames.tcp;
import static dev.berth.stack.script.Frames.u16;
import static dev.berth.stack.script.Frames.u8;
import static dev.berth.stack.script.ScriptHost.A;
import static dev.berth.stack.script.ScriptHost.B;
import static dev.berth.stack.script.ScriptHost.FAR;
import static dev.berth.stack.script.ScriptHost.PEER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.script.Frames;
import dev.berth.stack.script.ScriptHost;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Chunk;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 1122 section 3.2.1, RFC 791.
class Ipv4InputTest {
    private final ScriptHost host = new ScriptHost();

    @AfterEach
    void nothing_leaks() {
        host.close();
    }

    private void discards(byte[] packet, DropReason reason) {
        host.receive(packet);
        host.sentNothing();
        host.droppedOnly(reason);
        assertThat(host.segments).isEmpty();
    }

    private void accepts(byte[] packet) {
        host.receive(packet);
        host.droppedNothing();
        assertThat(host.segments).hasSize(1);
    }

    private static byte[] segment() {
        return tcp(PEER, 1_234, A, 80, 1);
    }

    @Test
    void a_plain_packet_is_returned_with_what_the_transport_needs() {
        byte[] octets = segment();
        Packet packet = host.input.accept(host.nic, host.packet(concat(octets, new byte[26])), 0);
        assertThat(packet).isNotNull();
        assertThat(packet.protocol).isEqualTo(IpProtocol.TCP);
        assertThat(packet.ipv6).isFalse();
        assertThat(packet.transportAt).isEqualTo(20);
        assertThat(packet.length()).as("without the padding of the link").isEqualTo(octets.length);
        assertThat(packet.sourceLo).isEqualTo(ScriptHost.lo(PEER));
        assertThat(packet.destinationLo).isEqualTo(ScriptHost.lo(A));
        assertThat(host.nic.packetsIn()).isEqualTo(1);
        assertThat(host.nic.octetsIn()).isEqualTo(octets.length + 26);
        packet.release();
    }

    @Test
    void an_address_that_was_taken_away_is_not_the_hosts_any_more_though_its_last_packet_was() {
        accepts(segment());
        host.segments.clear();
        host.routes.removeAddress(IpAddress.Prefix.parse(A + "/24"), host.nic);
        discards(segment(), DropReason.NOT_OURS);
        host.routes.addAddress(IpAddress.Prefix.parse(PEER + "/24"), host.nic);
        host.routes.addAddress(IpAddress.Prefix.parse(A + "/24"), host.nic);
        host.receive(segment());
        assertThat(host.segments).isEmpty();
        assertThat(host.drops.total(DropReason.BAD_SOURCE)).isEqualTo(1);
    }

    @Requirement("1122-010")
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 7, 15})
    void versions_other_than_4_and_6_are_discarded(int version) {
        byte[] packet = segment();
        packet[0] = (byte) (version << 4 | 5);
        discards(ipv4Checksum(packet), DropReason.BAD_VERSION);
    }

    @Requirement("1122-011")
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 8, 10, 11, 13, 19})
    void a_wrong_header_checksum_is_discarded(int at) {
        byte[] packet = segment();
        packet[at] ^= 0x08; // keeps the length of offset 2 below 65,536 but wrong
        host.receive(packet);
        host.sentNothing();
        assertThat(host.segments).isEmpty();
        assertThat(host.drops.total()).isEqualTo(1);
        assertThat(host.drops.total(DropReason.BAD_HEADER_CHECKSUM) + host.drops.total(DropReason.TRUNCATED))
                .isEqualTo(1);
    }

    @Test
    void impossible_lengths_are_discarded() {
        byte[] packet = segment();
        packet[0] = 0x44;
        discards(ipv4Checksum(packet), DropReason.BAD_HEADER_LENGTH);
    }

    @Test
    void a_total_length_below_the_header_length_is_discarded() {
        byte[] packet = segment();
        put16(packet, 2, 19);
        discards(ipv4Checksum(packet), DropReason.BAD_HEADER_LENGTH);
    }

    @Requirement("1122-009")
    @Test
    void every_truncation_is_discarded() {
        byte[] packet = segment();
        for (int length = 0; length < packet.length; length++) {
            host.receive(slice(packet, 0, length));
        }
        assertThat(host.drops.total(DropReason.TRUNCATED)).isEqualTo(packet.length);
        assertThat(host.drops.total()).isEqualTo(packet.length);
    }

    @Requirement("1122-014")
    @ParameterizedTest
    @ValueSource(
            strings = {"10.0.0.3", "10.0.0.0", "192.0.2.1", "224.0.0.2", "239.255.255.250", "240.0.0.1", "0.0.0.0"})
    void what_is_for_others_is_discarded(String destination) {
        discards(tcp(PEER, 1, destination, 80, 1), DropReason.NOT_OURS);
    }

    @Requirement({"1122-014", "1122-065"})
    @ParameterizedTest
    @ValueSource(strings = {A, B, "10.0.0.255", "255.255.255.255", "224.0.0.1"})
    void what_is_for_this_host_is_accepted(String destination) {
        accepts(tcp(PEER, 1, destination, 80, 1));
    }

    @Requirement({"1122-015", "1122-076", "MUST-63"})
    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0",
                "0.1.2.3",
                "127.0.0.1",
                "127.9.9.9",
                "224.0.0.1",
                "239.1.1.1",
                "240.0.0.1",
                "255.255.255.255",
                "10.0.0.255",
                A,
                B
            })
    void invalid_sources_are_discarded(String source) {
        discards(tcp(source, 1, A, 80, 1), DropReason.BAD_SOURCE);
    }

    @Test
    void the_unspecified_source_may_ask_everybody() {
        accepts(tcp("0.0.0.0", 1, "255.255.255.255", 80, 1));
    }

    @Requirement("1122-016")
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.255.0.1"})
    void loopback_destinations_from_outside_are_discarded(String destination) {
        discards(tcp(PEER, 1, destination, 80, 1), DropReason.NOT_OURS);
    }

    @Requirement("1122-022")
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 255})
    void the_time_to_live_does_not_matter(int ttl) {
        byte[] packet = segment();
        packet[8] = (byte) ttl;
        accepts(ipv4Checksum(packet));
    }

    @Requirement({"1122-025", "MUST-50"})
    @ParameterizedTest
    @CsvSource({"130:11", "148:4", "222:3", "7:7", "68:8", "136:4", "158:2", "25:40"})
    void unknown_options_are_ignored(String option) {
        int type = Integer.parseInt(option.substring(0, option.indexOf(':')));
        int length = Integer.parseInt(option.substring(option.indexOf(':') + 1));
        byte[] options = new byte[(length + 3) / 4 * 4];
        options[0] = (byte) type;
        options[1] = (byte) length;
        accepts(ipv4(PEER, A, Frames.TCP, slice(segment(), 20, 40), 0, 0, options));
    }

    @Test
    void no_operation_and_end_of_list_are_understood() {
        byte[] options = {1, 1, (byte) 130, 3, 0, 0, (byte) 131, 99}; // behind the end of the list anything may follow
        accepts(ipv4(PEER, A, Frames.TCP, slice(segment(), 20, 40), 0, 0, options));
    }

    @Requirement({"1122-026", "1122-064"})
    @ParameterizedTest
    @ValueSource(ints = {131, 137})
    void source_routes_are_discarded(int type) {
        byte[] options = {1, (byte) type, 7, 4, 10, 0, 0, 9};
        discards(ipv4(PEER, A, Frames.TCP, slice(segment(), 20, 40), 0, 0, options), DropReason.BAD_IP_OPTION);
    }

    @Requirement({"1122-044", "1122-029"})
    @ParameterizedTest
    @CsvSource({"0, 1", "1, 1", "9, 1", "255, 1"})
    void a_bad_option_length_is_a_parameter_problem(int length, int pointerBehindOption) {
        byte[] options = {1, 1, 1, (byte) 130, (byte) length, 0, 0, 0};
        byte[] packet = ipv4(PEER, A, Frames.TCP, slice(segment(), 20, 40), 0, 0, options);
        host.receive(packet);
        host.droppedOnly(DropReason.BAD_IP_OPTION);
        byte[] error = host.sentOne();
        assertThat(u8(error, 20)).isEqualTo(12);
        assertThat(u8(error, 21)).isZero();
        assertThat(u8(error, 24)).as("pointer").isEqualTo(23 + pointerBehindOption);
        assertThat(slice(error, 28, error.length)).isEqualTo(packet);
    }

    @Test
    void an_option_without_a_length_points_at_itself() {
        byte[] options = {1, 1, 1, (byte) 130};
        host.receive(ipv4(PEER, A, Frames.TCP, slice(segment(), 20, 40), 0, 0, options));
        assertThat(u8(host.sentOne(), 24)).isEqualTo(23);
    }

    @Requirement("1122-037")
    @ParameterizedTest
    @ValueSource(ints = {0, 2, 47, 58, 59, 132, 255})
    void an_unknown_protocol_is_unreachable(int protocol) {
        byte[] packet = ipv4(PEER, A, protocol, data(100));
        host.receive(packet);
        host.droppedOnly(DropReason.UNKNOWN_PROTOCOL);
        byte[] error = host.sentOne();
        assertThat(u16(error, 20)).isEqualTo(3 << 8 | 2);
        assertThat(slice(error, 28, error.length)).isEqualTo(packet);
    }

    @Test
    void a_packet_with_its_payload_by_reference_is_accepted() {
        byte[] octets = concat(segment(), data(500));
        put16(octets, 2, octets.length);
        ipv4Checksum(octets);
        Chunk chunk = host.pool.takeChunk(600);
        System.arraycopy(octets, 40, chunk.bytes, 7, 500);
        Packet packet = host.pool.takePacket();
        packet.start = 88;
        System.arraycopy(octets, 0, packet.bytes, 88, 40);
        packet.end = 128;
        packet.setTail(chunk, 7, 510); // ten octets of padding
        chunk.release();
        host.receive(packet);
        host.droppedNothing();
        assertThat(host.segments.getFirst()).isEqualTo(octets);
    }

    @Test
    void a_transport_header_that_reaches_into_the_tail_is_made_contiguous() {
        byte[] octets = segment();
        Chunk chunk = host.pool.takeChunk(BufferPool.SMALL);
        System.arraycopy(octets, 30, chunk.bytes, 0, 10);
        Packet packet = host.pool.takePacket();
        packet.start = 98;
        System.arraycopy(octets, 0, packet.bytes, 98, 30);
        packet.end = 128;
        packet.setTail(chunk, 0, 10);
        chunk.release();
        Packet delivered = host.input.accept(host.nic, packet, 0);
        assertThat(delivered).isNotNull();
        assertThat(delivered.end - delivered.transportAt).isEqualTo(20);
        assertThat(slice(delivered.bytes, delivered.start, delivered.end)).isEqualTo(octets);
        delivered.release();
    }

    @Test
    void a_far_source_is_as_good_as_a_near_one() {
        accepts(tcp(FAR, 1, A, 80, 1));
    }

    @Requirement("1122-020")
    @Test
    void tos_and_ttl_can_be_read() {
        byte[] octets = segment();
        octets[1] = (byte) 0xb9;
        octets[8] = 17;
        Packet packet = host.input.accept(host.nic, host.packet(ipv4Checksum(octets)), 0);
        assertThat(packet).isNotNull();
        assertThat(IpInput.tos(packet)).isEqualTo(0xb9);
        assertThat(IpInput.ttl(packet)).isEqualTo(17);
        packet.release();
    }
}
