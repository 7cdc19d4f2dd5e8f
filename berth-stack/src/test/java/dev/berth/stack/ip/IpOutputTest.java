package dev.berth.stack.ip;

import static dev.berth.stack.script.Frames.data;
import static dev.berth.stack.script.Frames.i32;
import static dev.berth.stack.script.Frames.put16;
import static dev.berth.stack.script.Frames.slice;
import static dev.berth.stack.script.Frames.transportChecksum;
import static dev.berth.stack.script.Frames.u16;
import static dev.berth.stack.script.Frames.u8;
import static dev.berth.stack.script.ScriptHost.A;
import static dev.berth.stack.script.ScriptHost.A6;
import static dev.berth.stack.script.ScriptHost.B;
import static dev.berth.stack.script.ScriptHost.PEER;
import static dev.berth.stack.script.ScriptHost.PEER6;
import static dev.berth.stack.script.ScriptHost.SECOND;
import static dev.berth.stack.script.ScriptHost.hi;
import static dev.berth.stack.script.ScriptHost.lo;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.script.Frames;
import dev.berth.stack.script.ScriptHost;
import dev.berth.wire.Chunk;
import dev.berth.wire.DropReason;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.ByteArrayOutputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 1122 sections 3.2.1 and 3.3, RFC 791 section 3.2, RFC 8200 section 4.5, RFC 6864.
class IpOutputTest {
    private ScriptHost host = new ScriptHost();

    /// A UDP datagram with a partial checksum; data by reference but for the first `inline` octets.
    private Packet datagram(String source, String destination, byte[] data, int inline) {
        byte[] whole = Frames.udpDatagram(source, 1, destination, 2, data);
        Packet packet = host.pool.takePacket();
        packet.ipv6 = source.indexOf(':') >= 0;
        packet.protocol = Frames.UDP;
        packet.sourceHi = hi(source);
        packet.sourceLo = lo(source);
        packet.destinationHi = hi(destination);
        packet.destinationLo = lo(destination);
        int head = 8 + Math.min(inline, data.length);
        System.arraycopy(whole, 0, packet.bytes, packet.transportAt, head);
        packet.end = packet.transportAt + head;
        long sum = InternetChecksum.pseudoHeaderSum(
                packet.ipv6,
                packet.sourceHi,
                packet.sourceLo,
                packet.destinationHi,
                packet.destinationLo,
                Frames.UDP,
                whole.length);
        put16(packet.bytes, packet.transportAt + 6, InternetChecksum.fold(sum));
        packet.checksum = Packet.CHECKSUM_PARTIAL;
        if (head < whole.length) {
            Chunk chunk = host.pool.takeChunk(whole.length - head + 3);
            System.arraycopy(whole, head, chunk.bytes, 3, whole.length - head);
            packet.setTail(chunk, 3, whole.length - head);
            chunk.release();
        }
        return packet;
    }

    private boolean send(Packet packet) {
        return host.output.send(packet, 0, 0, false, host.now);
    }

    @Test
    void the_way_of_the_last_packet_is_not_taken_again_when_addresses_or_routes_have_changed() {
        assertThat(send(datagram(A, PEER, data(4), 4))).isTrue();
        assertThat(host.nic.egressLength()).isEqualTo(1);
        assertThat(send(datagram(A, PEER, data(4), 4))).isTrue();
        assertThat(host.nic.egressLength()).isEqualTo(2);
        // The destination is the host itself now.
        host.routes.addAddress(IpAddress.Prefix.parse(PEER + "/24"), host.nic);
        assertThat(send(datagram(A, PEER, data(4), 4))).isTrue();
        assertThat(host.nic.egressLength()).isEqualTo(2);
        assertThat(host.loopback.egressLength()).isEqualTo(1);
        // The source is not the host's any more.
        host.routes.removeAddress(IpAddress.Prefix.parse(A + "/24"), host.nic);
        assertThat(send(datagram(A, PEER, data(4), 4))).isFalse();
        host.droppedOnly(DropReason.NO_ROUTE);
    }

    @Requirement({"1122-019", "1122-023", "1122-027"})
    @Test
    void an_ipv4_header_is_written_with_the_wishes_of_the_transport() {
        assertThat(host.output.send(datagram(A, PEER, data(10), 10), 0xb8, 33, true, host.now))
                .isTrue();
        byte[] sent = host.sentOne();
        assertThat(u8(sent, 0)).isEqualTo(0x45);
        assertThat(u8(sent, 1)).isEqualTo(0xb8);
        assertThat(u16(sent, 6)).isEqualTo(Frames.DF);
        assertThat(u8(sent, 8)).isEqualTo(33);
        assertThat(u8(sent, 9)).isEqualTo(Frames.UDP);
        assertThat(slice(sent, 20, sent.length)).isEqualTo(Frames.udpDatagram(A, 1, PEER, 2, data(10)));
        host.close();
    }

    @Test
    void an_ipv6_header_is_written_with_the_wishes_of_the_transport() {
        assertThat(host.output.send(datagram(A6, PEER6, data(100), 0), 0xb8, 33, true, host.now))
                .isTrue();
        byte[] sent = host.sentOne();
        assertThat(i32(sent, 0)).isEqualTo(0x6b80_0000);
        assertThat(u8(sent, 6)).isEqualTo(Frames.UDP);
        assertThat(u8(sent, 7)).isEqualTo(33);
        assertThat(slice(sent, 40, sent.length)).isEqualTo(Frames.udpDatagram(A6, 1, PEER6, 2, data(100)));
        host.close();
    }

    @Requirement({"1122-021", "1122-023"})
    @Test
    void a_time_to_live_of_zero_is_never_sent() {
        host.output.send(datagram(A, PEER, data(10), 10), 0, 0, true, host.now);
        host.output.send(datagram(A6, PEER6, data(10), 10), 0, 0, true, host.now);
        List<byte[]> sent = host.sent();
        assertThat(u8(sent.get(0), 8)).isEqualTo(64);
        assertThat(u8(sent.get(1), 7)).isEqualTo(64);
    }

    @Requirement("1122-013")
    @ParameterizedTest
    @ValueSource(strings = {"10.0.0.3", PEER, "0.0.0.0", "10.0.0.255", "224.0.0.1", "127.0.0.1"})
    void a_source_that_is_not_the_hosts_is_never_sent(String source) {
        assertThat(send(datagram(source, PEER, data(10), 0))).isFalse();
        host.droppedOnly(DropReason.NO_ROUTE);
        host.sentNothing();
        host.close();
    }

    @Requirement("1122-016")
    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 127.0.0.2",
        "10.0.0.1, 127.0.0.1",
        "10.0.0.1, 10.0.0.2",
        "10.0.0.1, 10.0.0.1",
        "::1, ::1",
        "2001:db8::1, 2001:db8::2",
        "127.0.0.1, 10.0.0.1"
    })
    void packets_to_the_host_itself_never_leave_it(String source, String destination) {
        assertThat(send(datagram(source, destination, data(10), 0))).isTrue();
        host.sentNothing();
        assertThat(host.loopback.egressLength()).isEqualTo(1);
        Packet packet = host.loopback.pollEgress();
        assertThat(packet).isNotNull();
        assertThat(packet.checksum).as("nobody looks at it").isEqualTo(Packet.CHECKSUM_PARTIAL);
        packet.release();
        host.close();
    }

    @Requirement("1122-068")
    @Test
    void without_a_route_the_packet_is_dropped() {
        host.routes.remove(IpAddress.Prefix.parse("0.0.0.0/0"), host.nic);
        assertThat(send(datagram(A, "8.8.8.8", data(10), 0))).isFalse();
        host.droppedOnly(DropReason.NO_ROUTE);
        assertThat(host.output.route(hi("8.8.8.8"), lo("8.8.8.8"))).isNull();
        assertThat(host.output.mtuTowards(hi("8.8.8.8"), lo("8.8.8.8"))).isEqualTo(576);
        assertThat(host.output.mtuTowards(hi(PEER), lo(PEER))).isEqualTo(1_500);
        host.close();
    }

    @Test
    void the_remembered_route_is_forgotten_when_routes_change() {
        assertThat(host.output.route(hi(PEER), lo(PEER))).isSameAs(host.nic);
        host.routes.addAddress(IpAddress.Prefix.parse(PEER + "/32"), host.nic);
        assertThat(host.output.route(hi(PEER), lo(PEER))).isSameAs(host.loopback);
        host.routes.removeAddress(IpAddress.Prefix.parse(PEER + "/32"), host.nic);
        assertThat(host.output.route(hi(PEER), lo(PEER))).isSameAs(host.nic);
        host.nic.up(false, host.drops);
        assertThat(host.output.route(hi(PEER), lo(PEER))).isNull();
    }

    @Test
    void a_link_that_completes_checksums_gets_them_partial() {
        host = new ScriptHost(1_500, true);
        send(datagram(A, PEER, data(10), 0));
        Packet packet = host.nic.pollEgress();
        assertThat(packet).isNotNull();
        assertThat(packet.checksum).isEqualTo(Packet.CHECKSUM_PARTIAL);
        packet.release();
        host.close();
    }

    @Test
    void a_full_egress_queue_drops_what_does_not_fit() {
        host.nic.egressLimit(3);
        for (int i = 0; i < 4; i++) {
            assertThat(send(datagram(A, PEER, data(100), 0))).isEqualTo(i < 3);
        }
        host.droppedOnly(DropReason.EGRESS_FULL);
        assertThat(host.nic.egressDrops()).isEqualTo(1);
        assertThat(host.sent()).hasSize(3);
        assertThat(send(datagram(A, PEER, data(5_000), 0))).as("four fragments").isFalse();
        host.sentNothing();
        assertThat(host.nic.packetsOut()).isEqualTo(3);
        host.close();
    }

    @Test
    void an_interface_that_goes_down_drops_what_waits() {
        send(datagram(A, PEER, data(100), 0));
        send(datagram(A, PEER, data(100), 0));
        host.nic.up(false, host.drops);
        assertThat(host.drops.total(DropReason.DOWN)).isEqualTo(2);
        assertThat(host.nic.hasEgress()).isFalse();
        assertThat(send(datagram(A, "255.255.255.255", data(100), 0))).isFalse();
        host.loop();
        host.close();
    }

    @ParameterizedTest
    @CsvSource({
        "1500, 1473, 0",
        "1500, 65507, 0",
        "576, 65507, 56",
        "1500, 3000, 2",
        "68, 3000, 56",
        "68, 3001, 18",
        "1280, 1253, 56",
        "65535, 65507, 0"
    })
    void datagrams_over_ipv4_are_fragmented_and_come_together_again(int mtu, int length, int inline) {
        host = new ScriptHost(mtu, true);
        byte[] data = data(length);
        send(datagram(A, PEER, data, inline));
        List<byte[]> sent = host.sent();
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        for (int i = 0; i < sent.size(); i++) {
            byte[] fragment = sent.get(i);
            assertThat(u16(fragment, 6) & 0x1fff).isEqualTo(whole.size() / 8);
            assertThat((u16(fragment, 6) & Frames.MORE) != 0).isEqualTo(i < sent.size() - 1);
            assertThat(u16(fragment, 4)).isEqualTo(u16(sent.getFirst(), 4));
            whole.write(fragment, 20, fragment.length - 20);
        }
        assertThat(whole.toByteArray()).isEqualTo(Frames.udpDatagram(A, 1, PEER, 2, data));
        host.droppedNothing();
        host.close();
    }

    @ParameterizedTest
    @CsvSource({"1500, 1453, 0", "1280, 65527, 0", "1280, 5000, 56", "1500, 65527, 34"})
    void datagrams_over_ipv6_are_fragmented_by_the_source(int mtu, int length, int inline) {
        host = new ScriptHost(mtu, true);
        byte[] data = data(length);
        send(datagram(A6, PEER6, data, inline));
        List<byte[]> sent = host.sent();
        assertThat(sent.size()).isGreaterThan(1);
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        for (int i = 0; i < sent.size(); i++) {
            byte[] fragment = sent.get(i);
            assertThat(u8(fragment, 6)).isEqualTo(44);
            assertThat(u8(fragment, 40)).isEqualTo(Frames.UDP);
            assertThat(u16(fragment, 42) & ~7).isEqualTo(whole.size());
            assertThat((u16(fragment, 42) & 1) != 0).isEqualTo(i < sent.size() - 1);
            assertThat(i32(fragment, 44)).isEqualTo(i32(sent.getFirst(), 44));
            whole.write(fragment, 48, fragment.length - 48);
        }
        assertThat(whole.toByteArray()).isEqualTo(Frames.udpDatagram(A6, 1, PEER6, 2, data));
        host.close();
    }

    @Requirement("1122-060")
    @ParameterizedTest
    @CsvSource({"10.0.0.1, 10.0.0.99, 1473", "2001:db8::1, 2001:db8::99, 1453"})
    void dont_fragment_drops_what_is_too_big(String source, String destination, int length) {
        assertThat(host.output.send(datagram(source, destination, data(length - 1), 0), 0, 0, true, 0))
                .isTrue();
        assertThat(host.output.send(datagram(source, destination, data(length), 0), 0, 0, true, 0))
                .isFalse();
        host.droppedOnly(DropReason.TOO_BIG);
        host.close();
    }

    @Test
    void a_packet_for_segmentation_is_neither_fragmented_nor_larger_than_the_link_takes() {
        NetInterface gso = new NetInterface(2, "gso", 1_500, true, 20_000);
        host.routes.addAddress(IpAddress.Prefix.parse("10.7.0.1/24"), gso);
        Packet fits = datagram("10.7.0.1", "10.7.0.2", data(19_972), 0);
        fits.segmentSize = 1_400;
        assertThat(host.output.send(fits, 0, 0, true, 0)).isTrue();
        Packet tooBig = datagram("10.7.0.1", "10.7.0.2", data(19_973), 0);
        tooBig.segmentSize = 1_400;
        assertThat(host.output.send(tooBig, 0, 0, true, 0)).isFalse();
        host.droppedOnly(DropReason.TOO_BIG);
        Packet sent = gso.pollEgress();
        assertThat(sent).isNotNull();
        assertThat(sent.length()).isEqualTo(20_000);
        assertThat(u16(slice(sent.bytes, sent.start, sent.end), 2)).isEqualTo(20_000);
        sent.release();
        host.close();
    }

    @Requirement({"1191-01", "1191-02"})
    @Test
    void the_path_mtu_is_heeded_until_it_expires() {
        host.pathMtu.lower(hi(PEER), lo(PEER), 1_000, 1_500, host.now);
        assertThat(host.output.mtuTowards(hi(PEER), lo(PEER))).isEqualTo(1_000);
        assertThat(host.output.send(datagram(A, PEER, data(1_000), 0), 0, 0, true, host.now))
                .isFalse();
        send(datagram(A, PEER, data(1_000), 0));
        assertThat(host.sent()).hasSize(2).allMatch(p -> p.length <= 1_000);
        host.now += 600 * SECOND;
        send(datagram(A, PEER, data(1_000), 0));
        assertThat(host.sent()).hasSize(1);
        assertThat(host.output.mtuTowards(hi(PEER), lo(PEER))).isEqualTo(1_500);
        host.close();
    }

    @Test
    void below_the_floor_dont_fragment_is_given_up() {
        host.pathMtu.lower(hi(PEER), lo(PEER), 300, 1_500, host.now);
        assertThat(host.output.send(datagram(A, PEER, data(100), 0), 0, 0, true, host.now))
                .isTrue();
        byte[] sent = host.sentOne();
        assertThat(u16(sent, 6)).isZero();
        assertThat(u16(sent, 4)).isNotZero();
        host.close();
    }

    // RFC 6864 section 4
    @Requirement("1122-018")
    @Test
    void identifications_do_not_repeat_and_atomic_datagrams_need_none() {
        Set<Integer> seen = new HashSet<>();
        int steps = 0;
        int last = 0;
        for (int i = 0; i < 65_536; i++) {
            send(datagram(A, PEER, data(1), 1));
            int id = u16(host.sentOne(), 4);
            assertThat(seen.add(id)).isTrue();
            steps += id == last + 1 ? 1 : 0;
            last = id;
        }
        assertThat(steps).as("successors that are the next number").isLessThan(100);
        host.output.send(datagram(A, PEER, data(1), 1), 0, 0, true, 0);
        assertThat(u16(host.sentOne(), 4)).isZero();
        Identification wide = new Identification(99);
        Set<Integer> ids = new HashSet<>();
        for (int i = 0; i < 100_000; i++) {
            assertThat(ids.add(wide.next32())).isTrue();
        }
    }

    @Requirement("1122-065")
    @ParameterizedTest
    @ValueSource(strings = {"255.255.255.255", "10.0.0.255", "224.0.0.1"})
    void broadcasts_leave_and_reach_the_host_itself(String destination) {
        send(datagram(B, destination, data(100), 0));
        byte[] sent = host.sentOne();
        assertThat(slice(sent, 20, sent.length)).isEqualTo(Frames.udpDatagram(B, 1, destination, 2, data(100)));
        assertThat(host.loopback.egressLength()).isEqualTo(1);
        host.loop();
        host.droppedOnly(DropReason.NO_PORT_OWNER);
        host.sentNothing();
        host.close();
    }

    @Test
    void a_multicast_group_of_others_is_not_looped_back() {
        send(datagram(A6, "ff02::7", data(100), 0));
        assertThat(host.sent()).hasSize(1);
        assertThat(host.loopback.hasEgress()).isFalse();
        host.close();
    }

    @Test
    void a_local_prefix_may_send_and_its_packets_follow_the_routes() {
        host.addresses.addLocalPrefix(IpAddress.Prefix.parse("0.0.0.0/0"));
        assertThat(send(datagram("8.8.8.8", PEER, data(10), 0))).isTrue();
        assertThat(u8(host.sentOne(), 12)).isEqualTo(8);
        host.receive(Frames.tcp(PEER, 1, "9.9.9.9", 80, 1));
        assertThat(host.segments).hasSize(1);
        host.droppedNothing();
        host.close();
    }

    // a computed 0 is sent as 0xffff
    @Requirement("1122-072")
    @Test
    void a_udp_checksum_of_zero_is_sent_as_all_ones() {
        for (int i = 0; i < 65_536; i++) {
            byte[] data = {(byte) (i >>> 8), (byte) i};
            byte[] plain = Frames.udpDatagram(A, 1, PEER, 2, data);
            if (u16(plain, 6) == 0xffff) {
                send(datagram(A, PEER, data, 2));
                byte[] sent = host.sentOne();
                assertThat(u16(sent, 26)).isEqualTo(0xffff);
                assertThat(transportChecksum(A, PEER, Frames.UDP, slice(sent, 20, sent.length)))
                        .isZero();
                return;
            }
        }
        throw new AssertionError("No data with that checksum");
    }
}
