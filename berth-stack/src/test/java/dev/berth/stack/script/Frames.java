package dev.berth.stack.script;

import dev.berth.wire.IpAddress;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/// Builds and reads packets octet by octet, without the code under test: its own checksum, its own layouts.
public final class Frames {
    public static final int ICMP = 1;
    public static final int TCP = 6;
    public static final int UDP = 17;
    public static final int ICMPV6 = 58;
    public static final int MORE = 0x2000;
    public static final int DF = 0x4000;

    private Frames() {}

    /// An IPv4 packet with TTL 64 and without options.
    public static byte[] ipv4(String source, String destination, int protocol, byte[] payload) {
        return ipv4(source, destination, protocol, payload, 0, 0, new byte[0]);
    }

    /// An IPv4 packet.
    ///
    /// @param flagsFragment flags and fragment offset in units of 8 octets
    public static byte[] ipv4(
            String source,
            String destination,
            int protocol,
            byte[] payload,
            int id,
            int flagsFragment,
            byte[] options) {
        int header = 20 + options.length;
        byte[] packet = new byte[header + payload.length];
        packet[0] = (byte) (0x40 | header / 4);
        put16(packet, 2, packet.length);
        put16(packet, 4, id);
        put16(packet, 6, flagsFragment);
        packet[8] = 64;
        packet[9] = (byte) protocol;
        System.arraycopy(octets(source), 0, packet, 12, 4);
        System.arraycopy(octets(destination), 0, packet, 16, 4);
        System.arraycopy(options, 0, packet, 20, options.length);
        System.arraycopy(payload, 0, packet, header, payload.length);
        return ipv4Checksum(packet);
    }

    /// Computes the header checksum anew.
    public static byte[] ipv4Checksum(byte[] packet) {
        put16(packet, 10, 0);
        put16(packet, 10, checksum(Arrays.copyOf(packet, (packet[0] & 15) * 4)));
        return packet;
    }

    /// An IPv6 packet with hop limit 64.
    public static byte[] ipv6(String source, String destination, int next, byte[]... payload) {
        byte[] data = concat(payload);
        byte[] packet = new byte[40 + data.length];
        packet[0] = 0x60;
        put16(packet, 4, data.length);
        packet[6] = (byte) next;
        packet[7] = 64;
        System.arraycopy(octets(source), 0, packet, 8, 16);
        System.arraycopy(octets(destination), 0, packet, 24, 16);
        System.arraycopy(data, 0, packet, 40, data.length);
        return packet;
    }

    /// A UDP datagram in an IP packet of the addresses' family, checksum included.
    public static byte[] udp(String source, int sourcePort, String destination, int destinationPort, byte[] data) {
        byte[] datagram = udpDatagram(source, sourcePort, destination, destinationPort, data);
        return ip(source, destination, UDP, datagram);
    }

    /// A UDP datagram without an IP header, checksum included.
    public static byte[] udpDatagram(
            String source, int sourcePort, String destination, int destinationPort, byte[] data) {
        byte[] datagram = new byte[8 + data.length];
        put16(datagram, 0, sourcePort);
        put16(datagram, 2, destinationPort);
        put16(datagram, 4, datagram.length);
        System.arraycopy(data, 0, datagram, 8, data.length);
        int checksum = transportChecksum(source, destination, UDP, datagram);
        put16(datagram, 6, checksum == 0 ? 0xffff : checksum);
        return datagram;
    }

    /// A TCP header without options, in an IP packet.
    public static byte[] tcp(String source, int sourcePort, String destination, int destinationPort, int sequence) {
        byte[] segment = new byte[20];
        put16(segment, 0, sourcePort);
        put16(segment, 2, destinationPort);
        put32(segment, 4, sequence);
        segment[12] = 0x50;
        segment[13] = 2;
        put16(segment, 16, transportChecksum(source, destination, TCP, segment));
        return ip(source, destination, TCP, segment);
    }

    /// An ICMP or ICMPv6 message in an IP packet, by the family of the addresses.
    public static byte[] icmp(String source, String destination, int type, int code, int rest, byte[] data) {
        boolean v6 = source.indexOf(':') >= 0;
        byte[] message = icmpMessage(source, destination, type, code, rest, data);
        return ip(source, destination, v6 ? ICMPV6 : ICMP, message);
    }

    /// An ICMP or ICMPv6 message without an IP header.
    public static byte[] icmpMessage(String source, String destination, int type, int code, int rest, byte[] data) {
        byte[] message = new byte[8 + data.length];
        message[0] = (byte) type;
        message[1] = (byte) code;
        put32(message, 4, rest);
        System.arraycopy(data, 0, message, 8, data.length);
        boolean v6 = source.indexOf(':') >= 0;
        put16(message, 2, v6 ? transportChecksum(source, destination, ICMPV6, message) : checksum(message));
        return message;
    }

    /// A packet of the addresses' family.
    public static byte[] ip(String source, String destination, int protocol, byte[] payload) {
        return source.indexOf(':') >= 0
                ? ipv6(source, destination, protocol, payload)
                : ipv4(source, destination, protocol, payload);
    }

    /// An IPv6 fragment header.
    public static byte[] fragmentHeader(int next, int offset, boolean more, int id) {
        byte[] header = new byte[8];
        header[0] = (byte) next;
        put16(header, 2, offset | (more ? 1 : 0));
        put32(header, 4, id);
        return header;
    }

    /// An IPv6 extension header with options or other content, padded with PadN to a multiple of 8 octets.
    public static byte[] extension(int next, int... content) {
        int length = (2 + content.length + 7) / 8 * 8;
        byte[] header = new byte[length];
        header[0] = (byte) next;
        header[1] = (byte) (length / 8 - 1);
        for (int i = 0; i < content.length; i++) {
            header[2 + i] = (byte) content[i];
        }
        int padding = length - 2 - content.length;
        if (padding >= 2) {
            header[2 + content.length] = 1;
            header[3 + content.length] = (byte) (padding - 2);
        }
        return header;
    }

    /// The checksum with the pseudo-header; 0 if the data hold a right one.
    public static int transportChecksum(String source, String destination, int protocol, byte[] data) {
        byte[] length = new byte[4];
        put32(length, 0, data.length);
        return checksum(concat(octets(source), octets(destination), length, new byte[] {0, (byte) protocol}, data));
    }

    /// RFC 1071, the plain way.
    public static int checksum(byte[] data) {
        int sum = 0;
        for (int i = 0; i < data.length; i += 2) {
            sum += (data[i] & 0xff) << 8 | (i + 1 < data.length ? data[i + 1] & 0xff : 0);
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return ~sum & 0xffff;
    }

    /// `length` octets that differ from place to place.
    public static byte[] data(int length) {
        byte[] data = new byte[length];
        for (int i = 0; i < length; i++) {
            data[i] = (byte) (i * 7 + (i >>> 8) * 3);
        }
        return data;
    }

    public static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    public static byte[] slice(byte[] bytes, int from, int to) {
        return Arrays.copyOfRange(bytes, from, to);
    }

    public static byte[] octets(String address) {
        return IpAddress.parse(address).octets();
    }

    public static int u8(byte[] bytes, int at) {
        return bytes[at] & 0xff;
    }

    public static int u16(byte[] bytes, int at) {
        return u8(bytes, at) << 8 | u8(bytes, at + 1);
    }

    public static int i32(byte[] bytes, int at) {
        return u16(bytes, at) << 16 | u16(bytes, at + 2);
    }

    public static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }

    public static void put32(byte[] bytes, int at, int value) {
        put16(bytes, at, value >>> 16);
        put16(bytes, at + 2, value);
    }
}
