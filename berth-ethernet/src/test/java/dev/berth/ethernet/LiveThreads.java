package dev.berth.ethernet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;

/// Threads of this JVM by their names.
final class LiveThreads {
    private static final long PATIENCE = 10_000_000_000L;

    private LiveThreads() {}

    /// Fails if threads whose names begin so are left after ten seconds: an executor has ended a moment before its
    /// thread.
    static void awaitNone(String... prefixes) {
        long begin = System.nanoTime();
        while (!named(prefixes).isEmpty() && System.nanoTime() - begin < PATIENCE) {
            Thread.onSpinWait();
        }
        assertThat(named(prefixes)).isEmpty();
    }

    private static List<String> named(String... prefixes) {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> Stream.of(prefixes).anyMatch(name::startsWith))
                .toList();
    }
}
