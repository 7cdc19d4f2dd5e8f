package dev.berth.stack.icmp;

import static dev.berth.stack.script.Frames.concat;
import static dev.berth.stack.script.Frames.data;
import static dev.berth.stack.script.Frames.extension;
import static dev.berth.stack.script.Frames.icmp;
import static dev.berth.stack.script.Frames.ipv4;
import static dev.berth.stack.script.Frames.ipv6;
import static dev.berth.stack.script.Frames.put16;
import static dev.berth.stack.script.Frames.slice;
import static dev.berth.stack.script.Frames.tcp;
import static dev.berth.stack.script.Frames.u16;
import static dev.berth.stack.script.Frames.u8;
import static dev.berth.stack.script.Frames.udp;
import static dev.berth.stack.script.ScriptHost.A;
import static dev.berth.stack.script.ScriptHost.A6;
import static dev.berth.stack.script.ScriptHost.B;
import static dev.berth.stack.script.ScriptHost.FAR;
import static dev.berth.stack.script.ScriptHost.FAR6;
import static dev.berth.stack.script.ScriptHost.PEER;
import static dev.berth.stack.script.ScriptHost.PEER6;
import static dev.berth.stack.script.ScriptHost.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.script.Frames;
import dev.berth.stack.script.ScriptHost;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 1122 section 3.2.2, RFC 4443 sections 2.4 and 3: errors received and errors sent.
class IcmpErrorTest {
    private final ScriptHost host = new ScriptHost();

    @AfterEach
    void nothing_leaks() {
        host.close();
    }

    // RFC 9293 section 3.9.2.2
    @Requirement({"1122-038", "1122-043", "1122-045", "MUST-56"})
    @ParameterizedTest
    @CsvSource({
        "3, 0, NET_UNREACHABLE, false", "3, 1, HOST_UNREACHABLE, false", "3, 2, PROTOCOL_UNREACHABLE, true",
        "3, 3, PORT_UNREACHABLE, true", "3, 4, PACKET_TOO_BIG, false", "3, 5, HOST_UNREACHABLE, false",
        "3, 6, NET_UNREACHABLE, false", "3, 7, HOST_UNREACHABLE, false", "3, 9, PROHIBITED, true",
        "3, 10, PROHIBITED, true", "3, 11, NET_UNREACHABLE, false", "3, 12, HOST_UNREACHABLE, false",
        "3, 13, PROHIBITED, true", "3, 99, HOST_UNREACHABLE, false", "11, 0, TIME_EXCEEDED, false",
        "11, 1, TIME_EXCEEDED, false", "12, 0, PARAMETER_PROBLEM, false"
    })
    void errors_are_returned_by_kind(int type, int code, IcmpError.Kind kind, boolean hard) {
        host.onError = error -> {
            assertThat(error.kind()).isEqualTo(kind);
            assertThat(error.isHard()).isEqualTo(hard);
            assertThat(error.type()).isEqualTo(type);
            assertThat(error.code()).isEqualTo(code);
        };
        host.receive(icmp(FAR, A, type, code, 0, slice(tcp(A, 5_000, PEER, 80, 77), 0, 28)));
        assertThat(host.errors).hasSize(1);
        host.droppedNothing();
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0, NET_UNREACHABLE, false", "1, 1, PROHIBITED, true", "1, 2, NET_UNREACHABLE, false",
        "1, 3, HOST_UNREACHABLE, false", "1, 4, PORT_UNREACHABLE, true", "1, 5, PROHIBITED, true",
        "1, 6, PROHIBITED, true", "1, 9, HOST_UNREACHABLE, false", "2, 0, PACKET_TOO_BIG, false",
        "3, 0, TIME_EXCEEDED, false", "3, 1, TIME_EXCEEDED, false", "4, 0, PARAMETER_PROBLEM, false",
        "4, 1, PROTOCOL_UNREACHABLE, true", "4, 2, PARAMETER_PROBLEM, false"
    })
    void errors_over_ipv6_are_returned_by_kind(int type, int code, IcmpError.Kind kind, boolean hard) {
        host.onError = error -> {
            assertThat(error.kind()).isEqualTo(kind);
            assertThat(error.isHard()).isEqualTo(hard);
        };
        host.receive(icmp(FAR6, A6, type, code, 1_280, tcp(A6, 5_000, PEER6, 80, 77)));
        assertThat(host.errors).hasSize(1);
        host.droppedNothing();
    }

    @Requirement({"1122-030", "MUST-54", "5927-01"})
    @Test
    void the_flow_and_the_sequence_number_are_those_of_the_quote_as_seen_from_here() {
        AtomicReference<IcmpError> seen = new AtomicReference<>();
        host.onError = seen::set;
        host.receive(icmp(FAR, A, 3, 4, 1_200, slice(tcp(A, 5_000, PEER, 80, 0xfedc_ba98), 0, 28)));
        IcmpError error = seen.get();
        assertThat(error.protocol()).isEqualTo(Frames.TCP);
        assertThat(error.ipv6()).isFalse();
        assertThat(IpAddress.toString(error.localHi(), error.localLo())).isEqualTo(A);
        assertThat(error.localPort()).isEqualTo(5_000);
        assertThat(IpAddress.toString(error.remoteHi(), error.remoteLo())).isEqualTo(PEER);
        assertThat(error.remotePort()).isEqualTo(80);
        assertThat(error.sequence()).isEqualTo(0xfedc_ba98);
        assertThat(error.mtu()).isEqualTo(1_200);
        assertThat(error.quotedLength()).isEqualTo(40);
        assertThat(IpAddress.toString(error.senderHi(), error.senderLo())).isEqualTo(FAR);
        assertThat(error).hasToString("PACKET_TOO_BIG 1200 tcp 10.0.0.1:5000 > 10.0.0.99:80");
    }

    @Test
    void a_quote_over_ipv6_is_read_through_its_extension_headers() {
        byte[] segment = slice(tcp(A6, 5_000, PEER6, 80, 77), 40, 60);
        byte[] quote = ipv6(A6, PEER6, 60, extension(44), Frames.fragmentHeader(6, 0, true, 9), segment);
        host.receive(icmp(FAR6, A6, 2, 0, -1, quote));
        assertThat(host.errors).containsExactly("PACKET_TOO_BIG 65535 tcp 2001:db8::1:5000 > 2001:db8::99:80");
    }

    @Requirement("MUST-55")
    @Test
    void source_quench_is_silently_discarded() {
        host.receive(icmp(FAR, A, 4, 0, 0, slice(tcp(A, 5_000, PEER, 80, 77), 0, 28)));
        assertThat(host.errors).isEmpty();
        host.droppedOnly(DropReason.ICMP_IGNORED);
    }

    // redirects are ignored by policy
    @Requirement({"1122-040", "1122-041", "1122-042"})
    @Test
    void redirects_change_nothing() {
        host.receive(icmp(FAR, A, 5, 1, 0x0a00_0009, slice(tcp(A, 5_000, PEER, 80, 77), 0, 28)));
        host.droppedOnly(DropReason.ICMP_IGNORED);
        assertThat(host.output.route(0, ScriptHost.lo(FAR))).isSameAs(host.nic);
        host.sentNothing();
    }

    @Requirement("1122-030")
    @Test
    void quotes_that_are_not_of_this_host_or_not_understood_are_ignored() {
        byte[] good = tcp(A, 5_000, PEER, 80, 77);
        byte[] version = good.clone();
        version[0] = 0x65;
        byte[] header = good.clone();
        header[0] = 0x44;
        byte[] fragment = good.clone();
        put16(fragment, 6, 1);
        byte[] options = good.clone();
        options[0] = 0x4f;
        byte[][] quotes = {
            tcp(B, 5_000, PEER, 80, 77), // of this host, but the error was sent to another of its addresses
            tcp(FAR, 5_000, PEER, 80, 77),
            tcp("127.0.0.1", 5_000, "127.0.0.1", 80, 77),
            version,
            header,
            fragment,
            options,
            slice(good, 0, 27),
            slice(good, 0, 19),
            new byte[0],
            ipv4(A, PEER, 132, data(20)),
            ipv4(A, PEER, 1, data(20)),
            tcp(A6, 5_000, PEER6, 80, 77)
        };
        for (byte[] quote : quotes) {
            host.receive(icmp(FAR, A, 3, 3, 0, quote));
        }
        assertThat(host.errors).isEmpty();
        assertThat(host.drops.total(DropReason.ICMP_IGNORED)).isEqualTo(quotes.length);
        byte[] late = ipv6(A6, PEER6, 44, Frames.fragmentHeader(6, 8, true, 9), data(30));
        host.receive(icmp(FAR6, A6, 3, 0, 0, late), icmp(FAR6, A6, 3, 0, 0, slice(late, 0, 47)));
        byte[] mapped = tcp(A6, 5_000, PEER6, 80, 77);
        System.arraycopy(concat(new byte[10], new byte[] {-1, -1}, Frames.octets(PEER)), 0, mapped, 24, 16);
        host.receive(icmp(FAR6, A6, 3, 0, 0, mapped), icmp(FAR6, A6, 3, 0, 0, good));
        assertThat(host.errors).isEmpty();
        assertThat(host.drops.total(DropReason.ICMP_IGNORED)).isEqualTo(quotes.length + 4);
        host.sentNothing();
    }

    @Requirement({"1122-029", "1122-036", "1122-037", "1122-069"})
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 512, 520, 521, 1_000, 1_472})
    void port_unreachable_quotes_as_much_as_fits_in_576_octets_unchanged(int length) {
        byte[] packet = udp(PEER, 9, B, 7, data(length));
        packet[1] = 0x48; // a TOS that the error does not copy
        host.receive(Frames.ipv4Checksum(packet));
        byte[] error = host.sentOne();
        assertThat(u8(error, 1)).isZero();
        assertThat(slice(error, 12, 20)).isEqualTo(concat(Frames.octets(B), Frames.octets(PEER)));
        assertThat(u16(error, 20)).isEqualTo(3 << 8 | 3);
        assertThat(error.length).isEqualTo(Math.min(576, 28 + packet.length));
        assertThat(slice(error, 28, error.length)).isEqualTo(slice(packet, 0, error.length - 28));
        assertThat(Frames.checksum(slice(error, 20, error.length))).isZero();
        host.droppedOnly(DropReason.NO_PORT_OWNER);
    }

    @Requirement("4443-01")
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1_183, 1_184, 1_185, 1_452})
    void port_unreachable_over_ipv6_quotes_as_much_as_fits_in_1280_octets_unchanged(int length) {
        byte[] packet = udp(PEER6, 9, A6, 7, data(length));
        host.receive(packet);
        byte[] error = host.sentOne();
        assertThat(u16(error, 40)).isEqualTo(1 << 8 | 4);
        assertThat(error.length).isEqualTo(Math.min(1_280, 48 + packet.length));
        assertThat(slice(error, 48, error.length)).isEqualTo(slice(packet, 0, error.length - 48));
        assertThat(Frames.transportChecksum(A6, PEER6, Frames.ICMPV6, slice(error, 40, error.length)))
                .isZero();
    }

    @Test
    void a_packet_with_its_payload_by_reference_is_quoted_whole() {
        byte[] octets = udp(PEER, 9, A, 7, data(1_000));
        Packet packet = host.pool.takePacket();
        System.arraycopy(octets, 0, packet.bytes, 100, 28);
        packet.start = 100;
        packet.end = 128;
        var chunk = host.pool.takeChunk(1_000);
        System.arraycopy(octets, 28, chunk.bytes, 0, 1_000);
        packet.setTail(chunk, 0, 1_000);
        chunk.release();
        host.receive(packet);
        byte[] error = host.sentOne();
        assertThat(slice(error, 28, 576)).isEqualTo(slice(octets, 0, 548));
    }

    @Requirement("1122-031")
    @ParameterizedTest
    @CsvSource({"3, false", "4, false", "5, false", "11, false", "12, false", "0, true", "8, true", "13, true"})
    void no_error_answers_an_error(int type, boolean answered) {
        Packet packet = accepted(icmp(PEER, A, type, 0, 0, data(30)));
        assertThat(host.icmp.sendError(packet, 12, 0, 0, host.now)).isEqualTo(answered);
        packet.release();
    }

    @Requirement("4443-02")
    @ParameterizedTest
    @CsvSource({"1, false", "2, false", "3, false", "4, false", "127, false", "137, false", "128, true", "135, true"})
    void no_error_answers_an_error_or_redirect_over_ipv6(int type, boolean answered) {
        Packet packet = accepted(icmp(PEER6, A6, type, 0, 0, data(30)));
        assertThat(host.icmp.sendError(packet, 4, 0, 0, host.now)).isEqualTo(answered);
        packet.release();
        byte[] message = Frames.icmpMessage(PEER6, A6, type, 0, 0, data(30));
        Packet behindOptions = accepted(ipv6(PEER6, A6, 60, extension(58), message));
        assertThat(host.icmp.sendError(behindOptions, 4, 0, 0, host.now)).isEqualTo(answered);
        behindOptions.release();
    }

    @Requirement("1122-032")
    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.255", "255.255.255.255", "224.0.0.1", "ff02::1"})
    void no_error_answers_a_packet_to_many(String destination) {
        host.receive(udp(destination.startsWith("f") ? PEER6 : PEER, 9, destination, 7, data(4)));
        host.sentNothing();
        host.droppedOnly(DropReason.NO_PORT_OWNER);
    }

    @Requirement("4443-02")
    @ParameterizedTest
    @CsvSource({"1, 4, false", "2, 0, true", "3, 1, false", "4, 0, false", "4, 1, false", "4, 2, true"})
    void two_errors_may_answer_a_packet_to_many_over_ipv6(int type, int code, boolean answered) {
        Packet packet = accepted(udp(PEER6, 9, "ff02::1", 7, data(4)));
        assertThat(host.icmp.sendError(packet, type, code, 0, host.now)).isEqualTo(answered);
        packet.release();
        if (answered) {
            assertThat(slice(host.sentOne(), 8, 24)).as("a source of its own").isEqualTo(Frames.octets(A6));
        }
    }

    @Requirement("1122-034")
    @Test
    void no_error_answers_a_later_fragment() {
        Packet packet = host.packet(ipv4(PEER, A, 132, data(100), 1, 5, new byte[0]));
        packet.sourceLo = ScriptHost.lo(PEER);
        packet.destinationLo = ScriptHost.lo(A);
        packet.sourceHi = packet.destinationHi = 0;
        assertThat(host.icmp.sendError(packet, 3, 2, 0, host.now)).isFalse();
        packet.release();
    }

    @Requirement({"1122-035", "4443-02"})
    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0",
                "224.0.0.1",
                "239.9.9.9",
                "255.255.255.255",
                "10.0.0.255",
                "240.0.0.1",
                "ff02::1",
                "::"
            })
    void no_error_answers_a_source_that_is_not_one_host(String source) {
        boolean v6 = source.indexOf(':') >= 0;
        Packet packet = accepted(v6 ? udp(PEER6, 9, A6, 7, data(4)) : udp(PEER, 9, A, 7, data(4)));
        packet.sourceHi = ScriptHost.hi(source);
        packet.sourceLo = ScriptHost.lo(source);
        assertThat(host.icmp.sendError(packet, v6 ? 1 : 3, v6 ? 4 : 3, 0, host.now))
                .isFalse();
        packet.release();
        host.sentNothing();
    }

    @Requirement("4443-03")
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void errors_to_one_destination_are_limited_in_rate(boolean v6) {
        byte[] packet = v6 ? udp(PEER6, 9, A6, 7, data(4)) : udp(PEER, 9, A, 7, data(4));
        for (int i = 0; i < 1_000; i++) {
            host.receive(packet);
        }
        assertThat(host.sent()).hasSize(RateLimit.DESTINATION_BURST);
        assertThat(host.drops.total(DropReason.RATE_LIMITED)).isEqualTo(1_000 - RateLimit.DESTINATION_BURST);
        int sent = 0;
        for (int i = 0; i < 10_000; i++) {
            host.now += SECOND / 1_000;
            host.receive(packet);
            sent += host.sent().size();
        }
        assertThat(sent).isBetween(990, 1_010); // 10 seconds
        host.now += SECOND;
        for (int i = 0; i < 100; i++) {
            host.receive(packet);
        }
        assertThat(host.sent()).hasSize(RateLimit.DESTINATION_BURST);
    }

    @Requirement("4443-03")
    @Test
    void errors_to_all_destinations_are_limited_in_rate() {
        int sent = 0;
        for (int round = 0; round < 4; round++) {
            for (int i = 0; i < 5_000; i++) {
                byte[] packet = udp("172." + (16 + (i >> 8)) + "." + (i & 255) + ".9", 9, A, 7, data(4));
                host.receive(packet);
            }
            sent += host.sent().size();
        }
        assertThat(sent).isEqualTo(RateLimit.TOTAL_BURST);
    }

    @Test
    void the_rate_limit_keeps_destinations_apart() {
        RateLimit limit = new RateLimit(12_345);
        int before = 0;
        for (int i = 0; i < 200; i++) {
            before += limit.allows(0, IpAddress.mapped(0x0a00_0001), 0) ? 1 : 0;
        }
        assertThat(before).isEqualTo(RateLimit.DESTINATION_BURST);
        int others = 0;
        for (int i = 2; i < 102; i++) {
            others += limit.allows(0, IpAddress.mapped(0x0a00_0000 + i), 0) ? 1 : 0;
        }
        assertThat(others).isGreaterThan(95);
    }

    @Test
    void a_packet_of_the_host_to_itself_is_answered_without_a_limit() {
        for (int i = 0; i < 200; i++) {
            Packet packet = host.packet(udp("127.0.0.1", 9, "127.0.0.1", 7, data(4)));
            packet.transportAt = 20;
            packet.protocol = 17;
            packet.sourceHi = packet.destinationHi = 0;
            packet.sourceLo = packet.destinationLo = ScriptHost.lo("127.0.0.1");
            host.output.send(packet, 0, 0, false, host.now);
            host.loop();
        }
        assertThat(host.errors).hasSize(200).containsOnly("PORT_UNREACHABLE udp 127.0.0.1:9 > 127.0.0.1:7");
        host.sentNothing();
    }

    private Packet accepted(byte[] octets) {
        Packet packet = host.input.accept(host.nic, host.packet(octets), host.now);
        assertThat(packet).isNotNull();
        return packet;
    }
}
