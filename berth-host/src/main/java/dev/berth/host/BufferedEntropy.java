package dev.berth.host;

import dev.berth.ports.Entropy;
import dev.berth.wire.Bytes;
import java.security.SecureRandom;
import java.util.Arrays;

/// Secure random numbers from a stock that is filled from time to time: a single one costs a few nanoseconds, where
/// [SecureRandom] takes most of a microsecond for each. Used under the host's lock only.
final class BufferedEntropy implements Entropy {
    private final SecureRandom random = new SecureRandom();
    private final byte[] stock = new byte[1_024];
    private int at = stock.length;

    @Override
    public long nextLong() {
        if (at == stock.length) {
            random.nextBytes(stock);
            at = 0;
        }
        long value = Bytes.i64(stock, at);
        Arrays.fill(stock, at, at + 8, (byte) 0); // nobody finds it in memory later
        at += 8;
        return value;
    }
}
