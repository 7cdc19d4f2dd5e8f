package dev.berth.ports;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What a [PortTable] counts beside its work: high-water marks, refusals, and warnings when ports run short.
///
/// A warning is given once for a destination at 80 % and once at 95 %, and again only after its fill fell below
/// 70 %. What was warned of is remembered for 64 destinations at most, and 16 warnings wait to be taken; beyond
/// that they are counted as lost. Guarded by whatever guards the table. Counting allocates nothing, a warning
/// does.
public final class PortStatistics {
    private static final int LOW = 80;
    private static final int HIGH = 95;
    private static final int REARM = 70;
    private static final int REMEMBERED = 64;
    private static final int WAITING = 16;

    private final Transport transport;
    private final PortRange range;
    private final ClientPorts clients;

    private int mostFlows;
    private int mostTimeWait;
    private int mostTowards;
    private long mostLocalHi;
    private long mostLocalLo;
    private long mostRemoteHi;
    private long mostRemoteLo;
    private int mostRemotePort;
    private final long[] refusals = new long[PortError.values().length];

    private final @Nullable Warned[] warned = new Warned[REMEMBERED];
    private int warnedCount;
    private int bindLevel;
    private final @Nullable PortWarning[] waiting = new PortWarning[WAITING];
    private int waitingCount;
    private long lost;

    /// A destination that a warning was given for.
    private record Warned(long localHi, long localLo, long remoteHi, long remoteLo, int remotePort, int level) {
        boolean isFor(Flow flow) {
            return remoteLo == flow.remoteLo()
                    && remotePort == flow.remotePort()
                    && localLo == flow.localLo()
                    && remoteHi == flow.remoteHi()
                    && localHi == flow.localHi();
        }
    }

    PortStatistics(Transport transport, PortRange range, ClientPorts clients) {
        this.transport = transport;
        this.range = range;
        this.clients = clients;
    }

    /// The table has so many flows now.
    void flows(int count) {
        mostFlows = Math.max(mostFlows, count);
    }

    /// The table has so many flows in TIME-WAIT now.
    void timeWaits(int count) {
        mostTimeWait = Math.max(mostTimeWait, count);
    }

    /// A port could not be had.
    ///
    /// @return `refusal`
    PortUnavailableException refused(PortUnavailableException refusal) {
        refusals[refusal.reason().ordinal()]++;
        return refusal;
    }

    /// A flow without a binding took a port; now `inUse` ports are in use towards its destination.
    void claimed(Flow flow, int inUse, int timeWait) {
        if (inUse > mostTowards) {
            mostTowards = inUse;
            mostLocalHi = flow.localHi();
            mostLocalLo = flow.localLo();
            mostRemoteHi = flow.remoteHi();
            mostRemoteLo = flow.remoteLo();
            mostRemotePort = flow.remotePort();
        }
        int usable = clients.usable();
        if (inUse * 100L >= usable * (long) LOW) {
            warn(flow, inUse, timeWait, usable, inUse * 100L >= usable * (long) HIGH ? HIGH : LOW);
        }
    }

    private void warn(Flow flow, int inUse, int timeWait, int usable, int level) {
        int index = indexOf(flow);
        if (index >= 0 ? Objects.requireNonNull(warned[index]).level >= level : warnedCount == REMEMBERED) {
            lost += index < 0 ? 1 : 0;
            return;
        }
        warned[index >= 0 ? index : warnedCount++] =
                new Warned(flow.localHi(), flow.localLo(), flow.remoteHi(), flow.remoteLo(), flow.remotePort(), level);
        IpAddress local = new IpAddress(flow.localHi(), flow.localLo());
        offer(new PortWarning(transport, local, flow.remote(), level, range, inUse, usable, timeWait));
    }

    private int indexOf(Flow flow) {
        for (int i = 0; i < warnedCount; i++) {
            if (Objects.requireNonNull(warned[i]).isFor(flow)) {
                return i;
            }
        }
        return -1;
    }

    /// A flow without a binding gave its port back; now `inUse` ports are in use towards its destination.
    void released(Flow flow, int inUse) {
        if (warnedCount > 0 && inUse * 100L < clients.usable() * (long) REARM) {
            int index = indexOf(flow);
            if (index >= 0) {
                warned[index] = warned[--warnedCount];
                warned[warnedCount] = null;
            }
        }
    }

    /// A bind with port 0 took a port.
    void boundAnywhere(int timeWait) {
        int all = clients.mask().size();
        int taken = all - clients.freeForBind();
        int percent = (int) (taken * 100L / all);
        int level = percent >= HIGH ? HIGH : percent >= LOW ? LOW : 0;
        if (level > bindLevel) {
            offer(new PortWarning(transport, null, null, level, range, taken, all, timeWait));
        }
        bindLevel = percent < REARM ? 0 : Math.max(bindLevel, level);
    }

    private void offer(PortWarning warning) {
        if (waitingCount == WAITING) {
            lost++;
        } else {
            waiting[waitingCount++] = warning;
        }
    }

    /// Whether [#pollWarning] has something.
    public boolean hasWarning() {
        return waitingCount > 0;
    }

    /// The next warning that nobody has taken yet, the oldest first; null if there is none.
    public @Nullable PortWarning pollWarning() {
        if (waitingCount == 0) {
            return null;
        }
        PortWarning first = waiting[0];
        System.arraycopy(waiting, 1, waiting, 0, --waitingCount);
        waiting[waitingCount] = null;
        return first;
    }

    /// How often a port could not be had for this reason.
    public long refusals(PortError reason) {
        return refusals[reason.ordinal()];
    }

    /// Everything counted, copied.
    PortCounters copy(int flows, int timeWait, int bindings) {
        Map<PortError, Long> refused = new EnumMap<>(PortError.class);
        for (PortError reason : PortError.values()) {
            refused.put(reason, refusals[reason.ordinal()]);
        }
        boolean any = mostTowards > 0;
        return new PortCounters(
                flows,
                timeWait,
                bindings,
                mostFlows,
                mostTimeWait,
                mostTowards,
                any ? new IpAddress(mostLocalHi, mostLocalLo) : null,
                any ? new Endpoint(new IpAddress(mostRemoteHi, mostRemoteLo), mostRemotePort) : null,
                refused,
                lost);
    }
}
