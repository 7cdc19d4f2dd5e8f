package dev.berth.ethernet;

import dev.berth.host.Host;
import dev.berth.network.Network;
import dev.berth.wire.IpAddress;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// A segment with its router, 10.0.2.1, and a host on the same network, 10.0.2.10. After a test, no thread of the
/// segment may be left.
abstract class SegmentOfTwo {
    static final long MAC = 0x5254_0012_3456L;
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(30);

    @TempDir
    Path temporary;

    Network network;
    Host web;
    EthernetSegment segment;

    @BeforeEach
    void start() throws Exception {
        network = Network.builder("lab")
                .subnet("lab", "10.0.2.0/24", "fd00:2::/64")
                .mtu(1_500)
                .build();
        web = network.host("web", IpAddress.Prefix.parse("10.0.2.10/24"), IpAddress.Prefix.parse("fd00:2::10/64"));
        segment = settings(EthernetSegment.builder(network).router(IpAddress.Prefix.parse("10.0.2.1/24")))
                .start();
    }

    /// The segment of these tests.
    abstract EthernetSegment.Builder settings(EthernetSegment.Builder builder);

    @AfterEach
    void stop() {
        segment.close();
        network.close();
        LiveThreads.awaitNone("berth-ethernet");
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("Waited in vain: " + what);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }
}
