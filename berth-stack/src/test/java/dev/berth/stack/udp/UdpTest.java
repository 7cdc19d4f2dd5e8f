package dev.berth.stack.udp;

import static dev.berth.stack.script.Frames.concat;
import static dev.berth.stack.script.Frames.data;
import static dev.berth.stack.script.Frames.icmp;
import static dev.berth.stack.script.Frames.ip;
import static dev.berth.stack.script.Frames.put16;
import static dev.berth.stack.script.Frames.slice;
import static dev.berth.stack.script.Frames.transportChecksum;
import static dev.berth.stack.script.Frames.u16;
import static dev.berth.stack.script.Frames.u8;
import static dev.berth.stack.script.Frames.udp;
import static dev.berth.stack.script.Frames.udpDatagram;
import static dev.berth.stack.script.ScriptHost.A;
import static dev.berth.stack.script.ScriptHost.A6;
import static dev.berth.stack.script.ScriptHost.B;
import static dev.berth.stack.script.ScriptHost.B6;
import static dev.berth.stack.script.ScriptHost.FAR;
import static dev.berth.stack.script.ScriptHost.PEER;
import static dev.berth.stack.script.ScriptHost.PEER6;
import static dev.berth.stack.script.ScriptHost.SECOND;
import static dev.berth.stack.script.ScriptHost.hi;
import static dev.berth.stack.script.ScriptHost.lo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.check.Requirement;
import dev.berth.ports.PortSharing;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.icmp.IcmpError;
import dev.berth.stack.script.Frames;
import dev.berth.stack.script.ScriptHost;
import dev.berth.wire.Chunk;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// RFC 768, RFC 1122 section 4.1, RFC 8200 section 8.1.
class UdpTest {
    private final ScriptHost host = new ScriptHost();
    private final Udp udp = host.udp;
    private final List<UdpEndpoint> endpoints = new ArrayList<>();

    @AfterEach
    void nothing_leaks() {
        endpoints.forEach(udp::close);
        assertThat(host.ports.isEmpty()).isTrue();
        host.close();
    }

    private UdpEndpoint open() {
        UdpEndpoint endpoint = udp.open(false);
        endpoints.add(endpoint);
        return endpoint;
    }

    private UdpEndpoint bound(String address, int port) throws PortUnavailableException {
        UdpEndpoint endpoint = open();
        assertThat(udp.bind(endpoint, hi(address), lo(address), port, PortSharing.EXCLUSIVE))
                .isEqualTo(Udp.OK);
        return endpoint;
    }

    private UdpEndpoint connected(String remote, int port) throws PortUnavailableException {
        UdpEndpoint endpoint = open();
        assertThat(connect(endpoint, remote, port)).isEqualTo(Udp.OK);
        return endpoint;
    }

    private int connect(UdpEndpoint endpoint, String remote, int port) throws PortUnavailableException {
        return udp.connect(endpoint, hi(remote), lo(remote), port, host.now);
    }

    private static ByteSource source(byte[] data) {
        int[] from = {0};
        return (bytes, at, length) -> {
            System.arraycopy(data, from[0], bytes, at, length);
            from[0] += length;
        };
    }

    private int send(UdpEndpoint endpoint, byte[] data, String remote, int port) throws PortUnavailableException {
        return udp.send(endpoint, source(data), data.length, hi(remote), lo(remote), port, host.now);
    }

    private int send(UdpEndpoint endpoint, byte[] data) throws PortUnavailableException {
        return udp.send(endpoint, source(data), data.length, host.now);
    }

    private byte[] receive(UdpEndpoint endpoint) {
        return receive(endpoint, 65_535);
    }

    private byte[] receive(UdpEndpoint endpoint, int max) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int length = udp.receive(endpoint, out::write, max);
        assertThat(length).isEqualTo(out.size());
        return out.toByteArray();
    }

    private int status(UdpEndpoint endpoint) {
        return udp.receive(endpoint, (bytes, from, length) -> {}, 100);
    }

    @Test
    void nothing_is_received_before_something_came() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        assertThat(status(endpoint)).isEqualTo(Udp.WOULD_BLOCK);
        assertThat(endpoint.readiness()).isEqualTo(Readiness.WRITABLE);
        assertThat(host.ready.isEmpty()).isTrue();
    }

    @Requirement({"1122-074", "1122-020"})
    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 10.0.0.99, 10.0.0.1",
        "10.0.0.2, 10.0.0.99, 10.0.0.2",
        "::, 10.0.0.99, 10.0.0.2",
        "::, 2001:db8::99, 2001:db8::2",
        "2001:db8::2, 2001:db8::99, 2001:db8::2"
    })
    void a_datagram_comes_with_both_of_its_addresses(String local, String source, String destination) throws Exception {
        UdpEndpoint endpoint = bound(local, 7);
        host.receive(udp(source, 1_234, destination, 7, data(100)));
        assertThat(host.ready.poll()).isSameAs(endpoint);
        assertThat(endpoint.readiness()).isEqualTo(Readiness.READABLE | Readiness.WRITABLE);
        assertThat(receive(endpoint)).isEqualTo(data(100));
        assertThat(IpAddress.toString(endpoint.lastSourceHi(), endpoint.lastSourceLo()))
                .isEqualTo(source);
        assertThat(endpoint.lastSourcePort()).isEqualTo(1_234);
        assertThat(IpAddress.toString(endpoint.lastDestinationHi(), endpoint.lastDestinationLo()))
                .isEqualTo(destination);
        assertThat(endpoint.lastLength()).isEqualTo(100);
        assertThat(endpoint.lastTos()).isZero();
        host.droppedNothing();
    }

    @Requirement("1122-073")
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 55, 56, 57, 163, 164, 165, 1_000, 1_472, 1_473, 5_000, 65_507})
    void data_of_every_size_go_out_and_come_in_unchanged(int length) throws Exception {
        UdpEndpoint server = bound(A, 7);
        UdpEndpoint client = bound(B, 8);
        assertThat(send(client, data(length), PEER, 9)).isEqualTo(length);
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        for (byte[] packet : host.sent()) {
            sent.write(packet, 20, packet.length - 20);
        }
        assertThat(sent.toByteArray()).isEqualTo(udpDatagram(B, 8, PEER, 9, data(length)));
        assertThat(send(client, data(length), A, 7)).isEqualTo(length); // through the loopback interface
        host.loop();
        host.sentNothing();
        assertThat(receive(server)).isEqualTo(data(length));
        byte[] datagram = udpDatagram(PEER, 5, A, 7, data(length));
        for (int at = 0; at < datagram.length; at += 1_480) {
            int end = Math.min(datagram.length, at + 1_480);
            int more = end < datagram.length ? Frames.MORE : 0;
            host.receive(Frames.ipv4(PEER, A, 17, slice(datagram, at, end), 1, at / 8 | more, new byte[0]));
        }
        assertThat(receive(server)).isEqualTo(data(length));
        host.droppedNothing();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 56, 57, 1_452, 1_453, 65_487, 65_488, 65_527})
    void data_of_every_size_go_over_ipv6_too(int length) throws Exception {
        UdpEndpoint server = bound("::", 7);
        UdpEndpoint client = open();
        assertThat(send(client, data(length), A6, 7)).isEqualTo(length);
        host.loop();
        assertThat(receive(server)).isEqualTo(data(length));
        assertThat(send(client, data(length), PEER6, 7)).isEqualTo(length);
        ByteArrayOutputStream sent = new ByteArrayOutputStream();
        for (byte[] packet : host.sent()) {
            int header = u8(packet, 6) == 44 ? 48 : 40;
            sent.write(packet, header, packet.length - header);
        }
        byte[] datagram = sent.toByteArray();
        assertThat(slice(datagram, 8, datagram.length)).isEqualTo(data(length));
        assertThat(transportChecksum(A6, PEER6, 17, datagram)).isZero();
    }

    @Test
    void small_datagrams_share_memory_and_keep_apart() throws Exception {
        UdpEndpoint server = bound("0.0.0.0", 7);
        UdpEndpoint client = open();
        for (int i = 0; i < 200; i++) {
            send(client, data(57 + i * 5), A, 7);
        }
        host.loop();
        for (int i = 0; i < 200; i++) {
            assertThat(receive(server)).isEqualTo(data(57 + i * 5));
        }
    }

    @Test
    void what_does_not_fit_the_users_buffer_is_cut_off() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        host.receive(udp(PEER, 1, A, 7, data(100)), udp(PEER, 1, A, 7, data(5)));
        assertThat(receive(endpoint, 10)).isEqualTo(slice(data(100), 0, 10));
        assertThat(endpoint.lastLength()).isEqualTo(100);
        assertThat(receive(endpoint, 10)).isEqualTo(data(5));
        send(endpoint, data(2_000), A, 7);
        send(endpoint, data(2_000), A, 7);
        host.loop();
        assertThat(receive(endpoint, 7)).isEqualTo(slice(data(2_000), 0, 7));
        assertThat(receive(endpoint, 0)).isEmpty();
        assertThat(status(endpoint)).isEqualTo(Udp.WOULD_BLOCK);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7})
    void a_length_below_eight_is_discarded(int length) throws Exception {
        bound("0.0.0.0", 7);
        byte[] packet = udp(PEER, 1, A, 7, data(20));
        put16(packet, 24, length);
        host.receive(packet);
        host.droppedOnly(DropReason.BAD_TRANSPORT_HEADER);
        host.sentNothing();
    }

    @Test
    void a_length_beyond_the_packet_is_discarded() throws Exception {
        bound("0.0.0.0", 7);
        byte[] packet = udp(PEER, 1, A, 7, data(20));
        put16(packet, 24, 29);
        host.receive(packet);
        host.droppedOnly(DropReason.TRUNCATED);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7})
    void a_packet_without_a_whole_header_is_discarded(int length) {
        host.receive(ip(PEER, A, 17, new byte[length]));
        host.droppedOnly(DropReason.TRUNCATED);
        host.sentNothing();
    }

    @Test
    void what_the_packet_holds_behind_the_datagram_is_cut_off() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        host.receive(ip(PEER, A, 17, concat(udpDatagram(PEER, 1, A, 7, data(21)), data(9))));
        assertThat(receive(endpoint)).isEqualTo(data(21));
        host.droppedNothing();
    }

    @Requirement("1122-072")
    @ParameterizedTest
    @CsvSource({"10.0.0.99, 10.0.0.1", "2001:db8::99, 2001:db8::1"})
    void a_wrong_checksum_is_silently_discarded(String source, String destination) throws Exception {
        bound("::", 7);
        byte[] good = udp(source, 1, destination, 7, data(33));
        int udpAt = good.length - 41;
        for (int bit = udpAt * 8; bit < good.length * 8; bit++) {
            if (bit / 8 == udpAt + 4 || bit / 8 == udpAt + 5) {
                continue; // the length field
            }
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            long before = host.drops.total(DropReason.BAD_TRANSPORT_CHECKSUM);
            host.receive(bad);
            assertThat(host.drops.total(DropReason.BAD_TRANSPORT_CHECKSUM)).isEqualTo(before + 1);
        }
        host.sentNothing();
    }

    @Requirement({"1122-072", "8200-05"})
    @Test
    void a_checksum_of_zero_is_accepted_over_ipv4_and_discarded_over_ipv6() throws Exception {
        UdpEndpoint endpoint = bound("::", 7);
        byte[] four = udp(PEER, 1, A, 7, data(33));
        put16(four, 26, 0);
        byte[] six = udp(PEER6, 1, A6, 7, data(33));
        put16(six, 46, 0);
        host.receive(four, six);
        assertThat(receive(endpoint)).isEqualTo(data(33));
        assertThat(status(endpoint)).isEqualTo(Udp.WOULD_BLOCK);
        host.droppedOnly(DropReason.BAD_TRANSPORT_CHECKSUM);
        host.sentNothing();
    }

    @Test
    void checksums_that_the_link_vouches_for_are_not_looked_at() throws Exception {
        UdpEndpoint endpoint = bound("::", 7);
        for (byte vouched : new byte[] {Packet.CHECKSUM_PARTIAL, Packet.CHECKSUM_VERIFIED}) {
            byte[] octets = udp(PEER6, 1, A6, 7, data(33));
            put16(octets, 46, 0);
            Packet packet = host.packet(octets);
            packet.checksum = vouched;
            host.receive(packet);
            assertThat(receive(endpoint)).isEqualTo(data(33));
        }
    }

    @Test
    void what_was_received_is_given_back_with_the_last_datagram_or_at_the_end() throws Exception {
        int idle = host.pool.outstanding();
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        for (int i = 0; i < 100; i++) {
            host.receive(udp(PEER, 5, A, 7, data(i)));
        }
        for (int i = 0; i < 100; i++) {
            assertThat(receive(endpoint)).isEqualTo(data(i));
            assertThat(host.pool.outstanding() - idle).isBetween(99 - i, 99 - i + 15);
        }
        assertThat(host.pool.outstanding()).isEqualTo(idle);
        for (int i = 0; i < 20; i++) {
            host.receive(udp(PEER, 5, A, 7, data(i)));
        }
        assertThat(receive(endpoint)).isEqualTo(data(0));
        udp.close(endpoint);
        assertThat(host.pool.outstanding()).isEqualTo(idle);
    }

    @Test
    void data_by_reference_are_checked_and_received() throws Exception {
        UdpEndpoint endpoint = bound("::", 7);
        for (int head = 8; head < 60; head += 5) { // also when the parts meet in the middle of a word
            for (int wrong = 0; wrong < 2; wrong++) {
                byte[] octets = udp(PEER, 1, A, 7, data(301));
                octets[octets.length - 1] ^= (byte) wrong;
                Packet packet = host.pool.takePacket();
                packet.start = 100;
                packet.end = 120 + head;
                System.arraycopy(octets, 0, packet.bytes, 100, 20 + head);
                Chunk chunk = host.pool.takeChunk(400);
                System.arraycopy(octets, 20 + head, chunk.bytes, 9, octets.length - 20 - head);
                packet.setTail(chunk, 9, octets.length - 20 - head);
                chunk.release();
                host.receive(packet);
                if (wrong == 0) {
                    assertThat(receive(endpoint)).isEqualTo(data(301));
                } else {
                    assertThat(status(endpoint)).isEqualTo(Udp.WOULD_BLOCK);
                }
            }
        }
        assertThat(host.drops.total(DropReason.BAD_TRANSPORT_CHECKSUM)).isEqualTo(11);
    }

    @Test
    @Requirement("6335-13")
    void destination_port_zero_is_discarded_and_source_port_zero_is_not() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        host.receive(udp(PEER, 5, A, 0, data(4)));
        host.droppedOnly(DropReason.PORT_ZERO);
        host.sentNothing();
        host.receive(udp(PEER, 0, A, 7, data(4)));
        assertThat(receive(endpoint)).isEqualTo(data(4));
        assertThat(endpoint.lastSourcePort()).isZero();
    }

    // one of those who listen gets it
    @Requirement("1122-065")
    @ParameterizedTest
    @ValueSource(strings = {"255.255.255.255", "10.0.0.255", "224.0.0.1"})
    void broadcasts_reach_an_endpoint_on_the_wildcard(String destination) throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        bound(A, 8);
        host.receive(udp(PEER, 1, destination, 7, data(4)), udp(PEER, 1, destination, 8, data(4)));
        assertThat(receive(endpoint)).isEqualTo(data(4));
        host.droppedOnly(DropReason.NO_PORT_OWNER); // the other one has a specific address
        host.sentNothing();
    }

    @Requirement("1122-065")
    @ParameterizedTest
    @ValueSource(strings = {"255.255.255.255", "10.0.0.255"})
    void broadcasts_are_sent_with_permission_only(String destination) throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        assertThat(send(endpoint, data(4), destination, 7)).isEqualTo(Udp.PERMISSION_DENIED);
        assertThat(connect(endpoint, destination, 7)).isEqualTo(Udp.PERMISSION_DENIED);
        endpoint.broadcast(true);
        assertThat(send(endpoint, data(4), destination, 7)).isEqualTo(4);
        assertThat(host.sent()).hasSize(1);
        host.loop();
        assertThat(receive(endpoint)).as("a copy of its own").isEqualTo(data(4));
    }

    @Requirement({"1122-077", "1122-023"})
    @Test
    void tos_and_time_to_live_are_the_users_choice() throws Exception {
        UdpEndpoint endpoint = bound("::", 7);
        endpoint.tos(0xb8);
        endpoint.ttl(3);
        endpoint.multicastTtl(9);
        send(endpoint, data(4), PEER, 7);
        send(endpoint, data(4), PEER6, 7);
        send(endpoint, data(4), "239.0.0.9", 7);
        List<byte[]> sent = host.sent();
        assertThat(u8(sent.get(0), 1)).isEqualTo(0xb8);
        assertThat(u8(sent.get(0), 8)).isEqualTo(3);
        assertThat(u16(sent.get(1), 0)).isEqualTo(0x6b80);
        assertThat(u8(sent.get(1), 7)).isEqualTo(3);
        assertThat(u8(sent.get(2), 8)).isEqualTo(9);
        assertThatThrownBy(() -> endpoint.ttl(0)).isInstanceOf(IllegalArgumentException.class); // 1122-021
        assertThatThrownBy(() -> endpoint.ttl(256)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_multicast_goes_one_hop_unless_told_otherwise() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        send(endpoint, data(4), "239.0.0.9", 7);
        assertThat(u8(host.sentOne(), 8)).isEqualTo(1);
    }

    @Test
    void a_joined_group_is_received_and_looped_back() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        host.addresses.join(IpAddress.parse("239.0.0.9"));
        host.receive(udp(PEER, 1, "239.0.0.9", 7, data(4)));
        assertThat(receive(endpoint)).isEqualTo(data(4));
        send(endpoint, data(5), "239.0.0.9", 7);
        host.loop();
        assertThat(receive(endpoint)).isEqualTo(data(5));
        host.addresses.leave(IpAddress.parse("239.0.0.9"));
        host.receive(udp(PEER, 1, "239.0.0.9", 7, data(4)));
        host.droppedOnly(DropReason.NOT_OURS);
    }

    @Requirement("1122-060")
    @Test
    void sizes_beyond_the_protocol_or_the_path_are_refused() throws Exception {
        UdpEndpoint endpoint = bound("::", 7);
        ByteSource zeros = (bytes, at, length) -> {};
        assertThat(udp.send(endpoint, zeros, 65_508, hi(PEER), lo(PEER), 7, 0)).isEqualTo(Udp.MESSAGE_TOO_LONG);
        assertThat(udp.send(endpoint, zeros, 65_528, hi(PEER6), lo(PEER6), 7, 0))
                .isEqualTo(Udp.MESSAGE_TOO_LONG);
        endpoint.dontFragment(true);
        assertThat(udp.send(endpoint, zeros, 1_473, hi(PEER), lo(PEER), 7, 0)).isEqualTo(Udp.MESSAGE_TOO_LONG);
        assertThat(udp.send(endpoint, zeros, 1_472, hi(PEER), lo(PEER), 7, 0)).isEqualTo(1_472);
        assertThat(u16(host.sentOne(), 6)).isEqualTo(Frames.DF);
        host.droppedNothing();
    }

    @Requirement({"1122-068", "1122-013", "1122-062", "1122-075"})
    @Test
    void ends_that_cannot_be_are_refused() throws Exception {
        UdpEndpoint endpoint = open();
        assertThat(udp.bind(endpoint, hi(PEER), lo(PEER), 7, 0)).isEqualTo(Udp.BAD_ADDRESS);
        assertThat(udp.bind(endpoint, hi("8.8.8.8"), lo("8.8.8.8"), 7, 0)).isEqualTo(Udp.BAD_ADDRESS);
        assertThat(endpoint.isBound()).isFalse();
        assertThat(send(endpoint, data(4))).isEqualTo(Udp.NOT_CONNECTED);
        assertThat(send(endpoint, data(4), PEER, 0)).isEqualTo(Udp.BAD_ADDRESS);
        assertThat(connect(endpoint, PEER, 0)).isEqualTo(Udp.BAD_ADDRESS);
        UdpEndpoint four = bound(A, 8);
        assertThat(send(four, data(4), PEER6, 7)).isEqualTo(Udp.BAD_ADDRESS);
        UdpEndpoint any4 = bound("0.0.0.0", 9);
        assertThat(send(any4, data(4), PEER6, 7)).isEqualTo(Udp.BAD_ADDRESS);
        UdpEndpoint six = bound(A6, 8);
        assertThat(send(six, data(4), PEER, 7)).isEqualTo(Udp.BAD_ADDRESS);
        UdpEndpoint loop = bound("127.0.0.1", 8);
        assertThat(send(loop, data(4), PEER, 7)).isEqualTo(Udp.BAD_ADDRESS);
        UdpEndpoint only4 = udp.open(true);
        endpoints.add(only4);
        assertThat(udp.bind(only4, 0, 0, 7, 0)).isEqualTo(Udp.BAD_ADDRESS);
        assertThat(connect(only4, PEER6, 7)).isEqualTo(Udp.BAD_ADDRESS);
        assertThat(send(only4, data(4), PEER6, 7)).isEqualTo(Udp.BAD_ADDRESS);
        host.routes.remove(IpAddress.Prefix.parse("0.0.0.0/0"), host.nic);
        assertThat(send(endpoint, data(4), FAR, 7)).isEqualTo(Udp.NO_ROUTE);
        assertThat(connect(endpoint, FAR, 7)).isEqualTo(Udp.NO_ROUTE);
        assertThat(endpoint.isBound()).isFalse();
        host.sentNothing();
        host.droppedNothing();
    }

    @Requirement({"1122-061", "1122-075"})
    @Test
    void the_source_is_the_bound_address_or_chosen_by_the_route() throws Exception {
        send(bound(B, 7), data(4), PEER, 9);
        send(bound("::", 8), data(4), PEER, 9);
        send(bound(B6, 7), data(4), PEER6, 9);
        send(open(), data(4), PEER6, 9);
        List<byte[]> sent = host.sent();
        assertThat(slice(sent.get(0), 12, 16)).isEqualTo(Frames.octets(B));
        assertThat(slice(sent.get(1), 12, 16)).isEqualTo(Frames.octets(A));
        assertThat(slice(sent.get(2), 8, 24)).isEqualTo(Frames.octets(B6));
        assertThat(slice(sent.get(3), 8, 24)).isEqualTo(Frames.octets(A6));
        assertThat(u16(sent.get(3), 40)).isBetween(49_152, 65_535);
    }

    @Test
    void an_unbound_endpoint_is_bound_by_its_first_datagram() throws Exception {
        UdpEndpoint endpoint = open();
        assertThat(endpoint).hasToString("udp [::]:0 UNBOUND");
        send(endpoint, data(4), PEER, 9);
        byte[] sent = host.sentOne();
        assertThat(endpoint.localPort()).isEqualTo(u16(sent, 20)).isBetween(49_152, 65_535);
        host.receive(udp(PEER, 9, A, endpoint.localPort(), data(3)));
        assertThat(receive(endpoint)).isEqualTo(data(3));
        assertThat(endpoint.stateName()).isEqualTo("BOUND");
        assertThatThrownBy(() -> udp.bind(endpoint, 0, 0, 0, 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void a_port_has_one_owner() throws Exception {
        bound("0.0.0.0", 7);
        UdpEndpoint second = open();
        assertThatThrownBy(() -> udp.bind(second, hi(A), lo(A), 7, PortSharing.EXCLUSIVE))
                .isInstanceOf(PortUnavailableException.class)
                .hasMessageStartingWith("Address already in use");
        assertThat(second.isBound()).isFalse();
        assertThat(udp.bind(second, hi(A6), lo(A6), 7, PortSharing.EXCLUSIVE)).isEqualTo(Udp.OK);
    }

    @Nested
    class Connected {
        private UdpEndpoint endpoint;

        @BeforeEach
        void connects() throws Exception {
            endpoint = connected(PEER, 53);
        }

        @Test
        void the_local_end_is_specific_and_only_the_remote_end_is_heard() throws Exception {
            assertThat(endpoint.local().address()).hasToString(A);
            assertThat(endpoint.isConnected()).isTrue();
            host.receive(
                    udp(PEER, 53, A, endpoint.localPort(), data(4)),
                    udp(PEER, 54, A, endpoint.localPort(), data(5)),
                    udp("10.0.0.98", 53, A, endpoint.localPort(), data(6)),
                    udp(PEER, 53, B, endpoint.localPort(), data(7)));
            assertThat(receive(endpoint)).isEqualTo(data(4));
            assertThat(status(endpoint)).isEqualTo(Udp.WOULD_BLOCK);
            assertThat(host.drops.total(DropReason.NO_PORT_OWNER)).isEqualTo(3);
            assertThat(host.sent()).hasSize(3).allMatch(p -> u16(p, 20) == (3 << 8 | 3));
            assertThat(send(endpoint, data(8))).isEqualTo(8);
            assertThat(slice(host.sentOne(), 20, 36))
                    .isEqualTo(udpDatagram(A, endpoint.localPort(), PEER, 53, data(8)));
        }

        @Requirement({"1122-038", "1122-071"})
        @Test
        void port_unreachable_is_the_result_of_the_next_operation_once() throws Exception {
            for (int round = 0; round < 2; round++) {
                send(endpoint, data(8));
                host.receive(icmp(PEER, A, 3, 3, 0, host.sentOne()));
                assertThat(host.ready.poll()).isSameAs(endpoint);
                assertThat(endpoint.readiness()).isEqualTo(Readiness.READABLE | Readiness.WRITABLE);
                if (round == 0) {
                    assertThat(status(endpoint)).isEqualTo(Udp.PORT_UNREACHABLE);
                } else {
                    assertThat(send(endpoint, data(8))).isEqualTo(Udp.PORT_UNREACHABLE);
                    host.sentNothing();
                }
                assertThat(status(endpoint)).isEqualTo(Udp.WOULD_BLOCK);
            }
            host.receive(udp(PEER, 53, A, endpoint.localPort(), data(4)));
            assertThat(receive(endpoint)).isEqualTo(data(4));
        }

        @Test
        void other_hard_errors_have_results_of_their_own() throws Exception {
            send(endpoint, data(8));
            byte[] quote = host.sentOne();
            host.receive(icmp(FAR, A, 3, 2, 0, quote));
            assertThat(status(endpoint)).isEqualTo(Udp.PROTOCOL_UNREACHABLE);
            host.receive(icmp(FAR, A, 3, 13, 0, quote));
            assertThat(status(endpoint)).isEqualTo(Udp.PROHIBITED);
        }

        @Requirement({"1122-039", "1122-043"})
        @Test
        void soft_errors_are_remembered_and_disturb_nothing() throws Exception {
            send(endpoint, data(8));
            byte[] quote = host.sentOne();
            assertThat(endpoint.softError()).isNull();
            host.receive(icmp(FAR, A, 11, 0, 0, quote));
            assertThat(endpoint.softError()).isEqualTo(IcmpError.Kind.TIME_EXCEEDED);
            host.receive(icmp(FAR, A, 3, 1, 0, quote));
            assertThat(endpoint.softError()).isEqualTo(IcmpError.Kind.HOST_UNREACHABLE);
            assertThat(status(endpoint)).isEqualTo(Udp.WOULD_BLOCK);
            assertThat(send(endpoint, data(8))).isEqualTo(8);
            assertThat(host.ready.isEmpty()).isTrue();
        }

        @Requirement("1191-01")
        @Test
        void packet_too_big_lowers_the_path_mtu() throws Exception {
            send(endpoint, data(1_400));
            host.receive(icmp(FAR, A, 3, 4, 1_000, host.sentOne()));
            send(endpoint, data(1_400));
            assertThat(host.sent()).hasSize(2);
            host.advance(601 * SECOND);
            send(endpoint, data(1_400));
            assertThat(host.sent()).hasSize(1);
        }

        @Requirement("8085-01")
        @Test
        void errors_about_other_flows_change_nothing() {
            host.receive(
                    icmp(PEER, A, 3, 3, 0, udp(A, endpoint.localPort(), PEER, 54, data(4))),
                    icmp(PEER, A, 3, 3, 0, udp(A, 1, PEER, 53, data(4))),
                    icmp(PEER, A, 3, 4, 1_000, udp(A, 1, PEER, 53, data(4))));
            assertThat(status(endpoint)).isEqualTo(Udp.WOULD_BLOCK);
            assertThat(host.pathMtu.size()).isZero();
            assertThat(host.errors).hasSize(3);
        }

        @Test
        void connecting_again_keeps_the_local_port() throws Exception {
            int port = endpoint.localPort();
            assertThat(connect(endpoint, PEER, 54)).isEqualTo(Udp.OK);
            assertThat(endpoint.localPort()).isEqualTo(port);
            host.receive(udp(PEER, 54, A, port, data(4)), udp(PEER, 53, A, port, data(5)));
            assertThat(receive(endpoint)).isEqualTo(data(4));
            host.droppedOnly(DropReason.NO_PORT_OWNER);
            assertThat(connect(endpoint, A6, 54)).isEqualTo(Udp.OK);
            assertThat(endpoint.localPort()).isEqualTo(port);
            assertThat(endpoint.local().address()).hasToString(A6);
            assertThat(connect(endpoint, "255.255.255.255", 54)).isEqualTo(Udp.PERMISSION_DENIED);
            assertThat(endpoint.remote().address()).as("unchanged").hasToString(A6);
        }

        @Test
        void after_disconnecting_everybody_is_heard_on_the_same_port() throws Exception {
            int port = endpoint.localPort();
            assertThat(udp.disconnect(endpoint)).isEqualTo(Udp.OK);
            assertThat(endpoint.isConnected()).isFalse();
            assertThat(endpoint.localPort()).isEqualTo(port);
            assertThat(send(endpoint, data(4))).isEqualTo(Udp.NOT_CONNECTED);
            host.receive(udp(FAR, 1, B, port, data(4)), udp(PEER6, 1, A6, port, data(5)));
            assertThat(receive(endpoint)).isEqualTo(data(4));
            assertThat(receive(endpoint)).isEqualTo(data(5));
            assertThat(udp.disconnect(endpoint)).isEqualTo(Udp.OK);
        }

        @Test
        void closing_frees_the_port_and_drops_the_queue() throws Exception {
            host.receive(udp(PEER, 53, A, endpoint.localPort(), data(4)));
            int port = endpoint.localPort();
            udp.close(endpoint);
            udp.close(endpoint);
            assertThat(endpoint.readiness()).isEqualTo(Readiness.ALL);
            assertThat(status(endpoint)).isEqualTo(Udp.CLOSED);
            assertThat(send(endpoint, data(4))).isEqualTo(Udp.CLOSED);
            assertThat(send(endpoint, data(4), PEER, 1)).isEqualTo(Udp.CLOSED);
            assertThat(connect(endpoint, PEER, 1)).isEqualTo(Udp.CLOSED);
            assertThat(udp.bind(endpoint, 0, 0, 0, 0)).isEqualTo(Udp.CLOSED);
            assertThat(udp.disconnect(endpoint)).isEqualTo(Udp.CLOSED);
            assertThat(host.ports.isEmpty()).isTrue();
            host.receive(udp(PEER, 53, A, port, data(4)));
            host.droppedOnly(DropReason.NO_PORT_OWNER);
        }
    }

    @Test
    void one_local_port_serves_connected_endpoints_to_many_remote_ends() throws Exception {
        Set<Integer> ports = new HashSet<>();
        UdpEndpoint server = bound("0.0.0.0", 7_000);
        assertThat(connect(server, PEER, 1)).isEqualTo(Udp.OK);
        for (int i = 0; i < 100; i++) {
            UdpEndpoint endpoint = connected(PEER, 2);
            assertThat(ports.add(endpoint.localPort()))
                    .as("towards one destination")
                    .isTrue();
        }
        UdpEndpoint first = endpoints.get(1);
        UdpEndpoint other = open();
        assertThat(connect(other, FAR, 2)).isEqualTo(Udp.OK);
        assertThat(first.localPort()).isNotZero();
        assertThat(server.localPort()).isEqualTo(7_000);
    }

    @Test
    void a_bound_endpoint_that_connects_leaves_its_port_deaf_to_others_until_it_disconnects() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        host.receive(udp(FAR, 1, A, 7, data(3)));
        connect(endpoint, PEER, 53);
        host.receive(udp(FAR, 1, A, 7, data(4)), udp(PEER, 53, A, 7, data(5)));
        assertThat(receive(endpoint)).as("queued before").isEqualTo(data(3));
        assertThat(receive(endpoint)).isEqualTo(data(5));
        host.droppedOnly(DropReason.NO_PORT_OWNER);
        udp.disconnect(endpoint);
        assertThat(endpoint).hasToString("udp 0.0.0.0:7 BOUND");
        host.receive(udp(FAR, 1, A, 7, data(6)));
        assertThat(receive(endpoint)).isEqualTo(data(6));
    }

    @Test
    void two_endpoints_that_share_their_port_may_have_the_same_ends_and_the_last_receives() throws Exception {
        UdpEndpoint one = open();
        UdpEndpoint two = open();
        udp.bind(one, hi(A), lo(A), 7, PortSharing.REUSE_ADDRESS);
        udp.bind(two, hi(A), lo(A), 7, PortSharing.REUSE_ADDRESS);
        connect(one, PEER, 53);
        connect(two, PEER, 53);
        host.receive(udp(PEER, 53, A, 7, data(4)));
        assertThat(receive(two)).isEqualTo(data(4));
        udp.disconnect(two);
        host.receive(udp(PEER, 53, A, 7, data(5)));
        assertThat(receive(one)).isEqualTo(data(5));
    }

    @Test
    void the_wildcard_as_the_remote_end_is_this_host() throws Exception {
        UdpEndpoint server = bound("::", 7);
        UdpEndpoint client = connected("0.0.0.0", 7);
        assertThat(client.remote()).hasToString("127.0.0.1:7");
        assertThat(client.local().address()).hasToString("127.0.0.1");
        send(client, data(4));
        host.loop();
        assertThat(receive(server)).isEqualTo(data(4));
        assertThat(connected("::", 7).remote()).hasToString("[::1]:7");
    }

    @Requirement({"1122-069", "1122-071"})
    @Test
    void a_closed_port_of_the_host_itself_is_unreachable() throws Exception {
        UdpEndpoint client = connected("127.0.0.1", 7);
        send(client, data(4));
        host.loop();
        assertThat(status(client)).isEqualTo(Udp.PORT_UNREACHABLE);
        UdpEndpoint six = connected("::1", 7);
        send(six, data(4));
        host.loop();
        assertThat(status(six)).isEqualTo(Udp.PORT_UNREACHABLE);
    }

    @Test
    void a_source_address_is_chosen_anew_when_the_last_one_was_taken_away() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        for (String source : new String[] {A, B}) {
            for (int i = 0; i < 2; i++) {
                send(endpoint, data(4), PEER, 9);
                assertThat(slice(host.sentOne(), 12, 16)).isEqualTo(Frames.octets(source));
            }
            host.routes.removeAddress(IpAddress.Prefix.parse(source + "/24"), host.nic);
        }
    }

    @Requirement("1122-071")
    @Test
    void an_endpoint_that_is_not_connected_is_not_disturbed_by_errors() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        send(endpoint, data(4), PEER, 9);
        host.receive(icmp(PEER, A, 3, 3, 0, host.sentOne()));
        assertThat(host.errors).hasSize(1);
        assertThat(status(endpoint)).isEqualTo(Udp.WOULD_BLOCK);
        assertThat(endpoint.readiness()).isEqualTo(Readiness.WRITABLE);
    }

    @Test
    void the_receive_queue_is_bounded_in_octets() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        int count = 0;
        while (host.drops.total() == 0) {
            host.receive(udp(PEER, 1, A, 7, data(1_000)));
            count++;
        }
        host.droppedOnly(DropReason.RECEIVE_BUFFER_FULL);
        assertThat(endpoint.refused()).isEqualTo(1);
        assertThat(endpoint.queuedDatagrams()).isEqualTo(count - 1);
        assertThat(endpoint.queuedOctets()).isBetween(200 << 10, UdpEndpoint.DEFAULT_RECEIVE_BUFFER);
        for (int i = 1; i < count; i++) {
            assertThat(receive(endpoint)).isEqualTo(data(1_000));
        }
        assertThat(endpoint.queuedOctets()).isZero();
        assertThat(status(endpoint)).isEqualTo(Udp.WOULD_BLOCK);
        endpoint.receiveBuffer(1);
        host.receive(udp(PEER, 1, A, 7, data(1_000)), udp(PEER, 1, A, 7, data(1)));
        assertThat(endpoint.queuedDatagrams()).as("an empty queue takes one").isEqualTo(1);
        assertThat(endpoint.received()).isEqualTo(count);
        host.sentNothing(); // no error answers a full buffer
    }

    @Test
    void small_datagrams_do_not_hold_large_chunks() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        for (int length : new int[] {0, 10, 164, 165, 1_000, 1_472}) {
            byte[] octets = udp(PEER, 1, A, 7, data(length));
            Packet packet = host.pool.takePacket(60_000);
            System.arraycopy(octets, 0, packet.bytes, 30, octets.length);
            packet.start = 30;
            packet.end = 30 + octets.length;
            Chunk chunk = packet.chunk;
            assertThat(chunk).isNotNull();
            chunk.retain();
            host.receive(packet);
            assertThat(chunk.isExclusive()).isTrue();
            chunk.release();
            assertThat(endpoint.queuedOctets()).isLessThanOrEqualTo(2_048 + 256);
            assertThat(receive(endpoint)).isEqualTo(data(length));
            assertThat(endpoint.lastSourcePort()).isEqualTo(1);
        }
    }

    @Test
    void readiness_is_reported_when_it_is_gained() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        host.receive(udp(PEER, 1, A, 7, data(4)), udp(PEER, 1, A, 7, data(5)));
        assertThat(host.ready.poll()).isSameAs(endpoint);
        assertThat(host.ready.poll()).isNull();
        host.receive(udp(PEER, 1, A, 7, data(6)));
        assertThat(host.ready.poll()).as("it was readable already").isNull();
        for (int i = 4; i < 7; i++) {
            assertThat(receive(endpoint)).isEqualTo(data(i));
        }
        host.receive(udp(PEER, 1, A, 7, data(7)));
        assertThat(host.ready.poll()).isSameAs(endpoint);
        endpoint.attach("something");
        assertThat(endpoint.attachment()).isEqualTo("something");
    }

    @Test
    void counters_count() throws Exception {
        UdpEndpoint endpoint = bound("0.0.0.0", 7);
        host.receive(udp(PEER, 1, A, 7, data(4)), udp(PEER, 1, A, 8, data(5)));
        send(endpoint, data(3), PEER, 1);
        assertThat(udp.datagramsIn()).isEqualTo(1);
        assertThat(udp.datagramsOut()).isEqualTo(1);
        assertThat(udp.ports()).isSameAs(host.ports);
    }
}
