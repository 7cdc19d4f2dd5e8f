package dev.berth.capture;

import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.BufferPool;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/// A link that passes everything on to another link and back, and records it: what the host sends before the other
/// link has it, what arrives before the host has it. Packets are not changed. Closing it closes the other link, not
/// the capture.
///
/// Threads and allocation are those of the other link, plus one lock per capture.
public final class CapturingLink implements Link {
    private final Link link;
    private final Capture.Origin origin;

    /// Records `link` under `origin`; see also [Capture#around].
    public CapturingLink(Link link, Capture.Origin origin) {
        this.link = Objects.requireNonNull(link);
        this.origin = Objects.requireNonNull(origin);
    }

    /// That of the other link.
    @Override
    public LinkInfo info() {
        return link.info();
    }

    @Override
    public void start(LinkReceiver receiver) throws IOException {
        link.start(new RecordingReceiver(receiver, origin));
    }

    private record RecordingReceiver(LinkReceiver receiver, Capture.Origin origin) implements LinkReceiver {
        @Override
        public BufferPool pool() {
            return receiver.pool();
        }

        @Override
        public boolean received(Packet packet) {
            origin.record(Direction.INBOUND, packet);
            return receiver.received(packet);
        }

        @Override
        public boolean receivedMore(Packet packet) {
            origin.record(Direction.INBOUND, packet);
            return receiver.receivedMore(packet);
        }

        @Override
        public void receivedAll() {
            receiver.receivedAll();
        }

        @Override
        public void ready() {
            receiver.ready();
        }

        @Override
        public void down(String reason) {
            receiver.down(reason);
        }
    }

    @Override
    public void transmit(Packet packet) {
        origin.record(Direction.OUTBOUND, packet);
        link.transmit(packet);
    }

    @Override
    public boolean isReady() {
        return link.isReady();
    }

    @Override
    public void flush() {
        link.flush();
    }

    @Override
    public boolean canFetch() {
        return link.canFetch();
    }

    @Override
    public boolean fetchUntil(BooleanSupplier done, long timeoutNanos) {
        return link.fetchUntil(done, timeoutNanos);
    }

    @Override
    public void endFetch() {
        link.endFetch();
    }

    @Override
    public void watch() {
        link.watch();
    }

    @Override
    public void close() {
        link.close();
    }

    /// The other link's own text.
    @Override
    public String toString() {
        return link + " (captured)";
    }
}
