package dev.berth.stack.tcp;

import org.jspecify.annotations.Nullable;

/// The variables of a connection that most connections never need: made when the first of them is set, so that an
/// ordinary [Tcb] is small.
final class TcbExtras {
    // Challenge ACKs, RFC 5961 section 7
    int challengeWindow; // when it began, in milliseconds modulo 2^32
    byte challengeCount;

    // ECN: no second reaction before SND.UNA is here
    boolean ecnActive;
    int ecnRecover;

    // Urgent data, RFC 9293 section 3.8.5
    boolean sndUrgent;
    int sndUp;
    boolean rcvUrgent;
    int rcvUp;

    // Fast Open, RFC 7413
    FastOpen.@Nullable Cookie fastOpenCookie; // what the SYN is to bring

    @Nullable
    TcpListener fastOpenListener; // whose pending connections it counts among

    // User timeout option, RFC 5482
    char remoteUserTimeout; // as it came, 0 if none did
    boolean userTimeoutDue; // the next ACK brings it

    // Path MTU: what ICMP claims and is not believed yet, and the search without ICMP
    int claimedMtu; // 0: nothing; 1: it named none
    int claimedLength;
    int claimedSeq;
    PathProbing.@Nullable Search search;

    boolean windowIsTight; // of the other end
    long tightSince; // with windowIsTight

    // How fast the other end takes what is sent, while memory is scarce
    long watchedSince;
    long watchedAt; // the last time, 0 for never
    int watchedFrom; // SND.UNA since

    // Tuning of the receive buffer
    int receiveBuffer; // 0: as configured
    long tuningSince;
    int tuningFrom;
    int tuningAmount;

    // Counters; the lower 32 bits of octets are distances of sequence numbers
    int ackedWraps; // how often SND.UNA has come round to ISS
    int receivedWraps; // how often RCV.NXT has come round to IRS
    int retransmissions;
    long octetsRetransmitted;
    long octetsLost; // found lost, again and again
    int duplicateReports; // ACKs with a D-SACK block
    int undone; // repairs that were taken back
    int timeouts; // of the retransmission timer
    int timeoutRepairs; // that began with one
    int reorderings; // ACKs that showed reordering
    int outOfOrderSegments; // received
    int echoes; // ACKs with ECE
    int segmentsInRounds; // how often Tcb.segmentsIn has come round, and so on
    int segmentsOutRounds;
    int dataSegmentsInRounds;
    int dataSegmentsOutRounds;
    int busyRounds;

    // What keeps data waiting, see Tally
    byte limit;
    long limitSince;
    long windowLimited;
    long bufferLimited;

    // Congestion window validation, RFC 2861 section 3.2
    long usedSince; // T_prev; 0 before the first
    int used; // W_used

    // The duplicate octets that came last, with Tcb.DUPLICATES
    int duplicateLeft;
    int duplicateRight;

    // RACK, RFC 8985 section 5.3
    byte reoWndMult = 1; // RACK.reo_wnd_mult
    byte reoWndPersist; // RACK.reo_wnd_persist

    int rcvFinSeq; // sequence number of a FIN beyond a hole

    @Nullable
    TcpError softError;
}
