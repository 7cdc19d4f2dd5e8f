package dev.berth.stack.ip;

import static dev.berth.stack.script.Frames.MORE;
import static dev.berth.stack.script.Frames.concat;
import static dev.berth.stack.script.Frames.data;
import static dev.berth.stack.script.Frames.extension;
import static dev.berth.stack.script.Frames.fragmentHeader;
import static dev.berth.stack.script.Frames.icmp;
import static dev.berth.stack.script.Frames.ipv4;
import static dev.berth.stack.script.Frames.ipv4Checksum;
import static dev.berth.stack.script.Frames.ipv6;
import static dev.berth.stack.script.Frames.slice;
import static dev.berth.stack.script.Frames.tcp;
import static dev.berth.stack.script.Frames.udp;
import static dev.berth.stack.script.Frames.udpDatagram;
import static dev.berth.stack.script.ScriptHost.A;
import static dev.berth.stack.script.ScriptHost.A6;
import static dev.berth.stack.script.ScriptHost.FAR;
import static dev.berth.stack.script.ScriptHost.FAR6;
import static dev.berth.stack.script.ScriptHost.PEER;
import static dev.berth.stack.script.ScriptHost.PEER6;
import static dev.berth.stack.script.ScriptHost.SECOND;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.stack.script.ScriptHost;
import dev.berth.stack.udp.UdpEndpoint;
import dev.berth.wire.DropReason;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Packets that nobody should send: no exception, each one either delivered, held, answered or counted under exactly
/// one reason, and every buffer given back.
class PacketFuzzTest {
    private final ScriptHost host = new ScriptHost();
    private UdpEndpoint endpoint;

    private void start() throws Exception {
        endpoint = host.udp.open(false);
        host.udp.bind(endpoint, 0, 0, 7, 0);
        UdpEndpoint connected = host.udp.open(false);
        host.udp.connect(connected, 0, IpAddress.parse(PEER).lo(), 53, 0);
    }

    /// What became of all packets so far, besides those dropped.
    private long kept() {
        return host.segments.size() + host.udp.datagramsIn() + host.icmp.echoesAnswered() + host.icmp.errorsReceived();
    }

    private void arrives(byte[] octets, boolean byReference, SplittableRandom random) {
        long before = kept() + host.drops.total() - host.drops.total(DropReason.RATE_LIMITED);
        long reassembled = host.input.reassembler().reassembled();
        int held = host.input.reassembler().octets();
        host.receive(byReference ? split(octets, random) : host.packet(octets));
        long after = kept() + host.drops.total() - host.drops.total(DropReason.RATE_LIMITED);
        if (host.input.reassembler().octets() == held
                && host.input.reassembler().reassembled() == reassembled) {
            assertThat(after - before).as("what became of one packet").isEqualTo(1);
        } else {
            assertThat(after - before)
                    .as("a fragment was held, or a datagram ended")
                    .isGreaterThanOrEqualTo(0);
        }
        host.sent();
        host.udp.receive(endpoint, (bytes, from, length) -> {}, 100);
        host.segments.clear();
        host.now += random.nextLong(SECOND);
        host.advance(0);
    }

    /// The packet with what is behind some place in a chunk.
    private Packet split(byte[] octets, SplittableRandom random) {
        int head = Math.min(octets.length, random.nextInt(0, 120));
        Packet packet = host.pool.takePacket();
        packet.start = 30;
        packet.end = 30 + head;
        System.arraycopy(octets, 0, packet.bytes, 30, head);
        if (head < octets.length) {
            var chunk = host.pool.takeChunk(octets.length);
            System.arraycopy(octets, head, chunk.bytes, 0, octets.length - head);
            packet.setTail(chunk, 0, octets.length - head);
            chunk.release();
        }
        return packet;
    }

    private void finish() {
        host.advance(61 * SECOND);
        host.udp.close(endpoint);
        assertThat(host.input.reassembler().octets()).isZero();
        assertThat(host.input.reassembler().datagrams()).isZero();
        host.close();
    }

    private static byte[][] valid() {
        byte[] big = udpDatagram(PEER, 9, A, 7, data(1_600));
        byte[] big6 = udpDatagram(PEER6, 9, A6, 7, data(1_600));
        byte[] options = {7, 7, 4, 0, 0, 0, 0, 1, (byte) 148, 4, 0, 0};
        return new byte[][] {
            udp(PEER, 9, A, 7, data(60)),
            udp(PEER6, 9, A6, 7, data(60)),
            udp(PEER, 53, A, 8, data(3)),
            tcp(PEER, 9, A, 80, 1),
            tcp(PEER6, 9, A6, 80, 1),
            icmp(PEER, A, 8, 0, 7, data(20)),
            icmp(PEER6, A6, 128, 0, 7, data(20)),
            icmp(FAR, A, 3, 3, 0, udp(A, 50_000, PEER, 53, data(9))),
            icmp(FAR, A, 3, 4, 1_400, tcp(A, 50_000, PEER, 53, 5)),
            icmp(FAR6, A6, 2, 0, 1_300, tcp(A6, 50_000, PEER6, 53, 5)),
            icmp(FAR6, A6, 4, 0, 0, ipv6(A6, PEER6, 60, extension(17), udpDatagram(A6, 1, PEER6, 2, data(3)))),
            ipv4(PEER, A, 17, udpDatagram(PEER, 9, A, 7, data(30)), 1, 0, options),
            ipv4(PEER, A, 17, slice(big, 0, 800), 2, MORE, new byte[0]),
            ipv4(PEER, A, 17, slice(big, 800, 1_608), 2, 100, new byte[0]),
            ipv6(PEER6, A6, 44, fragmentHeader(17, 0, true, 3), slice(big6, 0, 800)),
            ipv6(PEER6, A6, 44, fragmentHeader(17, 800, false, 3), slice(big6, 800, 1_608)),
            ipv6(
                    PEER6,
                    A6,
                    0,
                    extension(43, 0x1e, 3, 1, 2, 3),
                    extension(60, 4, 0),
                    extension(17, 0xde, 2, 1, 1),
                    udpDatagram(PEER6, 9, A6, 7, data(9))),
            concat(udp(PEER, 9, "224.0.0.1", 7, data(1)), new byte[17]),
        };
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void random_octets_do_no_harm(long seed) throws Exception {
        start();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] octets = new byte[random.nextInt(120)];
            random.nextBytes(octets);
            if (octets.length > 20 && random.nextInt(4) > 0) {
                // Far enough into the checks to be interesting.
                boolean v6 = random.nextBoolean() && octets.length > 40;
                octets[0] = (byte) (v6 ? 0x60 : 0x40 | random.nextInt(5, 9));
                System.arraycopy(IpAddress.parse(v6 ? A6 : A).octets(), 0, octets, v6 ? 24 : 16, v6 ? 16 : 4);
                System.arraycopy(IpAddress.parse(v6 ? PEER6 : PEER).octets(), 0, octets, v6 ? 8 : 12, v6 ? 16 : 4);
                octets[v6 ? 4 : 2] = 0;
                octets[v6 ? 5 : 3] = (byte) (octets.length - (v6 ? 40 : 0));
                int[] next = {0, 6, 17, 1, 43, 44, 58, 59, 60};
                octets[v6 ? 6 : 9] = (byte) next[random.nextInt(next.length)];
                if (!v6 && octets.length >= (octets[0] & 15) * 4) {
                    ipv4Checksum(octets);
                }
            }
            arrives(octets, random.nextInt(4) == 0, random);
        }
        finish();
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5})
    void truncated_packets_do_no_harm(long seed) throws Exception {
        start();
        SplittableRandom random = new SplittableRandom(seed);
        for (byte[] packet : valid()) {
            for (int length = 0; length <= Math.min(packet.length, 200); length++) {
                arrives(slice(packet, 0, length), random.nextBoolean(), random);
                byte[] shorter = slice(packet, 0, length);
                if (length >= 40 && packet[0] >>> 4 == 6) {
                    shorter[4] = 0;
                    shorter[5] = (byte) (length - 40);
                    arrives(shorter, random.nextBoolean(), random);
                } else if (packet[0] >>> 4 == 4 && length >= (packet[0] & 15) * 4) {
                    shorter[2] = 0;
                    shorter[3] = (byte) length;
                    arrives(ipv4Checksum(shorter), random.nextBoolean(), random);
                }
            }
        }
        finish();
    }

    @ParameterizedTest
    @ValueSource(longs = {6, 7, 8})
    void flipped_bits_do_no_harm(long seed) throws Exception {
        start();
        SplittableRandom random = new SplittableRandom(seed);
        byte[][] valid = valid();
        for (int i = 0; i < 20_000; i++) {
            byte[] packet = valid[random.nextInt(valid.length)].clone();
            for (int flips = random.nextInt(4); flips >= 0; flips--) {
                int at = random.nextInt(random.nextBoolean() ? Math.min(packet.length, 64) : packet.length);
                packet[at] ^= (byte) (1 << random.nextInt(8));
            }
            if (random.nextInt(4) > 0 && packet[0] >>> 4 == 4 && (packet[0] & 15) * 4 <= packet.length) {
                if ((packet[0] & 15) * 4 >= 12) {
                    ipv4Checksum(packet);
                }
            }
            arrives(packet, random.nextInt(3) == 0, random);
        }
        finish();
    }

    @ParameterizedTest
    @ValueSource(longs = {9, 10})
    void a_storm_of_fragments_does_no_harm(long seed) throws Exception {
        start();
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 20_000; i++) {
            boolean v6 = random.nextBoolean();
            int offset = random.nextInt(12) * 64;
            byte[] piece = data(random.nextInt(5) == 0 ? random.nextInt(200) : 64);
            boolean more = random.nextInt(4) > 0;
            int id = random.nextInt(40);
            String source = v6 ? "2001:db8::" + (100 + random.nextInt(3)) : "10.0.0." + (100 + random.nextInt(3));
            byte[] packet = v6
                    ? ipv6(source, A6, 44, fragmentHeader(6, offset, more, id), piece)
                    : ipv4(source, A, 6, piece, id, offset / 8 | (more ? MORE : 0), new byte[0]);
            arrives(packet, random.nextInt(3) == 0, random);
        }
        assertThat(host.input.reassembler().reassembled()).isPositive();
        finish();
    }
}
