package dev.berth.ports;

import org.jspecify.annotations.Nullable;

/// What the table knows about one (local address, remote address, remote port): the local ports that flows
/// without a binding use towards it, and its TIME-WAIT flows, oldest first.
///
/// It comes with the second such flow and goes with the last one. A lone flow is its own destination
/// ([Destinations]), and such an object describes it when asked.
final class Destination {
    long localHi;
    long localLo;
    long remoteHi;
    long remoteLo;
    int remotePort;
    int hash;

    final PortSet used = new PortSet();

    @Nullable
    TimeWaitFlow oldest;

    @Nullable
    TimeWaitFlow newest;

    int timeWait;

    /// Takes the addresses of a flow to this destination.
    void fill(Flow flow, int itsHash) {
        localHi = flow.localHi();
        localLo = flow.localLo();
        remoteHi = flow.remoteHi();
        remoteLo = flow.remoteLo();
        remotePort = flow.remotePort();
        hash = itsHash;
    }

    boolean isFor(long lHi, long lLo, long rHi, long rLo, int rPort) {
        return remoteLo == rLo && remotePort == rPort && localLo == lLo && remoteHi == rHi && localHi == lHi;
    }

    void link(TimeWaitFlow flow) {
        TimeWaitFlow last = newest;
        flow.older = last;
        if (last == null) {
            oldest = flow;
        } else {
            last.newer = flow;
        }
        newest = flow;
        timeWait++;
    }

    void unlink(TimeWaitFlow flow) {
        TimeWaitFlow older = flow.older;
        TimeWaitFlow newer = flow.newer;
        if (older == null) {
            oldest = newer;
        } else {
            older.newer = newer;
        }
        if (newer == null) {
            newest = older;
        } else {
            newer.older = older;
        }
        flow.older = null;
        flow.newer = null;
        timeWait--;
    }
}
