package dev.berth.ethernet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import dev.berth.host.UdpSocket;
import dev.berth.wire.ArpHeader;
import dev.berth.wire.Bytes;
import dev.berth.wire.DhcpMessage;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Guests that mean harm: to the server, and to each other.
@Timeout(120)
class FrameAttackTest extends SegmentOfTwo {
    private static final long OTHER = 0x5254_0012_3457L;
    private static final long LIMIT = TimeUnit.SECONDS.toNanos(10);

    @Override
    EthernetSegment.Builder settings(EthernetSegment.Builder builder) {
        return builder.router(IpAddress.Prefix.parse("fd00:2::1/64")).limits(8, 8, 64);
    }

    private static SocketChannel connect(FrameServer server) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(server.path()));
    }

    private static void write(SocketChannel channel, int length, byte[] data) throws IOException {
        ByteBuffer framed = ByteBuffer.allocate(4 + data.length);
        framed.putInt(length).put(data).flip();
        while (framed.hasRemaining()) {
            channel.write(framed);
        }
    }

    /// A guest that asks for an address, and gets an offer.
    private static void isServed(FrameServer server) throws IOException {
        byte[] ask = GuestFrames.dhcp(MAC, DhcpMessage.DISCOVER, "0.0.0.0", "");
        try (SocketChannel good = connect(server)) {
            write(good, ask.length, ask);
            ByteBuffer answer = ByteBuffer.allocate(4);
            while (answer.hasRemaining()) {
                if (good.read(answer) < 0) {
                    throw new EOFException("Turned away");
                }
            }
            assertThat(answer.getInt(0)).isBetween(200, 1_500);
        }
    }

    @Test
    void short_frames_are_counted_and_lengths_that_cannot_be_end_the_connection() throws Exception {
        try (FrameServer server = segment.listenStream(temporary.resolve("s"))) {
            try (SocketChannel bad = connect(server)) {
                for (int length : new int[] {0, 1, 13}) {
                    write(bad, length, new byte[length]);
                }
                await("three were counted", () -> segment.counters().dropped(FrameDrop.MALFORMED) == 3);
                write(bad, 14, new byte[14]);
                await("one from nobody", () -> segment.counters().dropped(FrameDrop.SPOOFED) == 1);
                assertThat(segment.ports()).hasSize(1);
            }
            for (int length : new int[] {65_536 + 18, 65_536 * 2, Integer.MAX_VALUE, Integer.MIN_VALUE, -1}) {
                try (SocketChannel bad = connect(server)) {
                    write(bad, length, new byte[0]);
                    assertThat(bad.read(ByteBuffer.allocate(1)))
                            .as("cut off for %d", length)
                            .isEqualTo(-1);
                }
            }
            await("nobody is left", () -> segment.ports().isEmpty());
            isServed(server);
        }
    }

    @Test
    void halves_of_frames_hold_nobody_up() throws Exception {
        byte[] ask = GuestFrames.dhcp(MAC, DhcpMessage.DISCOVER, "0.0.0.0", "");
        try (FrameServer server = segment.listenStream(temporary.resolve("s"))) {
            try (SocketChannel prefix = connect(server);
                    SocketChannel half = connect(server)) {
                prefix.write(ByteBuffer.wrap(new byte[] {0, 0}));
                write(half, ask.length, new byte[ask.length / 2]);
                isServed(server);
                assertThat(segment.counters().framesIn()).isEqualTo(1);
            }
            await("nobody is left", () -> segment.ports().isEmpty());
            assertThat(segment.counters().framesIn()).isEqualTo(1);
        }
    }

    @Test
    void ten_thousand_that_come_and_go_leave_nothing() throws Exception {
        byte[] ask = GuestFrames.dhcp(OTHER, DhcpMessage.DISCOVER, "0.0.0.0", "");
        try (FrameServer server = segment.listenStream(temporary.resolve("s"))) {
            int turnedAway = 0;
            for (int i = 0; i < 10_000; i++) {
                try (SocketChannel each = connect(server)) {
                    if (i % 3 == 0) {
                        write(each, ask.length, ask);
                    }
                } catch (IOException e) {
                    turnedAway++; // as the server has not seen yet that others have gone
                }
            }
            assertThat(turnedAway).isLessThan(10_000);
            // Some of them may still be in the backlog, and take the place of one who comes now.
            await("one more is served", () -> {
                try {
                    isServed(server);
                    return true;
                } catch (IOException e) {
                    return false;
                }
            });
            await("nobody is left", () -> segment.ports().isEmpty());
            assertThat(network.hosts()).hasSize(1);
        }
    }

    private static byte[] answer(ScriptedGuest who, byte[] message) {
        List<byte[]> answers = who.sends(message).received(ScriptedGuest::isUdp);
        assertThat(answers).hasSize(1);
        return answers.getFirst();
    }

    private static String lease(ScriptedGuest who, long mac) {
        String address = GuestFrames.yours(answer(who, GuestFrames.dhcp(mac, DhcpMessage.DISCOVER, "0.0.0.0", "")));
        answer(
                who,
                GuestFrames.dhcp(
                        mac,
                        DhcpMessage.REQUEST,
                        "0.0.0.0",
                        GuestFrames.option(50, address) + GuestFrames.option(54, "10.0.2.1")));
        return address;
    }

    /// By whatever protocol, and with its own hardware address or that of the other.
    @Test
    void a_guest_cannot_take_the_addresses_of_another() throws Exception {
        ScriptedGuest victim = new ScriptedGuest(null);
        ScriptedGuest thief = new ScriptedGuest(null);
        EthernetPort own = segment.attach("victim", victim);
        EthernetPort others = segment.attach("thief", thief);
        String address = lease(victim, MAC);
        victim.sends(GuestFrames.solicitation(MAC, "::", "fd00:2::77"));
        String thiefs = lease(thief, OTHER);
        List<IpAddress> before = own.addresses();
        assertThat(before).hasSize(2);

        long spoofed = 0;
        for (long mac : new long[] {OTHER, MAC}) {
            thief.give(GuestFrames.arp(mac, ArpHeader.REQUEST, address, address)); // an announcement, RFC 5227
            thief.give(GuestFrames.arp(mac, ArpHeader.REPLY, address, "10.0.2.10"));
            thief.give(GuestFrames.udp(mac, GuestFrames.ROUTER, address, 1, "10.0.2.10", 9, new byte[1]));
            thief.give(GuestFrames.udp6(mac, "fd00:2::77", "fd00:2::10", 9, new byte[1]));
            // A neighbor advertisement that overrides, with the target's link-layer address.
            thief.give(GuestFrames.icmp6(
                    mac,
                    "fe80::1:2",
                    "88000000 20000000 fd000002000000000000000000000077 0201" + "%012x".formatted(mac)));
            spoofed += 5;
            assertThat(others.counters().dropped(FrameDrop.SPOOFED)).isEqualTo(spoofed);
        }
        // It asks for the address by DHCP, gives it back and declines it in the other's name.
        byte[] refused = answer(
                thief,
                GuestFrames.dhcp(
                        OTHER,
                        DhcpMessage.REQUEST,
                        "0.0.0.0",
                        GuestFrames.option(50, address) + GuestFrames.option(54, "10.0.2.1")));
        assertThat(GuestFrames.optionOf(refused, 53)).isEqualTo("06");
        String inItsName = GuestFrames.option(54, "10.0.2.1");
        thief.give(GuestFrames.dhcp(MAC, DhcpMessage.RELEASE, address, inItsName));
        thief.give(GuestFrames.dhcp(MAC, DhcpMessage.DECLINE, "0.0.0.0", GuestFrames.option(50, address) + inItsName));
        assertThat(others.counters().dropped(FrameDrop.DHCP_NOT_OURS)).isEqualTo(2);

        assertThat(own.addresses()).isEqualTo(before);
        assertThat(others.addresses()).contains(IpAddress.parse(thiefs)).doesNotContainAnyElementsOf(before);
        thief.sends(new byte[14]); // and forgets
        victim.sends(new byte[14]);
        try (UdpSocket socket = web.openUdpSocket()) {
            for (IpAddress each : before) {
                socket.send(new byte[] {7}, 0, 1, new Endpoint(each, 9));
            }
        }
        await("it is the victim's", () -> victim.received().size() == 2);
        assertThat(thief.received()).isEmpty();
        // The one who is robbed is not told that somebody else had it: its own claim stands.
        assertThat(victim.sends(GuestFrames.arp(MAC, ArpHeader.REQUEST, "0.0.0.0", address))
                        .received())
                .isEmpty();
    }

    @Test
    void options_that_cannot_be_harm_nobody() throws Exception {
        ScriptedGuest guest = new ScriptedGuest(null);
        EthernetPort port = segment.attach("guest", guest);
        for (String options : List.of(
                "32", // no length
                "3204", // no value
                "3203 0a0002", // too short for an address
                "32ff 0a000201", // longer than the message
                "3305 0000000001", // a time of five octets
                "3400", // overload without a value
                "3401 03", // options in file and sname, which have none
                "0c00", // a name without a letter
                "3d01 01", // an identifier of one octet
                "3500", // a type without a value
                "3502 0101",
                "00".repeat(200))) {
            guest.give(GuestFrames.dhcp(MAC, DhcpMessage.DISCOVER, "0.0.0.0", options));
        }
        Seeds.run(5_000, random -> {
            byte[] octets = new byte[random.nextInt(1, 120)];
            random.nextBytes(octets);
            octets[0] = (byte) random.nextInt(1, 83);
            byte[] frame = GuestFrames.dhcp(
                    MAC, random.nextInt(0, 12), "0.0.0.0", HexFormat.of().formatHex(octets));
            if (random.nextInt(10) == 0) {
                Bytes.put32(frame, 14 + 20 + 8 + 236, random.nextInt()); // the cookie
                Bytes.put16(frame, 40, 0); // without a checksum
            }
            guest.sends(frame);
        });
        assertThat(port.counters().dropped(FrameDrop.MALFORMED)).isGreaterThan(100);
        assertThat(port.addresses()).hasSizeLessThanOrEqualTo(8);
        port.close();
        ScriptedGuest next = new ScriptedGuest(null);
        EthernetPort second = segment.attach("next", next);
        String address = lease(next, OTHER);
        assertThat(second.addresses()).containsExactly(IpAddress.parse(address));
        try (UdpSocket socket = web.openUdpSocket()) {
            socket.bind(new Endpoint(IpAddress.parse("10.0.2.10"), 7));
            next.sends(GuestFrames.udp(OTHER, GuestFrames.ROUTER, address, 5, "10.0.2.10", 7, new byte[] {3}));
            assertThat(socket.receive(new byte[4], 0, 4, LIMIT)).isEqualTo(1);
        }
    }
}
