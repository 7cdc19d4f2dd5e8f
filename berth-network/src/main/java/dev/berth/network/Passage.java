package dev.berth.network;

import dev.berth.wire.Bytes;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import dev.berth.wire.UdpHeader;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// A packet on its way, as a [Rule] sees it: who sends it to whom, and what is in it. One object is used again and
/// again, so it must not be kept.
public final class Passage {
    private final Network network;
    final SplittableRandom random;
    Packet packet;
    Node from;
    Node to;

    @Nullable
    Fault fault; // the last that had something to say

    Passage(Network network, SplittableRandom random, Packet packet, Node from, Node to) {
        this.network = network;
        this.random = random;
        this.packet = packet;
        this.from = from;
        this.to = to;
    }

    /// The fault that has decided, in words.
    String decidedBy() {
        Fault last = fault;
        return last == null ? "a rule" : last.toString();
    }

    /// The name of the host or router that sends it.
    public String from() {
        return from.name();
    }

    /// The name of the host or router that it is for; empty if nobody has its destination, or many have.
    public String to() {
        return to.name();
    }

    /// The packet itself. A rule reads it and leaves it as it is.
    public Packet packet() {
        return packet;
    }

    /// The source address.
    public IpAddress source() {
        return new IpAddress(packet.sourceHi, packet.sourceLo);
    }

    /// The destination address.
    public IpAddress destination() {
        return new IpAddress(packet.destinationHi, packet.destinationLo);
    }

    /// Octets of the packet, headers included.
    public int length() {
        return packet.length();
    }

    /// True for TCP; false for a fragment that is not the first one.
    public boolean isTcp() {
        return isTcp(packet);
    }

    /// True for UDP; false for a fragment that is not the first one.
    public boolean isUdp() {
        return isUdp(packet);
    }

    private static boolean isTcp(Packet packet) {
        return packet.protocol == IpProtocol.TCP && hasHeader(packet, TcpHeader.MIN_LENGTH);
    }

    private static boolean isUdp(Packet packet) {
        return packet.protocol == IpProtocol.UDP && hasHeader(packet, UdpHeader.LENGTH);
    }

    private static boolean hasHeader(Packet packet, int octets) {
        return packet.end - packet.transportAt >= octets && packet.transportAt > packet.start;
    }

    /// The source port of TCP or UDP; -1 for other packets.
    public int sourcePort() {
        return sourcePort(packet);
    }

    /// The destination port of TCP or UDP; -1 for other packets.
    public int destinationPort() {
        return destinationPort(packet);
    }

    static int sourcePort(Packet packet) {
        return isTcp(packet) || isUdp(packet) ? Bytes.u16(packet.bytes, packet.transportAt) : -1;
    }

    static int destinationPort(Packet packet) {
        return isTcp(packet) || isUdp(packet) ? Bytes.u16(packet.bytes, packet.transportAt + 2) : -1;
    }

    /// The flags of a TCP segment, such as [TcpHeader#FIN]; 0 for other packets.
    public int tcpFlags() {
        return isTcp() ? TcpHeader.flags(packet.bytes, packet.transportAt) : 0;
    }

    /// Octets of data behind the header of TCP or UDP; 0 for other packets.
    public int payloadLength() {
        int transport = packet.end - packet.transportAt + packet.tailLength();
        if (isTcp()) {
            return transport - TcpHeader.headerLength(packet.bytes, packet.transportAt);
        }
        return isUdp() ? transport - UdpHeader.LENGTH : 0;
    }

    /// Nanoseconds of the network's clock.
    public long now() {
        return network.clock().now();
    }

    /// Random numbers that the network's seed repeats. Those of the sender alone, so that what others send does not
    /// change them.
    public SplittableRandom random() {
        return random;
    }

    @Override
    public String toString() {
        return from() + " " + source() + " -> " + to() + " " + destination() + ", protocol " + packet.protocol + ", "
                + length() + " octets";
    }
}
