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
    boolean urgentWasRead;
    int urgentRead; // the urgent pointer that was reached last

    // Fast Open, RFC 7413
    FastOpen.@Nullable Cookie fastOpenCookie; // what the SYN is to bring
    @Nullable
    TcpListener fastOpenListener; // whose pending connections it counts among

    int rcvFinSeq; // sequence number of a FIN beyond a hole

    @Nullable
    TcpError softError;
}
