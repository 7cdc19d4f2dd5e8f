package dev.berth.ports;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import org.jspecify.annotations.Nullable;

/// A claim on a local address, or a wildcard, and a port. Made by [PortTable#bind], given up by
/// [PortTable#close].
///
/// A listener and any number of flows may use it. A closed binding with flows stays in the table and keeps its
/// port until the last of them is released. Guarded by whatever guards the table; the methods allocate nothing
/// unless they say so.
///
/// @param <L> the type of the listeners
public final class PortBinding<L> {
    private final long addressHi;
    private final long addressLo;
    private final char port;
    private final byte sharing;
    private final @Nullable Object owner;
    private final long since;

    /// Tells it from all others of its table; later ones have greater numbers.
    long serial;

    @Nullable
    L listener;

    int flows;
    boolean closed;
    /// The group of the address; null when the binding is not in a table any more.
    @Nullable
    AddressGroup<L> group;

    /// Neighbours among the bindings of the same port.
    @Nullable
    PortBinding<L> previous;

    @Nullable
    PortBinding<L> next;

    PortBinding(long addressHi, long addressLo, int port, int sharing, @Nullable Object owner, long since) {
        this.addressHi = addressHi;
        this.addressLo = addressLo;
        this.port = (char) port;
        this.sharing = (byte) sharing;
        this.owner = owner;
        this.since = since;
    }

    /// The upper half of the address.
    public long addressHi() {
        return addressHi;
    }

    /// The lower half of the address.
    public long addressLo() {
        return addressLo;
    }

    /// The port, 1 to 65535; 0 for that of [PortTable#bindEveryPort].
    public int port() {
        return port;
    }

    /// The flags of [PortSharing] it was bound with.
    public int sharing() {
        return sharing;
    }

    /// When it was bound, in nanoseconds on the host's clock; [PortAge#UNKNOWN] if nobody said.
    public long since() {
        return since;
    }

    /// Who bound it, a [PortOwner] or any object whose `toString` tells a person; null if nobody said.
    public @Nullable Object owner() {
        return owner;
    }

    /// The listener; null while nobody listens.
    public @Nullable L listener() {
        return listener;
    }

    /// The number of flows in the table that use this binding, TIME-WAIT included.
    public int flowCount() {
        return flows;
    }

    /// Whether [PortTable#close] was called.
    public boolean isClosed() {
        return closed;
    }

    /// The address and port as a value. Allocates.
    public Endpoint endpoint() {
        return new Endpoint(new IpAddress(addressHi, addressLo), port);
    }

    /// The state in one word: `LISTEN`, `BOUND` or `CLOSED`.
    public String stateName() {
        return listener != null ? "LISTEN" : closed ? "CLOSED" : "BOUND";
    }

    /// `0.0.0.0:80 LISTEN`.
    @Override
    public String toString() {
        return endpoint() + " " + stateName();
    }
}
