package dev.berth.testkit;

import dev.berth.wire.Packet;
import java.util.SplittableRandom;

/// The slowest link of a path, as a fault of a [VirtualWire]: it sends packets one after the other at its rate, and
/// has a queue of bounded length before it, which drops what does not fit (drop-tail). Each direction for itself.
public final class Bottleneck implements VirtualWire.Fault {
    private final VirtualWire wire;
    private final long rate;
    private final long buffer;
    private final double unevenness;
    private final long[] busyUntil = new long[2];
    private long dropped;
    private long longestQueue;

    /// A link of `rate` octets per second with a queue of `buffer` octets.
    public Bottleneck(VirtualWire wire, long rate, long buffer) {
        this(wire, rate, buffer, 0);
    }

    /// A link of `rate` octets per second with a queue of `buffer` octets, of which others take up to the part
    /// `unevenness`, now more, now less. Without it who sends right after a packet has left always finds room, and one
    /// of many flows may get all of it: the phase effects of a simulation without any noise.
    public Bottleneck(VirtualWire wire, long rate, long buffer, double unevenness) {
        this.unevenness = unevenness;
        this.wire = wire;
        this.rate = rate;
        this.buffer = buffer;
    }

    /// Packets that did not fit.
    public long dropped() {
        return dropped;
    }

    /// The longest time a packet has waited, in nanoseconds.
    public long longestQueue() {
        return longestQueue;
    }

    /// Begins to look for the longest time anew.
    public void forgetLongestQueue() {
        longestQueue = 0;
    }

    @Override
    public long apply(Packet packet, int direction, SplittableRandom random) {
        long now = wire.now();
        long wait = Math.max(0, busyUntil[direction] - now);
        long queued = wait * rate / Pair.SECOND;
        double room = unevenness == 0 ? buffer : buffer * (1 - unevenness * random.nextDouble());
        if (queued > 0 && queued + packet.length() > room) {
            dropped++;
            return -1;
        }
        longestQueue = Math.max(longestQueue, wait);
        long own = packet.length() * Pair.SECOND / rate;
        busyUntil[direction] = now + wait + own;
        return wait + own;
    }
}
