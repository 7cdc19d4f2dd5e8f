package dev.berth.ports;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import org.jspecify.annotations.Nullable;

/// What sits in a slot of a [PortTable]: the owner of one (local address, local port, remote address, remote
/// port). A connection, a half-open one, one in TIME-WAIT or a connected UDP endpoint extends it; the key lives
/// here, the table holds only references and hashes.
///
/// A flow is in at most one table at a time, from `connect`, `accept` or `replace` to `release` or until it is
/// replaced or displaced. Addresses are in the 128-bit form of [IpAddress]. The class adds 48 bytes to an
/// object. Guarded by whatever guards the table.
public abstract class Flow {
    private long localHi;
    private long localLo;
    private long remoteHi;
    private long remoteLo;
    private char localPort;
    private char remotePort;
    /// The hash under which the flow is in a table; 0 while it is in none.
    private int hash;
    /// Who pays for the port: a [PortBinding]; for a flow that has none, a [Destination] or [Destinations#LONE]; null
    /// outside of a table.
    private @Nullable Object claim;

    /// A flow that is in no table yet.
    ///
    /// @param localPort 0 if `connect` is to choose it
    /// @throws IllegalArgumentException if a port is not within 0 to 65535
    protected Flow(long localHi, long localLo, int localPort, long remoteHi, long remoteLo, int remotePort) {
        fill(localHi, localLo, localPort, remoteHi, remoteLo, remotePort);
    }

    /// Changes the tuple, for an endpoint that connects again (UDP).
    ///
    /// @throws IllegalStateException while the flow is in a table
    /// @throws IllegalArgumentException if a port is not within 0 to 65535
    public final void setTuple(
            long localHi, long localLo, int localPort, long remoteHi, long remoteLo, int remotePort) {
        if (hash != 0) {
            throw new IllegalStateException("The tuple of a flow in a table cannot change: " + this);
        }
        fill(localHi, localLo, localPort, remoteHi, remoteLo, remotePort);
    }

    private void fill(long localHi, long localLo, int localPort, long remoteHi, long remoteLo, int remotePort) {
        this.localHi = localHi;
        this.localLo = localLo;
        this.localPort = (char) PortRange.requirePort(localPort);
        this.remoteHi = remoteHi;
        this.remoteLo = remoteLo;
        this.remotePort = (char) PortRange.requirePort(remotePort);
    }

    /// The upper half of the local address.
    public final long localHi() {
        return localHi;
    }

    /// The lower half of the local address.
    public final long localLo() {
        return localLo;
    }

    /// The local port; 0 before one is chosen. It stays readable after the flow left its table.
    public final int localPort() {
        return localPort;
    }

    /// The upper half of the remote address.
    public final long remoteHi() {
        return remoteHi;
    }

    /// The lower half of the remote address.
    public final long remoteLo() {
        return remoteLo;
    }

    /// The remote port.
    public final int remotePort() {
        return remotePort;
    }

    /// The local end as a value. Allocates.
    public final Endpoint local() {
        return new Endpoint(new IpAddress(localHi, localLo), localPort);
    }

    /// The remote end as a value. Allocates.
    public final Endpoint remote() {
        return new Endpoint(new IpAddress(remoteHi, remoteLo), remotePort);
    }

    /// Whether the flow is in a table now, and so owns its tuple.
    public final boolean isClaimed() {
        return hash != 0;
    }

    /// The binding whose port the flow uses; null if it connected without one, and while it is in no table.
    public final @Nullable PortBinding<?> binding() {
        return claim instanceof PortBinding<?> binding ? binding : null;
    }

    /// The state in one word for messages and snapshots, such as `ESTABLISHED` or `TIME-WAIT`.
    public String stateName() {
        return "CONNECTED";
    }

    /// How long the flow has existed at `now`, in nanoseconds; [PortAge#UNKNOWN] unless its class knows.
    ///
    /// @param now nanoseconds on the host's clock
    public long age(long now) {
        return PortAge.UNKNOWN;
    }

    final boolean matches(long lHi, long lLo, int lPort, long rHi, long rLo, int rPort) {
        return remoteLo == rLo
                && localLo == lLo
                && localPort == lPort
                && remotePort == rPort
                && remoteHi == rHi
                && localHi == lHi;
    }

    /// Whether a client's flow goes to this destination.
    final boolean isTowards(long lHi, long lLo, long rHi, long rLo, int rPort) {
        return remoteLo == rLo && remotePort == rPort && localLo == lLo && remoteHi == rHi && localHi == lHi;
    }

    final boolean hasTupleOf(Flow other) {
        return matches(other.localHi, other.localLo, other.localPort, other.remoteHi, other.remoteLo, other.remotePort);
    }

    final int hash() {
        return hash;
    }

    final @Nullable Object claim() {
        return claim;
    }

    /// @throws IllegalStateException if it is in no table
    final Object requireClaim() {
        Object owner = claim;
        if (owner == null) {
            throw new IllegalStateException("The flow is in no table: " + this);
        }
        return owner;
    }

    final void choosePort(int port) {
        localPort = (char) port;
    }

    final void enter(int tableHash, Object owner) {
        hash = tableHash;
        claim = owner;
    }

    final void leave() {
        hash = 0;
        claim = null;
    }

    /// `10.0.0.1:50000 > 10.0.0.2:80 ESTABLISHED`.
    @Override
    public String toString() {
        return local() + " > " + remote() + " " + stateName();
    }
}
