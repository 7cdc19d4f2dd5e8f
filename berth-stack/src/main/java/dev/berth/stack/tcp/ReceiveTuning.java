package dev.berth.stack.tcp;

import dev.berth.wire.TcpHeader;

/// Lets a connection's receive buffer grow to what its path and its user can use ("dynamic right-sizing"): the window
/// has to be twice what the user reads per round trip, so that a sender in slow start is never held back.
///
/// A buffer is a bound of what may wait, not memory. It only grows.
final class ReceiveTuning {
    /// Octets that a connection has received before its buffer is looked at.
    private static final int WORTHWHILE = 65_536;

    /// The round trip where none was measured.
    private static final long UNKNOWN_ROUND_TRIP = 100_000_000L;

    /// A round trip in nanoseconds, as between two hosts of a machine, up to which [#NEAR_BUFFER] is worth 40 Gbit/s.
    private static final long NEAR = 100_000;

    /// Octets that a buffer does not grow beyond on a path that is [#NEAR]: what waits should still be in a cache when
    /// it is read.
    private static final int NEAR_BUFFER = 1 << 19;

    private ReceiveTuning() {}

    /// Data came in order.
    static void arrived(Tcb tcb, MemoryBudget budget, Segment segment) {
        if (tcb.extras == null && !isWorthwhile(tcb, segment)
                || !tcb.config.features().tuneReceive()) {
            return;
        }
        long now = segment.now;
        TcbExtras extras = tcb.extras();
        int read = tcb.rcvNxt - tcb.available();
        if (extras.tuningSince == 0) {
            begin(extras, read, now);
            return;
        }
        long roundTrip = tcb.srtt == 0 ? UNKNOWN_ROUND_TRIP : tcb.srtt;
        if (now - extras.tuningSince < roundTrip) {
            return;
        }
        long amount = read - extras.tuningFrom;
        // Twice for slow start, and as much more as the reader speeds up.
        long wanted = 2 * amount + 16L * tcb.effectiveMss;
        if (amount > extras.tuningAmount && extras.tuningAmount > 0) {
            wanted += wanted * Math.min(amount - extras.tuningAmount, extras.tuningAmount) / extras.tuningAmount;
        }
        extras.tuningAmount = (int) Math.min(amount, Integer.MAX_VALUE);
        if (wanted > tcb.receiveBuffer() && !budget.isScarce()) {
            // Not less than before, also when a shorter round trip has been seen meanwhile.
            extras.receiveBuffer = (int) Math.max(tcb.receiveBuffer(), Math.min(wanted, most(tcb)));
        }
        begin(extras, read, now);
    }

    private static int most(Tcb tcb) {
        int most = tcb.config.features().maxReceiveBuffer();
        // An end that only receives knows what the handshake took.
        long roundTrip = tcb.minRtt > 0 ? tcb.minRtt : tcb.srtt;
        return roundTrip > 0 && roundTrip <= NEAR ? Math.min(most, NEAR_BUFFER) : most;
    }

    /// A window is no limit to a sender that has pushed all it has (RFC 9293 section 3.9.1.2, MUST-61): a connection of
    /// messages and answers needs no state, however long it lasts.
    private static boolean isWorthwhile(Tcb tcb, Segment segment) {
        return !segment.has(TcpHeader.PSH) && Integer.compareUnsigned(tcb.rcvNxt - tcb.irs, WORTHWHILE) >= 0;
    }

    private static void begin(TcbExtras extras, int read, long now) {
        extras.tuningSince = now;
        extras.tuningFrom = read;
    }
}
