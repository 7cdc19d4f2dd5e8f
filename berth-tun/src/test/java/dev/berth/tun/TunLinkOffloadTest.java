package dev.berth.tun;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.wire.Bytes;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.io.ByteArrayOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the kernel makes of partial checksums and of packets of many segments, seen from a second device behind it
/// that takes neither: the kernel forwards from `berth0` to `berth1`.
class TunLinkOffloadTest extends TunTest {
    private static final String FAR_KERNEL = "10.8.0.1";
    private static final String FAR = "10.8.0.2";
    private static final String FAR_KERNEL_V6 = "fd08::1";
    private static final String FAR_V6 = "fd08::2";

    private final RecordingReceiver far = new RecordingReceiver();
    private TunLink link;

    @BeforeEach
    void forward() throws Exception {
        link = running(new RecordingReceiver());
        running(builder("berth1").receiveOffload(false), FAR_KERNEL, FAR_KERNEL_V6, far);
        forwardBetweenDevices();
    }

    private static Packets packets(String from) {
        return new Packets(from, from.equals(HOST) ? FAR : FAR_V6);
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void the_kernel_completes_a_partial_checksum(String from) throws Exception {
        link.transmit(packets(from).udp(5, 6, KernelPeer.pattern(333)));
        Received datagram = far.await(Received::isUdp);
        assertThat(datagram.checksum()).isEqualTo(Packet.CHECKSUM_COMPLETE);
        assertThat(datagram.checksumError()).isZero();
        assertThat(datagram.payload()).isEqualTo(KernelPeer.pattern(333));

        link.transmit(packets(from).tcp(5, 6, 1, 2, TcpHeader.ACK, KernelPeer.pattern(444)));
        Received segment = far.await(Received::isTcp);
        assertThat(segment.checksumError()).isZero();
        assertThat(segment.payload()).isEqualTo(KernelPeer.pattern(444));
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void the_kernel_cuts_tcp_into_segments(String from) throws Exception {
        byte[] data = KernelPeer.pattern(65_000);
        Packet many = packets(from).tcp(5, 6, 77, 2, TcpHeader.ACK | TcpHeader.PSH | TcpHeader.CWR, data);
        many.segmentSize = 1_300;
        link.transmit(many);
        ByteArrayOutputStream arrived = new ByteArrayOutputStream();
        while (arrived.size() < data.length) {
            Received segment = far.await(Received::isTcp);
            assertThat(segment.sequence()).isEqualTo(77 + arrived.size());
            assertThat(segment.checksumError()).isZero();
            assertThat(segment.payload()).hasSize(1_300);
            assertThat((segment.tcpFlags() & TcpHeader.CWR) != 0).isEqualTo(arrived.size() == 0);
            arrived.write(segment.payload());
            assertThat((segment.tcpFlags() & TcpHeader.PSH) != 0).isEqualTo(arrived.size() == data.length);
        }
        assertThat(arrived.toByteArray()).isEqualTo(data);
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void the_kernel_cuts_udp_into_datagrams(String from) throws Exception {
        byte[] data = KernelPeer.pattern(10_500);
        Packet many = packets(from).udp(5, 6, data);
        many.segmentSize = 1_000;
        link.transmit(many);
        ByteArrayOutputStream arrived = new ByteArrayOutputStream();
        for (int i = 0; i < 11; i++) {
            Received datagram = far.await(Received::isUdp);
            assertThat(datagram.payload()).hasSize(i < 10 ? 1_000 : 500);
            assertThat(Bytes.u16(datagram.bytes(), datagram.transport() + 4)).isEqualTo(datagram.payload().length + 8);
            assertThat(datagram.checksumError()).isZero();
            arrived.write(datagram.payload());
        }
        assertThat(arrived.toByteArray()).isEqualTo(data);
    }
}
