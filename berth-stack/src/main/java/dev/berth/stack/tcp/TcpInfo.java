package dev.berth.stack.tcp;

import dev.berth.wire.TcpHeader;
import org.jspecify.annotations.Nullable;

/// Everything that is known of one connection, copied: what Linux tells in `TCP_INFO` and a little more; also what
/// STATUS of RFC 9293 section 3.10.6 returns. Times are nanoseconds, sizes octets. Sequence numbers are those on the
/// wire.
///
/// Linux's `struct tcp_info`, field by field; what is only counted is in [Counters]:
///
/// | Linux | here |
/// |---|---|
/// | `state`, `retransmits`, `probes`, `backoff` | `state`, `unanswered` (both), `backoff` |
/// | `ca_state` | `recovering`, `afterTimeout`; CWR and Disorder are no states here |
/// | `options` | `timestamps`, `sack`, `windowScaling`, `ecn`, `fastOpen` |
/// | `snd_wscale`, `rcv_wscale` | `sendScale`, `receiveScale` |
/// | `delivery_rate_app_limited` | `userLimited` |
/// | `fastopen_client_fail` | not kept: a failure is remembered per server, not per connection |
/// | `rto`, `ato` | `rtoNanos`, `ackDelayNanos` |
/// | `snd_mss`, `rcv_mss`, `advmss`, `pmtu` | `sendMss`, `receiveMss`, `advertisedMss`, `pathMtu` |
/// | `unacked`, `sacked`, `lost`, `retrans` | `inFlight`, `sacked`, `lost`, `repairing`, in octets |
/// | `fackets`, `reordering` | obsolete with RACK: `reorderingWindowNanos` |
/// | `last_data_sent`, `last_ack_recv` | `lastDataSentNanos`, `lastHeardNanos` |
/// | `last_ack_sent`, `last_data_recv` | not kept; Linux does not keep the first either |
/// | `rtt`, `rttvar`, `min_rtt` | `srttNanos`, `rttvarNanos`, `minRttNanos` |
/// | `rcv_rtt` | not kept: the receive buffer is tuned by `srttNanos` |
/// | `rcv_space` | `receiveBuffer`, what tuning has made of it |
/// | `snd_cwnd`, `snd_ssthresh` | `cwnd`, `ssthresh`, in octets |
/// | `snd_wnd`, `rcv_wnd` | `sendWindow`, `receiveWindow` |
/// | `total_retrans`, `bytes_retrans` | `retransmissions`, `octetsRetransmitted` |
/// | `pacing_rate`, `delivery_rate` | `pacingRate`, `deliveryRate` |
/// | `max_pacing_rate` | there is no such setting |
/// | `bytes_acked`, `bytes_received`, `bytes_sent` | `octetsAcked`, `octetsReceived`, `octetsSent` (first time only) |
/// | `segs_out`, `segs_in` | `segmentsSent`, `segmentsReceived` |
/// | `data_segs_out`, `data_segs_in` | `dataSegmentsSent`, `dataSegmentsReceived` |
/// | `notsent_bytes` | `unsent` |
/// | `busy_time`, `rwnd_limited`, `sndbuf_limited` | `busyNanos`, `windowLimitedNanos`, `bufferLimitedNanos` |
/// | `delivered`, `delivered_ce` | `delivered` in octets, `echoes` in ACKs |
/// | `dsack_dups`, `reord_seen`, `rcv_ooopack` | `duplicateReports`, `reorderings`, `outOfOrderSegments` |
/// | `total_rto`, `total_rto_recoveries` | `timeouts`, `timeoutRepairs` |
/// | `total_rto_time` | not kept |
/// | `rehash`, `received_ce`, `accecn_*` and what belongs to them | not done: flow labels, Accurate ECN |
///
/// @param state the state
/// @param iss initial send sequence number
/// @param sndUna oldest unacknowledged number
/// @param sndNxt next number to be sent
/// @param irs initial receive sequence number
/// @param rcvNxt next number expected
/// @param ageNanos since the connection was begun, to a tenth of a second
/// @param timestamps both ends use timestamps (RFC 7323)
/// @param sack both ends use selective acknowledgments (RFC 2018)
/// @param windowScaling both ends scale their windows (RFC 7323)
/// @param ecn both ends use ECN (RFC 3168), or it was asked for on a SYN that is not answered
/// @param ecnEcho congestion experienced is being told to the remote end
/// @param fastOpen data may be exchanged although the handshake is not over (RFC 7413)
/// @param sendScale the shift of the remote end's window
/// @param receiveScale the shift of the window advertised
/// @param congestion the congestion control
/// @param recovering loss is being repaired
/// @param afterTimeout it was found by a timeout
/// @param rtoNanos the retransmission timeout with its backoff
/// @param backoff how often it was doubled
/// @param unanswered retransmissions and probes since the remote end was last heard of
/// @param ackDelayNanos how long an acknowledgment may wait
/// @param quickAcks so many acknowledgments more are sent at once
/// @param srttNanos smoothed round-trip time, 0 before the first sample
/// @param rttvarNanos its variation
/// @param minRttNanos the smallest round-trip time of late (RFC 8985), 0 before the first measurement
/// @param reorderingSeen segments arrived out of order at the remote end (RFC 8985)
/// @param sendMss payload octets of a full segment, options taken off
/// @param peerMss the MSS that the remote end announced, or the default
/// @param receiveMss payload octets of the largest segment received
/// @param advertisedMss the MSS that is announced towards the remote end
/// @param pathMtu the largest IP packet that the path is known to take
/// @param probing the path's MTU is being searched without ICMP (RFC 4821)
/// @param cwnd congestion window
/// @param ssthresh slow start threshold; [Integer#MAX_VALUE] before the first loss
/// @param inFlight octets sent and not acknowledged, SYN and FIN counting as one each
/// @param sacked of these, octets selectively acknowledged
/// @param lost of these, octets found lost and not sent again yet
/// @param repairing of these, octets sent again and believed to be in the network
/// @param sendWindow octets that the remote end has room for
/// @param largestSendWindow the largest that it ever had
/// @param receiveWindow octets that were advertised and not used
/// @param unread octets in order that wait for the user
/// @param outOfOrder octets of memory that data beyond a hole hold
/// @param unsent octets that the user sent and that wait for a window or a timer
/// @param sendBuffer octets that may wait unacknowledged now
/// @param receiveBuffer octets that may wait unread now
/// @param octetsAcked octets that the remote end has acknowledged
/// @param octetsReceived octets received and put in order
/// @param octetsSent octets sent for the first time
/// @param octetsRetransmitted octets sent again
/// @param retransmissions segments sent again
/// @param counters what is only counted
/// @param octetsLost octets found lost, as often as they were, also where that was a mistake
/// @param duplicateReports acknowledgments that reported octets received twice (D-SACK, RFC 2883)
/// @param undone repairs of loss that were taken back, as nothing had been lost (RFC 3522, 5682, 2883)
/// @param reorderingWindowNanos how long a segment may arrive after a later one before it counts as lost (RFC 8985);
///     0 while nothing is in flight
/// @param delivered octets that are known to have arrived, selectively acknowledged ones too
/// @param userLimited what was sent last says nothing about the network, as the user gave too little; only known
///     where rates are tracked (BBR)
/// @param deliveryRate octets per second that the last acknowledgment showed; 0 where it is not tracked
/// @param pacingRate octets per second at which segments leave; 0 without pacing
/// @param urgent octets up to the urgent pointer that were not read
/// @param lastDataSentNanos since data were last sent, to a millisecond, -1 if none were
/// @param lastHeardNanos since the remote end was last heard of, to a millisecond
/// @param userTimeoutNanos how long data may stay unacknowledged, 0 if retransmissions are counted instead
/// @param softError what the network reported without ending the connection; null if nothing
/// @param error why the connection ended; null if it has not
public record TcpInfo(
        TcpState state,
        int iss,
        int sndUna,
        int sndNxt,
        int irs,
        int rcvNxt,
        long ageNanos,
        boolean timestamps,
        boolean sack,
        boolean windowScaling,
        boolean ecn,
        boolean ecnEcho,
        boolean fastOpen,
        int sendScale,
        int receiveScale,
        TcpConfig.Congestion congestion,
        boolean recovering,
        boolean afterTimeout,
        long rtoNanos,
        int backoff,
        int unanswered,
        long ackDelayNanos,
        int quickAcks,
        long srttNanos,
        long rttvarNanos,
        long minRttNanos,
        boolean reorderingSeen,
        int sendMss,
        int peerMss,
        int receiveMss,
        int advertisedMss,
        int pathMtu,
        boolean probing,
        int cwnd,
        int ssthresh,
        int inFlight,
        int sacked,
        int lost,
        int repairing,
        int sendWindow,
        int largestSendWindow,
        int receiveWindow,
        int unread,
        long outOfOrder,
        int unsent,
        int sendBuffer,
        int receiveBuffer,
        long octetsAcked,
        long octetsReceived,
        long octetsSent,
        long octetsRetransmitted,
        long retransmissions,
        Counters counters,
        long octetsLost,
        int duplicateReports,
        int undone,
        long reorderingWindowNanos,
        long delivered,
        boolean userLimited,
        long deliveryRate,
        long pacingRate,
        int urgent,
        long lastDataSentNanos,
        long lastHeardNanos,
        long userTimeoutNanos,
        @Nullable TcpError softError,
        @Nullable TcpError error) {

    /// What a connection only counts.
    ///
    /// @param segmentsSent segments sent, whatever was in them; where the device cuts segments, what it makes of them
    /// @param segmentsReceived segments received, in the same way, acceptable or not
    /// @param dataSegmentsSent segments sent with data
    /// @param dataSegmentsReceived segments received with data
    /// @param outOfOrderSegments segments received that began beyond a hole
    /// @param reorderings acknowledgments that showed reordering (RFC 8985)
    /// @param echoes acknowledgments that told of congestion by ECN
    /// @param timeouts expirations of the retransmission timer that meant loss
    /// @param timeoutRepairs repairs that began with one
    /// @param busyNanos how long data were in flight or waited for the remote end's window
    /// @param windowLimitedNanos how long data waited for the remote end's window
    /// @param bufferLimitedNanos how long nothing was left to send while the send buffer was full of data in flight
    public record Counters(
            long segmentsSent,
            long segmentsReceived,
            long dataSegmentsSent,
            long dataSegmentsReceived,
            long outOfOrderSegments,
            long reorderings,
            long echoes,
            long timeouts,
            long timeoutRepairs,
            long busyNanos,
            long windowLimitedNanos,
            long bufferLimitedNanos) {

        private static Counters of(Tcb tcb, TcbExtras extras, long now) {
            return new Counters(
                    Tally.count(extras.segmentsOutRounds, tcb.segmentsOut),
                    Tally.count(extras.segmentsInRounds, tcb.segmentsIn),
                    Tally.count(extras.dataSegmentsOutRounds, tcb.dataSegmentsOut),
                    Tally.count(extras.dataSegmentsInRounds, tcb.dataSegmentsIn),
                    extras.outOfOrderSegments,
                    extras.reorderings,
                    extras.echoes,
                    extras.timeouts,
                    extras.timeoutRepairs,
                    Tally.busy(tcb, extras, now),
                    Tally.limitedFor(extras, Tally.WINDOW, now),
                    Tally.limitedFor(extras, Tally.BUFFER, now));
        }
    }

    /// Octets that the user sent and the remote end has not acknowledged.
    public long unacknowledged() {
        return octetsSent - octetsAcked + unsent;
    }

    /// @param writer knows the paths; without it nothing is told of them
    static TcpInfo of(Tcb tcb, @Nullable SegmentWriter writer, long now) {
        TcbExtras extras = tcb.extras == null ? new TcbExtras() : tcb.extras;
        Flight board = tcb.flight;
        DeliveryRate rate = tcb.congestion.deliveryRate();
        boolean open = tcb.sndUna != tcb.iss; // the SYN was acknowledged
        // SYN and FIN take a sequence number each.
        int fin = (tcb.pending & Tcb.FIN_SENT) != 0 ? 1 : 0;
        int flight = tcb.flightSize();
        int finInFlight = fin == 1 && flight > 0 ? 1 : 0;
        long acked = open ? octets(extras.ackedWraps, tcb.sndUna - tcb.iss - 1 - fin + finInFlight) : 0;
        int sacked = board == null ? 0 : board.sackedOctets();
        return new TcpInfo(
                tcb.state,
                tcb.iss,
                tcb.sndUna,
                tcb.sndNxt,
                tcb.irs,
                tcb.rcvNxt,
                tcb.age(now),
                tcb.has(Tcb.TIMESTAMPS),
                tcb.has(Tcb.SACK_PERMITTED),
                tcb.sndWindShift > 0 || tcb.rcvWindShift > 0 || tcb.has(Tcb.WINDOW_SCALING),
                tcb.has(Tcb.ECN),
                tcb.has(Tcb.ECN_ECHO),
                tcb.has(Tcb.FAST_OPEN),
                tcb.sndWindShift,
                tcb.rcvWindShift,
                tcb.config.congestion(),
                tcb.isRecovering(),
                tcb.has(Tcb.RTO_RECOVERY),
                RttEstimator.backedOff(tcb),
                tcb.backoff,
                tcb.unanswered,
                Timeouts.DELAYED_ACK,
                tcb.quickAcks,
                tcb.srtt,
                tcb.rttvar,
                tcb.minRtt,
                tcb.has(Tcb.REORDERING_SEEN),
                tcb.effectiveMss,
                tcb.sendMss,
                tcb.rcvUnit,
                writer == null ? 0 : writer.receiveMss(tcb),
                writer == null ? 0 : pathMtu(tcb, writer),
                extras.search != null,
                tcb.cwnd,
                tcb.ssthresh,
                flight,
                sacked,
                board == null ? 0 : board.lostOctets(),
                board == null ? 0 : board.resentOctets(),
                tcb.sndWnd,
                tcb.maxSndWnd,
                tcb.rcvWnd(),
                tcb.available(),
                tcb.outOfOrder == null ? 0 : tcb.outOfOrder.memory(),
                open ? Math.max(0, tcb.unacknowledged() - flight + finInFlight) : tcb.unacknowledged(),
                tcb.sendBuffer(),
                tcb.receiveBuffer(),
                acked,
                received(tcb, extras),
                open ? acked + flight - finInFlight : 0,
                extras.octetsRetransmitted,
                extras.retransmissions,
                Counters.of(tcb, extras, now),
                extras.octetsLost,
                extras.duplicateReports,
                extras.undone,
                board == null ? 0 : Rack.reorderingWindow(tcb, board),
                acked + sacked,
                rate != null && rate.isAppLimited(),
                rate == null ? 0 : rate.latest,
                tcb.congestion.pacer() == null ? 0 : tcb.congestion.pacingRate(tcb),
                Urgent.remaining(tcb),
                tcb.lastSent == 0 ? -1 : CoarseTime.sinceMillis(tcb.lastSent, now),
                CoarseTime.sinceMillis(tcb.lastHeard, now),
                UserTimeout.of(tcb),
                tcb.softError(),
                tcb.error);
    }

    private static long received(Tcb tcb, TcbExtras extras) {
        int octets = tcb.rcvNxt - tcb.irs - 1 - (tcb.has(Tcb.FIN_RECEIVED) ? 1 : 0);
        return tcb.rcvNxt == tcb.irs ? 0 : octets(extras.receivedWraps, octets);
    }

    private static int pathMtu(Tcb tcb, SegmentWriter writer) {
        return writer.pathMss(tcb) + SegmentWriter.networkHeader(tcb) + TcpHeader.MIN_LENGTH;
    }

    private static long octets(int wraps, int distance) {
        return ((long) wraps << 32) + Integer.toUnsignedLong(distance);
    }
}
