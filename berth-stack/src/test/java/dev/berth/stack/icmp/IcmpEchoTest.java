package dev.berth.stack.icmp;

import static dev.berth.stack.script.Frames.data;
import static dev.berth.stack.script.Frames.icmp;
import static dev.berth.stack.script.Frames.icmpMessage;
import static dev.berth.stack.script.Frames.slice;
import static dev.berth.stack.script.Frames.u16;
import static dev.berth.stack.script.Frames.u8;
import static dev.berth.stack.script.ScriptHost.A;
import static dev.berth.stack.script.ScriptHost.A6;
import static dev.berth.stack.script.ScriptHost.B;
import static dev.berth.stack.script.ScriptHost.B6;
import static dev.berth.stack.script.ScriptHost.PEER;
import static dev.berth.stack.script.ScriptHost.PEER6;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.script.Frames;
import dev.berth.stack.script.ScriptHost;
import dev.berth.wire.DropReason;
import dev.berth.wire.Packet;
import java.io.ByteArrayOutputStream;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 792, RFC 1122 section 3.2.2.6, RFC 4443 section 4.
class IcmpEchoTest {
    private final ScriptHost host = new ScriptHost();

    @AfterEach
    void nothing_leaks() {
        host.close();
    }

    @Requirement({"1122-046", "1122-049"})
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 8, 55, 56, 57, 100, 101, 547, 1_471, 1_472})
    void a_request_is_answered_with_its_own_data(int length) {
        host.receive(icmp(PEER, B, 8, 0, 0x1234_0001, data(length)));
        byte[] reply = host.sentOne();
        assertThat(slice(reply, 12, 20)).isEqualTo(Frames.concat(Frames.octets(B), Frames.octets(PEER)));
        assertThat(slice(reply, 20, reply.length)).isEqualTo(icmpMessage(B, PEER, 0, 0, 0x1234_0001, data(length)));
        host.droppedNothing();
        assertThat(host.icmp.echoesAnswered()).isEqualTo(1);
    }

    @Requirement("4443-04")
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 8, 55, 56, 57, 100, 101, 1_231, 1_452})
    void a_request_over_ipv6_is_answered_with_its_own_data(int length) {
        host.receive(icmp(PEER6, B6, 128, 0, 0x1234_0001, data(length)));
        byte[] reply = host.sentOne();
        assertThat(slice(reply, 8, 40)).isEqualTo(Frames.concat(Frames.octets(B6), Frames.octets(PEER6)));
        assertThat(slice(reply, 40, reply.length)).isEqualTo(icmpMessage(B6, PEER6, 129, 0, 0x1234_0001, data(length)));
        host.droppedNothing();
    }

    @Requirement("1122-046")
    @ParameterizedTest
    @CsvSource({"1473, false", "2000, false", "65507, false", "1453, true", "65527, true"})
    void large_requests_come_in_fragments_and_so_do_their_replies(int length, boolean v6) {
        byte[] request =
                v6 ? icmpMessage(PEER6, A6, 128, 0, 7, data(length)) : icmpMessage(PEER, A, 8, 0, 7, data(length));
        for (int at = 0; at < request.length; at += 1_400) {
            int end = Math.min(request.length, at + 1_400);
            boolean more = end < request.length;
            byte[] piece = slice(request, at, end);
            host.receive(
                    v6
                            ? Frames.ipv6(PEER6, A6, 44, Frames.fragmentHeader(58, at, more, 5), piece)
                            : Frames.ipv4(PEER, A, 1, piece, 5, at / 8 | (more ? Frames.MORE : 0), new byte[0]));
        }
        List<byte[]> sent = host.sent();
        ByteArrayOutputStream reply = new ByteArrayOutputStream();
        int header = v6 ? 48 : 20;
        for (byte[] fragment : sent) {
            reply.write(fragment, header, fragment.length - header);
        }
        assertThat(reply.toByteArray())
                .isEqualTo(
                        v6
                                ? icmpMessage(A6, PEER6, 129, 0, 7, data(length))
                                : icmpMessage(A, PEER, 0, 0, 7, data(length)));
        host.droppedNothing();
    }

    @Test
    void every_checksum_of_a_reply_is_right() {
        for (int i = 0; i < 65_536; i += 13) {
            host.receive(icmp(PEER, A, 8, i & 1, i << 16, data(i % 40)));
            byte[] reply = host.sentOne();
            assertThat(Frames.checksum(slice(reply, 20, reply.length))).isZero();
        }
    }

    @Test
    void the_reply_keeps_the_differentiated_services_but_not_the_congestion_bits() {
        byte[] request = icmp(PEER, A, 8, 0, 1, data(8));
        request[1] = (byte) 0xbb;
        host.receive(Frames.ipv4Checksum(request));
        assertThat(u8(host.sentOne(), 1)).isEqualTo(0xb8);
    }

    @Requirement("1122-048")
    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.255", "255.255.255.255", "224.0.0.1"})
    void requests_to_many_are_discarded(String destination) {
        host.receive(icmp(PEER, destination, 8, 0, 1, data(8)));
        host.sentNothing();
        host.droppedOnly(DropReason.ICMP_IGNORED);
    }

    @Test
    void requests_to_many_over_ipv6_are_discarded() {
        host.receive(icmp(PEER6, "ff02::1", 128, 0, 1, data(8)));
        host.sentNothing();
        host.droppedOnly(DropReason.ICMP_IGNORED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_wrong_checksum_is_discarded(boolean v6) {
        byte[] request = v6 ? icmp(PEER6, A6, 128, 0, 1, data(9)) : icmp(PEER, A, 8, 0, 1, data(9));
        request[request.length - 1] ^= 4;
        host.receive(request);
        host.sentNothing();
        host.droppedOnly(DropReason.BAD_TRANSPORT_CHECKSUM);
    }

    @Test
    void a_checksum_that_the_link_verified_is_not_looked_at() {
        byte[] request = icmp(PEER, A, 8, 0, 1, data(9));
        request[22] ^= 4;
        Packet packet = host.packet(request);
        packet.checksum = Packet.CHECKSUM_VERIFIED;
        host.receive(packet);
        assertThat(u8(host.sentOne(), 20)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 7})
    void a_message_without_a_whole_header_is_discarded(int length) {
        host.receive(Frames.ipv4(PEER, A, 1, slice(icmpMessage(PEER, A, 8, 0, 1, data(0)), 0, length)));
        host.sentNothing();
        host.droppedOnly(DropReason.TRUNCATED);
    }

    // timestamp and address mask requests are among them
    @Requirement({"1122-028", "1122-051", "1122-052"})
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 4, 5, 6, 7, 9, 10, 13, 14, 15, 17, 18, 30, 40, 99, 255})
    void other_messages_are_silently_discarded(int type) {
        host.receive(icmp(PEER, A, type, 0, 1, data(32)));
        host.sentNothing();
        host.droppedOnly(DropReason.ICMP_IGNORED);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 99, 127, 129, 130, 133, 134, 135, 136, 137, 200, 255})
    void other_messages_over_ipv6_are_silently_discarded(int type) {
        host.receive(icmp(PEER6, A6, type, 0, 1, data(32)));
        host.sentNothing();
        host.droppedOnly(DropReason.ICMP_IGNORED);
    }

    @Test
    void bytes_that_somebody_else_refers_to_are_not_changed() {
        byte[] request = icmp(PEER, A, 8, 0, 1, data(300));
        Packet packet = host.packet(request);
        var chunk = packet.chunk;
        assertThat(chunk).isNotNull();
        chunk.retain();
        host.receive(packet);
        assertThat(slice(chunk.bytes, 0, request.length)).isEqualTo(request);
        chunk.release();
        byte[] reply = host.sentOne();
        assertThat(slice(reply, 28, reply.length)).isEqualTo(data(300));
    }

    @Test
    void a_request_of_the_host_to_itself_is_answered() {
        byte[] request = icmp(A, A, 8, 0, 1, data(300));
        Packet packet = host.packet(request);
        packet.transportAt = 20;
        packet.protocol = 1;
        packet.sourceLo = packet.destinationLo = ScriptHost.lo(A);
        packet.sourceHi = packet.destinationHi = 0;
        assertThat(host.output.send(packet, 0, 0, false, 0)).isTrue();
        host.loop();
        host.sentNothing();
        host.droppedOnly(DropReason.ICMP_IGNORED); // the reply, for which nobody waits
        assertThat(host.icmp.echoesAnswered()).isEqualTo(1);
        assertThat(u16(request, 20)).isEqualTo(8 << 8);
    }
}
