package dev.berth.network;

import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;

/// One direction of a link with a [LinkProfile]. Thread-safe.
final class Pipe {
    /// Results of [#admit] that are no time.
    static final long LOST = -1;

    static final long FULL = -2;
    static final long TOO_BIG = -3;

    private static final double NANOS = 1e9;

    private final SplittableRandom random;
    private LinkProfile profile;
    private boolean bad; // the state of the loss model
    private long busyUntil;
    private long lastArrival;
    private boolean again;
    private boolean wrong;

    /// Packets that the link has lost, in the order of the results above.
    final LongAdder lost = new LongAdder();

    final LongAdder full = new LongAdder();

    Pipe(LinkProfile profile, SplittableRandom random) {
        this.profile = profile;
        this.random = random;
    }

    synchronized LinkProfile profile() {
        return profile;
    }

    synchronized void profile(LinkProfile other) {
        profile = other;
        busyUntil = 0;
    }

    /// Nanoseconds until a packet that comes now is not refused any more for want of room; 0 if there is room.
    synchronized long roomAfter(long now) {
        if (profile.bitsPerSecond() == 0 || profile.dropWhenFull() || busyUntil <= now) {
            return 0;
        }
        double capacity = profile.queueOctets() * 8 * NANOS / profile.bitsPerSecond();
        long excess = (long) (busyUntil - now - capacity);
        return excess <= 0 ? 0 : excess + 1;
    }

    /// Decides on a packet of `length` octets that enters at `now`: when it arrives, or one of the constants. When it
    /// arrives, [#isAgain] and [#isWrong] say what else happened to it, for the same caller, who holds this object's
    /// monitor.
    long admit(int length, long now) {
        again = false;
        wrong = false;
        if (profile.mtu() != 0 && length > profile.mtu()) {
            lost.increment();
            return TOO_BIG;
        }
        long sent = now;
        if (profile.bitsPerSecond() > 0) {
            long wait = Math.max(0, busyUntil - now);
            double waiting = wait * (double) profile.bitsPerSecond() / (8 * NANOS);
            if (profile.dropWhenFull() && wait > 0 && waiting + length > profile.queueOctets()) {
                full.increment();
                return FULL;
            }
            sent = now + wait + Math.max(1, (long) (length * 8 * NANOS / profile.bitsPerSecond()));
            busyUntil = sent;
        }
        LossModel loss = profile.loss();
        if (loss.loses()) {
            if (loss.goodToBad() > 0) {
                bad = random.nextDouble() < (bad ? 1 - loss.badToGood() : loss.goodToBad());
            }
            if (random.nextDouble() < (bad ? loss.lossInBad() : loss.lossInGood())) {
                lost.increment();
                return LOST;
            }
        }
        again = profile.duplicate() > 0 && random.nextDouble() < profile.duplicate();
        wrong = profile.corrupt() > 0 && random.nextDouble() < profile.corrupt();
        long arrival = sent + profile.latencyNanos();
        if (profile.jitterNanos() > 0) {
            arrival += random.nextLong(-profile.jitterNanos(), profile.jitterNanos() + 1);
        }
        if (profile.reorder() > 0 && random.nextDouble() < profile.reorder()) {
            return Math.max(arrival, lastArrival) + profile.reorderNanos();
        }
        lastArrival = Math.max(arrival, lastArrival);
        return lastArrival;
    }

    /// The packet that [#admit] decided on arrives twice.
    boolean isAgain() {
        return again;
    }

    /// The packet that [#admit] decided on arrives with a wrong bit.
    boolean isWrong() {
        return wrong;
    }

    SplittableRandom random() {
        return random;
    }
}
