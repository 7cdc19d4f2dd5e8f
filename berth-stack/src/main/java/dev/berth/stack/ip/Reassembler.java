package dev.berth.stack.ip;

import dev.berth.wire.BufferPool;
import dev.berth.wire.Bytes;
import dev.berth.wire.DropReason;
import dev.berth.wire.InternetChecksum;
import dev.berth.wire.Ipv4Header;
import dev.berth.wire.Ipv6Header;
import dev.berth.wire.Packet;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Puts fragments together again (RFC 791 section 3.2, RFC 8200 section 4.5), within bounds of memory per host and
/// per source.
///
/// The fragments of a datagram are kept as they came, in a list by offset. Because a datagram with an overlap is
/// thrown away as a whole, it is complete as soon as the octets received are as many as its length, and the holes of
/// RFC 815 need not be written down. When a bound is reached, the oldest datagram gives way: a datagram that still
/// lacks fragments after milliseconds will hardly ever be complete, and is what an attacker would fill the memory
/// with. Used in the host's critical section only; in steady state nothing is allocated.
public final class Reassembler {
    /// How long the fragments of a datagram are kept, from the first one to arrive.
    ///
    /// RFC 1122 section 3.3.2: "The reassembly timeout value SHOULD be a fixed value [...] between 60 seconds and
    /// 120 seconds."
    public static final long TIMEOUT_NANOS = 60_000_000_000L;

    /// Fragments per datagram; more than that many are not needed for 64 KiB on a path MTU of 296.
    public static final int MAX_FRAGMENTS = 256;

    /// Datagrams in the works by default, per host.
    public static final int DEFAULT_DATAGRAMS = 256;

    /// Octets of memory by default, per host.
    public static final int DEFAULT_OCTETS = 4 << 20;

    private static final int BUCKETS = 64;
    private static final int BY_REFERENCE_COST = 512;

    /// One datagram in the works.
    private static final class Datagram {
        boolean ipv6;
        long sourceHi;
        long sourceLo;
        long destinationHi;
        long destinationLo;
        int protocol;
        int id;
        long deadline;

        @Nullable
        Packet first; // by offset, chained through Packet.next

        @Nullable
        Packet last;

        int count;
        int received;
        int total = -1; // octets behind the headers, once the last fragment came
        int cost; // octets of memory
        int ecn; // which codepoints the fragments carry, as bits
        boolean abandoned;

        @Nullable
        Datagram chain; // the next of the bucket, older than this one; or of the free list

        @Nullable
        Datagram older;

        @Nullable
        Datagram younger;
    }

    private final BufferPool pool;
    private final DropCounters drops;
    private final int maxDatagrams;
    private final int maxOctets;
    private final int maxOctetsPerSource;
    private final @Nullable Datagram[] buckets = new Datagram[BUCKETS];
    private @Nullable Datagram free;
    private @Nullable Datagram oldest;
    private @Nullable Datagram youngest;
    private int datagrams;
    private int octets;
    private long reassembled;

    /// With the ordinary bounds.
    public Reassembler(BufferPool pool, DropCounters drops) {
        this(pool, drops, DEFAULT_DATAGRAMS, DEFAULT_OCTETS, DEFAULT_OCTETS / 4);
    }

    /// With bounds of its own: datagrams and octets of memory per host, octets of memory per source.
    public Reassembler(BufferPool pool, DropCounters drops, int maxDatagrams, int maxOctets, int maxOctetsPerSource) {
        this.pool = pool;
        this.drops = drops;
        this.maxDatagrams = maxDatagrams;
        this.maxOctets = maxOctets;
        this.maxOctetsPerSource = maxOctetsPerSource;
    }

    /// Takes a fragment over. Its header is at `start`, its data at `transportAt`, for IPv6 right behind the fragment
    /// header; [IpInput] has checked that it is no longer than a datagram can be.
    ///
    /// @param offset of its data in the datagram, in octets
    /// @param more true unless it is the last fragment
    /// @return the whole datagram with this as the last piece, or null
    @Nullable
    Packet add(Packet packet, int offset, boolean more, int id, long now) {
        // RFC 791 section 3.2: "The internet identification field (ID) is used together with the source and
        // destination address, and the protocol fields, to identify datagram fragments for reassembly." RFC 8200
        // section 4.5: "An original packet is reassembled only from fragment packets that have the same Source
        // Address, Destination Address, and Fragment Identification."
        int protocol = packet.ipv6 ? 0 : Bytes.u8(packet.bytes, packet.start + Ipv4Header.PROTOCOL);
        Datagram datagram = find(packet, protocol, id);
        if (datagram == null) {
            datagram = open(packet, protocol, id, now);
        }
        if (datagram.abandoned) {
            drops.drop(DropReason.BAD_FRAGMENT, packet);
            return null;
        }
        int end = offset + dataLength(packet);
        Packet last = datagram.last;
        int reached = last == null ? 0 : offsetOf(last) + dataLength(last);
        boolean impossible = more
                ? datagram.total >= 0 && end > datagram.total
                : datagram.total >= 0 ? end != datagram.total : end < reached;
        Packet before = last == null || offset >= reached ? last : before(datagram, offset);
        Packet after = before == null ? datagram.first : before.next;
        if (after != null && isDuplicate(after, packet, offset)) {
            // RFC 8200 section 4.5: "an implementation may choose to detect this case and drop exact duplicate
            // fragments while keeping the other fragments belonging to the same packet."
            drops.drop(DropReason.BAD_FRAGMENT, packet);
            return null;
        }
        boolean overlaps = before != null && offsetOf(before) + dataLength(before) > offset
                || after != null && offsetOf(after) < end;
        if (impossible || overlaps) {
            // RFC 8200 section 4.5: "reassembly of that packet must be abandoned and all the fragments that have been
            // received for that packet must be discarded, and no ICMP error messages should be sent."
            drops.drop(DropReason.BAD_FRAGMENT, packet);
            abandon(datagram, DropReason.BAD_FRAGMENT);
            return null;
        }
        if (datagram.count == MAX_FRAGMENTS) {
            drops.drop(DropReason.REASSEMBLY_OVERFLOW, packet);
            abandon(datagram, DropReason.REASSEMBLY_OVERFLOW);
            return null;
        }
        Packet fragment = compact(packet);
        if (!makeRoom(datagram, cost(fragment))) {
            drops.drop(DropReason.REASSEMBLY_OVERFLOW, fragment);
            return null;
        }
        insert(datagram, before, fragment);
        if (!more) {
            datagram.total = end;
        }
        return datagram.received == datagram.total ? complete(datagram) : null;
    }

    /// Ends the next datagram whose time is over. Its fragments are counted as [DropReason#REASSEMBLY_TIMEOUT].
    ///
    /// @return the fragment with offset 0 of a datagram that ended, about which Time Exceeded is to be sent and
    /// which     belongs to the caller (counted already); null if nothing more is due
    @Nullable
    Packet expire(long now) {
        for (Datagram datagram = oldest; datagram != null && now - datagram.deadline >= 0; datagram = oldest) {
            // RFC 1122 section 3.3.2: "If this timeout expires, the partially-reassembled datagram MUST be discarded
            // and an ICMP Time Exceeded message sent to the source host (if fragment zero has been received)."
            Packet zero = datagram.first;
            if (zero != null && offsetOf(zero) == 0) {
                datagram.first = zero.next;
                zero.next = null;
                drops.count(DropReason.REASSEMBLY_TIMEOUT, zero);
            } else {
                zero = null;
            }
            close(datagram, DropReason.REASSEMBLY_TIMEOUT);
            if (zero != null) {
                return zero;
            }
        }
        return null;
    }

    /// Drops everything that is held, counted as [DropReason#DOWN].
    public void clear() {
        for (Datagram datagram = oldest; datagram != null; datagram = oldest) {
            close(datagram, DropReason.DOWN);
        }
    }

    /// When [#expire] has something to do next, or [PathMtu#NEVER].
    public long nextDeadline() {
        Datagram next = oldest;
        return next == null ? PathMtu.NEVER : next.deadline;
    }

    /// Datagrams in the works, those included that were given up and whose fragments are still refused.
    public int datagrams() {
        return datagrams;
    }

    /// Octets of memory in use.
    public int octets() {
        return octets;
    }

    /// Datagrams completed so far.
    public long reassembled() {
        return reassembled;
    }

    private @Nullable Datagram find(Packet packet, int protocol, int id) {
        Datagram datagram = buckets[bucket(packet.sourceHi, packet.sourceLo)];
        while (datagram != null
                && (datagram.id != id
                        || datagram.ipv6 != packet.ipv6
                        || datagram.protocol != protocol
                        || !sameSource(datagram, packet.sourceHi, packet.sourceLo)
                        || datagram.destinationLo != packet.destinationLo
                        || datagram.destinationHi != packet.destinationHi)) {
            datagram = datagram.chain;
        }
        return datagram;
    }

    private Datagram open(Packet packet, int protocol, int id, long now) {
        Datagram giveWay = oldest;
        if (datagrams == maxDatagrams && giveWay != null) {
            close(giveWay, DropReason.REASSEMBLY_OVERFLOW);
        }
        Datagram datagram = free;
        if (datagram == null) {
            datagram = new Datagram();
        } else {
            free = datagram.chain;
        }
        datagram.ipv6 = packet.ipv6;
        datagram.sourceHi = packet.sourceHi;
        datagram.sourceLo = packet.sourceLo;
        datagram.destinationHi = packet.destinationHi;
        datagram.destinationLo = packet.destinationLo;
        datagram.protocol = protocol;
        datagram.id = id;
        datagram.deadline = now + TIMEOUT_NANOS;
        datagram.total = -1;
        datagram.received = 0;
        datagram.ecn = 0;
        datagram.abandoned = false;
        int bucket = bucket(packet.sourceHi, packet.sourceLo);
        datagram.chain = buckets[bucket];
        buckets[bucket] = datagram;
        Datagram previous = youngest;
        datagram.older = previous;
        datagram.younger = null;
        if (previous == null) {
            oldest = datagram;
        } else {
            previous.younger = datagram;
        }
        youngest = datagram;
        datagrams++;
        return datagram;
    }

    /// The last fragment that begins before `offset`, or null if none does.
    private static @Nullable Packet before(Datagram datagram, int offset) {
        Packet before = null;
        for (Packet p = datagram.first; p != null && offsetOf(p) < offset; p = p.next) {
            before = p;
        }
        return before;
    }

    private static boolean isDuplicate(Packet held, Packet packet, int offset) {
        int length = dataLength(packet);
        if (offsetOf(held) != offset || dataLength(held) != length) {
            return false;
        }
        // Duplicates by reference are not compared: they come from a link in memory, which does not forge.
        return held.tailLength() > 0
                || packet.tailLength() > 0
                || Arrays.equals(
                        held.bytes,
                        held.transportAt,
                        held.transportAt + length,
                        packet.bytes,
                        packet.transportAt,
                        packet.transportAt + length);
    }

    /// Moves a small fragment out of a large chunk, so that it does not hold 64 KiB of memory.
    private Packet compact(Packet packet) {
        int length = packet.length();
        if (packet.chunk == null || packet.bytes.length <= BufferPool.SMALL || length > BufferPool.SMALL) {
            return packet;
        }
        Packet copy = pool.takePacket(length);
        packet.copyTo(copy.bytes, 0);
        copy.end = length;
        copy.transportAt = packet.transportAt - packet.start;
        copy.ipv6 = packet.ipv6;
        copy.sourceHi = packet.sourceHi;
        copy.sourceLo = packet.sourceLo;
        copy.destinationHi = packet.destinationHi;
        copy.destinationLo = packet.destinationLo;
        copy.receivedAt = packet.receivedAt;
        packet.release();
        return copy;
    }

    /// Lets older datagrams give way until `cost` octets more are within the bounds.
    private boolean makeRoom(Datagram datagram, int cost) {
        for (; ; ) {
            int ofSource = cost;
            Datagram oldestOfSource = null;
            for (Datagram d = buckets[bucket(datagram.sourceHi, datagram.sourceLo)]; d != null; d = d.chain) {
                if (sameSource(d, datagram.sourceHi, datagram.sourceLo)) {
                    ofSource += d.cost;
                    oldestOfSource = d == datagram ? oldestOfSource : d;
                }
            }
            if (ofSource <= maxOctetsPerSource) {
                break;
            }
            if (oldestOfSource == null) {
                return false;
            }
            close(oldestOfSource, DropReason.REASSEMBLY_OVERFLOW);
        }
        while (octets + cost > maxOctets) {
            Datagram giveWay = oldest == datagram ? datagram.younger : oldest;
            if (giveWay == null) {
                return false;
            }
            close(giveWay, DropReason.REASSEMBLY_OVERFLOW);
        }
        return true;
    }

    private void insert(Datagram datagram, @Nullable Packet before, Packet fragment) {
        if (before == null) {
            fragment.next = datagram.first;
            datagram.first = fragment;
        } else {
            fragment.next = before.next;
            before.next = fragment;
        }
        if (fragment.next == null) {
            datagram.last = fragment;
        }
        int cost = cost(fragment);
        datagram.cost += cost;
        octets += cost;
        datagram.count++;
        datagram.received += dataLength(fragment);
        datagram.ecn |= 1 << (IpInput.tos(fragment) & 3);
    }

    /// Octets of the largest message of a transport that can be received and reassembled.
    ///
    /// RFC 1122 section 3.3.2: "There MUST be a mechanism by which the transport layer can learn MMS_R, the maximum
    /// message size that can be received and reassembled in an IP datagram [...] MMS_R = EMTU_R - 20". The total
    /// length of IPv4 counts its header, the payload length of IPv6 (RFC 8200 section 3) does not.
    public static int largestMessage(boolean ipv6) {
        return ipv6 ? 65_535 : 65_535 - Ipv4Header.MIN_LENGTH;
    }

    private @Nullable Packet complete(Datagram datagram) {
        Packet first = datagram.first;
        if (first == null || offsetOf(first) != 0) {
            // As many octets as the datagram has, without overlaps and none beyond its end, include the first one.
            throw new AssertionError("A complete datagram without its first fragment");
        }
        int headers = first.transportAt - first.start - (first.ipv6 ? FRAGMENT_HEADER : 0);
        int length = headers + datagram.total;
        if (length > largestMessage(first.ipv6) + (first.ipv6 ? Ipv6Header.LENGTH : Ipv4Header.MIN_LENGTH)) {
            close(datagram, DropReason.BAD_FRAGMENT);
            return null;
        }
        // RFC 3168 section 5.3: "Set the CE codepoint on the reassembled packet. However, this MUST NOT occur if any
        // of the other fragments contributing to this reassembly carries the Not-ECT codepoint."
        boolean ce = (datagram.ecn & 1 << 3) != 0;
        if (ce && (datagram.ecn & 1) != 0) {
            close(datagram, DropReason.BAD_FRAGMENT);
            return null;
        }
        Packet whole = pool.takePacket(length);
        System.arraycopy(first.bytes, first.start, whole.bytes, 0, headers);
        whole.end = headers;
        for (Packet p = first; p != null; p = p.next) {
            int head = p.end - p.transportAt;
            System.arraycopy(p.bytes, p.transportAt, whole.bytes, whole.end, head);
            if (p.tailLength() > 0 && p.chunk != null) {
                System.arraycopy(p.chunk.bytes, p.tailStart, whole.bytes, whole.end + head, p.tailLength());
            }
            whole.end += head + p.tailLength();
            whole.receivedAt = p.receivedAt;
        }
        if (first.ipv6) {
            finishIpv6(whole, first, headers, ce);
        } else {
            finishIpv4(whole, headers, ce);
        }
        whole.sourceHi = first.sourceHi;
        whole.sourceLo = first.sourceLo;
        whole.destinationHi = first.destinationHi;
        whole.destinationLo = first.destinationLo;
        whole.ipv6 = first.ipv6;
        reassembled++;
        discard(datagram);
        return whole;
    }

    private static void finishIpv4(Packet whole, int headers, boolean ce) {
        byte[] bytes = whole.bytes;
        whole.transportAt = headers;
        Bytes.put16(bytes, Ipv4Header.TOTAL_LENGTH, whole.end);
        Bytes.put16(bytes, Ipv4Header.FLAGS_FRAGMENT, 0);
        if (ce) {
            bytes[Ipv4Header.TOS] |= 3;
        }
        Bytes.put16(bytes, Ipv4Header.CHECKSUM, 0);
        int checksum = InternetChecksum.finish(InternetChecksum.headerSum(bytes, 0, headers));
        Bytes.put16(bytes, Ipv4Header.CHECKSUM, checksum);
    }

    private static void finishIpv6(Packet whole, Packet first, int headers, boolean ce) {
        byte[] bytes = whole.bytes;
        Bytes.put16(bytes, Ipv6Header.PAYLOAD_LENGTH, whole.end - Ipv6Header.LENGTH);
        // RFC 8200 section 4.5: "The Next Header field of the last header of the Per-Fragment headers is obtained
        // from the Next Header field of the first fragment's Fragment header."
        int nextAt = Ipv6Header.NEXT_HEADER;
        for (int at = Ipv6Header.LENGTH; at < headers; at += (Bytes.u8(bytes, at + 1) + 1) * 8) {
            nextAt = at;
        }
        bytes[nextAt] = first.bytes[first.transportAt - FRAGMENT_HEADER];
        if (ce) {
            bytes[1] |= 0x30;
        }
    }

    /// Gives a datagram up but remembers it, so that the fragments yet to come are refused.
    ///
    /// RFC 5722 section 4: "the entire datagram (and any constituent fragments, including those not yet received)
    /// MUST be silently discarded."
    private void abandon(Datagram datagram, DropReason reason) {
        dropFragments(datagram, reason);
        datagram.abandoned = true;
    }

    private void close(Datagram datagram, DropReason reason) {
        dropFragments(datagram, reason);
        remove(datagram);
    }

    private void dropFragments(Datagram datagram, DropReason reason) {
        for (Packet p = datagram.first; p != null; p = p.next) {
            drops.count(reason, p);
        }
        releaseFragments(datagram);
    }

    private void discard(Datagram datagram) {
        releaseFragments(datagram);
        remove(datagram);
    }

    private void releaseFragments(Datagram datagram) {
        Packet p = datagram.first;
        while (p != null) {
            Packet next = p.next;
            p.release();
            p = next;
        }
        datagram.first = null;
        datagram.last = null;
        datagram.count = 0;
        octets -= datagram.cost;
        datagram.cost = 0;
    }

    private void remove(Datagram datagram) {
        int bucket = bucket(datagram.sourceHi, datagram.sourceLo);
        Datagram d = buckets[bucket];
        if (d == datagram) {
            buckets[bucket] = datagram.chain;
        } else {
            while (d != null && d.chain != datagram) {
                d = d.chain;
            }
            if (d != null) {
                d.chain = datagram.chain;
            }
        }
        Datagram older = datagram.older;
        Datagram younger = datagram.younger;
        if (older == null) {
            oldest = younger;
        } else {
            older.younger = younger;
        }
        if (younger == null) {
            youngest = older;
        } else {
            younger.older = older;
        }
        datagram.older = null;
        datagram.younger = null;
        datagram.chain = free;
        free = datagram;
        datagrams--;
    }

    private static int offsetOf(Packet fragment) {
        return fragment.ipv6
                ? Bytes.u16(fragment.bytes, fragment.transportAt - FRAGMENT_HEADER + 2) & ~7
                : (Bytes.u16(fragment.bytes, fragment.start + Ipv4Header.FLAGS_FRAGMENT) & Ipv4Header.FRAGMENT_OFFSET)
                        << 3;
    }

    private static int dataLength(Packet fragment) {
        return fragment.length() - (fragment.transportAt - fragment.start);
    }

    private static int cost(Packet fragment) {
        return fragment.tailLength() > 0 ? fragment.length() + BY_REFERENCE_COST : fragment.bytes.length;
    }

    private static boolean sameSource(Datagram datagram, long hi, long lo) {
        return datagram.sourceLo == lo && datagram.sourceHi == hi;
    }

    private static int bucket(long hi, long lo) {
        long mixed = (hi * 0x9e37_79b9_7f4a_7c15L ^ lo) * 0xd6e8_feb8_6659_fd93L;
        return (int) (mixed >>> 32) & BUCKETS - 1;
    }

    private static final int FRAGMENT_HEADER = 8;
}
