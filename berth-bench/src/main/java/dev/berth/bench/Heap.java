package dev.berth.bench;

/// The heap of this JVM.
final class Heap {
    private Heap() {}

    /// Octets in use after collection.
    static long used() {
        long used = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            used = Math.min(
                    used,
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return used;
    }

    /// @throws Measurement.UnavailableException if the heap cannot grow to so many mebibytes
    static void require(int mebibytes) throws Measurement.UnavailableException {
        long most = Runtime.getRuntime().maxMemory() >> 20;
        if (most < mebibytes) {
            throw new Measurement.UnavailableException("needs " + mebibytes + " MiB of heap, and there are " + most
                    + ": BERTH_JAVA_OPTS=-Xmx" + mebibytes + "m");
        }
    }
}
