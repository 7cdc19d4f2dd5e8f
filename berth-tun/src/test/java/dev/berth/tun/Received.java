package dev.berth.tun;

import dev.berth.wire.Bytes;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.UdpHeader;
import java.util.Arrays;

/// A copy of a packet that a link handed in; IP headers without options only.
record Received(byte[] bytes, int segmentSize, byte checksum, int transportAt, int finishedChecksum) {
    static Received of(Packet packet) {
        byte[] bytes = new byte[packet.length()];
        packet.copyTo(bytes, 0);
        boolean partial = packet.checksum == Packet.CHECKSUM_PARTIAL;
        return new Received(
                bytes,
                packet.segmentSize,
                packet.checksum,
                packet.transportAt - packet.start,
                partial ? packet.finishedChecksum() : -1);
    }

    boolean ipv6() {
        return bytes[0] >>> 4 == 6;
    }

    int protocol() {
        return bytes[ipv6() ? 6 : 9];
    }

    boolean isUdp() {
        return protocol() == IpProtocol.UDP;
    }

    boolean isTcp() {
        return protocol() == IpProtocol.TCP;
    }

    /// Where the transport header is, found in the bytes.
    int transport() {
        return ipv6() ? 40 : 20;
    }

    int destinationPort() {
        return Bytes.u16(bytes, transport() + 2);
    }

    int sourcePort() {
        return Bytes.u16(bytes, transport());
    }

    int sequence() {
        return Bytes.i32(bytes, transport() + TcpHeader.SEQUENCE);
    }

    int tcpFlags() {
        return TcpHeader.flags(bytes, transport());
    }

    byte[] payload() {
        int header = protocol() == IpProtocol.UDP ? UdpHeader.LENGTH : TcpHeader.headerLength(bytes, transport());
        return Arrays.copyOfRange(bytes, transport() + header, bytes.length);
    }

    /// The sum over pseudo-header, header and payload: 0 if the checksum in the header is right and complete.
    int checksumError() {
        int addresses = ipv6() ? 8 : 12;
        int length = bytes.length - transport();
        long sum = InternetChecksum.headerSum(bytes, addresses, transport() - addresses) + protocol() + length;
        return InternetChecksum.finish(sum + InternetChecksum.payloadSum(bytes, transport(), length));
    }

    /// The checksum that belongs into the header, computed from nothing.
    int rightChecksum() {
        byte[] copy = bytes.clone();
        int at = transport() + (protocol() == IpProtocol.UDP ? UdpHeader.CHECKSUM : TcpHeader.CHECKSUM);
        Bytes.put16(copy, at, 0);
        return new Received(copy, 0, checksum, transportAt, -1).checksumError();
    }
}
