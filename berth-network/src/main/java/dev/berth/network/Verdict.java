package dev.berth.network;

import java.time.Duration;

/// What a [Rule] decides about a packet. Immutable.
public final class Verdict {
    /// The rule has nothing to say: the next one is asked.
    public static final Verdict PASS = new Verdict(Kind.PASS, 0, 1, false);

    /// The packet goes its way, and no further rule is asked.
    public static final Verdict DELIVER = new Verdict(Kind.DELIVER, 0, 1, false);

    /// The packet is lost.
    public static final Verdict DROP = new Verdict(Kind.DROP, 0, 1, false);

    /// The packet is lost, and both ends of its TCP connection get a RST that they accept, as if from each other.
    /// Other packets are lost only.
    public static final Verdict RESET = new Verdict(Kind.RESET, 0, 1, false);

    /// The same, but only whoever sent the packet gets a RST.
    static final Verdict RESET_SENDER = new Verdict(Kind.RESET_SENDER, 0, 1, false);

    /// The same, but only whom the packet was for gets a RST.
    static final Verdict RESET_RECEIVER = new Verdict(Kind.RESET_RECEIVER, 0, 1, false);

    enum Kind {
        PASS,
        SLOW,
        DELIVER,
        DROP,
        RESET,
        RESET_SENDER,
        RESET_RECEIVER,
        /// The data go their way, the FIN follows.
        LATE_FIN,
        /// Only the first `octets` of the data arrive, with a FIN behind them.
        CUT_SHORT
    }

    final Kind kind;
    final long nanos;
    final int copies;
    final boolean corrupt;
    final int octets;

    private Verdict(Kind kind, long nanos, int copies, boolean corrupt) {
        this(kind, nanos, copies, corrupt, 0);
    }

    private Verdict(Kind kind, long nanos, int copies, boolean corrupt, int octets) {
        this.kind = kind;
        this.nanos = nanos;
        this.copies = copies;
        this.corrupt = corrupt;
        this.octets = octets;
    }

    /// The packet goes its way later, and no further rule is asked. Packets behind it may overtake it.
    ///
    /// @throws IllegalArgumentException if the delay is negative or more than a day
    public static Verdict deliverAfter(Duration delay) {
        return new Verdict(Kind.DELIVER, LinkProfile.nanos("delay", delay), 1, false);
    }

    /// The packet is delayed in addition to whatever the next rules decide.
    ///
    /// @throws IllegalArgumentException if the delay is negative or more than a day
    public static Verdict slow(Duration delay) {
        return slow(LinkProfile.nanos("delay", delay), 1, false);
    }

    static Verdict slow(long nanos, int copies, boolean corrupt) {
        return new Verdict(Kind.SLOW, nanos, copies, corrupt);
    }

    static Verdict lateFin(long nanos) {
        return new Verdict(Kind.LATE_FIN, nanos, 1, false);
    }

    static Verdict cutShort(int octets) {
        return new Verdict(Kind.CUT_SHORT, 0, 1, false, octets);
    }

    /// The packet arrives so many times.
    ///
    /// @throws IllegalArgumentException unless `times` is 2 to 16
    public static Verdict duplicate(int times) {
        if (times < 2 || times > 16) {
            throw new IllegalArgumentException("A packet arrives 2 to 16 times if it is duplicated, not " + times);
        }
        return new Verdict(Kind.DELIVER, 0, times, false);
    }

    /// One bit of the packet, chosen at random, is wrong when it arrives.
    public static Verdict corrupt() {
        return new Verdict(Kind.DELIVER, 0, 1, true);
    }

    /// This verdict with what an earlier one has added to the packet's way.
    Verdict behind(Verdict earlier) {
        Kind merged = kind == Kind.PASS ? earlier.kind : kind;
        return new Verdict(
                merged, nanos + earlier.nanos, Math.max(copies, earlier.copies), corrupt || earlier.corrupt, octets);
    }

    @Override
    public String toString() {
        return kind
                + (nanos > 0 ? " after " + Duration.ofNanos(nanos) : "")
                + (copies > 1 ? " x" + copies : "")
                + (corrupt ? " corrupted" : "");
    }
}
