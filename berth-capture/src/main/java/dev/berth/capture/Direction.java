package dev.berth.capture;

/// Which way a packet went, seen from the host.
public enum Direction {
    /// From the link into the host.
    INBOUND(1),
    /// From the host to the link.
    OUTBOUND(2);

    /// The lowest two bits of the option `epb_flags` of pcapng.
    final int flags;

    Direction(int flags) {
        this.flags = flags;
    }
}
