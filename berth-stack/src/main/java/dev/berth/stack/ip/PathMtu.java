package dev.berth.stack.ip;

import dev.berth.wire.IpAddress;
import dev.berth.wire.Ipv6Header;
import java.util.Arrays;

/// What ICMP said about the MTU of paths, per destination (RFC 1191, RFC 8201): a bounded cache that only ever lowers
/// an
/// estimate and forgets it after ten minutes.
///
/// Only whoever has checked that an ICMP message is about a packet really sent (RFC 5927 section 7) calls [#lower].
/// Arrays chained by hash and by age; used in the host's critical section only; allocates nothing.
public final class PathMtu {
    /// How long an estimate is kept.
    ///
    /// RFC 1191 section 3: "An attempt to detect an increase (by sending a datagram larger than the current
    /// estimate) MUST NOT be done less than 5 minutes after a Datagram Too Big message has been received for the
    /// given destination"; section 6.3: "the timeout should be set to 10 minutes".
    public static final long LIFETIME_NANOS = 600_000_000_000L;

    /// The smallest estimate for IPv4. What ICMP reports below it is not taken as the path's MTU: then the estimate
    /// is this floor and packets are sent without Don't Fragment ([#mayFragment]), so that forged messages cannot
    /// force tiny segments and true ones still get through.
    ///
    /// RFC 1191 section 3: "A host MUST never reduce its estimate of the Path MTU below 68 octets."
    public static final int IPV4_FLOOR = 552;

    /// No estimate: the interface's MTU counts alone.
    public static final int UNKNOWN = 65_535;

    /// What [#nextDeadline] returns when nothing is due ever.
    public static final long NEVER = Long.MAX_VALUE;

    // RFC 1191 section 7, table 7-1: plateaus, for routers that report no next-hop MTU.
    private static final int[] PLATEAUS = {32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 508, 296, 68};

    private final int capacity;

    // Made when the first path is remembered
    private long[] keyHi = {};
    private long[] keyLo = {};
    private int[] mtu = {}; // negative: the floor, and fragments allowed
    private long[] expires = {};
    private int[] chain = {};
    private int[] older = {};
    private int[] younger = {};
    private int[] buckets = {-1};
    private int oldest = -1;
    private int youngest = -1;
    private int free;
    private volatile int size; // others look at it outside the critical section

    /// A cache of at most `capacity` destinations; the oldest entry gives way to a new one.
    public PathMtu(int capacity) {
        this.capacity = capacity;
    }

    private void allocate() {
        keyHi = new long[capacity];
        keyLo = new long[capacity];
        mtu = new int[capacity];
        expires = new long[capacity];
        chain = new int[capacity];
        older = new int[capacity];
        younger = new int[capacity];
        buckets = new int[Integer.highestOneBit(Math.max(1, capacity * 2 - 1)) << 1];
        Arrays.fill(buckets, -1);
        for (int i = 0; i < capacity; i++) {
            chain[i] = i + 1 < capacity ? i + 1 : -1;
        }
    }

    /// Takes in what an ICMP message reports about the path to a destination.
    ///
    /// @param reported the next-hop MTU of the message; 0 if the router gave none
    /// @param quotedLength the total length of the packet that was too big; 0 if unknown
    /// @return true if the estimate is smaller now than it was
    public boolean lower(long hi, long lo, int reported, int quotedLength, long now) {
        int estimate = IpAddress.isIpv4(hi, lo) ? ipv4Estimate(reported, quotedLength) : ipv6Estimate(reported);
        if (estimate == 0) {
            return false;
        }
        int before = mtu(hi, lo);
        boolean fragmentBefore = mayFragment(hi, lo);
        // RFC 1191 section 3: "A host MUST not increase its estimate of the Path MTU in response to the contents of a
        // Datagram Too Big message."
        if (Math.abs(estimate) > before || Math.abs(estimate) == before && (estimate > 0 || fragmentBefore)) {
            return false;
        }
        int i = find(hi, lo);
        if (i >= 0) {
            unlink(i);
        } else {
            i = insert(hi, lo);
        }
        mtu[i] = estimate;
        expires[i] = now + LIFETIME_NANOS;
        append(i);
        return true;
    }

    private static int ipv4Estimate(int reported, int quotedLength) {
        int next = reported;
        if (next == 0) {
            // RFC 1191 section 5: "use as the next PMTU estimate the greatest plateau value that is less than the
            // returned Total Length field".
            next = PLATEAUS[PLATEAUS.length - 1];
            for (int plateau : PLATEAUS) {
                if (plateau < quotedLength) {
                    next = plateau;
                    break;
                }
            }
        }
        return next < IPV4_FLOOR ? -IPV4_FLOOR : next;
    }

    private static int ipv6Estimate(int reported) {
        // RFC 8201 section 4: "If a node receives a Packet Too Big message reporting a next-hop MTU that is less than
        // the IPv6 minimum link MTU, it must discard it."
        return reported < Ipv6Header.MIN_MTU ? 0 : reported;
    }

    /// The estimate for a destination, or [#UNKNOWN].
    public int mtu(long hi, long lo) {
        if (size == 0) {
            return UNKNOWN;
        }
        int i = find(hi, lo);
        return i < 0 ? UNKNOWN : Math.abs(mtu[i]);
    }

    /// True if packets to this destination must be sent without Don't Fragment, because the path's MTU is below
    /// [#IPV4_FLOOR].
    public boolean mayFragment(long hi, long lo) {
        if (size == 0) {
            return false;
        }
        int i = find(hi, lo);
        return i >= 0 && mtu[i] < 0;
    }

    /// Forgets the estimates whose time has come. [IpOutput] does so before it heeds one; nobody has to wake up for
    /// it.
    public void advance(long now) {
        while (oldest >= 0 && now - expires[oldest] >= 0) {
            remove(oldest);
        }
    }

    /// When [#advance] has something to do next, or [#NEVER].
    public long nextDeadline() {
        return oldest < 0 ? NEVER : expires[oldest];
    }

    /// Destinations with an estimate.
    public int size() {
        return size;
    }

    private int find(long hi, long lo) {
        int i = buckets[bucket(hi, lo)];
        while (i >= 0 && (keyLo[i] != lo || keyHi[i] != hi)) {
            i = chain[i];
        }
        return i;
    }

    private int insert(long hi, long lo) {
        if (keyHi.length == 0) {
            allocate();
        }
        if (free < 0) {
            remove(oldest);
        }
        int i = free;
        free = chain[i];
        keyHi[i] = hi;
        keyLo[i] = lo;
        int bucket = bucket(hi, lo);
        chain[i] = buckets[bucket];
        buckets[bucket] = i;
        int more = size + 1;
        size = more;
        return i;
    }

    private void remove(int i) {
        unlink(i);
        int bucket = bucket(keyHi[i], keyLo[i]);
        if (buckets[bucket] == i) {
            buckets[bucket] = chain[i];
        } else {
            int before = buckets[bucket];
            while (chain[before] != i) {
                before = chain[before];
            }
            chain[before] = chain[i];
        }
        chain[i] = free;
        free = i;
        int fewer = size - 1;
        size = fewer;
    }

    private void append(int i) {
        older[i] = youngest;
        younger[i] = -1;
        if (youngest >= 0) {
            younger[youngest] = i;
        } else {
            oldest = i;
        }
        youngest = i;
    }

    private void unlink(int i) {
        if (older[i] >= 0) {
            younger[older[i]] = younger[i];
        } else {
            oldest = younger[i];
        }
        if (younger[i] >= 0) {
            older[younger[i]] = older[i];
        } else {
            youngest = older[i];
        }
    }

    private int bucket(long hi, long lo) {
        long mixed = (hi * 0x9e37_79b9_7f4a_7c15L ^ lo) * 0xd6e8_feb8_6659_fd93L;
        return (int) (mixed >>> 32) & buckets.length - 1;
    }
}
