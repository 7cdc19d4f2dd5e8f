package dev.berth.stack.tcp;

/// Spreads a window over the round-trip time: when how much may be sent. The quantum is coarse, as the timers are: a
/// burst lasts a millisecond at the rate, or two segments. Times in nanoseconds, rates in octets per second.
final class Pacer {
    /// Worth of a burst, and how late a timer may be without the rate suffering.
    static final long QUANTUM = 1L << 20;

    private long departure; // when the next octet is due

    /// Octets that may be sent now, at least two segments if any.
    long allowance(long rate, int mss, long now) {
        if (rate <= 0) {
            return Integer.MAX_VALUE;
        }
        if (departure > now) {
            return 0;
        }
        long late = Math.min(now - departure, 2 * QUANTUM);
        return Math.max(2L * mss, octets(rate, QUANTUM + late));
    }

    private static long octets(long rate, long nanos) {
        // 10^11 octets/s times 2^22 ns is below 2^59.
        return Math.min(rate, DeliveryRate.MAX_RATE) * nanos / 1_000_000_000L;
    }

    /// `octets` were sent.
    void sent(int octets, long rate, long now) {
        if (rate > 0) {
            departure = Math.max(departure, now - 2 * QUANTUM) + (long) octets * 1_000_000_000L / rate;
        }
    }

    /// When the next octet is due; not later than a second after `now`, whatever the rate.
    long departure(long now) {
        departure = Math.min(departure, now + 1_000_000_000L);
        return departure;
    }
}
