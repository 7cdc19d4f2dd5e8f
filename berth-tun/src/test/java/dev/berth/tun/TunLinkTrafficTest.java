package dev.berth.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Packets in both directions, with the kernel as peer.
class TunLinkTrafficTest extends TunTest {
    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void the_kernel_pings_the_host(String host) throws Exception {
        boolean ipv6 = host.equals(HOST_V6);
        Packets packets = new Packets(host, ipv6 ? KERNEL_V6 : KERNEL);
        AtomicReference<TunLink> link = new AtomicReference<>();
        RecordingReceiver receiver = new RecordingReceiver(received -> {
            int type = received.bytes()[received.transport()] & 0xff;
            if (received.protocol() == (ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP)
                    && type == (ipv6 ? IcmpHeader.V6_ECHO : IcmpHeader.ECHO)) {
                link.get().transmit(packets.echoReply(received.bytes()));
            }
        });
        TunLink opened = open(builder("berth0"));
        link.set(opened);
        opened.start(receiver);
        namespace.check("ip", "address", "add", KERNEL + "/24", "dev", "berth0");
        namespace.check("ip", "address", "add", KERNEL_V6 + "/64", "dev", "berth0", "nodad");
        opened.up();
        String output = namespace.check("ping", "-c", "5", "-i", "0.01", "-W", "5", "-s", "1400", host);
        assertThat(output).contains("5 received").contains(" 0% packet loss");
        TunCounters counters = opened.counters();
        assertThat(counters.transmittedPackets()).isEqualTo(5);
        assertThat(counters.transmittedOctets()).isEqualTo(5 * (1_408 + (ipv6 ? 40 : 20)));
        assertThat(counters.receivedMalformed()).isZero();
        assertThat(counters.droppedRefused()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void udp_datagrams_are_exchanged_with_partial_checksums(String host) throws Exception {
        RecordingReceiver receiver = new RecordingReceiver();
        TunLink link = running(receiver);
        NamespaceProgram peer = namespace.start(KernelPeer.command(List.of(), "udp", host, "4000", "question", "2"));
        Received question = receiver.await(Received::isUdp);
        assertThat(new String(question.payload(), StandardCharsets.UTF_8)).isEqualTo("question");
        assertThat(question.destinationPort()).isEqualTo(4_000);
        assertThat(question.checksum()).isEqualTo(Packet.CHECKSUM_PARTIAL);
        assertThat(question.transportAt()).isEqualTo(question.transport());
        assertThat(question.finishedChecksum()).isEqualTo(question.rightChecksum());

        Packets packets = new Packets(host, host.equals(HOST) ? KERNEL : KERNEL_V6);
        link.transmit(packets.udp(4_000, question.sourcePort(), "partial".getBytes(StandardCharsets.UTF_8)));
        Packet complete = packets.udp(4_000, question.sourcePort(), "complete".getBytes(StandardCharsets.UTF_8));
        complete.completeChecksum();
        link.transmit(complete);
        assertThat(peer.awaitSuccess(RecordingReceiver.LIMIT)).isEqualTo("partial\ncomplete");
    }

    @Test
    void a_wrong_complete_checksum_is_noticed_by_the_kernel() throws Exception {
        RecordingReceiver receiver = new RecordingReceiver();
        TunLink link = running(receiver);
        NamespaceProgram peer = namespace.start(KernelPeer.command(List.of(), "udp", HOST, "4000", "question", "1"));
        Received question = receiver.await(Received::isUdp);
        Packets packets = new Packets(HOST, KERNEL);
        Packet wrong = packets.udp(4_000, question.sourcePort(), "wrong".getBytes(StandardCharsets.UTF_8));
        wrong.completeChecksum();
        wrong.bytes[wrong.checksumAt()] ^= 1;
        link.transmit(wrong);
        link.transmit(packets.udp(4_000, question.sourcePort(), "right".getBytes(StandardCharsets.UTF_8)));
        assertThat(peer.awaitSuccess(RecordingReceiver.LIMIT)).isEqualTo("right");
    }

    @ParameterizedTest
    @ValueSource(strings = {HOST, HOST_V6})
    void tcp_moves_packets_of_many_segments_both_ways(String host) throws Exception {
        int upload = 60_000;
        byte[] download = KernelPeer.pattern(50_000);
        RecordingReceiver receiver = new RecordingReceiver();
        TunLink link = running(receiver);
        Packets packets = new Packets(host, host.equals(HOST) ? KERNEL : KERNEL_V6);
        NamespaceProgram peer =
                namespace.start(KernelPeer.command(List.of(), "tcp", host, "80", "" + upload, "" + download.length));

        Received syn = receiver.await(Received::isTcp);
        assertThat(syn.tcpFlags() & TcpHeader.SYN).isNotZero();
        int port = syn.sourcePort();
        int received = syn.sequence() + 1;
        int sent = 1_000;
        link.transmit(packets.tcp(80, port, sent++, received, TcpHeader.SYN | TcpHeader.ACK, new byte[0]));
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        int largest = 0;
        while (data.size() < upload) {
            Received segment = receiver.await(Received::isTcp);
            byte[] payload = segment.payload();
            assertThat(segment.sequence()).isEqualTo(received);
            assertThat(segment.finishedChecksum()).isEqualTo(segment.rightChecksum());
            assertThat(payload.length <= 1_460 || segment.segmentSize() > 0).isTrue();
            largest = Math.max(largest, payload.length);
            received += payload.length;
            data.write(payload);
            if (payload.length > 0) {
                link.transmit(packets.tcp(80, port, sent, received, TcpHeader.ACK, new byte[0]));
            }
        }
        assertThat(largest).as("octets in the largest packet").isGreaterThan(4_000);
        assertThat(KernelPeer.crc(data.toByteArray())).isEqualTo(KernelPeer.crc(KernelPeer.pattern(upload)));

        Packet many = packets.tcp(80, port, sent, received, TcpHeader.ACK | TcpHeader.PSH, download);
        many.segmentSize = 1_400;
        link.transmit(many);
        assertThat(peer.awaitSuccess(RecordingReceiver.LIMIT)).isEqualTo("crc " + KernelPeer.crc(download));
        assertThat(link.counters().droppedRefused()).isZero();
    }

    @Test
    void udp_datagrams_of_one_system_call_arrive_as_one_packet() throws Exception {
        assumeTrue(hasPython(), "needs python3");
        RecordingReceiver receiver = new RecordingReceiver();
        running(builder("berth0").receiveUdpSegments(true), KERNEL, KERNEL_V6, receiver);
        sendSegmented();
        Received many = receiver.await(Received::isUdp);
        assertThat(many.segmentSize()).isEqualTo(1_000);
        assertThat(many.payload()).hasSize(20_500);
        assertThat(many.finishedChecksum()).isEqualTo(many.rightChecksum());
    }

    @Test
    void udp_datagrams_of_one_system_call_arrive_singly_by_default() throws Exception {
        assumeTrue(hasPython(), "needs python3");
        RecordingReceiver receiver = new RecordingReceiver();
        running(receiver);
        sendSegmented();
        for (int i = 0; i < 21; i++) {
            Received one = receiver.await(Received::isUdp);
            assertThat(one.segmentSize()).isZero();
            assertThat(one.payload()).hasSize(i < 20 ? 1_000 : 500);
        }
    }

    private boolean hasPython() {
        boolean there = namespace.run("sh", "-c", "command -v python3").exit() == 0;
        if (!there) {
            System.err.println("*** SKIPPED: a test of " + getClass().getName() + " needs python3 ***");
        }
        return there;
    }

    private void sendSegmented() {
        namespace.check(
                "python3",
                "-c",
                "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(17, 103, 1000); "
                        + "s.sendto(bytes(20500), ('" + HOST + "', 9))");
    }
}
