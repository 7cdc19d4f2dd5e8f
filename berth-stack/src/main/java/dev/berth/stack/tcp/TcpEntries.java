package dev.berth.stack.tcp;

import dev.berth.ports.Flow;
import dev.berth.ports.PortAge;
import dev.berth.ports.PortBinding;
import dev.berth.ports.PortOwner;
import dev.berth.ports.Transport;
import dev.berth.stack.endpoint.SocketDetails;
import dev.berth.stack.endpoint.SocketEntry;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// TCP's sockets as entries of a list. Only reads; under the stack's lock.
public final class TcpEntries {
    private static final SocketDetails NOTHING = new SocketDetails(-1, -1, 0, 0, "", 0, 0, null);

    private TcpEntries() {}

    /// A listener or a port that is bound.
    public static SocketEntry of(PortBinding<TcpListener> binding, boolean details, long now) {
        TcpListener listener = binding.listener();
        SocketDetails more = null;
        if (details) {
            more = listener == null ? NOTHING : new SocketDetails(-1, -1, 0, listener.synCount, "", 0, 0, null);
        }
        return new SocketEntry(
                Transport.TCP,
                binding.stateName(),
                binding.endpoint(),
                null,
                listener == null ? 0 : listener.waiting(),
                listener == null ? 0 : listener.backlog(),
                binding.flowCount(),
                PortOwner.labelOf(binding.owner()),
                PortAge.between(binding.since(), now),
                more);
    }

    /// A connection, a half-open one or one in TIME-WAIT.
    public static SocketEntry of(Flow flow, boolean details, long now) {
        Tcb tcb = flow instanceof Tcb connection ? connection : null;
        return new SocketEntry(
                Transport.TCP,
                flow.stateName(),
                flow.local(),
                flow.remote(),
                tcb == null ? 0 : tcb.available(),
                tcb == null ? 0 : tcb.unacknowledged(),
                0,
                owner(tcb == null ? null : tcb.attachment(), flow.binding()),
                flow.age(now),
                details ? details(flow, now) : null);
    }

    private static String owner(@Nullable Object attachment, @Nullable PortBinding<?> binding) {
        String own = PortOwner.labelOf(attachment);
        return own.isEmpty() && binding != null ? PortOwner.labelOf(binding.owner()) : own;
    }

    private static SocketDetails details(Flow flow, long now) {
        return switch (flow) {
            case Tcb tcb -> details(tcb, now);
            case TimeWait waiting -> timer("timewait", waiting.expires - now, 0);
            case SynEntry entry ->
                timer(
                        "on",
                        entry.sentAt + (RttEstimator.INITIAL_RTO << entry.retransmissions) - now,
                        entry.retransmissions);
            default -> NOTHING;
        };
    }

    private static SocketDetails timer(String name, long left, int retries) {
        return new SocketDetails(-1, -1, 0, 0, name, Math.max(0, left), retries, null);
    }

    private static SocketDetails details(Tcb tcb, long now) {
        String timer = "";
        long due = now;
        Tcb.Deadlines deadlines = tcb.deadlines;
        if (deadlines != null && deadlines.earliest() != Tcb.Deadlines.NONE) {
            due = deadlines.earliest();
            timer = due == deadlines.retransmit
                    ? tcb.flightSize() > 0 ? "on" : "persist"
                    : due == deadlines.delayedAck
                            ? "delayed-ack"
                            : tcb.state == TcpState.FIN_WAIT_2 ? "fin-wait-2" : "keepalive";
        }
        // SYN and FIN take a sequence number each; before the handshake is through there is nothing to count.
        boolean open = tcb.state.isSynchronized();
        boolean finAcknowledged = (tcb.pending & Tcb.FIN_SENT) != 0 && tcb.flightSize() == 0;
        int in = open ? tcb.rcvNxt - tcb.irs - 1 - (tcb.has(Tcb.FIN_RECEIVED) ? 1 : 0) : 0;
        int out = open ? tcb.sndUna - tcb.iss - 1 - (finAcknowledged ? 1 : 0) : 0;
        TcpInfo info = TcpInfo.of(tcb, null, now);
        return new SocketDetails(
                Integer.toUnsignedLong(in),
                Integer.toUnsignedLong(out),
                0,
                0,
                timer,
                Math.max(0, due - now),
                tcb.unanswered,
                new SocketDetails.Tcp(
                        tcb.srtt,
                        tcb.rttvar,
                        RttEstimator.backedOff(tcb),
                        tcb.effectiveMss,
                        tcb.cwnd,
                        tcb.ssthresh,
                        tcb.sndWnd,
                        tcb.rcvWnd(),
                        tcb.flightSize(),
                        tcb.sndWindShift,
                        tcb.rcvWindShift,
                        tcb.config.congestion().toString().toLowerCase(Locale.ROOT),
                        tcb.has(Tcb.TIMESTAMPS),
                        tcb.has(Tcb.SACK_PERMITTED),
                        tcb.isRecovering(),
                        tcb.minRtt,
                        info.octetsSent(),
                        info.octetsRetransmitted(),
                        info.retransmissions(),
                        info.octetsLost(),
                        info.duplicateReports(),
                        info.undone(),
                        info.reorderingSeen(),
                        info.reorderingWindowNanos(),
                        info.delivered(),
                        info.deliveryRate(),
                        info.pacingRate(),
                        info.ecn()));
    }
}
