package dev.berth.host;

import dev.berth.ports.Entropy;
import dev.berth.wire.Bytes;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.SecureRandom;
import java.util.Arrays;

/// Secure random numbers from a stock that is filled from time to time: a single one costs a few nanoseconds, where
/// [SecureRandom] takes most of a microsecond for each. Used under the host's lock only.
///
/// The stock is the kernel's own, from `/dev/urandom`, and where there is no such device it is of [SecureRandom], which
/// takes several milliseconds of the start of a JVM to choose among the providers of the JDK.
final class BufferedEntropy implements Entropy {
    private static final String DEVICE = "/dev/urandom";

    /// The first stock is for the start of a host, and most hosts need little more.
    private static final int FIRST_STOCK = 128;

    private static final int STOCK = 4_096;

    private byte[] stock = {};
    private int at;

    @Override
    public long nextLong() {
        if (at == stock.length) {
            if (stock.length < STOCK) {
                stock = new byte[stock.length == 0 ? FIRST_STOCK : STOCK];
            }
            if (!readDevice(DEVICE, stock)) {
                WithoutDevice.RANDOM.nextBytes(stock);
            }
            at = 0;
        }
        long value = Bytes.i64(stock, at);
        Arrays.fill(stock, at, at + 8, (byte) 0); // nobody finds it in memory later
        at += 8;
        return value;
    }

    /// Fills `octets` from a device.
    ///
    /// @return false if that cannot be, because there is no such device or the process has no file descriptors left
    static boolean readDevice(String device, byte[] octets) {
        try (InputStream in = new FileInputStream(device)) {
            return in.readNBytes(octets, 0, octets.length) == octets.length;
        } catch (IOException _) {
            return false;
        }
    }

    private static final class WithoutDevice {
        static final SecureRandom RANDOM = new SecureRandom();
    }
}
