package dev.berth.agent.run;

import dev.berth.capture.Capture;
import dev.berth.capture.Direction;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.Packet;
import java.io.IOException;

/// A link that records what is sent over it and not what arrives, so that a packet between two recorded hosts is in
/// the file once.
public final class SentPackets implements Link {
    private final Link link;
    private final Capture.Origin origin;

    public SentPackets(Link link, Capture.Origin origin) {
        this.link = link;
        this.origin = origin;
    }

    @Override
    public LinkInfo info() {
        return link.info();
    }

    @Override
    public void start(LinkReceiver receiver) throws IOException {
        link.start(receiver);
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
    public void close() {
        link.close();
    }
}
