package dev.berth.junit;

import dev.berth.ports.Transport;
import dev.berth.wire.Bytes;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Who has talked to whom on a network, and how it went: gathered from the packets that its hosts send, whether they
/// arrive or not. A field or parameter with [BerthNetwork] of this type is given that of the network;
/// [BerthAssertions#assertThat(TrafficLog)] asks about it.
///
/// A packet of TCP or UDP counts once, where it is sent. Thread-safe. Bounded: the talks after the first 65,536 are
/// only counted.
public final class TrafficLog {
    private static final int MAX_TALKS = 65_536;

    /// The two ends of a talk; the first is the lower one.
    private record Ends(int protocol, long hi1, long lo1, int port1, long hi2, long lo2, int port2) {}

    /// One way, with what is needed to tell data from its repetition.
    private static final class Way {
        long packets;
        long octets;
        long retransmissions;
        boolean begun;
        int behind; // the sequence number behind everything sent so far

        Talk.Way copy() {
            return new Talk.Way(packets, octets, retransmissions);
        }
    }

    private static final class Entry {
        final Transport transport;
        final Endpoint client;
        final Endpoint server;
        final Way toServer = new Way();
        final Way toClient = new Way();
        boolean established;
        boolean reset;
        int iss; // of the client

        Entry(Transport transport, Endpoint client, Endpoint server) {
            this.transport = transport;
            this.client = client;
            this.server = server;
            established = transport == Transport.UDP;
        }
    }

    // All guarded by this
    private final Map<Ends, Entry> present = new HashMap<>();
    private final List<Entry> all = new ArrayList<>();
    private final Map<IpAddress, String> hosts = new HashMap<>();
    private long more;

    TrafficLog() {}

    /// Whose address it is.
    synchronized void host(IpAddress address, String name) {
        hosts.put(address, name);
    }

    /// A host sends a packet, which stays as it is.
    void sent(Packet packet) {
        int header = packet.end - packet.transportAt;
        if (packet.transportAt <= packet.start) {
            return;
        }
        if (packet.protocol == IpProtocol.TCP && header >= TcpHeader.MIN_LENGTH) {
            int flags = TcpHeader.flags(packet.bytes, packet.transportAt);
            int octets = header + packet.tailLength() - TcpHeader.headerLength(packet.bytes, packet.transportAt);
            tcp(packet, flags, Math.max(0, octets));
        } else if (packet.protocol == IpProtocol.UDP && header >= 8) {
            udp(packet, header + packet.tailLength() - 8);
        }
    }

    private synchronized void tcp(Packet packet, int flags, int octets) {
        int sequence = Bytes.i32(packet.bytes, packet.transportAt + TcpHeader.SEQUENCE);
        boolean opens = (flags & (TcpHeader.SYN | TcpHeader.ACK)) == TcpHeader.SYN;
        Ends ends = ends(packet);
        Entry entry = present.get(ends);
        if (entry == null || opens && entry.iss != sequence && isFrom(packet, entry.client)) {
            entry = begin(Transport.TCP, packet, ends);
            if (entry == null) {
                return;
            }
            entry.iss = sequence;
        }
        boolean toServer = isFrom(packet, entry.client);
        Way way = toServer ? entry.toServer : entry.toClient;
        way.packets++;
        entry.established |= !toServer && (flags & TcpHeader.SYN) != 0;
        entry.reset |= (flags & TcpHeader.RST) != 0;
        int length = octets + ((flags & TcpHeader.SYN) != 0 ? 1 : 0) + ((flags & TcpHeader.FIN) != 0 ? 1 : 0);
        if (length == 0) {
            return;
        }
        int behind = sequence + length;
        int fresh = way.begun ? behind - way.behind : length;
        way.begun = true;
        if (fresh > 0) {
            way.behind = behind;
            way.octets += Math.min(fresh, octets);
        } else {
            way.retransmissions++;
        }
    }

    private synchronized void udp(Packet packet, int octets) {
        Ends ends = ends(packet);
        Entry entry = present.get(ends);
        if (entry == null) {
            entry = begin(Transport.UDP, packet, ends);
            if (entry == null) {
                return;
            }
        }
        Way way = isFrom(packet, entry.client) ? entry.toServer : entry.toClient;
        way.packets++;
        way.octets += octets;
    }

    private @Nullable Entry begin(Transport transport, Packet packet, Ends ends) {
        if (all.size() >= MAX_TALKS) {
            more++;
            return null;
        }
        Entry entry = new Entry(
                transport,
                new Endpoint(new IpAddress(packet.sourceHi, packet.sourceLo), sourcePort(packet)),
                new Endpoint(new IpAddress(packet.destinationHi, packet.destinationLo), destinationPort(packet)));
        present.put(ends, entry);
        all.add(entry);
        return entry;
    }

    private static boolean isFrom(Packet packet, Endpoint end) {
        return sourcePort(packet) == end.port()
                && packet.sourceHi == end.address().hi()
                && packet.sourceLo == end.address().lo();
    }

    private static int sourcePort(Packet packet) {
        return Bytes.u16(packet.bytes, packet.transportAt);
    }

    private static int destinationPort(Packet packet) {
        return Bytes.u16(packet.bytes, packet.transportAt + 2);
    }

    private static Ends ends(Packet packet) {
        int source = sourcePort(packet);
        int destination = destinationPort(packet);
        int order = Long.compareUnsigned(packet.sourceHi, packet.destinationHi);
        order = order != 0 ? order : Long.compareUnsigned(packet.sourceLo, packet.destinationLo);
        order = order != 0 ? order : Integer.compare(source, destination);
        return order <= 0
                ? new Ends(
                        packet.protocol,
                        packet.sourceHi,
                        packet.sourceLo,
                        source,
                        packet.destinationHi,
                        packet.destinationLo,
                        destination)
                : new Ends(
                        packet.protocol,
                        packet.destinationHi,
                        packet.destinationLo,
                        destination,
                        packet.sourceHi,
                        packet.sourceLo,
                        source);
    }

    /// The talks so far, in the order in which they began.
    public synchronized List<Talk> talks() {
        List<Talk> talks = new ArrayList<>(all.size());
        for (Entry entry : all) {
            talks.add(new Talk(
                    entry.transport,
                    nameOf(entry.client.address()),
                    entry.client,
                    nameOf(entry.server.address()),
                    entry.server,
                    entry.established,
                    entry.reset,
                    entry.toServer.copy(),
                    entry.toClient.copy()));
        }
        return talks;
    }

    private String nameOf(IpAddress address) {
        return hosts.getOrDefault(address, address.toString());
    }

    /// Packets of talks that came when there were 65,536 already.
    public synchronized long uncounted() {
        return more;
    }

    /// Forgets everything so far; connections that go on then count as new.
    public synchronized void clear() {
        present.clear();
        all.clear();
        more = 0;
    }

    @Override
    public String toString() {
        return "TrafficLog[" + talks().size() + " talks]";
    }
}
