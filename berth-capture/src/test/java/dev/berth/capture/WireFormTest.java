package dev.berth.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.wire.Bytes;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WireFormTest {
    private final Packets packets = new Packets();
    private final WireForm form = new WireForm();

    private List<byte[]> wire(Packet packet) {
        List<byte[]> all = new ArrayList<>();
        int count = form.load(packet);
        for (int i = 0; i < count; i++) {
            int length = form.build(i);
            all.add(Arrays.copyOf(form.bytes(), length));
        }
        return all;
    }

    private static byte[] bytes(Packet packet) {
        byte[] bytes = new byte[packet.length()];
        packet.copyTo(bytes, 0);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_partial_checksum_is_completed_in_a_copy(boolean ipv6) {
        for (int length : new int[] {0, 1, 2, 7, 1_001, 1_400}) {
            for (Packet packet : List.of(
                    packets.udp(ipv6, Packets.pattern(length)),
                    packets.tcp(ipv6, TcpHeader.ACK, Packets.pattern(length)),
                    packets.contiguous(packets.tcp(ipv6, TcpHeader.ACK, Packets.pattern(length))))) {
                byte[] before = bytes(packet);
                List<byte[]> wire = wire(packet);
                assertThat(wire).hasSize(1);
                assertThat(Packets.checksumError(wire.getFirst())).isZero();
                assertThat(bytes(packet)).isEqualTo(before);
                packet.completeChecksum();
                assertThat(wire.getFirst()).isEqualTo(bytes(packet));
            }
        }
    }

    @Test
    void a_complete_or_verified_checksum_stays_as_it_is() {
        Packet packet = packets.udp(false, Packets.pattern(100));
        packet.checksum = Packet.CHECKSUM_COMPLETE;
        assertThat(wire(packet)).containsExactly(bytes(packet));
        packet.checksum = Packet.CHECKSUM_VERIFIED;
        assertThat(wire(packet)).containsExactly(bytes(packet));
    }

    @Test
    void a_wrong_pseudo_header_sum_stays_visible() {
        Packet packet = packets.tcp(false, TcpHeader.ACK, Packets.pattern(5_000));
        packet.bytes[packet.checksumAt()] ^= 1;
        assertThat(Packets.checksumError(wire(packet).getFirst())).isNotZero();
        packet.segmentSize = 1_000;
        assertThat(wire(packet)).hasSize(5).allMatch(segment -> Packets.checksumError(segment) != 0);
    }

    @ParameterizedTest
    @CsvSource({"false,1,1000", "false,60000,1448", "true,60000,1428", "true,2856,1428", "true,2857,1428", "false,999,3"
    })
    void tcp_is_cut_into_segments(boolean ipv6, int length, int segmentSize) {
        int flags = TcpHeader.ACK | TcpHeader.PSH | TcpHeader.FIN | TcpHeader.CWR;
        byte[] payload = Packets.pattern(length);
        for (byte checksum : new byte[] {Packet.CHECKSUM_PARTIAL, Packet.CHECKSUM_VERIFIED}) {
            Packet packet = packets.tcp(ipv6, flags, payload);
            packet.segmentSize = segmentSize;
            packet.checksum = checksum;
            if (length <= segmentSize && checksum == Packet.CHECKSUM_VERIFIED) {
                continue; // not cut, and so not touched
            }
            List<byte[]> wire = wire(packet);
            int transport = ipv6 ? 40 : 20;
            ByteArrayOutputStream joined = new ByteArrayOutputStream();
            for (int i = 0; i < wire.size(); i++) {
                byte[] segment = wire.get(i);
                boolean last = i == wire.size() - 1;
                assertThat(Bytes.i32(segment, transport + 4)).isEqualTo((int) 4_000_000_000L + joined.size());
                assertThat(TcpHeader.flags(segment, transport))
                        .isEqualTo(TcpHeader.ACK
                                | (last ? TcpHeader.PSH | TcpHeader.FIN : 0)
                                | (i == 0 ? TcpHeader.CWR : 0));
                assertThat(Packets.checksumError(segment)).isZero();
                assertIpHeader(segment, 0xffff + i);
                byte[] piece = Packets.payload(segment);
                assertThat(piece.length == segmentSize || last).isTrue();
                joined.writeBytes(piece);
            }
            assertThat(joined.toByteArray()).isEqualTo(payload);
        }
    }

    private static void assertIpHeader(byte[] bytes, int identification) {
        if (bytes[0] >>> 4 == 6) {
            assertThat(Bytes.u16(bytes, 4)).isEqualTo(bytes.length - 40);
        } else {
            assertThat(Bytes.u16(bytes, 2)).isEqualTo(bytes.length);
            assertThat(Bytes.u16(bytes, 4)).isEqualTo(identification & 0xffff);
            assertThat(InternetChecksum.finish(InternetChecksum.headerSum(bytes, 0, 20)))
                    .isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void udp_is_cut_into_datagrams(boolean ipv6) {
        byte[] payload = Packets.pattern(10_001);
        Packet packet = packets.contiguous(packets.udp(ipv6, payload));
        packet.segmentSize = 1_000;
        List<byte[]> wire = wire(packet);
        assertThat(wire).hasSize(11);
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] datagram : wire) {
            assertThat(Bytes.u16(datagram, (ipv6 ? 40 : 20) + 4)).isEqualTo(datagram.length - (ipv6 ? 40 : 20));
            assertThat(Packets.checksumError(datagram)).isZero();
            joined.writeBytes(Packets.payload(datagram));
        }
        assertThat(joined.toByteArray()).isEqualTo(payload);
    }

    @Test
    void a_checksum_of_zero_is_all_ones_in_udp() {
        // Finds a payload whose checksum is 0 before the rule of RFC 768 applies.
        byte[] payload = new byte[2];
        Packet packet = packets.udp(false, payload);
        Bytes.put16(payload, 0, packet.finishedChecksum());
        List<byte[]> wire = wire(packets.udp(false, payload));
        assertThat(Bytes.u16(wire.getFirst(), 26)).isEqualTo(0xffff);
    }

    @Test
    void nothing_makes_it_fail() {
        Random random = new Random(20_250_918);
        for (int i = 0; i < 200_000; i++) {
            byte[] bytes = new byte[random.nextInt(1, 120)];
            random.nextBytes(bytes);
            bytes[0] = (byte) (random.nextBoolean() ? 0x45 + random.nextInt(3) - 1 : 0x60);
            if (bytes.length > 9 && random.nextBoolean()) {
                bytes[6] = (byte) (random.nextBoolean() ? 0 : 6);
                bytes[7] = 0;
                bytes[9] = (byte) (random.nextBoolean() ? 6 : 17);
            }
            Packet packet = packets.of(bytes);
            packet.checksum = (byte) random.nextInt(3);
            packet.segmentSize = random.nextInt(4);
            int total = 0;
            for (byte[] one : wire(packet)) {
                total += one.length;
            }
            assertThat(total).isGreaterThanOrEqualTo(bytes.length);
            packet.release();
        }
    }
}
