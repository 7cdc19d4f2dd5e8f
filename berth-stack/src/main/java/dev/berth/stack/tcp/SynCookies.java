package dev.berth.stack.tcp;

import dev.berth.ports.Entropy;
import dev.berth.ports.Flow;
import dev.berth.ports.FlowHash;
import org.jspecify.annotations.Nullable;

/// SYN cookies, RFC 4987 section 3.6: what a listener has to remember of a SYN goes into the initial sequence number
/// of the SYN,ACK and, where the other end sends timestamps, into the timestamp, and comes back with the ACK. So a
/// flood of SYNs takes no memory.
///
/// The sequence number is, from the top: 28 bits of SipHash-2-4 over the tuple, the other end's initial sequence
/// number, the MSS and the period; 3 bits for the MSS; 1 bit that tells odd periods from even ones. "To prevent
/// replay, some time-dependent random bits must be embedded": every period of 64 s has a secret of its own, and only
/// those of this period and the one before are known. The lowest six bits of the timestamp are the window scale (15
/// for none), SACK permitted and ECN; as RFC 4987 says of that technique, "it is possible to explicitly store state
/// bits for things like send and receive window scales, SACK-allowed".
final class SynCookies {
    /// How long a secret makes cookies; they are accepted for this long more.
    static final long PERIOD = 64_000_000_000L;

    /// The sizes that a cookie can tell, ascending; the greatest that is not above the other end's is taken.
    private static final int[] SIZES = {88, 536, 1_220, 1_300, 1_400, 1_440, 1_460, 8_940};

    private static final int TIMESTAMP_MASK = 0x3f;
    private static final int NO_SCALE = 15;
    private static final int SACK_BIT = 0x10;
    private static final int ECN_BIT = 0x20;

    private final Entropy entropy;
    private @Nullable FlowHash current;
    private @Nullable FlowHash previous;
    private long period;
    private long sent;
    private long accepted;

    SynCookies(Entropy entropy) {
        this.entropy = entropy;
    }

    /// Cookies that were sent.
    long sent() {
        return sent;
    }

    /// Connections that were made from cookies.
    long accepted() {
        return accepted;
    }

    private void rotate(long now) {
        long at = Math.floorDiv(now, PERIOD);
        if (current == null || at != period) {
            previous = at == period + 1 ? current : null;
            current = new FlowHash(entropy.nextLong(), entropy.nextLong());
            period = at;
        }
    }

    /// Makes `entry.iss` a cookie, and rounds its MSS down to one that the cookie can tell.
    void encode(SynEntry entry, long now) {
        rotate(now);
        FlowHash secret = current;
        assert secret != null;
        int size = SIZES.length - 1;
        while (size > 0 && SIZES[size] > entry.mss) {
            size--;
        }
        entry.mss = SIZES[size];
        entry.iss = cookie(secret, entry, entry.irs, size, period);
        sent++;
    }

    private static int cookie(FlowHash secret, Flow flow, int irs, int size, long period) {
        long tuple = secret.hash64(
                flow.localHi(), flow.localLo(), flow.localPort(), flow.remoteHi(), flow.remoteLo(), flow.remotePort());
        long mac = secret.hash64(tuple, (long) irs << 32 | size, 0, period, 0, 0);
        return (int) mac & ~0xf | size << 1 | (int) (period & 1);
    }

    /// The MSS that `cookie` tells for the flow of `entry`, or -1 if it is no cookie that this host made within the
    /// last two periods.
    int decode(SynEntry entry, int cookie, long now) {
        rotate(now);
        boolean fresh = (cookie & 1) == (period & 1);
        FlowHash secret = fresh ? current : previous;
        int size = cookie >>> 1 & 7;
        if (secret == null || cookie != cookie(secret, entry, entry.irs, size, fresh ? period : period - 1)) {
            return -1;
        }
        accepted++;
        return SIZES[size];
    }

    /// The timestamp to send instead of `timestamp`: never later, so that the connection's timestamps do not go back.
    static int encodeOptions(SynEntry entry, int timestamp) {
        int bits = (entry.windowScaling ? entry.sndWindShift : NO_SCALE)
                | (entry.sackPermitted ? SACK_BIT : 0)
                | (entry.ecn ? ECN_BIT : 0);
        int value = timestamp & ~TIMESTAMP_MASK | bits;
        return SeqNum.gt(value, timestamp) ? value - TIMESTAMP_MASK - 1 : value;
    }

    /// Takes the options out of the timestamp that came back.
    static void decodeOptions(SynEntry entry, int echo) {
        int scale = echo & NO_SCALE;
        entry.windowScaling = scale != NO_SCALE;
        entry.sndWindShift = (byte) (entry.windowScaling ? scale : 0);
        entry.sackPermitted = (echo & SACK_BIT) != 0;
        entry.ecn = (echo & ECN_BIT) != 0;
    }
}
