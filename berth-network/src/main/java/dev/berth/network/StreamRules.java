package dev.berth.network;

import dev.berth.wire.Bytes;
import dev.berth.wire.TcpHeader;
import java.util.LinkedHashMap;
import java.util.Map;

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
            return new Way(toHi, toLo, toPort, fromHi, fromLo, fromPort);
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
        private final Network network;
        private final long nanos;
        private final boolean silent;
        private final Map<Way, Long> ends = new Known<>(); // by the direction that was seen first; guarded by this

        /// @param nanos after which time; with `silent`, 0 means never
        /// @param silent nothing gets through until then
        Ending(Network network, long nanos, boolean silent) {
            this.network = network;
            this.nanos = nanos;
            this.silent = silent;
        }

        @Override
        public Verdict decide(Passage packet) {
            int flags = packet.tcpFlags();
            if (!packet.isTcp() || (flags & TcpHeader.RST) != 0) {
                return Verdict.PASS;
            }
            if ((flags & TcpHeader.SYN) != 0) {
                return Verdict.PASS;
            }
            boolean data = packet.payloadLength() > 0 || (flags & TcpHeader.FIN) != 0;
            if (silent && nanos == 0) {
                return data ? Verdict.DROP : Verdict.PASS;
            }
            if (packet.now() >= endOf(packet)) {
                return Verdict.RESET;
            }
            return silent && data ? Verdict.DROP : Verdict.PASS;
        }

        private long endOf(Passage packet) {
            Way way = Way.of(packet);
            long now = packet.now();
            synchronized (this) {
                Long known = ends.get(way);
                if (known == null) {
                    known = ends.get(way.back());
                }
                if (known != null) {
                    return known;
                }
                ends.put(way, now + nanos);
            }
            if (nanos > 0) {
                // The connection may be idle by then: whoever sent this is told what the packet says.
                Reset reset = Reset.about(packet);
                network.clock().after(nanos, () -> {
                    if (network.rules().isInForce(this)) {
                        network.carrier().reset(reset, true, true);
                    }
                });
            }
            return now + nanos;
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

        private final int octets;
        private final Map<Way, Sent> known = new Known<>(); // guarded by this

        Limit(int octets) {
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
