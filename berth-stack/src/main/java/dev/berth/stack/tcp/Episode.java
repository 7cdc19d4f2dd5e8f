package dev.berth.stack.tcp;

/// One repair of loss: what proportional rate reduction counts, and what is needed to take it back if nothing was
/// lost. Exists from the moment loss is detected until it is certain that it was, or until the next one.
final class Episode {
    /// How far the detection of a spurious timeout by F-RTO has come (RFC 5682).
    static final int FRTO_OFF = 0;
    static final int FRTO_WAITING = 1; // for the first ACK after the timeout
    static final int FRTO_PROBING = 2; // new data were sent, the second ACK decides

    // RFC 6937 section 3: "prr_delivered", "prr_out", "RecoverFS"
    long prrDelivered;
    long prrOut;
    int recoverFs;

    int priorCwnd;
    int priorSsthresh;
    int begin; // SND.UNA when it began
    long unconfirmed; // octets sent again whose duplicates were not reported
    int end; // SND.NXT when the repair was done
    int firstStamp; // the timestamp of the first retransmission
    boolean retransmitted;
    boolean undoable;
    byte frto;

    void begin(Tcb tcb) {
        prrDelivered = 0;
        prrOut = 0;
        recoverFs = Math.max(1, tcb.flightSize());
        priorCwnd = tcb.cwnd;
        priorSsthresh = tcb.ssthresh;
        begin = tcb.sndUna;
        unconfirmed = 0;
        retransmitted = false;
        undoable = true;
        frto = FRTO_OFF;
    }

    /// Octets are sent again.
    void resent(int octets, int timestamp) {
        unconfirmed += octets;
        if (!retransmitted) {
            retransmitted = true;
            firstStamp = timestamp;
        }
    }
}
