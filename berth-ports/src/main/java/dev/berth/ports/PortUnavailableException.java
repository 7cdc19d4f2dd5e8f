package dev.berth.ports;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
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
    private @Nullable PortRange range;
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
            Transport transport, long hi, long lo, int port, @Nullable PortBinding<?> holder) {
        var e = new PortUnavailableException(PortError.ADDRESS_IN_USE, transport, hi, lo, port, null);
        e.binding = holder;
        if (holder != null) {
            e.holderState = holder.stateName();
            e.holderFlows = holder.flowCount();
        }
        return e;
    }

    static PortUnavailableException heldByClients(Transport transport, long hi, long lo, int port, int flows) {
        var e = new PortUnavailableException(PortError.ADDRESS_IN_USE, transport, hi, lo, port, null);
        e.holderFlows = flows;
        return e;
    }

    static PortUnavailableException heldByFlow(
            Transport transport, PortError reason, Flow wanted, Flow holder) {
        var e = new PortUnavailableException(
                reason, transport, holder.localHi(), holder.localLo(), holder.localPort(), wanted);
        e.flow = holder;
        e.holderState = holder.stateName();
        return e;
    }

    static PortUnavailableException exhausted(
            Transport transport, PortRange range, long hi, long lo, @Nullable Flow wanted, int inUse, int timeWait) {
        PortError reason = wanted == null ? PortError.EXHAUSTED : PortError.ADDRESS_NOT_AVAILABLE;
        var e = new PortUnavailableException(reason, transport, hi, lo, 0, wanted);
        e.range = range;
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

    /// The ports of the range that were not free, towards the destination of a connect or for any bind; 0 if
    /// the range did not matter.
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
                range == null ? transport + " " + local + " is held by " + holder() : "no " + transport + " port of " + local.address() + " is left towards "
                        + new Endpoint(new IpAddress(remoteHi, remoteLo), remotePort) + ": " + usage();
            case EXHAUSTED -> "no " + transport + " port is left to bind: " + usage();
            case PERMISSION_DENIED ->
                transport + " port " + localPort + " is below " + inUse + ", the lowest port that may be bound";
        };
    }

    private String usage() {
        PortRange all = range;
        return inUse + " of " + (all == null ? 0 : all.size()) + " ports of " + all + " are in use or reserved, "
                + timeWait + " flows are in TIME-WAIT";
    }

    private String holder() {
        PortBinding<?> held = binding;
        if (held != null) {
            Object owner = held.owner();
            return (owner == null ? "" : owner + ", ") + held.endpoint() + " " + holderState
                    + (holderFlows == 0 ? "" : " with " + count(holderFlows));
        }
        Flow other = flow;
        if (other != null) {
            PortBinding<?> its = other.binding();
            Object owner = its == null ? null : its.owner();
            return (owner == null ? "" : owner + ", ") + other.local() + " > " + other.remote() + " " + holderState;
        }
        return holderFlows == 0 ? "another binding" : count(holderFlows) + " connected without a bind";
    }

    private static String count(int flows) {
        return flows == 1 ? "1 flow" : flows + " flows";
    }
}
