package dev.berth.testkit;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// Packets after ones that were seen on a wire, with right checksums, written independently of the stack's own code.
final class ForgedPacket {
    private static final int TCP = 6;
    private static final int ICMP = 1;
    private static final int ICMPV6 = 58;

    private ForgedPacket() {}

    private static boolean isIpv4(byte[] packet) {
        return packet[0] >>> 4 == 4;
    }

    private static int headerLength(byte[] packet) {
        return isIpv4(packet) ? (packet[0] & 0xf) * 4 : 40;
    }

    static boolean isTcp(byte[] packet) {
        return packet[isIpv4(packet) ? 9 : 6] == TCP && packet.length >= headerLength(packet) + 20;
    }

    /// A segment without data, with what `what` selects from `input` in place of what `model` has.
    static byte[] segment(byte[] model, int what, FuzzInput input) {
        int at = headerLength(model);
        int options = ((model[at + 12] & 0xf0) >> 2) - 20;
        byte[] packet = Arrays.copyOf(model, at + 20 + options);
        ByteBuffer buffer = ByteBuffer.wrap(packet);
        if ((what & 1) != 0) {
            buffer.putInt(at + 4, input.near(buffer.getInt(at + 4)));
        }
        if ((what & 2) != 0) {
            buffer.putInt(at + 8, input.near(buffer.getInt(at + 8)));
        }
        if ((what & 4) != 0) {
            packet[at + 13] = (byte) (input.u8() & ~0x20); // what is urgent is taken out of the stream
        }
        if ((what & 8) != 0) {
            buffer.putShort(at + 14, (short) input.u16());
        }
        if ((what & 0x10) != 0 && options > 0) {
            for (int i = input.u8() % 4; i >= 0; i--) {
                packet[at + 20 + input.u8() % options] = (byte) input.u8();
            }
        }
        if ((what & 0x20) != 0) {
            turn(packet, at);
        }
        return finish(packet, TCP);
    }

    /// Exchanges source and destination.
    private static void turn(byte[] packet, int at) {
        int length = isIpv4(packet) ? 4 : 16;
        int source = isIpv4(packet) ? 12 : 8;
        byte[] from = Arrays.copyOfRange(packet, source, source + length);
        System.arraycopy(packet, source + length, packet, source, length);
        System.arraycopy(from, 0, packet, source + length, length);
        byte[] port = Arrays.copyOfRange(packet, at, at + 2);
        System.arraycopy(packet, at + 2, packet, at, 2);
        System.arraycopy(port, 0, packet, at + 2, 2);
    }

    /// An error of ICMP or ICMPv6 about a packet.
    static byte[] icmp(byte[] about, FuzzInput input) {
        boolean v4 = isIpv4(about);
        int at = v4 ? 20 : 40;
        byte[] quoted = Arrays.copyOf(about, Math.min(about.length, headerLength(about) + 8 + input.u8() % 40));
        byte[] packet = Arrays.copyOf(about, at + 8 + quoted.length);
        packet[0] = (byte) (v4 ? 0x45 : 0x60);
        packet[v4 ? 9 : 6] = (byte) (v4 ? ICMP : ICMPV6);
        turn(packet, at);
        int kind = input.u8();
        packet[at] = (byte) (v4 ? new int[] {3, 3, 11, 12, 4, 5}[kind % 6] : 1 + kind % 4);
        packet[at + 1] = (byte) (input.u8() % 16);
        ByteBuffer.wrap(packet).putInt(at + 4, input.u16());
        if ((kind & 0x40) != 0) {
            quoted[input.u8() % quoted.length] ^= (byte) input.u8();
        }
        System.arraycopy(quoted, 0, packet, at + 8, quoted.length);
        return finish(packet, v4 ? ICMP : ICMPV6);
    }

    /// Sets the length and the checksums, as far as there is room for them.
    static byte[] finish(byte[] packet, int protocol) {
        boolean v4 = isIpv4(packet);
        int at = headerLength(packet);
        ByteBuffer buffer = ByteBuffer.wrap(packet);
        if (v4) {
            buffer.putShort(2, (short) packet.length).putShort(10, (short) 0);
            buffer.putShort(10, (short) checksum(0, packet, 0, at));
        } else {
            buffer.putShort(4, (short) (packet.length - 40));
        }
        int field = at + (protocol == TCP ? 16 : protocol == 17 ? 6 : 2);
        if (field + 2 <= packet.length) {
            long pseudo = protocol == ICMP ? 0 : (long) protocol + packet.length - at;
            for (int i = v4 ? 12 : 8; protocol != ICMP && i < (v4 ? 20 : 40); i += 2) {
                pseudo += Short.toUnsignedInt(buffer.getShort(i));
            }
            buffer.putShort(field, (short) 0);
            buffer.putShort(field, (short) checksum(pseudo, packet, at, packet.length));
        }
        return packet;
    }

    private static int checksum(long sum, byte[] bytes, int from, int to) {
        long all = sum;
        for (int i = from; i < to; i++) {
            all += (bytes[i] & 0xff) << ((i - from) % 2 == 0 ? 8 : 0);
        }
        while (all >>> 16 != 0) {
            all = (all & 0xffff) + (all >>> 16);
        }
        return (int) ~all & 0xffff;
    }
}
