package dev.berth.junit;

import dev.berth.capture.Capture;
import dev.berth.capture.Direction;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.Packet;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// A host's link that shows what the host sends, before the network has it.
final class ObservedLink implements Link {
    private final Link link;
    private final TrafficLog traffic;
    private final Capture.@Nullable Origin origin;

    ObservedLink(Link link, TrafficLog traffic, Capture.@Nullable Origin origin) {
        this.link = link;
        this.traffic = traffic;
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
    public boolean isReady() {
        return link.isReady();
    }

    @Override
    public void transmit(Packet packet) {
        traffic.sent(packet);
        if (origin != null) {
            origin.record(Direction.OUTBOUND, packet);
        }
        link.transmit(packet);
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
