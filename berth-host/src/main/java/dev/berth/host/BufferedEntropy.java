package dev.berth.host;

import dev.berth.ports.Entropy;
import dev.berth.wire.Bytes;
import java.security.SecureRandom;
import java.util.Arrays;

/// Secure random numbers from a stock that is filled from time to time: a single one costs a few nanoseconds, where
/// [SecureRandom] takes most of a microsecond for each. Used under the host's lock only.
final class BufferedEntropy implements Entropy {
    private static final SecureRandom RANDOM = new SecureRandom();

    /// The first stock is for the start of a host, and most hosts need little more.
    private static final int FIRST_STOCK = 128;

    private static final int STOCK = 1_024;

    private byte[] stock = {};
    private int at;

    @Override
    public long nextLong() {
        if (at == stock.length) {
            if (stock.length < STOCK) {
                stock = new byte[stock.length == 0 ? FIRST_STOCK : STOCK];
            }
            RANDOM.nextBytes(stock);
            at = 0;
        }
        long value = Bytes.i64(stock, at);
        Arrays.fill(stock, at, at + 8, (byte) 0); // nobody finds it in memory later
        at += 8;
        return value;
    }
}
