package dev.berth.stack.icmp;

import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.endpoint.ReadyQueue;
import dev.berth.stack.endpoint.StackSocket;
import dev.berth.stack.ip.IpInput;
import dev.berth.wire.DropReason;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// Echo requests to addresses that a host owns by a prefix only, for a gateway that stands in for other hosts: it asks
/// those, and lets the host reply when they have replied (RFC 5508).
///
/// While it is closed, which it is at first, the host answers such requests itself, as RFC 1122 section 3.2.2.6 says.
/// Requests to the host's single addresses it always answers. At most [#LIMIT] requests with [#LIMIT_OCTETS] of data
/// wait to be polled; others are dropped ([DropReason#RECEIVE_BUFFER_FULL]). Belongs to the host's critical section.
public final class EchoRequests implements StackSocket {
    /// Requests that wait at once.
    public static final int LIMIT = 1_024;

    /// Octets of data in them.
    public static final int LIMIT_OCTETS = 1 << 20;

    private final ReadyQueue ready;
    private final ArrayDeque<EchoRequest> waiting = new ArrayDeque<>();
    private int octets;
    private boolean open;
    private @Nullable Object attachment;
    private boolean queued;

    EchoRequests(ReadyQueue ready) {
        this.ready = ready;
    }

    /// From now on requests wait here.
    ///
    /// @return false if it is open already
    public boolean open() {
        boolean opened = !open;
        open = true;
        return opened;
    }

    /// From now on the host answers by itself; those that wait are dropped.
    public void close() {
        open = false;
        attachment = null;
        waiting.clear();
        octets = 0;
    }

    boolean isOpen() {
        return open;
    }

    /// Takes a request whose checksum is right; the packet stays the caller's.
    @Nullable
    DropReason arrived(Packet packet) {
        int at = packet.transportAt + IcmpHeader.LENGTH;
        int head = packet.end - at;
        int tail = packet.tailLength();
        if (waiting.size() == LIMIT || octets + head + tail > LIMIT_OCTETS) {
            return DropReason.RECEIVE_BUFFER_FULL;
        }
        byte[] data = new byte[head + tail];
        System.arraycopy(packet.bytes, at, data, 0, head);
        if (tail > 0 && packet.chunk != null) {
            System.arraycopy(packet.chunk.bytes, packet.tailStart, data, head, tail);
        }
        waiting.add(new EchoRequest(
                new IpAddress(packet.sourceHi, packet.sourceLo),
                new IpAddress(packet.destinationHi, packet.destinationLo),
                Icmp.identifier(packet),
                Icmp.sequence(packet),
                IpInput.ttl(packet),
                data));
        octets += data.length;
        ready.add(this);
        return null;
    }

    /// The oldest request, or null if there is none.
    public @Nullable EchoRequest poll() {
        EchoRequest request = waiting.poll();
        if (request != null) {
            octets -= request.data().length;
        }
        return request;
    }

    /// Readable while a request waits.
    @Override
    public int readiness() {
        if (!open) {
            return Readiness.ALL;
        }
        return waiting.isEmpty() ? 0 : Readiness.READABLE;
    }

    @Override
    public @Nullable Object attachment() {
        return attachment;
    }

    @Override
    public void attach(@Nullable Object owner) {
        attachment = owner;
    }

    @Override
    public boolean queued() {
        return queued;
    }

    @Override
    public void queued(boolean inQueue) {
        queued = inQueue;
    }

    @Override
    public String toString() {
        return "ICMP echo requests";
    }
}
