package dev.berth.capture;

import dev.berth.stack.ip.DropObserver;
import dev.berth.wire.DropReason;
import dev.berth.wire.Packet;

/// Writes beside a packet why a host dropped it.
final class DropNotes implements DropObserver {
    private final Capture capture;
    private final Capture.Origin unseen;
    private final String[] texts = new String[DropReason.values().length];

    DropNotes(Capture capture, String host) {
        this.capture = capture;
        // For packets that no link has shown before.
        unseen = capture.origin(host, "packets that host " + host + " dropped before a link had them");
        for (DropReason reason : DropReason.values()) {
            texts[reason.ordinal()] = "dropped by " + host + ": " + reason.text();
        }
    }

    @Override
    public void dropped(DropReason reason, Packet packet) {
        String text = texts[reason.ordinal()];
        if (capture.knows(packet)) {
            capture.note(packet, text);
        } else if (hasIpHeader(packet)) {
            boolean sent = switch (reason) {
                case NO_ROUTE, EGRESS_FULL, TOO_BIG, DOWN -> true;
                default -> false;
            };
            capture.recordDropped(unseen, sent ? Direction.OUTBOUND : Direction.INBOUND, packet, text);
        }
    }

    /// A packet that the host could not send for want of a route has none yet.
    private static boolean hasIpHeader(Packet packet) {
        if (packet.end <= packet.start) {
            return false;
        }
        int version = packet.bytes[packet.start] >>> 4 & 0xf;
        boolean built = packet.start == packet.transportAt && packet.protocol != 0;
        return (version == 4 || version == 6) && !built;
    }
}
