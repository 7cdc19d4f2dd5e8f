package dev.berth.ports;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A port could not be had. The message begins with the one the sockets of the JDK give and goes on with who
/// holds the port and in which state, or how full the range is towards the destination.
///
/// It carries no stack trace, and the message is put together when somebody asks for it: throwing costs tens of
/// nanoseconds. What it tells is how things stood when it was thrown.
public final class PortUnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    private final PortError reason;
    private final Transport transport;
    private final long localHi;
    private final long localLo;
    private final int localPort;
    private final long remoteHi;
    private final long remoteLo;
    private final int remotePort;

    private transient @Nullable PortBinding<?> binding;
    private transient @Nullable Flow flow;
    private @Nullable String holderState;
    private int holderFlows;
    private long holderAge = PortAge.UNKNOWN;
    /// The policy's range, and the socket's.
    private @Nullable PortRange range;
    private @Nullable PortRange within;
    private int inUse;
    private int timeWait;

    private PortUnavailableException(
            PortError reason, Transport transport, long localHi, long localLo, int localPort, @Nullable Flow remote) {
        super(null, null, false, false);
        this.reason = reason;
        this.transport = transport;
        this.localHi = localHi;
        this.localLo = localLo;
        this.localPort = localPort;
        this.remoteHi = remote == null ? 0 : remote.remoteHi();
        this.remoteLo = remote == null ? 0 : remote.remoteLo();
        this.remotePort = remote == null ? 0 : remote.remotePort();
    }

    static PortUnavailableException heldByBinding(
            Transport transport, long hi, long lo, int port, @Nullable PortBinding<?> holder, long now) {
        var e = new PortUnavailableException(PortError.ADDRESS_IN_USE, transport, hi, lo, port, null);
        e.binding = holder;
        if (holder != null) {
            e.holderState = holder.stateName();
            e.holderFlows = holder.flowCount();
            e.holderAge = now == PortAge.UNKNOWN ? PortAge.UNKNOWN : PortAge.between(holder.since(), now);
        }
        return e;
    }

    static PortUnavailableException heldByClients(Transport transport, long hi, long lo, int port, int flows) {
        var e = new PortUnavailableException(PortError.ADDRESS_IN_USE, transport, hi, lo, port, null);
        e.holderFlows = flows;
        return e;
    }

    static PortUnavailableException heldByFlow(
            Transport transport, PortError reason, Flow wanted, Flow holder, long now) {
        var e = new PortUnavailableException(
                reason, transport, holder.localHi(), holder.localLo(), holder.localPort(), wanted);
        e.flow = holder;
        e.holderState = holder.stateName();
        e.holderAge = holder.age(now);
        return e;
    }

    /// No port is left to choose.
    ///
    /// @param wanted the flow that was to connect; null for a bind
    /// @param inUse the ports of both ranges that flows have: towards the destination of `wanted`, or any
    /// @param timeWait how many flows are in TIME-WAIT: towards the destination of `wanted`, or in all
    static PortUnavailableException exhausted(
            Transport transport,
            long hi,
            long lo,
            @Nullable Flow wanted,
            PortRange range,
            PortRange within,
            int inUse,
            int timeWait) {
        PortError reason = wanted == null ? PortError.EXHAUSTED : PortError.ADDRESS_NOT_AVAILABLE;
        var e = new PortUnavailableException(reason, transport, hi, lo, 0, wanted);
        e.range = range;
        e.within = within;
        e.inUse = inUse;
        e.timeWait = timeWait;
        return e;
    }

    static PortUnavailableException forbidden(Transport transport, long hi, long lo, int port, int lowest) {
        var e = new PortUnavailableException(PortError.PERMISSION_DENIED, transport, hi, lo, port, null);
        e.inUse = lowest;
        return e;
    }

    /// The kind of failure, from which a socket makes its exception.
    public PortError reason() {
        return reason;
    }

    /// The message for people: [PortError#message], then the detail. Allocates.
    @Override
    public String getMessage() {
        return reason.message() + ": " + detail();
    }

    /// The binding in the way; null if it was something else.
    public @Nullable PortBinding<?> binding() {
        return binding;
    }

    /// The flow in the way; null if it was something else.
    public @Nullable Flow flow() {
        return flow;
    }

    /// The ports of the range that flows without a binding have, towards the destination of a connect or, for a bind,
    /// at all; 0 if the range did not matter.
    public int inUse() {
        return range == null ? 0 : inUse;
    }

    /// The TIME-WAIT flows towards the destination, or in all for a bind; 0 if the range did not matter.
    public int timeWait() {
        return timeWait;
    }

    private String detail() {
        Endpoint local = new Endpoint(new IpAddress(localHi, localLo), localPort);
        return switch (reason) {
            case ADDRESS_IN_USE -> transport + " " + local + " is held by " + holder();
            case ADDRESS_NOT_AVAILABLE ->
                range == null
                        ? transport + " " + local + " is held by " + holder()
                        : "no " + transport + " port of " + local.address() + " is left towards "
                                + new Endpoint(new IpAddress(remoteHi, remoteLo), remotePort) + ": " + usage()
                                + advice();
            case EXHAUSTED -> "no " + transport + " port is left to bind: " + usage() + advice();
            case PERMISSION_DENIED ->
                transport + " port " + localPort + " is below " + inUse + ", the lowest port that may be bound";
        };
    }

    private String usage() {
        PortRange all = Objects.requireNonNull(range);
        PortRange own = Objects.requireNonNull(within);
        int first = Math.max(all.first(), own.first());
        int last = Math.min(all.last(), own.last());
        if (first > last) {
            return "the socket's range " + own + " and the host's range " + all + " have no port in common";
        }
        PortRange both = new PortRange(first, last);
        StringBuilder text = new StringBuilder("of the ")
                .append(both.size())
                .append(" ports ")
                .append(both);
        if (!own.equals(PortRange.ALL)) {
            text.append(" (the socket's range within ").append(all).append(')');
        }
        text.append(", ").append(inUse);
        boolean bind = reason == PortError.EXHAUSTED;
        text.append(bind ? " carry flows without a bind" : " are in use towards it");
        if (timeWait > 0) {
            text.append(bind ? " (" : ", ").append(timeWait);
            text.append(bind ? " TIME-WAIT flows in all)" : " of them in TIME-WAIT");
        }
        if (inUse < both.size()) {
            text.append(", and ").append(both.size() - inUse).append(" are bound, reserved or not leased");
        }
        return text.toString();
    }

    private String advice() {
        if (reason == PortError.EXHAUSTED) {
            return "; port 0 means a port without any flow. A port named by number, a connect without a bind or with a "
                    + "late one, or a wider range would help";
        }
        return transport == Transport.TCP && timeWait > 0
                ? "; connections that are kept open and used again, timestamps (RFC 6191), a wider range or another "
                        + "local address would help"
                : "; a wider range, another local address or fewer flows at once would help";
    }

    private String holder() {
        PortBinding<?> held = binding;
        if (held != null) {
            return named(held.owner()) + held.endpoint() + " " + holderState + age()
                    + (holderFlows == 0 ? "" : ", with " + count(holderFlows));
        }
        Flow other = flow;
        if (other != null) {
            PortBinding<?> its = other.binding();
            return named(its == null ? null : its.owner()) + other.local() + " > " + other.remote() + " " + holderState
                    + age();
        }
        return holderFlows == 0 ? "another binding" : count(holderFlows) + " connected without a bind";
    }

    private static String named(@Nullable Object owner) {
        String label = PortOwner.labelOf(owner);
        return label.isEmpty() ? "" : label + ", ";
    }

    private String age() {
        return holderAge == PortAge.UNKNOWN ? "" : ", for " + PortAge.text(holderAge);
    }

    private static String count(int flows) {
        return flows == 1 ? "1 flow" : flows + " flows";
    }
}
