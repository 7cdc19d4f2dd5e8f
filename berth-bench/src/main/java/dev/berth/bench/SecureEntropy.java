package dev.berth.bench;

import dev.berth.ports.Entropy;
import dev.berth.wire.Bytes;
import java.security.SecureRandom;

/// Secure random numbers from a stock of 1 KiB, as a host draws them.
final class SecureEntropy implements Entropy {
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
        at += 8;
        return value;
    }
}
