package dev.berth.stack.udp;

import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.ip.IpOutput;
import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.BufferPool;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import dev.berth.wire.UdpHeader;
import org.jspecify.annotations.Nullable;

/// Builds datagrams whose [DatagramWay] is known, beside the host's critical section: by one thread at a time, the one
/// that transmits through the interface. It has memory of its own, and identifications that nobody else uses; what it
/// builds is counted with all else that leaves through the interface. In steady state nothing is allocated.
public final class DatagramLane {
    /// Identifications that it takes at a time.
    private static final int IDENTIFICATIONS = 64;

    private final NetInterface nic;
    private final IpOutput output;
    private final BufferPool pool = new BufferPool();
    private final DatagramWriter writer = new DatagramWriter(pool);
    private final char[] identifications = new char[IDENTIFICATIONS];
    private int nextIdentification = IDENTIFICATIONS;

    DatagramLane(NetInterface nic, IpOutput output) {
        this.nic = nic;
        this.output = output;
    }

    /// A whole packet with the datagram of `length` octets from `source` or, if that is null, of `data` from `from` on,
    /// which the caller has to transmit; null if it has to go through the critical section, because it is larger than
    /// the interface takes.
    public @Nullable Packet write(
            DatagramWay way, @Nullable ByteSource source, byte @Nullable [] data, int from, int length) {
        boolean ipv6 = way.ipv6;
        int total = (ipv6 ? Ipv6Header.LENGTH : Ipv4Header.MIN_LENGTH) + UdpHeader.LENGTH + length;
        if (total > nic.mtu()) {
            return null;
        }
        UdpEndpoint endpoint = way.endpoint();
        Packet packet = pool.takePacket();
        packet.ipv6 = ipv6;
        packet.protocol = IpProtocol.UDP;
        packet.sourceHi = way.sourceHi;
        packet.sourceLo = way.sourceLo;
        packet.destinationHi = way.destinationHi;
        packet.destinationLo = way.destinationLo;
        packet.sentAt = 0; // the pool does not clear it
        DatagramWriter.putHeader(packet, way.sourcePort, way.destinationPort, UdpHeader.LENGTH + length);
        if (source != null) {
            writer.putData(packet, source, length);
        } else if (data != null) {
            writer.putData(packet, data, from, length);
        }
        packet.stream = way.stream;
        if (!nic.checksumOffload()) {
            packet.completeChecksum();
        }
        boolean atomic = endpoint.dontFragment();
        int id = ipv6 || atomic ? 0 : nextIdentification();
        IpOutput.writeHeader(packet, total, endpoint.tos(), endpoint.ttl(), atomic, id);
        nic.countBeside(total);
        return packet;
    }

    private int nextIdentification() {
        if (nextIdentification == IDENTIFICATIONS) {
            nextIdentification = 0;
            int number = output.reserveIdentifications(IDENTIFICATIONS);
            for (int i = 0; i < IDENTIFICATIONS; i++) {
                identifications[i] = (char) output.identification16(number + i);
            }
        }
        return identifications[nextIdentification++];
    }
}
