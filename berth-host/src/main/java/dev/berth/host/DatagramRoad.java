package dev.berth.host;

import dev.berth.stack.endpoint.ByteSource;
import dev.berth.stack.udp.DatagramLane;
import dev.berth.stack.udp.DatagramWay;
import dev.berth.wire.Endpoint;
import org.jspecify.annotations.Nullable;

/// The way that the datagrams of a socket take to one end without the host's lock, while nothing changes. Immutable.
final class DatagramRoad {
    private final @Nullable Endpoint to; // null: the remote end of the socket
    private final DatagramWay way;
    private final LinkPort port;
    private final DatagramLane lane;

    private DatagramRoad(@Nullable Endpoint to, DatagramWay way, LinkPort port, DatagramLane lane) {
        this.to = to;
        this.way = way;
        this.port = port;
        this.lane = lane;
    }

    /// The road on `way`; null if its interface does not let anybody transmit beside the others. Under the host's lock.
    static @Nullable DatagramRoad along(DatagramWay way, @Nullable Endpoint to, StackMonitor monitor) {
        for (LinkPort port : monitor.ports()) {
            if (port.nic() == way.nic()) {
                DatagramLane lane = port.lane();
                return lane == null ? null : new DatagramRoad(to, way, port, lane);
            }
        }
        return null;
    }

    /// True if it leads to `other`, as the program has named it.
    boolean leadsTo(@Nullable Endpoint other) {
        Endpoint mine = to;
        return mine == other
                || mine != null
                        && other != null
                        && mine.port() == other.port()
                        && mine.address().lo() == other.address().lo()
                        && mine.address().hi() == other.address().hi();
    }

    /// False if something has changed, so that there may be another road.
    boolean isOpen() {
        return way.isOpen();
    }

    /// Sends a datagram of `length` octets from `source` or, if that is null, of `bytes`.
    ///
    /// @return false if nothing was done: it has to go the ordinary way
    boolean send(@Nullable ByteSource source, byte @Nullable [] bytes, int from, int length) {
        return port.transmitBeside(way, lane, source, bytes, from, length);
    }
}
