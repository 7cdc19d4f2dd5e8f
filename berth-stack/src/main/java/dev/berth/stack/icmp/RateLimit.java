package dev.berth.stack.icmp;

import java.util.Arrays;

/// How many ICMP errors may be sent: token buckets per destination, and one for all.
///
/// RFC 4443 section 2.4 (f): "an IPv6 node MUST limit the rate of ICMPv6 error messages it originates. [...] A
/// recommended method for implementing the rate-limiting function is a token bucket". A single bucket would let one
/// host
/// find out by its fill what another host is being answered, so each destination has a bucket of its own, as far as
/// 256 of them go, chosen by a keyed hash. A bucket is one number: the time at which it would be full, less its
/// burst.
final class RateLimit {
    /// Errors per second to one destination.
    static final int PER_DESTINATION = 100;
    /// Errors at once to one destination.
    static final int DESTINATION_BURST = 50;
    /// Errors per second to all destinations.
    static final int TOTAL = 10_000;
    /// Errors at once to all destinations.
    static final int TOTAL_BURST = 1_000;

    private static final int BUCKETS = 256;
    private static final long SECOND = 1_000_000_000L;

    private long[] fullAt = {}; // made for the first error
    private final long key;
    private long totalFullAt;
    private boolean started;

    /// Buckets chosen with a random key.
    RateLimit(long key) {
        this.key = key;
    }

    /// True, and one token less, if an error may be sent to the destination.
    boolean allows(long hi, long lo, long now) {
        if (!started) {
            started = true;
            totalFullAt = now;
            fullAt = new long[BUCKETS];
            Arrays.fill(fullAt, now);
        }
        int bucket = bucket(hi, lo);
        long mine = later(fullAt[bucket], now) + SECOND / PER_DESTINATION;
        long all = later(totalFullAt, now) + SECOND / TOTAL;
        if (mine - now > DESTINATION_BURST * (SECOND / PER_DESTINATION) || all - now > TOTAL_BURST * (SECOND / TOTAL)) {
            return false;
        }
        fullAt[bucket] = mine;
        totalFullAt = all;
        return true;
    }

    private static long later(long a, long b) {
        return a - b > 0 ? a : b;
    }

    private int bucket(long hi, long lo) {
        // The interface identifier of IPv6 is the sender's free choice; only the network counts.
        long network = hi == 0 ? lo : hi;
        long mixed = (network ^ key) * 0x9e37_79b9_7f4a_7c15L;
        mixed = (mixed ^ mixed >>> 29) * 0xbf58_476d_1ce4_e5b9L;
        return (int) (mixed >>> 56) & BUCKETS - 1;
    }
}
