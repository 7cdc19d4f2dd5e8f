package dev.berth.stack.tcp;

/// What STATUS of RFC 9293 section 3.10.6 returns of one connection, copied. Sequence numbers are those on the wire.
///
/// @param state the state
/// @param iss initial send sequence number
/// @param sndUna oldest unacknowledged number
/// @param sndNxt next number to be sent
/// @param sndWnd send window in octets
/// @param irs initial receive sequence number
/// @param rcvNxt next number expected
/// @param rcvWnd receive window that was advertised, in octets
/// @param effectiveMss payload octets of a full segment
/// @param cwnd congestion window in octets
/// @param ssthresh slow start threshold in octets
/// @param recovering loss is being repaired
/// @param srttNanos smoothed round-trip time, 0 before the first sample
/// @param rtoNanos retransmission timeout with its backoff
/// @param unread octets that wait for the user
/// @param unacknowledged octets that the user sent and the remote end has not acknowledged
/// @param softError what the network reported without ending the connection; null if nothing
public record TcpStatus(
        TcpState state,
        int iss,
        int sndUna,
        int sndNxt,
        int sndWnd,
        int irs,
        int rcvNxt,
        int rcvWnd,
        int effectiveMss,
        int cwnd,
        int ssthresh,
        boolean recovering,
        long srttNanos,
        long rtoNanos,
        int unread,
        int unacknowledged,
        @org.jspecify.annotations.Nullable TcpError softError) {

    static TcpStatus of(Tcb tcb) {
        return new TcpStatus(
                tcb.state,
                tcb.iss,
                tcb.sndUna,
                tcb.sndNxt,
                tcb.sndWnd,
                tcb.irs,
                tcb.rcvNxt,
                tcb.rcvWnd(),
                tcb.effectiveMss,
                tcb.cwnd,
                tcb.ssthresh,
                tcb.isRecovering(),
                tcb.srtt,
                RttEstimator.backedOff(tcb),
                tcb.available(),
                tcb.unacknowledged(),
                tcb.softError());
    }
}
