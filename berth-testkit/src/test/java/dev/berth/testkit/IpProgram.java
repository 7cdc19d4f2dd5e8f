package dev.berth.testkit;

import dev.berth.ports.PortBinding;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.stack.udp.UdpEndpoint;
import dev.berth.wire.BufferPool;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;

/// Octets as packets for a whole stack, which listens with TCP on port 80 and has a UDP socket on port 53. The first
/// octet of each packet says how much of its headers is put right: addresses, lengths, checksums.
///
/// Checked: no exception, nothing inconsistent, a bounded number of answers, none of them an error about an error or a
/// RST after a RST, and memory that is bounded and comes back.
final class IpProgram {
    private static final int STEPS = 400;
    private static final int MTU = 1_500;

    /// Packets, and pieces of packets whose rest is awaited, that may be held at once.
    private static final int HELD = 2_000;

    private static final int ANSWERS = 3;

    private final FuzzInput input;
    private final NetStack stack;
    private final NetInterface nic;
    private final BufferPool pool = new BufferPool();
    private final TcpListener listener;
    private final UdpEndpoint datagrams;
    private long now = 1_000 * Pair.SECOND;

    private IpProgram(FuzzInput input) {
        this.input = input;
        SplittableRandom random = new SplittableRandom(1);
        stack = new NetStack(StackConfig.DEFAULT, random::nextLong, now);
        nic = stack.addInterface("eth0", MTU, false, 0);
        stack.addAddress(nic, IpAddress.Prefix.parse("10.0.0.1/24"));
        stack.addAddress(nic, IpAddress.Prefix.parse("fd00::1/64"));
        try {
            PortBinding<TcpListener> binding = stack.tcp().ports().bind(0, 0, 80, 0, "test");
            listener = stack.tcp().listen(binding, 4, StackConfig.DEFAULT.tcp());
            datagrams = stack.udp().open(false);
            stack.udp().bind(datagrams, 0, 0, 53, 0);
        } catch (PortUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    /// Interprets `octets` to their end; throws if something that must hold does not.
    static void run(byte[] octets) {
        IpProgram program = new IpProgram(new FuzzInput(octets));
        for (int step = 0; step < STEPS && program.input.hasMore(); step++) {
            program.step();
        }
        program.end();
    }

    private void step() {
        int what = input.u8();
        if ((what & 0xf) == 0) {
            advance(1_000_000L * input.u16());
            return;
        }
        byte[] packet = input.take(1 + input.u8() * ((what & 0x80) != 0 ? 6 : 1));
        if (packet.length > 0) {
            receive((what & 0x40) == 0 ? repair(packet, what) : packet);
        }
        if ((what & 0xe) == 0xe) {
            stack.udp().receive(datagrams, (bytes, from, count) -> {}, 100);
        }
    }

    /// Puts right what `what` selects.
    private static byte[] repair(byte[] raw, int what) {
        boolean v4 = (what & 1) != 0;
        int header = v4 ? 20 : 40;
        byte[] packet = Arrays.copyOf(raw, Math.max(raw.length, header + 1));
        packet[0] = (byte) ((v4 ? 0x40 : 0x60) | packet[0] & 0xf);
        ByteBuffer buffer = ByteBuffer.wrap(packet);
        if (v4) {
            int length = Math.max(5, packet[0] & 0xf);
            packet[0] = (byte) (0x40 | (length * 4 < packet.length ? length : 5));
            buffer.putInt(12, 0x0a00_0002).putInt(16, 0x0a00_0001);
        } else {
            buffer.putLong(8, 0xfd00L << 48)
                    .putLong(16, 2)
                    .putLong(24, 0xfd00L << 48)
                    .putLong(32, 1);
        }
        int protocol = switch (what >> 1 & 7) {
            case 1, 2 -> IpProtocol.TCP;
            case 3 -> IpProtocol.UDP;
            case 4 -> v4 ? IpProtocol.ICMP : IpProtocol.ICMPV6;
            default -> packet[v4 ? 9 : 6] & 0xff;
        };
        packet[v4 ? 9 : 6] = (byte) protocol;
        if ((what & 0x20) == 0 && v4) {
            buffer.putShort(6, (short) 0x4000); // no fragment
        }
        int at = v4 ? (packet[0] & 0xf) * 4 : 40;
        if ((what & 0x10) != 0 && at + 4 <= packet.length) {
            buffer.putShort(at + 2, (short) (protocol == IpProtocol.UDP ? 53 : 80));
            if (protocol == IpProtocol.UDP && at + 6 <= packet.length) {
                buffer.putShort(at + 4, (short) (packet.length - at));
            }
        }
        return ForgedPacket.finish(packet, protocol);
    }

    private void receive(byte[] bytes) {
        Packet packet = pool.takePacket(bytes.length);
        System.arraycopy(bytes, 0, packet.bytes, 0, bytes.length);
        packet.end = bytes.length;
        stack.receive(nic, packet, now);
        int answers = collect(bytes);
        if (answers > ANSWERS) {
            throw new AssertionError(answers + " answers to one packet");
        }
        if (stack.buffersInUse() + pool.outstanding() > HELD) {
            throw new AssertionError(stack.buffersInUse() + " and " + pool.outstanding() + " buffers are held");
        }
    }

    /// Looks at what the stack sends, which nobody gets.
    private int collect(byte[] cause) {
        stack.settle(now);
        String problem = stack.tcp().inconsistency();
        if (problem != null) {
            throw new AssertionError(problem);
        }
        int count = 0;
        for (Packet packet = nic.pollEgress(); packet != null; packet = nic.pollEgress()) {
            byte[] answer = new byte[packet.length()];
            packet.copyTo(answer, 0);
            packet.release();
            count++;
            // RFC 1122 section 3.2.2: "An ICMP error message MUST NOT be sent as the result of receiving: an ICMP error
            // message"; RFC 4443 section 2.4 (e.1) for IPv6. Headers before ICMPv6's are not followed here.
            if (isError(answer) && isError(cause)) {
                throw new AssertionError("an error about an error");
            }
            if (isReset(answer) && isReset(cause)) {
                throw new AssertionError("a RST answers a RST");
            }
        }
        while (stack.pollReady() != null) {
            // nobody waits for readiness here
        }
        return count;
    }

    private static int transport(byte[] packet) {
        return packet.length > 0 && packet[0] >>> 4 == 4 ? (packet[0] & 0xf) * 4 : 40;
    }

    private static boolean is(byte[] packet, int protocolV4, int protocolV6) {
        if (packet.length < 20 || packet.length <= transport(packet)) {
            return false;
        }
        boolean v4 = packet[0] >>> 4 == 4;
        return (packet[v4 ? 9 : 6] & 0xff) == (v4 ? protocolV4 : protocolV6);
    }

    private static boolean isError(byte[] packet) {
        if (!is(packet, IpProtocol.ICMP, IpProtocol.ICMPV6)) {
            return false;
        }
        int type = packet[transport(packet)] & 0xff;
        return packet[0] >>> 4 == 4 ? type == 3 || type == 4 || type == 5 || type == 11 || type == 12 : type < 128;
    }

    private static boolean isReset(byte[] packet) {
        int flags = transport(packet) + 13;
        return is(packet, IpProtocol.TCP, IpProtocol.TCP) && flags < packet.length && (packet[flags] & 4) != 0;
    }

    private void advance(long nanos) {
        long end = now + nanos;
        while (stack.nextDeadline() <= end) {
            now = Math.max(now, stack.nextDeadline());
            stack.advance(now);
            collect(new byte[0]);
        }
        now = end;
    }

    private void end() {
        stack.tcp().close(listener, now);
        stack.tcp().ports().close(listener.binding());
        stack.udp().close(datagrams);
        collect(new byte[0]);
        advance(700 * Pair.SECOND);
        boolean empty = stack.tcp().ports().isEmpty() && stack.udp().ports().isEmpty();
        if (!empty || stack.timers() != 0 || stack.buffersInUse() != 0 || pool.outstanding() != 0) {
            throw new AssertionError("left: " + stack.tcp().ports().snapshot() + ", " + stack.timers() + " timers, "
                    + stack.buffersInUse() + " and " + pool.outstanding() + " packets or chunks");
        }
    }
}
