package dev.berth.stack.endpoint;

/// What a list of sockets tells of one when asked for more. Immutable.
///
/// The octets of TCP are told from sequence numbers, so they count **modulo 2^32**: a connection that carried 5 GB
/// shows 0.7 GB. They cost a connection no memory.
///
/// @param octetsIn octets received and put in order (TCP, modulo 2^32) or datagrams received (UDP); negative where
///     that is not known, as of half-open connections and those in TIME-WAIT
/// @param octetsOut octets that the remote end has acknowledged (TCP, modulo 2^32); negative where that
///     is not known
/// @param refused datagrams that found the receive queue full (UDP), otherwise 0
/// @param synEntries handshakes under way at a listener, otherwise 0
/// @param timer the timer that expires next: `on` for retransmission, `persist`, `delayed-ack`, `keepalive`,
///     `fin-wait-2` for its end, `timewait`; empty for none
/// @param timerNanos nanoseconds until then, 0 if it is due
/// @param retries retransmissions or probes since the remote end was last heard of
/// @param tcp the state of TCP's algorithms; null where there is none
public record SocketDetails(
        long octetsIn,
        long octetsOut,
        long refused,
        int synEntries,
        String timer,
        long timerNanos,
        int retries,
        @org.jspecify.annotations.Nullable Tcp tcp) {

    /// The algorithms of one connection.
    ///
    /// @param srttNanos smoothed round-trip time, 0 before the first sample
    /// @param rttvarNanos its variation
    /// @param rtoNanos the retransmission timeout with its backoff
    /// @param mss payload octets of a full segment
    /// @param cwnd congestion window in octets
    /// @param ssthresh slow start threshold in octets; [Integer#MAX_VALUE] before the first loss
    /// @param sendWindow octets that the remote end has room for
    /// @param receiveWindow octets that were advertised
    /// @param inFlight octets sent and not acknowledged
    /// @param sendScale the shift of the remote end's window
    /// @param receiveScale the shift of the window advertised
    /// @param congestion the congestion control, such as `cubic`
    /// @param timestamps both ends use timestamps
    /// @param sack both ends use selective acknowledgments
    /// @param recovering loss is being repaired
    /// @param minRttNanos the smallest round-trip time of late, 0 before the first measurement
    /// @param octetsSent octets sent for the first time
    /// @param octetsRetransmitted octets sent again
    /// @param retransmissions segments sent again
    /// @param octetsLost octets found lost, as often as they were
    /// @param duplicateReports acknowledgments that reported octets received twice (D-SACK)
    /// @param undone repairs of loss that were taken back
    /// @param reorderingSeen segments arrived out of order at the remote end
    /// @param reorderingNanos how late a segment may arrive before it counts as lost, 0 while nothing is in flight
    /// @param delivered octets that arrived, 0 where it is not tracked
    /// @param deliveryRate octets per second that the last acknowledgment showed, 0 where it is not tracked
    /// @param pacingRate octets per second at which segments leave, 0 without pacing
    /// @param ecn both ends use ECN
    public record Tcp(
            long srttNanos,
            long rttvarNanos,
            long rtoNanos,
            int mss,
            int cwnd,
            int ssthresh,
            int sendWindow,
            int receiveWindow,
            int inFlight,
            int sendScale,
            int receiveScale,
            String congestion,
            boolean timestamps,
            boolean sack,
            boolean recovering,
            long minRttNanos,
            long octetsSent,
            long octetsRetransmitted,
            long retransmissions,
            long octetsLost,
            int duplicateReports,
            int undone,
            boolean reorderingSeen,
            long reorderingNanos,
            long delivered,
            long deliveryRate,
            long pacingRate,
            boolean ecn) {}
}
