package dev.berth.network;

import dev.berth.wire.Bytes;
import dev.berth.wire.TcpHeader;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/// Faults that know connections of TCP: they end them, or keep them from ending.
final class StreamRules {
    /// Connections that one fault knows at most; the one seen first is forgotten then.
    private static final int MAX_FLOWS = 1 << 16;

    private StreamRules() {}

    static Rule slowClose(long nanos) {
        Verdict late = Verdict.lateFin(nanos);
        return packet -> (packet.tcpFlags() & TcpHeader.FIN) != 0 ? late : Verdict.PASS;
    }

    /// One direction of a connection.
    private record Way(long fromHi, long fromLo, int fromPort, long toHi, long toLo, int toPort) {
        static Way of(Passage passage) {
            var packet = passage.packet;
            return new Way(
                    packet.sourceHi,
                    packet.sourceLo,
                    passage.sourcePort(),
                    packet.destinationHi,
                    packet.destinationLo,
                    passage.destinationPort());
        }

        Way back() {
            return new Way(
                    /* fromHi= */ toHi,
                    /* fromLo= */ toLo,
                    /* fromPort= */ toPort,
                    /* toHi= */ fromHi,
                    /* toLo= */ fromLo,
                    /* toPort= */ fromPort);
        }
    }

    private static final class Known<V> extends LinkedHashMap<Way, V> {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Way, V> eldest) {
            return size() > MAX_FLOWS;
        }
    }

    private static int sequence(Passage packet) {
        return Bytes.i32(packet.packet.bytes, packet.packet.transportAt + TcpHeader.SEQUENCE);
    }

    private static int acknowledgment(Passage packet) {
        return Bytes.i32(packet.packet.bytes, packet.packet.transportAt + TcpHeader.ACKNOWLEDGMENT);
    }

    /// Connections that are reset some time after they were seen first, also if they are idle.
    static final class Ending implements Rule {
        /// A connection, seen from the end that was heard first.
        private static final class Ends {
            final long end;
            final Reset first;
            /// What each end expects next, the one heard first before the other.
            int here;

            int there;

            Ends(long end, Reset first) {
                this.end = end;
                this.first = first;
                here = first.acknowledgment;
                there = first.sequence;
            }
        }

        private final Network network;
        private final Traffic traffic;
        private final long nanos;
        private final boolean silent;
        private final Map<Way, Ends> known = new Known<>(); // by the direction that was seen first; guarded by this

        /// @param traffic whose data count; the rule itself sees both directions
        /// @param nanos after which time; with `silent`, 0 means never
        /// @param silent no data get through until then
        Ending(Network network, Traffic traffic, long nanos, boolean silent) {
            this.network = network;
            this.traffic = traffic;
            this.nanos = nanos;
            this.silent = silent;
        }

        @Override
        public Verdict decide(Passage packet) {
            int flags = packet.tcpFlags();
            if (!packet.isTcp() || (flags & (TcpHeader.RST | TcpHeader.SYN)) != 0) {
                return Verdict.PASS;
            }
            boolean data = packet.payloadLength() > 0 || (flags & TcpHeader.FIN) != 0;
            boolean swallowed = silent && data && traffic.matches(packet);
            if (silent && nanos == 0) {
                return swallowed ? Verdict.DROP : Verdict.PASS;
            }
            if (packet.now() >= endOf(packet, flags)) {
                return Verdict.RESET;
            }
            return swallowed ? Verdict.DROP : Verdict.PASS;
        }

        private long endOf(Passage packet, int flags) {
            Way way = Way.of(packet);
            Ends ends;
            boolean fresh;
            synchronized (this) {
                ends = known.get(way);
                Ends back = ends == null ? known.get(way.back()) : null;
                fresh = ends == null && back == null;
                if (fresh) {
                    ends = new Ends(packet.now() + nanos, Reset.about(packet));
                    known.put(way, ends);
                }
                boolean here = back == null;
                Ends present = back != null ? back : Objects.requireNonNull(ends);
                // What is not delivered does not count; where data are swallowed, only what an end says itself does.
                int next = sequence(packet) + packet.payloadLength() + (flags & TcpHeader.FIN);
                if (here) {
                    present.here = later(present.here, acknowledgment(packet));
                    present.there = silent ? present.there : later(present.there, next);
                } else {
                    present.there = later(present.there, acknowledgment(packet));
                    present.here = silent ? present.here : later(present.here, next);
                }
                ends = present;
            }
            if (fresh) {
                // The connection may be idle by then. The packet itself passes: with 0 it is the end of the handshake.
                Ends later = ends;
                network.clock().after(nanos, () -> end(later));
                return Long.MAX_VALUE;
            }
            return ends.end;
        }

        private static int later(int one, int other) {
            return one - other >= 0 ? one : other;
        }

        private void end(Ends ends) {
            Reset reset;
            synchronized (this) {
                reset = ends.first.expecting(ends.there, ends.here);
            }
            if (network.rules().isInForce(this)) {
                network.carrier().reset(reset, true, true);
            }
        }
    }

    /// Connections that end when so much data have gone one way.
    static final class Limit implements Rule {
        private static final class Sent {
            final int first; // sequence number of the first octet of data
            boolean over;

            Sent(int first) {
                this.first = first;
            }
        }

        private final Traffic traffic;
        private final int octets;
        private final Map<Way, Sent> known = new Known<>(); // guarded by this

        /// @param traffic whose data count; the rule itself sees both directions
        Limit(Traffic traffic, int octets) {
            this.traffic = traffic;
            this.octets = octets;
        }

        @Override
        public synchronized Verdict decide(Passage packet) {
            int flags = packet.tcpFlags();
            if (!packet.isTcp() || (flags & TcpHeader.RST) != 0) {
                return Verdict.PASS;
            }
            Way way = Way.of(packet);
            int sequence = sequence(packet);
            if ((flags & TcpHeader.SYN) != 0) {
                known.put(way, new Sent(sequence + 1));
                return Verdict.PASS;
            }
            Sent back = known.get(way.back());
            if (back != null && isEnd(back, packet, flags)) {
                return Verdict.RESET;
            }
            if (!traffic.matches(packet)) {
                return Verdict.PASS;
            }
            Sent sent = known.computeIfAbsent(way, _ -> new Sent(sequence));
            if (sent.over) {
                return Verdict.RESET;
            }
            int before = sequence - sent.first; // octets before this segment
            int length = packet.payloadLength();
            if (length == 0 || before + length <= octets) {
                return Verdict.PASS;
            }
            // Again and again until the receiver says that it has the FIN: this is what the sender repeats.
            return before > octets ? Verdict.DROP : Verdict.cutShort(octets - before);
        }

        /// The receiver of a direction says that it has all data up to the limit and the FIN behind them.
        private boolean isEnd(Sent back, Passage packet, int flags) {
            if (!back.over && (flags & TcpHeader.ACK) != 0 && acknowledgment(packet) - back.first == octets + 1) {
                back.over = true;
            }
            return back.over;
        }
    }

    /// What has to be known to reset both ends of a connection: a packet from one of them. Its sequence number is what
    /// its receiver expects if nothing got lost, its acknowledgment number what its sender expects for sure (RFC 9293
    /// section 3.10.7.4: a RST counts if its sequence number is RCV.NXT).
    record Reset(
            Node from,
            boolean ipv6,
            long sourceHi,
            long sourceLo,
            int sourcePort,
            long destinationHi,
            long destinationLo,
            int destinationPort,
            int sequence,
            int acknowledgment,
            boolean acknowledges) {
        /// The same with what the receiver and the sender expect.
        Reset expecting(int receiver, int sender) {
            return new Reset(
                    from,
                    ipv6,
                    sourceHi,
                    sourceLo,
                    sourcePort,
                    destinationHi,
                    destinationLo,
                    destinationPort,
                    receiver,
                    sender,
                    true);
        }

        static Reset about(Passage passage) {
            var packet = passage.packet;
            int flags = passage.tcpFlags();
            int length = passage.payloadLength() + ((flags & TcpHeader.SYN) != 0 ? 1 : 0);
            boolean acknowledges = (flags & TcpHeader.ACK) != 0;
            return new Reset(
                    passage.from,
                    packet.ipv6,
                    packet.sourceHi,
                    packet.sourceLo,
                    passage.sourcePort(),
                    packet.destinationHi,
                    packet.destinationLo,
                    passage.destinationPort(),
                    StreamRules.sequence(passage),
                    acknowledges ? StreamRules.acknowledgment(passage) : StreamRules.sequence(passage) + length,
                    acknowledges);
        }
    }
}
