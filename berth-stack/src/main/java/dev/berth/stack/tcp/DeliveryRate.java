package dev.berth.stack.tcp;

/// How fast a connection's octets arrive: a sample per ACK, as in the Internet-Draft "Delivery Rate Estimation"
/// (draft-cheng-iccrg-delivery-rate-estimation). Times in nanoseconds, rates in octets per second.
///
/// A segment notes when it is sent how many octets had arrived by then ([Flight]); when it is acknowledged, what
/// arrived in between over the time in between is the rate. The longer of the time it took to send and the time it
/// took to be acknowledged counts, so that compressed ACKs do not look like bandwidth.
final class DeliveryRate {
    /// The highest rate that is believed: 100 GB/s. Keeps products of rates and times within 63 bits.
    static final long MAX_RATE = 100_000_000_000L;

    long delivered; // C.delivered: octets since the connection began
    long deliveredAt; // C.delivered_time
    long firstSent; // C.first_sent_time
    private long limitedUntil; // C.app_limited: octets delivered when what was sent without haste has arrived

    // The sample of the ACK that is being processed.
    long priorDelivered = -1;
    private long priorAt;
    private long sendElapsed;
    private long ackElapsed;
    private long newestSent;
    boolean sampleLimited;
    long latest; // the last sample that showed anything

    void flightBegins(long now) {
        firstSent = now;
        deliveredAt = now;
    }

    boolean isAppLimited() {
        return limitedUntil > 0;
    }

    /// The user gave less than the network would have taken: what is in flight says nothing about the network.
    void limited(int inFlight) {
        limitedUntil = Math.max(1, delivered + inFlight);
    }

    void beginAck() {
        priorDelivered = -1;
        sampleLimited = false;
    }

    /// A segment arrived whose stamps are `stamps[at]` (delivered), `[at + 1]` (delivered_time) and `[at + 2]`
    /// (first_sent_time).
    void delivered(int octets, long sent, long[] stamps, int at, boolean limited, long now) {
        delivered += octets;
        deliveredAt = now;
        // The packet that was sent last decides.
        long prior = stamps[at];
        if (priorDelivered < 0 || sent > newestSent || sent == newestSent && prior > priorDelivered) {
            newestSent = sent;
            priorDelivered = prior;
            priorAt = stamps[at + 1];
            sendElapsed = sent - stamps[at + 2];
            sampleLimited = limited;
            firstSent = sent;
        }
        ackElapsed = deliveredAt - priorAt;
        if (limitedUntil > 0 && delivered > limitedUntil) {
            limitedUntil = 0;
        }
    }

    /// Octets per second that this ACK shows, 0 if it shows nothing.
    ///
    /// @param minRtt an interval shorter than this is implausible
    long sample(long minRtt) {
        if (priorDelivered < 0) {
            return 0;
        }
        long interval = Math.max(sendElapsed, ackElapsed);
        if (interval <= 0 || interval < minRtt) {
            return 0;
        }
        latest = rate(delivered - priorDelivered, interval);
        return latest;
    }

    /// `octets` per `nanos` as octets per second, without overflow.
    static long rate(long octets, long nanos) {
        long time = Math.max(1, nanos);
        long rate = octets < Long.MAX_VALUE / 1_000_000_000L
                ? octets * 1_000_000_000L / time
                : (long) (octets * 1e9 / time);
        return Math.min(rate, MAX_RATE);
    }
}
