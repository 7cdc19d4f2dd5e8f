package dev.berth.tun;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.host.TcpAcceptor;
import dev.berth.host.TcpSocket;
import dev.berth.stack.tcp.TcpInfo;
import dev.berth.testkit.netns.NamespaceProgram;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.Endpoint;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

/// Streams between a host and the kernel where packets are lost, and large ones also in part, so that octets are
/// sent again from the begin of a chunk and from the middle. Every octet has to be what was written.
class TunLinkLossTest extends TunTest {
    private static final int OCTETS = 6_000_000;
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(20);

    /// Loses packets of both directions, and the ends of large ones to the kernel.
    private static final class LossyLink implements Link {
        private final TunLink link;
        private final SplittableRandom sending;
        private final SplittableRandom receiving;

        LossyLink(TunLink link, SplittableRandom random) {
            this.link = link;
            sending = random.split();
            receiving = random.split();
        }

        @Override
        public LinkInfo info() {
            return link.info();
        }

        @Override
        public void start(LinkReceiver receiver) {
            link.start(new LinkReceiver() {
                @Override
                public BufferPool pool() {
                    return receiver.pool();
                }

                @Override
                public boolean received(Packet packet) {
                    boolean lost;
                    synchronized (receiving) {
                        lost = receiving.nextInt(60) == 0;
                    }
                    if (lost) {
                        packet.release();
                        return false;
                    }
                    return receiver.received(packet);
                }

                @Override
                public void down(String reason) {
                    receiver.down(reason);
                }
            });
        }

        @Override
        public void transmit(Packet packet) {
            int chance;
            synchronized (sending) {
                chance = sending.nextInt(60);
                if (chance < 4 && packet.tailLength() > 2 * packet.segmentSize && packet.segmentSize > 0) {
                    int segments = packet.tailLength() / packet.segmentSize;
                    shorten(packet, sending.nextInt(1, segments) * packet.segmentSize);
                }
            }
            if (chance == 4) {
                packet.release();
            } else {
                link.transmit(packet);
            }
        }

        private static void shorten(Packet packet, int payload) {
            packet.tailEnd = packet.tailStart + payload;
            int at = packet.start;
            Bytes.put16(packet.bytes, at + Ipv4Header.TOTAL_LENGTH, packet.length());
            Bytes.put16(packet.bytes, at + Ipv4Header.CHECKSUM, 0);
            long sum = InternetChecksum.headerSum(packet.bytes, at, Ipv4Header.MIN_LENGTH);
            Bytes.put16(packet.bytes, at + Ipv4Header.CHECKSUM, InternetChecksum.finish(sum));
            long pseudo = InternetChecksum.pseudoHeaderSum(
                    false,
                    packet.sourceHi,
                    packet.sourceLo,
                    packet.destinationHi,
                    packet.destinationLo,
                    IpProtocol.TCP,
                    packet.length() - (packet.transportAt - at));
            Bytes.put16(packet.bytes, packet.transportAt + TcpHeader.CHECKSUM, InternetChecksum.fold(pseudo));
        }

        @Override
        public void flush() {
            link.flush();
        }

        @Override
        public boolean canFetch() {
            return true;
        }

        @Override
        public boolean fetchUntil(BooleanSupplier done, long timeoutNanos) {
            return link.fetchUntil(done, timeoutNanos);
        }

        @Override
        public void endFetch() {
            link.endFetch();
        }

        @Override
        public void watch() {
            link.watch();
        }

        @Override
        public void close() {
            link.close();
        }
    }

    @Test
    void streams_arrive_unharmed_where_packets_are_lost_whole_and_in_part() throws Exception {
        Seeds.run(1, this::exchange);
    }

    private void exchange(SplittableRandom random) throws Exception {
        TunLink link = open(builder("berth0"));
        try (Host host = Host.builder("lossy")
                .link(new LossyLink(link, random))
                .address(IpAddress.Prefix.parse(HOST + "/24"))
                .start()) {
            namespace.check("ip", "address", "add", KERNEL + "/24", "dev", "berth0");
            link.up();
            TcpAcceptor acceptor = host.openTcpAcceptor();
            acceptor.bind(new Endpoint(IpAddress.parse(HOST), 80));
            acceptor.listen(1);
            NamespaceProgram peer =
                    namespace.start(KernelPeer.command(List.of(), "tcp", HOST, "80", "" + OCTETS, "" + OCTETS));
            try (TcpSocket socket = acceptor.accept(LIMIT)) {
                byte[] pattern = KernelPeer.pattern(OCTETS);
                assertThat(KernelPeer.crc(read(socket))).isEqualTo(KernelPeer.crc(pattern));
                for (int at = 0; at < OCTETS; ) {
                    int block = Math.min(OCTETS - at, random.nextInt(4) == 0 ? 3_000 : 65_536);
                    socket.write(pattern, at, block);
                    at += block;
                }
                assertThat(peer.awaitSuccess(Duration.ofNanos(LIMIT))).isEqualTo("crc " + KernelPeer.crc(pattern));
                TcpInfo info = socket.info();
                assertThat(info.octetsRetransmitted())
                        .as("octets that were sent again")
                        .isPositive();
            }
        }
    }

    private static byte[] read(TcpSocket socket) throws IOException {
        byte[] received = new byte[OCTETS];
        for (int at = 0; at < OCTETS; ) {
            int count = socket.read(received, at, OCTETS - at, LIMIT);
            assertThat(count).as("octets read at " + at).isPositive();
            at += count;
        }
        return received;
    }
}
