package dev.berth.stack.tcp;

/// Congestion window validation: a window that the user does not fill decays towards what it fills, as RFC 2861
/// section 3.2 has it and Linux does. RFC 7661, which replaced it, would keep the whole window for five minutes and
/// allow a burst of it then; that window would be five minutes old. BBR has its model instead.
///
/// The memory of it is in [TcbExtras], which only a connection gets that once had a window beyond the initial one.
final class WindowValidation {
    private WindowValidation() {}

    /// New segments were sent.
    ///
    /// @param limited the user gave less than the window would have taken
    static void sent(Tcb tcb, boolean limited, long now) {
        if (!limited) {
            TcbExtras extras = tcb.extras;
            if (extras != null) {
                extras.usedSince = now;
                extras.used = 0;
            }
            return;
        }
        int least = CongestionControl.initialWindow(tcb.effectiveMss);
        if (tcb.cwnd <= least || tcb.isRecovering() || tcb.congestion.ownsWindow()) {
            return;
        }
        TcbExtras extras = tcb.extras();
        if (extras.usedSince == 0) {
            extras.usedSince = now;
        }
        extras.used = Math.max(extras.used, tcb.flightSize());
        if (now - extras.usedSince >= RttEstimator.timeout(tcb)) {
            // The threshold becomes three quarters of the window: slow start leads back to where it was. The window
            // becomes the mean of itself and what was used.
            if (tcb.ssthresh != Integer.MAX_VALUE) {
                tcb.ssthresh = Math.max(tcb.ssthresh, tcb.cwnd / 4 * 3);
            }
            int used = Math.max(extras.used, least);
            if (used < tcb.cwnd) {
                tcb.cwnd = (int) (((long) tcb.cwnd + used) / 2);
            }
            extras.usedSince = now;
            extras.used = 0;
        }
    }
}
