package dev.berth.ports;

/// Small random numbers from an [Entropy], two of each of its longs.
final class Draws {
    private final Entropy entropy;
    private long stock;
    private boolean half;

    Draws(Entropy entropy) {
        this.entropy = entropy;
    }

    /// 64 new bits, for keys.
    long nextLong() {
        return entropy.nextLong();
    }

    /// A number from 0 to `bound - 1`, where `bound` is at most 65,536: the share of one number differs from that of
    /// another by less than one in 65,000.
    int below(int bound) {
        long bits;
        if (half) {
            bits = stock & 0xffff_ffffL;
        } else {
            stock = entropy.nextLong();
            bits = stock >>> 32;
        }
        half = !half;
        return (int) (bits * bound >>> 32);
    }
}
