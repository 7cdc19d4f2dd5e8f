package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import dev.berth.ports.FlowShard;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Which shard gets which packet.
class SteeringTest {
    private static final int SHARDS = 64; // so many that an accident is unlikely

    private final BufferPool pool = new BufferPool();

    /// A packet of IPv4 or IPv6 with `payload` octets, which begin with two ports.
    private Packet packet(boolean v4, int protocol, IpAddress from, int fromPort, IpAddress to, int toPort) {
        Packet packet = pool.takePacket(200);
        int header = v4 ? Ipv4Header.MIN_LENGTH : Ipv6Header.LENGTH;
        packet.start = 0;
        packet.end = header + 40;
        header(v4, packet.bytes, 0, protocol, 40, from, to);
        Bytes.put16(packet.bytes, header, fromPort);
        Bytes.put16(packet.bytes, header + 2, toPort);
        return packet;
    }

    private static void header(
            boolean v4, byte[] bytes, int at, int protocol, int payload, IpAddress from, IpAddress to) {
        if (v4) {
            Ipv4Header.write(
                    bytes, at, 0, Ipv4Header.MIN_LENGTH + payload, 1, 0, 64, protocol, (int) from.lo(), (int) to.lo());
        } else {
            Ipv6Header.write(bytes, at, 0, 0, payload, protocol, 64, from.hi(), from.lo(), to.hi(), to.lo());
        }
    }

    private static IpAddress address(boolean v4, SplittableRandom random) {
        return v4
                ? new IpAddress(0, IpAddress.mapped(random.nextInt()))
                : new IpAddress(random.nextLong(), random.nextLong());
    }

    @Test
    void a_segment_goes_to_the_shard_of_its_flow_and_so_does_an_error_about_the_answer() {
        Seeds.run(200, random -> {
            boolean v4 = random.nextBoolean();
            IpAddress from = address(v4, random);
            IpAddress to = address(v4, random);
            int fromPort = random.nextInt(65_536);
            int toPort = random.nextInt(65_536);
            int expected = FlowShard.of(from.hi(), from.lo(), fromPort, to.hi(), to.lo(), toPort, SHARDS);
            assertThat(Steering.shardOf(packet(v4, IpProtocol.TCP, from, fromPort, to, toPort), SHARDS))
                    .isEqualTo(expected);
            assertThat(Steering.shardOf(error(v4, random, from, fromPort, to, toPort), SHARDS))
                    .isEqualTo(expected);
        });
    }

    /// A router says of the segment that goes the other way that it cannot be delivered.
    private Packet error(boolean v4, SplittableRandom random, IpAddress from, int fromPort, IpAddress to, int toPort) {
        Packet packet = pool.takePacket(300);
        packet.start = 0;
        int header = v4 ? Ipv4Header.MIN_LENGTH : Ipv6Header.LENGTH;
        int payload = IcmpHeader.LENGTH + header + 8;
        header(v4, packet.bytes, 0, v4 ? IpProtocol.ICMP : IpProtocol.ICMPV6, payload, address(v4, random), to);
        packet.bytes[header] = (byte) (v4 ? IcmpHeader.UNREACHABLE : 1);
        int quote = header + IcmpHeader.LENGTH;
        header(v4, packet.bytes, quote, IpProtocol.TCP, 500, to, from);
        Bytes.put16(packet.bytes, quote + header, toPort);
        Bytes.put16(packet.bytes, quote + header + 2, fromPort);
        packet.end = header + payload;
        return packet;
    }

    @Test
    void pieces_datagrams_and_messages_go_to_the_first_shard() {
        Seeds.run(50, random -> {
            boolean v4 = random.nextBoolean();
            IpAddress from = address(v4, random);
            IpAddress to = address(v4, random);
            assertThat(Steering.shardOf(packet(v4, IpProtocol.UDP, from, 5, to, 53), SHARDS))
                    .isZero();
            Packet echo = packet(v4, v4 ? IpProtocol.ICMP : IpProtocol.ICMPV6, from, 0, to, 0);
            echo.bytes[v4 ? Ipv4Header.MIN_LENGTH : Ipv6Header.LENGTH] = (byte) (v4 ? IcmpHeader.ECHO : 128);
            assertThat(Steering.shardOf(echo, SHARDS)).isZero();
            Packet piece = packet(true, IpProtocol.TCP, address(true, random), 1, address(true, random), 2);
            Bytes.put16(
                    piece.bytes,
                    Ipv4Header.FLAGS_FRAGMENT,
                    random.nextBoolean() ? Ipv4Header.MORE_FRAGMENTS : random.nextInt(1, 100));
            assertThat(Steering.shardOf(piece, SHARDS)).isZero();
        });
    }

    @Test
    void options_of_ipv4_are_passed_over() {
        IpAddress from = IpAddress.parse("10.0.0.1");
        IpAddress to = IpAddress.parse("10.0.0.2");
        Packet packet = packet(true, IpProtocol.TCP, from, 1, to, 2);
        packet.bytes[0] = 0x46; // six words
        Bytes.put16(packet.bytes, 24, 1_000);
        Bytes.put16(packet.bytes, 26, 2_000);
        assertThat(Steering.shardOf(packet, SHARDS))
                .isEqualTo(FlowShard.of(from.hi(), from.lo(), 1_000, to.hi(), to.lo(), 2_000, SHARDS));
    }

    @Test
    void anything_at_all_goes_to_some_shard() {
        Seeds.run(3_000, random -> {
            Packet packet = pool.takePacket(200);
            random.nextBytes(packet.bytes);
            packet.start = random.nextInt(20);
            packet.end = packet.start + random.nextInt(150);
            if (packet.end > packet.start) {
                packet.bytes[packet.start] = (byte) (random.nextBoolean() ? 0x45 : 0x60);
                packet.bytes[packet.start + (random.nextBoolean() ? 9 : 6)] =
                        (byte) (random.nextBoolean() ? IpProtocol.TCP : random.nextBoolean() ? 1 : 58);
            }
            int shards = random.nextInt(1, 65);
            assertThat(Steering.shardOf(packet, shards)).isBetween(0, shards - 1);
        });
    }
}
