package dev.berth.network;

import java.time.Duration;
import java.util.Objects;

/// What one direction of a link does to every packet: how long it takes, how much fits, what is lost. Immutable; the
/// methods give a profile that differs in one thing.
///
/// ```java
/// LinkProfile dsl = LinkProfile.PERFECT.latency(Duration.ofMillis(20)).bandwidth(16_000_000).loss(0.001);
/// ```
///
/// A packet that came first arrives first, also with jitter, but for those that [#reorder] delays.
///
/// @param latencyNanos how long a packet is on its way, in nanoseconds
/// @param jitterNanos by how much that varies, up or down, evenly distributed; at most the latency
/// @param bitsPerSecond how many bits of packets pass per second; 0 for no limit
/// @param queueOctets octets that may wait for their turn where there is a bandwidth
/// @param dropWhenFull what does not fit in the queue is dropped; otherwise the host keeps it until there is room
/// @param loss which packets are lost
/// @param reorder the probability that a packet is overtaken by those that come after it
/// @param reorderNanos how much longer such a packet takes
/// @param duplicate the probability that a packet arrives twice
/// @param corrupt the probability that one bit of a packet is wrong when it arrives
/// @param mtu octets of the largest packet; 0 for that of the network
public record LinkProfile(
        long latencyNanos,
        long jitterNanos,
        long bitsPerSecond,
        int queueOctets,
        boolean dropWhenFull,
        LossModel loss,
        double reorder,
        long reorderNanos,
        double duplicate,
        double corrupt,
        int mtu) {
    /// Takes no time and keeps everything.
    public static final LinkProfile PERFECT = new LinkProfile(0, 0, 0, 262_144, false, LossModel.NONE, 0, 0, 0, 0, 0);

    private static final long MAX_NANOS = 86_400_000_000_000L;

    /// @throws IllegalArgumentException if a figure is impossible
    public LinkProfile {
        time("latency", latencyNanos);
        time("jitter", jitterNanos);
        time("delay of reordered packets", reorderNanos);
        if (jitterNanos > latencyNanos) {
            throw new IllegalArgumentException("A jitter of " + Duration.ofNanos(jitterNanos)
                    + " is more than the latency of "
                    + Duration.ofNanos(latencyNanos) + ": packets would arrive before they are sent");
        }
        if (bitsPerSecond < 0 || bitsPerSecond > 0 && bitsPerSecond < 1_000) {
            throw new IllegalArgumentException(
                    "A bandwidth is 1000 bits per second or more, or 0 for no limit, not " + bitsPerSecond);
        }
        if (queueOctets < 1) {
            throw new IllegalArgumentException("A queue holds 1 octet or more, not " + queueOctets);
        }
        Objects.requireNonNull(loss);
        LossModel.probability("of reordering", reorder);
        LossModel.probability("of duplication", duplicate);
        LossModel.probability("of corruption", corrupt);
        if (reorder > 0 && reorderNanos == 0) {
            throw new IllegalArgumentException("A packet that is delayed by nothing is not reordered");
        }
        if (mtu != 0 && (mtu < 68 || mtu > 65_535)) {
            throw new IllegalArgumentException("An MTU is 68 to 65535 octets, not " + mtu);
        }
    }

    private static void time(String what, long nanos) {
        if (nanos < 0 || nanos > MAX_NANOS) {
            throw new IllegalArgumentException("The " + what + " is 0 to a day, not " + Duration.ofNanos(nanos));
        }
    }

    /// The nanoseconds of a duration that may be as long as a day, for messages in words.
    static long nanos(String what, Duration duration) {
        if (duration.isNegative() || duration.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException("The " + what + " is 0 to a day, not " + duration);
        }
        return duration.toNanos();
    }

    /// The same with another latency.
    public LinkProfile latency(Duration latency) {
        long nanos = nanos("latency", latency);
        return new LinkProfile(
                nanos,
                jitterNanos,
                bitsPerSecond,
                queueOctets,
                dropWhenFull,
                loss,
                reorder,
                reorderNanos,
                duplicate,
                corrupt,
                mtu);
    }

    /// The same with a latency that varies by `jitter` up or down.
    public LinkProfile jitter(Duration jitter) {
        long nanos = nanos("jitter", jitter);
        return new LinkProfile(
                latencyNanos,
                nanos,
                bitsPerSecond,
                queueOctets,
                dropWhenFull,
                loss,
                reorder,
                reorderNanos,
                duplicate,
                corrupt,
                mtu);
    }

    /// The same with a limit of so many bits per second.
    public LinkProfile bandwidth(long bits) {
        return new LinkProfile(
                latencyNanos,
                jitterNanos,
                bits,
                queueOctets,
                dropWhenFull,
                loss,
                reorder,
                reorderNanos,
                duplicate,
                corrupt,
                mtu);
    }

    /// The same with a queue of so many octets before the limit of bandwidth; a packet that finds it empty always fits.
    public LinkProfile queue(int octets) {
        return new LinkProfile(
                latencyNanos,
                jitterNanos,
                bitsPerSecond,
                octets,
                dropWhenFull,
                loss,
                reorder,
                reorderNanos,
                duplicate,
                corrupt,
                mtu);
    }

    /// The same, but what does not fit in the queue is dropped, as a router does it.
    public LinkProfile dropTail() {
        return new LinkProfile(
                latencyNanos,
                jitterNanos,
                bitsPerSecond,
                queueOctets,
                true,
                loss,
                reorder,
                reorderNanos,
                duplicate,
                corrupt,
                mtu);
    }

    /// The same with random loss.
    ///
    /// @param rate 0 to 1; 0.02 is 2 %
    public LinkProfile loss(double rate) {
        return loss(LossModel.random(rate));
    }

    /// The same with another loss.
    public LinkProfile loss(LossModel model) {
        return new LinkProfile(
                latencyNanos,
                jitterNanos,
                bitsPerSecond,
                queueOctets,
                dropWhenFull,
                model,
                reorder,
                reorderNanos,
                duplicate,
                corrupt,
                mtu);
    }

    /// The same, but some packets take longer and are overtaken.
    public LinkProfile reorder(double rate, Duration by) {
        long nanos = nanos("delay of reordered packets", by);
        return new LinkProfile(
                latencyNanos,
                jitterNanos,
                bitsPerSecond,
                queueOctets,
                dropWhenFull,
                loss,
                rate,
                nanos,
                duplicate,
                corrupt,
                mtu);
    }

    /// The same, but some packets arrive twice.
    public LinkProfile duplicate(double rate) {
        return new LinkProfile(
                latencyNanos,
                jitterNanos,
                bitsPerSecond,
                queueOctets,
                dropWhenFull,
                loss,
                reorder,
                reorderNanos,
                rate,
                corrupt,
                mtu);
    }

    /// The same, but some packets arrive with a wrong bit.
    public LinkProfile corrupt(double rate) {
        return new LinkProfile(
                latencyNanos,
                jitterNanos,
                bitsPerSecond,
                queueOctets,
                dropWhenFull,
                loss,
                reorder,
                reorderNanos,
                duplicate,
                rate,
                mtu);
    }

    /// The same with another MTU. Larger packets that come from others nevertheless are dropped, as an Ethernet does.
    public LinkProfile mtu(int octets) {
        return new LinkProfile(
                latencyNanos,
                jitterNanos,
                bitsPerSecond,
                queueOctets,
                dropWhenFull,
                loss,
                reorder,
                reorderNanos,
                duplicate,
                corrupt,
                octets);
    }

    /// True if every packet passes at once and unchanged.
    boolean isTransparent() {
        return latencyNanos == 0
                && bitsPerSecond == 0
                && !loss.loses()
                && reorder == 0
                && duplicate == 0
                && corrupt == 0
                && mtu == 0;
    }
}
