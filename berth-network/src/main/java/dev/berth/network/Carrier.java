package dev.berth.network;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.IpProtocol;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import dev.berth.wire.TcpHeader;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// The way of packets that rules, links, routers or virtual time have something to do with: out of an attachment, past
/// the rules, through the pipe of its link, perhaps through routers, through the pipe of the last link, and in.
/// Thread-safe.
final class Carrier {
    /// Packets that may be on their way at a time; more are dropped.
    private static final int MAX_IN_FLIGHT = 1 << 20;

    private final Network network;
    private final AtomicInteger inFlight = new AtomicInteger();
    private final BufferPool pool = new BufferPool(256, 64, 4); // guarded by itself

    Carrier(Network network) {
        this.network = network;
    }

    /// Packets on their way.
    int inFlight() {
        return inFlight.get();
    }

    /// Looks at a packet that leaves a host.
    ///
    /// @return true if it was taken over; false if it should go straight to its destination
    boolean takes(NetworkLink from, Packet packet) {
        Attachment to = network.attachmentOf(packet.destinationHi, packet.destinationLo);
        boolean shaped = network.isShaped();
        if (to == null && network.isForAll(from.subnet(), packet.destinationHi, packet.destinationLo)) {
            flood(from, packet);
            return true;
        }
        if (!network.rules().isEmpty()) {
            Passage passage = from.passage(packet, to == null ? Node.NOBODY : to.node());
            Verdict verdict = network.rules().decide(passage);
            if (verdict != Verdict.PASS) {
                obey(verdict, passage, from, to);
                return true;
            }
        }
        if (shaped) {
            enter(from, packet, to);
        }
        return shaped;
    }

    /// Gives everybody else on the subnet a copy.
    private void flood(NetworkLink from, Packet packet) {
        boolean asked = !network.rules().isEmpty();
        for (Attachment to : from.subnet().attachments(network)) {
            if (to == from.whole()) {
                continue;
            }
            Packet copy = share(packet);
            if (asked) {
                Passage passage = from.passage(copy, to.node());
                Verdict verdict = network.rules().decide(passage);
                if (verdict != Verdict.PASS) {
                    obey(verdict, passage, from, to);
                    continue;
                }
            }
            enter(from, copy, to);
        }
        packet.release();
    }

    private Packet share(Packet packet) {
        synchronized (pool) {
            return PacketCopies.share(pool, packet);
        }
    }

    private Packet whole(Packet packet) {
        synchronized (pool) {
            return PacketCopies.whole(pool, packet);
        }
    }

    private void obey(Verdict verdict, Passage passage, Attachment from, @Nullable Attachment to) {
        Packet packet = passage.packet;
        switch (verdict.kind) {
            case PASS, SLOW, DELIVER -> {
                Packet sent = packet;
                if (verdict.corrupt) {
                    sent = whole(packet);
                    PacketCopies.flip(sent, passage.random);
                    packet.release();
                }
                for (int i = 1; i < verdict.copies; i++) {
                    enterLater(verdict.nanos, from, share(sent), to);
                }
                enterLater(verdict.nanos, from, sent, to);
            }
            case DROP -> drop(packet, passage.decidedBy());
            case RESET, RESET_SENDER, RESET_RECEIVER -> {
                if (passage.isTcp()) {
                    reset(
                            StreamRules.Reset.about(passage),
                            verdict.kind != Verdict.Kind.RESET_RECEIVER,
                            verdict.kind != Verdict.Kind.RESET_SENDER);
                }
                drop(packet, passage.decidedBy());
            }
            case LATE_FIN -> {
                if (passage.payloadLength() > 0) {
                    enterLater(verdict.nanos, from, share(packet), to);
                    enter(from, changed(packet, passage.payloadLength(), 0, TcpHeader.FIN), to);
                } else {
                    enterLater(verdict.nanos, from, packet, to);
                }
            }
            case CUT_SHORT -> enter(from, changed(packet, verdict.octets, TcpHeader.FIN, 0), to);
        }
    }

    /// A copy of a TCP segment with other flags and only the first octets of its data; the packet itself is released.
    private Packet changed(Packet packet, int octets, int set, int clear) {
        Packet copy = whole(packet);
        packet.release();
        int at = copy.transportAt;
        int header = TcpHeader.headerLength(copy.bytes, at);
        copy.end = Math.min(copy.end, at + header + octets);
        Bytes.put8(copy.bytes, at + TcpHeader.FLAGS, TcpHeader.flags(copy.bytes, at) & ~clear | set);
        int length = copy.end - copy.start;
        if (copy.ipv6) {
            Bytes.put16(copy.bytes, copy.start + Ipv6Header.PAYLOAD_LENGTH, length - Ipv6Header.LENGTH);
        } else {
            Bytes.put16(copy.bytes, copy.start + Ipv4Header.TOTAL_LENGTH, length);
            Ipv4.checksum(copy);
        }
        checksum(copy);
        return copy;
    }

    /// Writes the checksum of a TCP segment in one piece.
    private static void checksum(Packet packet) {
        int at = packet.transportAt;
        int length = packet.end - at;
        Bytes.put16(packet.bytes, at + TcpHeader.CHECKSUM, 0);
        long sum = InternetChecksum.payloadSum(packet.bytes, at, length)
                + InternetChecksum.pseudoHeaderSum(
                        packet.ipv6,
                        packet.sourceHi,
                        packet.sourceLo,
                        packet.destinationHi,
                        packet.destinationLo,
                        IpProtocol.TCP,
                        length);
        Bytes.put16(packet.bytes, at + TcpHeader.CHECKSUM, InternetChecksum.finish(sum));
        packet.checksum = Packet.CHECKSUM_COMPLETE;
    }

    /// Sends RSTs to the ends of a connection, as if from each other.
    void reset(StreamRules.Reset about, boolean toSender, boolean toReceiver) {
        Attachment sender = network.attachmentOf(about.sourceHi(), about.sourceLo());
        Attachment receiver = network.attachmentOf(about.destinationHi(), about.destinationLo());
        if (sender == null || receiver == null) {
            return;
        }
        if (toSender) {
            enter(receiver, segment(about, true), sender);
        }
        if (toReceiver) {
            enter(sender, segment(about, false), receiver);
        }
    }

    private Packet segment(StreamRules.Reset about, boolean back) {
        Packet packet;
        synchronized (pool) {
            packet = pool.takePacket();
        }
        packet.ipv6 = about.ipv6();
        packet.protocol = IpProtocol.TCP;
        packet.sourceHi = back ? about.destinationHi() : about.sourceHi();
        packet.sourceLo = back ? about.destinationLo() : about.sourceLo();
        packet.destinationHi = back ? about.sourceHi() : about.destinationHi();
        packet.destinationLo = back ? about.sourceLo() : about.destinationLo();
        byte[] bytes = packet.bytes;
        int at = packet.transportAt;
        packet.end = at + TcpHeader.MIN_LENGTH;
        Bytes.put16(bytes, at, back ? about.destinationPort() : about.sourcePort());
        Bytes.put16(bytes, at + TcpHeader.DESTINATION_PORT, back ? about.sourcePort() : about.destinationPort());
        // RFC 9293 section 3.5.2: "If the incoming segment has an ACK field, the reset takes its sequence number from
        // the ACK field of the segment; otherwise, the reset has sequence number zero and the ACK field is set to the
        // sum of the sequence number and segment length of the incoming segment."
        boolean bare = back && !about.acknowledges();
        int sequence = !back ? about.sequence() : bare ? 0 : about.acknowledgment();
        Bytes.put32(bytes, at + TcpHeader.SEQUENCE, sequence);
        Bytes.put32(bytes, at + TcpHeader.ACKNOWLEDGMENT, bare ? about.acknowledgment() : 0);
        Bytes.put16(bytes, at + TcpHeader.DATA_OFFSET, 5 << 12 | TcpHeader.RST | (bare ? TcpHeader.ACK : 0));
        Bytes.put16(bytes, at + TcpHeader.WINDOW, 0);
        Bytes.put16(bytes, at + TcpHeader.URGENT_POINTER, 0);
        if (packet.ipv6) {
            packet.start = at - Ipv6Header.LENGTH;
            Ipv6Header.write(
                    bytes,
                    packet.start,
                    0,
                    0,
                    TcpHeader.MIN_LENGTH,
                    IpProtocol.TCP,
                    64,
                    packet.sourceHi,
                    packet.sourceLo,
                    packet.destinationHi,
                    packet.destinationLo);
        } else {
            packet.start = at - Ipv4Header.MIN_LENGTH;
            Ipv4Header.write(
                    bytes,
                    packet.start,
                    0,
                    Ipv4Header.MIN_LENGTH + TcpHeader.MIN_LENGTH,
                    0,
                    Ipv4Header.DONT_FRAGMENT,
                    64,
                    IpProtocol.TCP,
                    (int) packet.sourceLo,
                    (int) packet.destinationLo);
        }
        checksum(packet);
        return packet;
    }

    private void drop(Packet packet, String why) {
        network.countDropped(packet, why);
        packet.release();
    }

    // The way

    private void enterLater(long nanos, Attachment from, Packet packet, @Nullable Attachment to) {
        if (nanos == 0) {
            enter(from, packet, to);
        } else {
            fly(network.clock().now() + nanos, packet, () -> enter(from, packet, to));
        }
    }

    private void fly(long at, Packet packet, Runnable then) {
        if (inFlight.incrementAndGet() > MAX_IN_FLIGHT) {
            inFlight.decrementAndGet();
            drop(packet, "too many packets are on their way");
            return;
        }
        network.clock().at(at, Event.of(() -> {
            inFlight.decrementAndGet();
            then.run();
        }));
    }

    /// A packet leaves an attachment towards the one that has its destination, or nobody.
    void enter(Attachment from, Packet packet, @Nullable Attachment to) {
        Pipe up = from.up();
        if (up == null) {
            cross(from.subnet(), packet, to);
        } else {
            through(up, packet, arriving -> cross(from.subnet(), arriving, to));
        }
    }

    private interface Then {
        void accept(Packet packet);
    }

    private void through(Pipe pipe, Packet packet, Then then) {
        long now = network.clock().now();
        long arrival;
        Packet sent = packet;
        Packet twin = null;
        synchronized (pipe) {
            arrival = pipe.admit(packet.length(), now);
            if (arrival >= 0) {
                if (pipe.isWrong()) {
                    sent = whole(packet);
                    PacketCopies.flip(sent, pipe.random());
                    packet.release();
                }
                if (pipe.isAgain()) {
                    twin = share(sent);
                }
            }
        }
        if (arrival < 0) {
            drop(packet, "the link has lost it or is full");
            return;
        }
        pass(arrival, now, sent, then);
        if (twin != null) {
            pass(arrival, now, twin, then);
        }
    }

    private void pass(long arrival, long now, Packet packet, Then then) {
        if (arrival <= now) {
            then.accept(packet);
        } else {
            fly(arrival, packet, () -> then.accept(packet));
        }
    }

    /// A packet crosses a subnet: to its destination, or to the router that is nearer to it.
    private void cross(Subnet subnet, Packet packet, @Nullable Attachment to) {
        Attachment next = to == null || to.subnet() != subnet ? network.wayOut(subnet, packet, to) : to;
        if (next == null) {
            network.countUndeliverable(packet);
            packet.release();
            return;
        }
        Pipe down = next.down();
        if (down != null) {
            through(down, packet, arriving -> arrive(next, arriving));
        } else {
            arrive(next, packet);
        }
    }

    private void arrive(Attachment last, Packet packet) {
        if (network.clock().isVirtual()) {
            // One event for each arrival, also without any delay: no host is called from within another one.
            fly(network.clock().now(), packet, () -> last.arrived(packet));
        } else {
            last.arrived(packet);
        }
    }

    /// What several classes need of IPv4.
    static final class Ipv4 {
        private Ipv4() {}

        /// Writes the header checksum.
        static void checksum(Packet packet) {
            Bytes.put16(packet.bytes, packet.start + Ipv4Header.CHECKSUM, 0);
            long sum = InternetChecksum.headerSum(
                    packet.bytes, packet.start, Ipv4Header.headerLength(packet.bytes, packet.start));
            Bytes.put16(packet.bytes, packet.start + Ipv4Header.CHECKSUM, InternetChecksum.finish(sum));
        }
    }
}
