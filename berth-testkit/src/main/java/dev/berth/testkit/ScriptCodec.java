package dev.berth.testkit;

import dev.berth.wire.IpAddress;
import dev.berth.wire.TcpHeader;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// Turns [Seg]s into packets and back, written independently of the stack's own code: textbook checksum, strict
/// options.
final class ScriptCodec {
    private static final int TCP = 6;

    private boolean issKnown;
    private int iss = 0x5eed_0000; // until the stack's is known
    private int peerIss;
    private int tsBase;
    private boolean tsKnown;

    /// The next SYN of the stack begins a new connection.
    void forgetIss() {
        issKnown = false;
        tsKnown = false;
    }

    // Encoding

    byte[] encode(Seg seg, IpAddress from, IpAddress to, int fromPort, int toPort, int initial, int defaultWindow) {
        peerIss = initial;
        byte[] options = options(seg);
        int length = TcpHeader.MIN_LENGTH + options.length + seg.data;
        ByteBuffer tcp = ByteBuffer.allocate(length);
        int seq = seg.rawSeq != null ? seg.rawSeq : initial + (seg.seq == null ? 0 : seg.seq);
        tcp.putShort((short) fromPort).putShort((short) toPort).putInt(seq);
        tcp.putInt(seg.ack == null ? 0 : iss + seg.ack);
        int flags = seg.flags | (seg.psh != null && seg.psh ? TcpHeader.PSH : 0);
        tcp.put((byte) ((TcpHeader.MIN_LENGTH + options.length) << 2)).put((byte) flags);
        tcp.putShort((short) (seg.win == null ? defaultWindow : seg.win));
        tcp.putShort((short) 0).putShort((short) seg.urgent);
        tcp.put(options);
        long offset = (seg.seq == null ? 0 : seg.seq) + ((flags & TcpHeader.SYN) != 0 ? 1 : 0) - 1L;
        for (int i = 0; i < seg.data; i++) {
            tcp.put(Pair.pattern(offset + i));
        }
        int checksum = checksum(pseudoHeader(from, to, TCP, length), tcp.array());
        tcp.putShort(TcpHeader.CHECKSUM, (short) (seg.badChecksum ? checksum ^ 0x10 : checksum));
        return ip(from, to, TCP, seg.ecn == null ? 0 : seg.ecn, tcp.array());
    }

    private byte[] options(Seg seg) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (seg.mss != null && seg.mss >= 0) {
            out.writeBytes(new byte[] {2, 4, (byte) (seg.mss >> 8), (byte) (int) seg.mss});
        }
        if (seg.ws != null && seg.ws >= 0) {
            out.writeBytes(new byte[] {1, 3, 3, (byte) (int) seg.ws});
        }
        if (seg.sackPermitted != null && seg.sackPermitted) {
            out.writeBytes(new byte[] {1, 1, 4, 2});
        }
        if (seg.tsVal != null) {
            int echo = seg.tsEcr == null ? 0 : seg.tsEcr + tsBase;
            out.writeBytes(ByteBuffer.allocate(12)
                    .putInt(0x0101_080a)
                    .putInt(seg.tsVal)
                    .putInt(echo)
                    .array());
        }
        int[] sack = seg.sack;
        if (sack != null && sack.length > 0) {
            out.writeBytes(new byte[] {1, 1, 5, (byte) (2 + 4 * sack.length)});
            for (int edge : sack) {
                out.writeBytes(ByteBuffer.allocate(4).putInt(iss + edge).array());
            }
        }
        if (seg.userTimeout != null) {
            out.writeBytes(new byte[] {28, 4, (byte) (seg.userTimeout >> 8), (byte) (int) seg.userTimeout});
        }
        byte[] cookie = seg.fastOpen;
        if (cookie != null) {
            out.writeBytes(new byte[] {34, (byte) (2 + cookie.length)});
            out.writeBytes(cookie);
        }
        byte[] other = seg.options;
        if (other != null) {
            out.writeBytes(other);
        }
        while (out.size() % 4 != 0) {
            out.write(0);
        }
        return out.toByteArray();
    }

    private static byte[] ip(IpAddress from, IpAddress to, int protocol, byte[] payload) {
        return ip(from, to, protocol, 0, payload);
    }

    private static byte[] ip(IpAddress from, IpAddress to, int protocol, int ecn, byte[] payload) {
        ByteBuffer packet;
        if (from.isIpv4()) {
            packet = ByteBuffer.allocate(20 + payload.length);
            packet.put((byte) 0x45).put((byte) ecn).putShort((short) packet.capacity());
            packet.putInt(0x4000).put((byte) 64).put((byte) protocol).putShort((short) 0);
            packet.putInt((int) from.lo()).putInt((int) to.lo());
            packet.putShort(10, (short) checksum(new byte[0], java.util.Arrays.copyOf(packet.array(), 20)));
        } else {
            packet = ByteBuffer.allocate(40 + payload.length);
            packet.putInt(0x6000_0000 | ecn << 20)
                    .putShort((short) payload.length)
                    .put((byte) protocol)
                    .put((byte) 64);
            packet.putLong(from.hi()).putLong(from.lo()).putLong(to.hi()).putLong(to.lo());
        }
        return packet.put(payload).array();
    }

    /// An ICMP (IPv4) error that quotes a segment of the stack.
    byte[] icmp(int type, int code, int nextMtu, int seq, IpAddress from, IpAddress to, int fromPort, int toPort) {
        ByteBuffer segment = ByteBuffer.allocate(8)
                .putShort((short) toPort)
                .putShort((short) fromPort)
                .putInt(iss + seq);
        byte[] quoted = ip(to, from, TCP, segment.array());
        ByteBuffer.wrap(quoted).putShort(2, (short) 1_500);
        ByteBuffer icmp = ByteBuffer.allocate(8 + quoted.length);
        icmp.put((byte) type)
                .put((byte) code)
                .putShort((short) 0)
                .putShort((short) 0)
                .putShort((short) nextMtu);
        icmp.put(quoted);
        icmp.putShort(2, (short) checksum(new byte[0], icmp.array()));
        return ip(from, to, 1, icmp.array());
    }

    // Decoding

    /// The segment in a packet that the stack sent, or null if it is none of TCP.
    @Nullable
    Seg decode(byte[] packet) {
        ByteBuffer ip = ByteBuffer.wrap(packet);
        boolean v4 = packet[0] >>> 4 == 4;
        int header = v4 ? 20 : 40;
        if (packet[v4 ? 9 : 6] != TCP) {
            return null;
        }
        if (v4) {
            verify(checksum(new byte[0], java.util.Arrays.copyOf(packet, 20)) == 0, "IPv4 header checksum");
            verify(Short.toUnsignedInt(ip.getShort(2)) == packet.length, "IPv4 total length");
        } else {
            verify(Short.toUnsignedInt(ip.getShort(4)) + 40 == packet.length, "IPv6 payload length");
        }
        byte[] tcp = java.util.Arrays.copyOfRange(packet, header, packet.length);
        byte[] pseudo = v4 ? java.util.Arrays.copyOfRange(packet, 12, 20) : java.util.Arrays.copyOfRange(packet, 8, 40);
        ByteBuffer tail = ByteBuffer.allocate(pseudo.length + 8)
                .put(pseudo)
                .putInt(tcp.length)
                .putInt(TCP);
        verify(checksum(tail.array(), tcp) == 0, "TCP checksum");
        Seg seg = segment(ByteBuffer.wrap(tcp));
        seg.ecn = (v4 ? packet[1] : packet[1] >> 4) & 3;
        return seg;
    }

    private Seg segment(ByteBuffer tcp) {
        int flags = Byte.toUnsignedInt(tcp.get(13));
        Seg seg = new Seg(flags);
        int seq = tcp.getInt(4);
        if ((flags & TcpHeader.SYN) != 0 && !issKnown) {
            iss = seq;
            issKnown = true;
        }
        seg.rawSeq = seq;
        seg.seq = seq - iss;
        seg.ack = (flags & TcpHeader.ACK) == 0 ? null : Integer.valueOf(tcp.getInt(8) - peerIss);
        seg.win = Short.toUnsignedInt(tcp.getShort(14));
        seg.urgent = Short.toUnsignedInt(tcp.getShort(18));
        verify(seg.urgent == 0 || (flags & TcpHeader.URG) != 0, "urgent pointer without URG");
        verify((tcp.get(12) & 0xf) == 0, "reserved bits");
        int header = (Byte.toUnsignedInt(tcp.get(12)) >>> 4) << 2;
        decodeOptions(tcp, header, seg);
        seg.data = tcp.capacity() - header;
        for (int i = 0; i < seg.data; i++) {
            int number = seg.seq - ((flags & TcpHeader.SYN) != 0 ? 0 : 1) + i;
            verify(tcp.get(header + i) == Pair.pattern(number), "octet " + number + " of the data");
        }
        return seg;
    }

    private void decodeOptions(ByteBuffer tcp, int header, Seg seg) {
        int at = TcpHeader.MIN_LENGTH;
        while (at < header) {
            int kind = tcp.get(at);
            if (kind == 1) {
                at++;
                continue;
            }
            if (kind == 0) {
                for (; at < header; at++) {
                    verify(tcp.get(at) == 0, "padding behind the end of options");
                }
                return;
            }
            int length = tcp.get(at + 1);
            verify(length >= 2 && at + length <= header, "length of an option");
            decodeOption(tcp, at, kind, length, seg);
            at += length;
        }
    }

    private void decodeOption(ByteBuffer tcp, int at, int kind, int length, Seg seg) {
        boolean syn = (seg.flags & TcpHeader.SYN) != 0;
        switch (kind) {
            case 2 -> {
                verify(syn && length == 4, "MSS option");
                seg.mss = Short.toUnsignedInt(tcp.getShort(at + 2));
            }
            case 3 -> {
                verify(syn && length == 3, "window scale option");
                seg.ws = (int) tcp.get(at + 2);
            }
            case 4 -> {
                verify(syn && length == 2, "SACK permitted option");
                seg.sackPermitted = true;
            }
            case 5 -> {
                int[] edges = new int[(length - 2) / 4];
                for (int i = 0; i < edges.length; i++) {
                    edges[i] = tcp.getInt(at + 2 + 4 * i) - peerIss;
                }
                seg.sack = edges;
            }
            case 8 -> {
                verify(length == 10, "timestamps option");
                if (!tsKnown && syn) {
                    tsKnown = true;
                    tsBase = tcp.getInt(at + 2);
                }
                seg.timestamps = true;
                seg.tsVal = tcp.getInt(at + 2) - tsBase;
                seg.tsEcr = tcp.getInt(at + 6);
            }
            case 28 -> {
                verify(length == 4, "user timeout option");
                seg.userTimeout = Short.toUnsignedInt(tcp.getShort(at + 2));
            }
            case 34 -> {
                verify(syn, "Fast Open option");
                byte[] cookie = new byte[length - 2];
                tcp.get(at + 2, cookie);
                seg.fastOpen = cookie;
            }
            default -> throw new AssertionError("unknown option " + kind);
        }
    }

    private static void verify(boolean ok, String what) {
        if (!ok) {
            throw new AssertionError("the stack sent a wrong packet: " + what);
        }
    }

    private static byte[] pseudoHeader(IpAddress from, IpAddress to, int protocol, int length) {
        ByteBuffer pseudo = ByteBuffer.allocate(from.isIpv4() ? 16 : 40);
        if (from.isIpv4()) {
            pseudo.putInt((int) from.lo()).putInt((int) to.lo());
        } else {
            pseudo.putLong(from.hi()).putLong(from.lo()).putLong(to.hi()).putLong(to.lo());
        }
        return pseudo.putInt(length).putInt(protocol).array();
    }

    /// RFC 1071 by the book, over two arrays of which the first has an even length.
    private static int checksum(byte[] first, byte[] second) {
        int sum = 0;
        for (byte[] part : new byte[][] {first, second}) {
            for (int i = 0; i < part.length; i++) {
                sum += (part[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
                sum = (sum & 0xffff) + (sum >>> 16);
            }
        }
        return ~sum & 0xffff;
    }
}
