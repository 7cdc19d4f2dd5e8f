package dev.berth.ports;

import org.jspecify.annotations.Nullable;

/// A flow in TIME-WAIT. It owns its tuple like any other, so that the port is not handed out again towards the
/// same destination for 2 MSL (RFC 9293 section 3.4.2, RFC 6056 section 2.3), unless [#mayBeReused] says that a
/// new connection cannot be confused with the old one.
///
/// Those that connected without a binding hang in a list of their destination, oldest first, so that the table
/// finds the one to displace in constant time.
public abstract class TimeWaitFlow extends Flow {
    /// Neighbours in the list of the destination; null at the ends and outside of a list.
    @Nullable
    TimeWaitFlow older;

    @Nullable
    TimeWaitFlow newer;

    /// A flow in TIME-WAIT that is in no table yet.
    ///
    /// @throws IllegalArgumentException if a port is not within 0 to 65535
    protected TimeWaitFlow(long localHi, long localLo, int localPort, long remoteHi, long remoteLo, int remotePort) {
        super(localHi, localLo, localPort, remoteHi, remoteLo, remotePort);
    }

    /// Whether a new connection may take the tuple over at `now` (nanoseconds on the host's clock): RFC 6191,
    /// or RFC 9293 MAY-2 when sequence numbers prove the old incarnation dead. Must not call the table.
    public abstract boolean mayBeReused(long now);

    /// `TIME-WAIT`.
    @Override
    public String stateName() {
        return "TIME-WAIT";
    }
}
