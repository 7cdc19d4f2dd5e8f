package dev.berth.testkit;

import dev.berth.stack.NetStack;
import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;

/// Somebody who puts segments with any addresses and numbers into a host's interface, past the wire of a [Pair].
final class Attacker {
    private final NetStack victim;
    private final NetInterface nic;
    private final BufferPool pool = new BufferPool();

    Attacker(NetStack victim) {
        this.victim = victim;
        nic = victim.interfaces().get(1);
    }

    /// Sends a segment with a right checksum; IPv4 only.
    ///
    /// @param from the source, as 32 bits
    /// @param options whole option octets, a multiple of four
    void send(
            int from,
            int fromPort,
            IpAddress to,
            int toPort,
            int seq,
            int ack,
            int flags,
            int window,
            byte[] options,
            int data,
            long now) {
        int header = TcpHeader.MIN_LENGTH + options.length;
        Packet packet = pool.takePacket(Ipv4Header.MIN_LENGTH + header + data);
        byte[] bytes = packet.bytes;
        int at = packet.start;
        int end = at + Ipv4Header.MIN_LENGTH + header + data;
        Ipv4Header.write(bytes, at, 0, end - at, 0, 0x4000, 64, IpProtocol.TCP, from, (int) to.lo());
        int tcp = at + Ipv4Header.MIN_LENGTH;
        Bytes.put16(bytes, tcp + TcpHeader.SOURCE_PORT, fromPort);
        Bytes.put16(bytes, tcp + TcpHeader.DESTINATION_PORT, toPort);
        Bytes.put32(bytes, tcp + TcpHeader.SEQUENCE, seq);
        Bytes.put32(bytes, tcp + TcpHeader.ACKNOWLEDGMENT, ack);
        Bytes.put8(bytes, tcp + TcpHeader.DATA_OFFSET, header << 2);
        Bytes.put8(bytes, tcp + TcpHeader.FLAGS, flags);
        Bytes.put16(bytes, tcp + TcpHeader.WINDOW, window);
        Bytes.put32(bytes, tcp + TcpHeader.CHECKSUM, 0);
        System.arraycopy(options, 0, bytes, tcp + TcpHeader.MIN_LENGTH, options.length);
        packet.end = end;
        packet.checksum = Packet.CHECKSUM_VERIFIED;
        victim.receive(nic, packet, now);
    }

    /// Sends any packet, from its IP header on.
    void raw(byte[] bytes, long now) {
        Packet packet = pool.takePacket(bytes.length);
        System.arraycopy(bytes, 0, packet.bytes, packet.start, bytes.length);
        packet.end = packet.start + bytes.length;
        victim.receive(nic, packet, now);
    }

    /// Throws away what the victim answers; returns how many packets that were.
    int answers(long now) {
        victim.settle(now);
        int count = 0;
        Packet packet;
        while ((packet = nic.pollEgress()) != null) {
            packet.release();
            count++;
        }
        return count;
    }

    /// The sequence number of the one segment that the victim answers with.
    int answer(long now) {
        victim.settle(now);
        Packet packet = nic.pollEgress();
        if (packet == null) {
            throw new AssertionError("no answer");
        }
        int seq = Bytes.i32(packet.bytes, packet.transportAt + TcpHeader.SEQUENCE);
        packet.release();
        return seq;
    }

    /// Packets and chunks of the attacker's that the victim still holds.
    int held() {
        return pool.outstanding();
    }
}
