package dev.berth.tun;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// The header alone: needs neither root nor a device.
class VnetHeaderTest {
    private static final int AT = 3; // anywhere

    private final byte[] buffer = new byte[AT + VnetHeader.LENGTH + 2];

    private ByteBuffer written(Packet packet) {
        Arrays.fill(buffer, (byte) 0x55);
        VnetHeader.write(buffer, AT, packet);
        assertThat(buffer[AT - 1]).isEqualTo((byte) 0x55);
        assertThat(buffer[AT + VnetHeader.LENGTH]).isEqualTo((byte) 0x55);
        return header();
    }

    private ByteBuffer header() {
        return ByteBuffer.wrap(buffer, AT, VnetHeader.LENGTH).slice().order(ByteOrder.nativeOrder());
    }

    private static int[] fields(ByteBuffer header) {
        return new int[] {
            header.get(0), header.get(1), header.getShort(2), header.getShort(4), header.getShort(6), header.getShort(8)
        };
    }

    @Test
    void an_ordinary_packet_has_nothing_left_to_do() {
        Packet packet = new Packets("10.0.0.1", "10.0.0.2").udp(1, 2, new byte[9]);
        packet.completeChecksum();
        assertThat(fields(written(packet))).containsExactly(0, 0, 0, 0, 0, 0);
    }

    @Test
    void a_partial_checksum_is_left_to_the_kernel() {
        Packet udp = new Packets("10.0.0.1", "10.0.0.2").udp(1, 2, new byte[9]);
        assertThat(fields(written(udp))).containsExactly(VnetHeader.NEEDS_CSUM, 0, 0, 0, 20, 6);
        Packet tcp = new Packets("fd00::1", "fd00::2").tcp(1, 2, 3, 4, TcpHeader.ACK, new byte[9]);
        assertThat(fields(written(tcp))).containsExactly(VnetHeader.NEEDS_CSUM, 0, 0, 0, 40, 16);
    }

    @Test
    void segments_are_left_to_the_kernel() {
        Packet tcp = new Packets("10.0.0.1", "10.0.0.2").tcp(1, 2, 3, 4, TcpHeader.ACK, new byte[3_000]);
        tcp.segmentSize = 1_460;
        assertThat(fields(written(tcp))).containsExactly(1, VnetHeader.GSO_TCPV4, 40, 1_460, 20, 16);
        tcp.segmentSize = 3_000;
        assertThat(fields(written(tcp))).as("it is one segment").containsExactly(1, 0, 0, 0, 20, 16);
        Packet tcp6 = new Packets("fd00::1", "fd00::2").tcp(1, 2, 3, 4, TcpHeader.ACK | TcpHeader.CWR, new byte[3_000]);
        tcp6.segmentSize = 1_440;
        int tcpv6 = (byte) (VnetHeader.GSO_TCPV6 | VnetHeader.GSO_ECN);
        assertThat(fields(written(tcp6))).containsExactly(1, tcpv6, 60, 1_440, 40, 16);
        Packet udp = new Packets("fd00::1", "fd00::2").udp(1, 2, new byte[3_000]);
        udp.segmentSize = 1_000;
        assertThat(fields(written(udp))).containsExactly(1, VnetHeader.GSO_UDP_L4, 48, 1_000, 40, 6);
    }

    @Test
    void what_is_written_can_be_read() {
        Packet sent = new Packets("10.0.0.1", "10.0.0.2").tcp(1, 2, 3, 4, TcpHeader.ACK, new byte[3_000]);
        sent.segmentSize = 1_460;
        VnetHeader.write(buffer, AT, sent);
        Packet received = new BufferPool().takePacket(sent.length());
        received.end = sent.copyTo(received.bytes, 0);
        assertThat(VnetHeader.read(buffer, AT, received)).isTrue();
        assertThat(received.checksum).isEqualTo(Packet.CHECKSUM_PARTIAL);
        assertThat(received.protocol).isEqualTo(IpProtocol.TCP);
        assertThat(received.transportAt).isEqualTo(20);
        assertThat(received.segmentSize).isEqualTo(1_460);
        assertThat(received.finishedChecksum()).isEqualTo(sent.finishedChecksum());
    }

    @Test
    void a_valid_checksum_is_not_verified_again() {
        Packet packet = new BufferPool().takePacket(100);
        packet.end = 100;
        Arrays.fill(buffer, (byte) 0);
        assertThat(VnetHeader.read(buffer, AT, packet)).isTrue();
        assertThat(packet.checksum).isEqualTo(Packet.CHECKSUM_COMPLETE);
        header().put(0, (byte) VnetHeader.DATA_VALID);
        assertThat(VnetHeader.read(buffer, AT, packet)).isTrue();
        assertThat(packet.checksum).isEqualTo(Packet.CHECKSUM_VERIFIED);
    }

    @Test
    void the_checksum_of_an_unknown_transport_is_completed() {
        Packet packet = new BufferPool().takePacket(100);
        packet.end = 26;
        Bytes.put16(packet.bytes, 20, 0x1234);
        Bytes.put16(packet.bytes, 22, 0x0001); // the field, with the sum of a pseudo-header
        Bytes.put16(packet.bytes, 24, 0x1000);
        Arrays.fill(buffer, (byte) 0);
        header().put(0, (byte) VnetHeader.NEEDS_CSUM);
        header().putShort(6, (short) 20);
        header().putShort(8, (short) 2);
        assertThat(VnetHeader.read(buffer, AT, packet)).isTrue();
        assertThat(packet.checksum).isEqualTo(Packet.CHECKSUM_COMPLETE);
        assertThat(Bytes.u16(packet.bytes, 22)).isEqualTo(~0x2235 & 0xffff);
    }

    @Test
    void no_header_makes_reading_fail_with_an_exception() {
        Random random = new Random(20_250_917);
        BufferPool pool = new BufferPool();
        byte[] header = new byte[VnetHeader.LENGTH];
        for (int i = 0; i < 100_000; i++) {
            random.nextBytes(header);
            if (random.nextBoolean()) {
                header[7] = 0; // a small csum_start
                header[9] = 0;
            }
            System.arraycopy(header, 0, buffer, AT, header.length);
            Packet packet = pool.takePacket(2_000);
            packet.end = random.nextInt(1, 2_001);
            boolean read = VnetHeader.read(buffer, AT, packet);
            if (read && packet.checksum == Packet.CHECKSUM_PARTIAL) {
                assertThat(packet.checksumAt() + 2).isLessThanOrEqualTo(packet.end);
            }
            packet.release();
        }
    }
}
