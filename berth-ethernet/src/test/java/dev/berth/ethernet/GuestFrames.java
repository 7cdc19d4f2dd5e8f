package dev.berth.ethernet;

import dev.berth.wire.ArpHeader;
import dev.berth.wire.Bytes;
import dev.berth.wire.EthernetHeader;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.NdpWriter;
import dev.berth.wire.UdpHeader;
import java.util.Arrays;
import java.util.HexFormat;

/// Frames as a guest sends them, written here octet by octet where the segment reads them.
final class GuestFrames {
    static final long ROUTER = 0x0262_6572_7468L;

    private GuestFrames() {}

    static int ipv4(String text) {
        return IpAddress.parse(text).ipv4();
    }

    static byte[] arp(long mac, int opcode, String sender, String target) {
        byte[] frame = new byte[60];
        EthernetHeader.write(frame, 0, EthernetHeader.BROADCAST, mac, EthernetHeader.ARP);
        ArpHeader.write(frame, 14, opcode, mac, ipv4(sender), 0, ipv4(target));
        return frame;
    }

    static byte[] udp(long mac, long to, String from, int fromPort, String destination, int port, byte[] data) {
        byte[] frame = new byte[14 + 20 + 8 + data.length];
        EthernetHeader.write(frame, 0, to, mac, EthernetHeader.IPV4);
        Ipv4Header.write(frame, 14, 0, 28 + data.length, 1, 0, 64, IpProtocol.UDP, ipv4(from), ipv4(destination));
        Bytes.put16(frame, 34, fromPort);
        Bytes.put16(frame, 36, port);
        Bytes.put16(frame, 38, 8 + data.length);
        System.arraycopy(data, 0, frame, 42, data.length);
        long sum = InternetChecksum.pseudoHeaderSum(
                        false,
                        0,
                        IpAddress.mapped(ipv4(from)),
                        0,
                        IpAddress.mapped(ipv4(destination)),
                        IpProtocol.UDP,
                        8 + data.length)
                + InternetChecksum.payloadSum(frame, 34, 8 + data.length);
        Bytes.put16(frame, 34 + UdpHeader.CHECKSUM, InternetChecksum.finish(sum));
        return frame;
    }

    /// A DHCP message to all servers.
    ///
    /// @param client `ciaddr`
    /// @param options in hexadecimal digits, without the end
    static byte[] dhcp(long mac, int type, String client, String options) {
        byte[] behind = HexFormat.of().parseHex(options.replace(" ", ""));
        byte[] data = new byte[240 + 3 + behind.length + 1];
        data[0] = 1;
        data[1] = 1;
        data[2] = 6;
        Bytes.put32(data, 4, 0x1234_5678);
        Bytes.put32(data, 12, ipv4(client));
        EthernetHeader.putAddress(data, 28, mac);
        Bytes.put32(data, 236, 0x6382_5363);
        data[240] = 53;
        data[241] = 1;
        data[242] = (byte) type;
        System.arraycopy(behind, 0, data, 243, behind.length);
        data[data.length - 1] = (byte) 255;
        return udp(mac, EthernetHeader.BROADCAST, client, 68, "255.255.255.255", 67, data);
    }

    static String option(int code, String address) {
        return "%02x04%08x".formatted(code, ipv4(address));
    }

    /// The value of an option of an answer, as hexadecimal digits; empty without it.
    static String optionOf(byte[] frame, int code) {
        for (int at = 42 + 240; frame[at] != (byte) 255; at += 2 + frame[at + 1]) {
            if (frame[at] == (byte) code) {
                return HexFormat.of().formatHex(Arrays.copyOfRange(frame, at + 2, at + 2 + frame[at + 1]));
            }
        }
        return "";
    }

    /// `yiaddr` of an answer.
    static String yours(byte[] frame) {
        return IpAddress.ofIpv4(Bytes.i32(frame, 42 + 16)).toString();
    }

    static byte[] udp6(long mac, String from, String to, int port, byte[] data) {
        IpAddress source = IpAddress.parse(from);
        IpAddress destination = IpAddress.parse(to);
        byte[] frame = new byte[14 + 40 + 8 + data.length];
        EthernetHeader.write(frame, 0, ROUTER, mac, EthernetHeader.IPV6);
        Ipv6Header.write(
                frame,
                14,
                0,
                0,
                8 + data.length,
                IpProtocol.UDP,
                64,
                source.hi(),
                source.lo(),
                destination.hi(),
                destination.lo());
        Bytes.put16(frame, 54, 5_000);
        Bytes.put16(frame, 56, port);
        Bytes.put16(frame, 58, 8 + data.length);
        System.arraycopy(data, 0, frame, 62, data.length);
        long sum = InternetChecksum.pseudoHeaderSum(
                        true,
                        source.hi(),
                        source.lo(),
                        destination.hi(),
                        destination.lo(),
                        IpProtocol.UDP,
                        8 + data.length)
                + InternetChecksum.payloadSum(frame, 54, 8 + data.length);
        Bytes.put16(frame, 60, InternetChecksum.finish(sum));
        return frame;
    }

    /// A neighbor solicitation; from `::` without a link-layer address.
    static byte[] solicitation(long mac, String from, String target) {
        IpAddress source = IpAddress.parse(from);
        IpAddress wanted = IpAddress.parse(target);
        long group = 0x1_ff00_0000L | wanted.lo() & 0xff_ffff;
        boolean probe = source.equals(IpAddress.ANY_IPV6);
        int length = probe ? 24 : 32;
        byte[] frame = new byte[14 + 40 + length];
        EthernetHeader.write(frame, 0, EthernetHeader.groupOf(0xff02L << 48, group), mac, EthernetHeader.IPV6);
        byte[] whole = new byte[32];
        NdpWriter.neighborSolicitation(whole, 0, wanted.hi(), wanted.lo(), mac);
        System.arraycopy(whole, 0, frame, 54, length);
        NdpWriter.finish(frame, 14, length, source.hi(), source.lo(), 0xff02L << 48, group);
        return frame;
    }

    /// Any ICMPv6 message to all nodes, with a right checksum.
    static byte[] icmp6(long mac, String from, String hex) {
        IpAddress source = IpAddress.parse(from);
        byte[] message = HexFormat.of().parseHex(hex.replace(" ", ""));
        byte[] frame = new byte[54 + message.length];
        EthernetHeader.write(frame, 0, EthernetHeader.groupOf(0xff02L << 48, 1), mac, EthernetHeader.IPV6);
        System.arraycopy(message, 0, frame, 54, message.length);
        NdpWriter.finish(frame, 14, message.length, source.hi(), source.lo(), 0xff02L << 48, 1);
        return frame;
    }
}
