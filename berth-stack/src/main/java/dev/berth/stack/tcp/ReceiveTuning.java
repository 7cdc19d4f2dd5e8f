package dev.berth.stack.tcp;

/// Lets a connection's receive buffer grow to what its path and its user can use ("dynamic right-sizing"): the window
/// has to be twice what the user reads per round trip, so that a sender in slow start is never held back.
///
/// A buffer is a bound of what may wait, not memory. It only grows.
final class ReceiveTuning {
    /// Octets that a connection has received before its buffer is looked at.
    private static final int WORTHWHILE = 65_536;

    /// The round trip where none was measured.
    private static final long UNKNOWN_ROUND_TRIP = 100_000_000L;

    private ReceiveTuning() {}

    /// Data came in order.
    static void arrived(Tcb tcb, MemoryBudget budget, long now) {
        if (!tcb.config.features().tuneReceive()
                || tcb.extras == null && Integer.compareUnsigned(tcb.rcvNxt - tcb.irs, WORTHWHILE) < 0) {
            return;
        }
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
            extras.receiveBuffer = (int) Math.min(wanted, tcb.config.features().maxReceiveBuffer());
        }
        begin(extras, read, now);
    }

    private static void begin(TcbExtras extras, int read, long now) {
        extras.tuningSince = now;
        extras.tuningFrom = read;
    }
}
