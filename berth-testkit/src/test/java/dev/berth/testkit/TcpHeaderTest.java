package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.stack.tcp.TcpState;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is in the headers besides the protocol itself: checksum and padding (RFC 9293 section 3.1), DS field and time
/// to live (sections 3.9.1.9 and 3.9.2).
class TcpHeaderTest extends Script {
    private static final Seg FULL = SYN.mss(1_460).ws(4).sackPermitted().ts(1_000, 0);

    // Checksum and options

    /// The sum that whoever knows RFC 1071 only would make: 0xffff over pseudo-header and segment.
    private int plainSum() {
        byte[] packet = lastPacket();
        ByteBuffer ip = ByteBuffer.wrap(packet);
        int header = ipv6 ? 40 : 20;
        int length = packet.length - header;
        long sum = 6 + length;
        for (int i = ipv6 ? 8 : 12; i < header; i += 2) {
            sum += Short.toUnsignedInt(ip.getShort(i));
        }
        for (int i = 0; i < length; i++) {
            sum += (packet[header + i] & 0xffL) << (i % 2 == 0 ? 8 : 0);
        }
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) sum;
    }

    private void sentRight(Seg expected) {
        sent(expected);
        sentNothing(); // so that it is the last packet
        assertThat(plainSum()).as(expected.toString()).isEqualTo(0xffff);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Requirement("MUST-2")
    void every_segment_has_the_right_checksum(boolean v6) {
        ipv6 = v6;
        config = config.withNoDelay(true).withBuffers(100_000, 100_000);
        receive(ACK.seq(1).ack(77));
        sentRight(RST.seq(77));
        open();
        sentRight(SYN.seq(ISS));
        receive(FULL.seq(IRS).ack(1));
        sentRight(ACK.seq(1).ack(1));
        int next = 1;
        for (int length : new int[] {1, 2, 3, 55, 56, 57, 99, 100, 101, 1_427, 1_428}) {
            send(length);
            sentRight(ACK.seq(next).data(length));
            next += length;
            receive(ACK.seq(1).ack(next).ts(1_001, 0));
        }
        receive(ACK.seq(101).ack(next).data(33).ts(1_002, 0));
        sentRight(ACK.seq(next).ack(1).sack(101, 134));
        send(77);
        sentRight(ACK.seq(next).data(77));
        sentAfter(200, ACK.seq(next).data(77));
        assertThat(plainSum()).isEqualTo(0xffff);
        next += 77;
        receive(ACK.seq(1).ack(next).data(100).ts(1_003, 0));
        sentRight(ACK.seq(next).ack(134));
        shutdownOutput();
        sentRight(FIN.seq(next).ack(134));
        abort();
        sentRight(RST.seq(next + 1).ack(134));
    }

    /// The options of the last packet as a strict parser reads them.
    private int strictlyParsedOptions() {
        byte[] packet = lastPacket();
        int at = (ipv6 ? 40 : 20) + 20;
        int end = at - 20 + ((packet[at - 8] & 0xff) >> 4) * 4;
        int count = 0;
        while (at < end) {
            int kind = packet[at];
            if (kind == 1) {
                at++;
            } else if (kind == 0) {
                for (; at < end; at++) {
                    assertThat(packet[at]).as("padding").isZero();
                }
            } else {
                assertThat(kind).isIn(2, 3, 4, 5, 8);
                int length = packet[at + 1];
                assertThat(length).isBetween(2, end - at);
                at += length;
                count++;
            }
        }
        assertThat(at).isEqualTo(end);
        return count;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
    @Requirement("MUST-69")
    @Requirement("MUST-68")
    void the_header_is_filled_with_nothing_but_options_and_zeros(int offered) {
        listen();
        Seg syn = SYN.seq(IRS).mss(1_460);
        syn = (offered & 1) == 0 ? syn : syn.ws(3);
        syn = (offered & 2) == 0 ? syn : syn.sackPermitted();
        syn = (offered & 4) == 0 ? syn : syn.ts(1_000, 0);
        receive(syn);
        sent(SYN.seq(ISS).ack(1));
        assertThat(strictlyParsedOptions()).isEqualTo(1 + Integer.bitCount(offered));
        boolean timestamps = (offered & 4) != 0;
        receive(timestamps ? ACK.seq(1).ack(1).ts(1_001, 0) : ACK.seq(1).ack(1));
        accept();
        int blocks = 0;
        for (int hole = 1; hole <= 4; hole++) {
            Seg beyond = ACK.seq(1 + 200 * hole).ack(1).data(100);
            receive(timestamps ? beyond.ts(1_001, 0) : beyond);
            sent(ACK.seq(1).ack(1));
            blocks = strictlyParsedOptions();
        }
        assertThat(blocks).isEqualTo(Integer.bitCount(offered & 6));
    }

    @Test
    @Requirement("MAY-3")
    void the_mss_is_announced_even_if_it_is_the_default() {
        mtu = 576;
        open();
        sent(SYN.seq(ISS).mss(536));
        receive(SYN.seq(IRS).ack(1));
        sent(ACK.seq(1));
    }

    // RFC 6864 section 4.1

    @Test
    @Requirement("MAY-4")
    void a_retransmission_has_the_identification_of_the_original() {
        connected();
        send(100);
        sent(ACK.seq(1).data(100));
        ByteBuffer first = ByteBuffer.wrap(lastPacket());
        sentAfter(200, ACK.seq(1).data(100));
        ByteBuffer again = ByteBuffer.wrap(lastPacket());
        assertThat(again.getShort(4)).isEqualTo(first.getShort(4)).isZero();
        assertThat(again.getShort(6)).as("Don't Fragment alone").isEqualTo((short) 0x4000);
    }

    // DS field and time to live

    private void sentWith(int trafficClass, int hops, Seg expected) {
        sent(expected);
        sentNothing();
        ByteBuffer ip = ByteBuffer.wrap(lastPacket());
        int actual = ipv6 ? ip.getShort(0) >> 4 & 0xff : ip.get(1) & 0xff;
        assertThat(actual & ~3).as("DS field of " + expected).isEqualTo(trafficClass & ~3);
        assertThat(ip.get(ipv6 ? 7 : 8) & 0xff).as("hop limit of " + expected).isEqualTo(hops);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Requirement("MUST-48")
    @Requirement("MUST-49")
    @Requirement("SHLD-22")
    void the_users_ds_field_and_hop_limit_are_in_every_segment(boolean v6) {
        ipv6 = v6;
        config = config.withHeader(0xb8, 33);
        open();
        sentWith(0xb8, 33, SYN.seq(ISS));
        receive(SYN.seq(IRS).ack(1).mss(1_400));
        sentWith(0xb8, 33, ACK.seq(1).ack(1));
        send(10);
        sentWith(0xb8, 33, ACK.seq(1).data(10));
        sentAfter(200, ACK.seq(1).data(10));
        receive(ACK.seq(1).ack(11).data(5));
        sentWith(0xb8, 33, ACK.seq(11).ack(6));
        shutdownOutput();
        sentWith(0xb8, 33, FIN.seq(11).ack(6));
        abort();
        sentWith(0xb8, 33, RST.seq(12).ack(6));
    }

    @Test
    @Requirement("MUST-48")
    @Requirement("MUST-49")
    void a_listeners_ds_field_and_hop_limit_are_those_of_its_connections() {
        config = config.withHeader(0x28, 7);
        listen();
        receive(SYN.seq(IRS));
        sentWith(0x28, 7, SYN.seq(ISS).ack(1));
        receive(ACK.seq(1).ack(1).data(1));
        sentWith(0x28, 7, ACK.seq(1).ack(2));
        accept();
        read(1);
    }

    @Test
    @Requirement("SHLD-21")
    void the_ds_field_can_be_changed_while_the_connection_lives() {
        connected();
        send(10);
        sentWith(0, 64, ACK.seq(1).data(10));
        configure(config.withHeader(0x48, 99));
        receive(ACK.seq(1).ack(11));
        send(10);
        sentWith(0x48, 99, ACK.seq(11).data(10));
        receive(ACK.seq(1).ack(21));
    }

    // IP options, section 3.9.2

    @Test
    @Requirement("MUST-50")
    void a_syn_with_ip_options_that_nobody_knows_is_processed() {
        listen();
        peerIss = 0; // what the answers' numbers are relative to
        receiveRaw(withIpOptions(0x94, 4, 0, 0)); // Router Alert
        sent(SYN.seq(ISS).ack(1));
        receive(RST.seq(1));
        receiveRaw(withIpOptions(0xde, 3, 9, 0)); // unassigned
        Seg again = pollSent();
        assertThat(again).isNotNull();
        assertThat(again.flags).isEqualTo(SYN.ack(0).flags);
        receive(RST.seq(1));
        assertState(TcpState.CLOSED);
    }

    /// A SYN from the peer's port 5000 with IPv4 options.
    private byte[] withIpOptions(int... options) {
        ByteBuffer packet = ByteBuffer.allocate(20 + options.length + 20);
        packet.put((byte) (0x40 | 5 + options.length / 4)).put((byte) 0).putShort((short) packet.capacity());
        packet.putInt(0).putInt(0x4006_0000).putInt((int) PEER.lo()).putInt(0x0a00_0001);
        for (int octet : options) {
            packet.put((byte) octet);
        }
        int at = packet.position();
        packet.putShort((short) 5_000).putShort((short) 80).putInt(0).putInt(0);
        packet.putShort((short) 0x5002).putShort((short) 60_000).putInt(0);
        packet.putShort(10, (short) ~sum(packet, 0, at, 0));
        packet.putShort(at + 16, (short) ~sum(packet, at, packet.capacity(), sum(packet, 12, 20, 6 + 20)));
        return packet.array();
    }

    private static int sum(ByteBuffer packet, int from, int to, int more) {
        int sum = more;
        for (int i = from; i < to; i += 2) {
            sum += Short.toUnsignedInt(packet.getShort(i));
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return (sum & 0xffff) + (sum >>> 16);
    }
}
