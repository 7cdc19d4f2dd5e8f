package dev.berth.stack.icmp;

import dev.berth.stack.ip.IpOutput;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.UdpHeader;
import java.util.Arrays;

/// The headers of a packet that is gone, as an ICMP error quotes them: addresses, ports, and the sequence number, which
/// is all that anybody looks at.
final class LostPacket {
    private LostPacket() {}

    /// The headers of a packet.
    ///
    /// @param protocol [IpProtocol#TCP] for a SYN, [IpProtocol#UDP], or [IpProtocol#ICMP] for an echo request of either
    ///     family
    /// @param source who has sent it; for an echo request its port is the identifier
    /// @param destination where to; for an echo request its port has no meaning
    /// @param sequence of the SYN or of the echo request
    static Packet of(BufferPool pool, int protocol, Endpoint source, Endpoint destination, int sequence) {
        boolean ipv6 = !source.address().isIpv4();
        int header = ipv6 ? Ipv6Header.LENGTH : Ipv4Header.MIN_LENGTH;
        int transport = protocol == IpProtocol.TCP ? TcpHeader.MIN_LENGTH : UdpHeader.LENGTH;
        Packet lost = pool.takePacket();
        byte[] bytes = lost.bytes;
        lost.start = 0;
        lost.transportAt = header;
        lost.end = header + transport;
        Arrays.fill(bytes, 0, lost.end, (byte) 0);
        lost.ipv6 = ipv6;
        lost.protocol = ipv6 && protocol == IpProtocol.ICMP ? IpProtocol.ICMPV6 : protocol;
        lost.sourceHi = source.address().hi();
        lost.sourceLo = source.address().lo();
        lost.destinationHi = destination.address().hi();
        lost.destinationLo = destination.address().lo();
        if (ipv6) {
            Ipv6Header.write(
                    bytes,
                    0,
                    /* trafficClass= */ 0,
                    /* flowLabel= */ 0,
                    transport,
                    lost.protocol,
                    IpOutput.DEFAULT_TTL,
                    lost.sourceHi,
                    lost.sourceLo,
                    lost.destinationHi,
                    lost.destinationLo);
        } else {
            int from = source.address().ipv4();
            int to = destination.address().ipv4();
            Ipv4Header.write(bytes, 0, 0, lost.end, 0, 0, IpOutput.DEFAULT_TTL, protocol, from, to);
        }
        if (protocol == IpProtocol.ICMP) {
            Bytes.put8(bytes, header, ipv6 ? IcmpHeader.V6_ECHO : IcmpHeader.ECHO);
            Bytes.put32(bytes, header + IcmpHeader.REST, source.port() << 16 | sequence);
            return lost;
        }
        Bytes.put16(bytes, header, source.port());
        Bytes.put16(bytes, header + 2, destination.port());
        if (protocol == IpProtocol.TCP) {
            Bytes.put32(bytes, header + TcpHeader.SEQUENCE, sequence);
            Bytes.put8(bytes, header + TcpHeader.DATA_OFFSET, TcpHeader.MIN_LENGTH << 2);
            Bytes.put8(bytes, header + TcpHeader.FLAGS, TcpHeader.SYN);
        } else {
            Bytes.put16(bytes, header + UdpHeader.DATAGRAM_LENGTH, UdpHeader.LENGTH);
        }
        return lost;
    }
}
