package dev.berth.stack.ip;

import static dev.berth.stack.script.Frames.concat;
import static dev.berth.stack.script.Frames.extension;
import static dev.berth.stack.script.Frames.fragmentHeader;
import static dev.berth.stack.script.Frames.i32;
import static dev.berth.stack.script.Frames.ipv6;
import static dev.berth.stack.script.Frames.slice;
import static dev.berth.stack.script.Frames.tcp;
import static dev.berth.stack.script.Frames.u16;
import static dev.berth.stack.script.ScriptHost.A6;
import static dev.berth.stack.script.ScriptHost.B6;
import static dev.berth.stack.script.ScriptHost.PEER6;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.script.Frames;
import dev.berth.stack.script.ScriptHost;
import dev.berth.wire.DropReason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 8200 sections 3 and 4, RFC 4443 section 3.4.
class Ipv6InputTest {
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int DESTINATION = 60;
    private static final byte[] SEGMENT = slice(tcp(PEER6, 1_234, A6, 80, 1), 40, 60);

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
        byte[] segment = host.segments.getFirst();
        assertThat(slice(segment, segment.length - 20, segment.length)).isEqualTo(SEGMENT);
    }

    private void isProblem(byte[] packet, DropReason reason, int code, int pointer) {
        host.receive(packet);
        host.droppedOnly(reason);
        byte[] error = host.sentOne();
        assertThat(u16(error, 40)).isEqualTo(4 << 8 | code);
        assertThat(i32(error, 44)).as("pointer").isEqualTo(pointer);
        assertThat(slice(error, 48, error.length)).isEqualTo(packet);
        assertThat(host.segments).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {A6, B6, "ff02::1", "ff01::1", "ff02::1:ff00:1"})
    void what_is_for_this_host_is_accepted(String destination) {
        accepts(ipv6(PEER6, destination, Frames.TCP, SEGMENT));
    }

    @ParameterizedTest
    @ValueSource(strings = {"2001:db8::3", "ff02::2", "::1", "::", "::ffff:10.0.0.1", "::ffff:127.0.0.1"})
    void what_is_for_others_is_discarded(String destination) {
        discards(withDestination(destination), DropReason.NOT_OURS);
    }

    /// Mapped addresses cannot be written with the helper, which takes them for IPv4.
    private static byte[] withDestination(String destination) {
        byte[] packet = ipv6(PEER6, A6, Frames.TCP, SEGMENT);
        System.arraycopy(wide(destination), 0, packet, 24, 16);
        return packet;
    }

    private static byte[] withSource(String source) {
        byte[] packet = ipv6(PEER6, A6, Frames.TCP, SEGMENT);
        System.arraycopy(wide(source), 0, packet, 8, 16);
        return packet;
    }

    private static byte[] wide(String address) {
        byte[] octets = Frames.octets(address);
        if (octets.length == 16) {
            return octets;
        }
        return concat(new byte[10], new byte[] {-1, -1}, octets);
    }

    // in the terms of RFC 4291; an IPv4-mapped source must not pass for IPv4
    @Requirement("1122-015")
    @ParameterizedTest
    @ValueSource(strings = {"::", "::1", "ff02::1", "ff0e::7", "::ffff:10.0.0.99", "::ffff:127.0.0.1", A6, B6})
    void invalid_sources_are_discarded(String source) {
        discards(withSource(source), DropReason.BAD_SOURCE);
    }

    @Test
    void every_truncation_is_discarded() {
        byte[] packet = ipv6(PEER6, A6, HOP_BY_HOP, extension(DESTINATION), extension(Frames.TCP), SEGMENT);
        for (int length = 0; length < packet.length; length++) {
            host.receive(slice(packet, 0, length));
        }
        assertThat(host.drops.total(DropReason.TRUNCATED)).isEqualTo(packet.length);
        assertThat(host.drops.total()).isEqualTo(packet.length);
        host.sentNothing();
    }

    @Requirement("8200-01")
    @Test
    void known_headers_are_passed_in_their_order() {
        accepts(ipv6(
                PEER6,
                A6,
                HOP_BY_HOP,
                extension(DESTINATION),
                extension(ROUTING),
                extension(FRAGMENT, 4, 0), // segments left 0
                fragmentHeader(DESTINATION, 0, false, 7), // atomic: RFC 8200 section 4.5
                extension(Frames.TCP),
                SEGMENT));
    }

    @Requirement("8200-01")
    @Test
    void hop_by_hop_options_elsewhere_are_an_unrecognized_next_header() {
        byte[] packet = ipv6(PEER6, A6, DESTINATION, extension(HOP_BY_HOP), extension(Frames.TCP), SEGMENT);
        isProblem(packet, DropReason.BAD_IP_OPTION, 1, 40);
    }

    // RFC 8200 section 4.2: the action bits, in both headers that have options, to one and to many
    @Requirement("8200-01")
    @ParameterizedTest
    @CsvSource({
        "0, 0x1e, false, accept",
        "0, 0x3e, false, accept",
        "0, 0x1e, true, accept",
        "0, 0x5e, false, drop",
        "0, 0x7e, true, drop",
        "0, 0x9e, false, problem",
        "0, 0xbe, true, problem",
        "0, 0xde, false, problem",
        "0, 0xfe, true, drop",
        "0, 0xc2, false, problem",
        "60, 0x1e, false, accept",
        "60, 0x5e, false, drop",
        "60, 0x9e, false, problem",
        "60, 0x9e, true, problem",
        "60, 0xde, false, problem",
        "60, 0xde, true, drop"
    })
    void unknown_options_are_treated_as_their_action_bits_say(
            int header, String option, boolean multicast, String expected) {
        int type = Integer.decode(option);
        byte[] options = extension(Frames.TCP, 1, 2, 0, 0, 0, type, 2, 9, 9);
        byte[] packet = ipv6(PEER6, multicast ? "ff02::1" : A6, header, options, SEGMENT);
        switch (expected) {
            case "accept" -> accepts(packet);
            case "drop" -> discards(packet, DropReason.BAD_IP_OPTION);
            default -> isProblem(packet, DropReason.BAD_IP_OPTION, 2, 47);
        }
    }

    @Test
    void an_option_longer_than_its_header_is_a_problem() {
        isProblem(
                ipv6(PEER6, A6, DESTINATION, extension(Frames.TCP, 0x1e, 5, 0, 0, 0, 0), SEGMENT),
                DropReason.BAD_IP_OPTION,
                0,
                43);
    }

    // RFC 8200 section 4.4, RFC 5095
    @Requirement("8200-01")
    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3, 4, 253})
    void a_routing_header_with_segments_left_is_a_problem(int type) {
        byte[] packet = ipv6(PEER6, A6, ROUTING, extension(Frames.TCP, type, 1), SEGMENT);
        isProblem(packet, DropReason.BAD_IP_OPTION, 0, 42);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 3, 4, 253})
    void a_routing_header_without_segments_left_is_ignored(int type) {
        accepts(ipv6(PEER6, A6, ROUTING, extension(Frames.TCP, type, 0), SEGMENT));
    }

    // RFC 8200 section 4
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 50, 51, 132, 135, 253})
    void an_unknown_next_header_is_a_problem_that_points_at_it(int next) {
        isProblem(ipv6(PEER6, A6, DESTINATION, extension(next), SEGMENT), DropReason.UNKNOWN_PROTOCOL, 1, 40);
    }

    @Test
    void an_unknown_next_header_of_the_fixed_header_is_a_problem() {
        isProblem(ipv6(PEER6, A6, 132, SEGMENT), DropReason.UNKNOWN_PROTOCOL, 1, 6);
    }

    @Test
    void nothing_behind_the_last_header_is_silently_discarded() {
        discards(ipv6(PEER6, A6, 59, SEGMENT), DropReason.UNKNOWN_PROTOCOL);
    }

    @Test
    void a_chain_without_an_end_is_given_up() {
        byte[][] headers = new byte[100][];
        for (int i = 0; i < headers.length; i++) {
            headers[i] = extension(DESTINATION);
        }
        discards(ipv6(PEER6, A6, DESTINATION, headers), DropReason.BAD_IP_OPTION);
    }

    @Test
    void the_traffic_class_can_be_read() {
        byte[] octets = ipv6(PEER6, A6, Frames.TCP, SEGMENT);
        octets[0] = 0x6b;
        octets[1] = (byte) 0x90;
        var packet = host.input.accept(host.nic, host.packet(octets), 0);
        assertThat(packet).isNotNull();
        assertThat(IpInput.tos(packet)).isEqualTo(0xb9);
        assertThat(IpInput.ttl(packet)).isEqualTo(64);
        packet.release();
    }
}
