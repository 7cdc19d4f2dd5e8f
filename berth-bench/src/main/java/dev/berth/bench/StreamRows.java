package dev.berth.bench;

import dev.berth.bench.Measurement.Opener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The rows of streams between two hosts in memory: beside the kernel's loopback as the machine is set up, and beside
/// one whose sender does not pace, since the congestion control decides what the kernel's loopback gives.
final class StreamRows {
    private static final String WHOLE = "stream of 64 KiB writes between two hosts in memory";
    private static final String SEGMENTS = "the same with segments of 1460 octets, checksums computed and verified";
    private static final Path CONGESTION_CONTROL = Path.of("/proc/sys/net/ipv4/tcp_congestion_control");

    private StreamRows() {}

    static List<Benchmark> all() {
        String choice = Catalogue.KERNEL + congestionControl();
        String reno = Catalogue.KERNEL + ", " + RenoLoopback.NAME;
        Opener whole = () -> new Stream(BerthSockets.inMemory());
        Opener segments = () -> new Stream(BerthSockets.likeEthernet());
        Opener kernel = () -> new Stream(new KernelSockets());
        return List.of(
                row("stream-64k", WHOLE, 4, whole).against(choice, kernel),
                row("stream-mss1460", SEGMENTS, 2, segments).against(choice, kernel),
                row("stream-64k-reno", WHOLE + ", beside a kernel that does not pace", 4, whole)
                        .against(reno, RenoLoopback::open)
                        .lengthy(Benchmark.Lengthy.ALL),
                row("stream-mss1460-reno", SEGMENTS + ", beside a kernel that does not pace", 2, segments)
                        .against(reno, RenoLoopback::open)
                        .lengthy(Benchmark.Lengthy.ALL));
    }

    private static Benchmark row(String name, String what, double goal, Opener berth) {
        return Benchmark.of(name, what, "Gbit/s", false, Goal.times(goal), berth);
    }

    /// What the kernel uses where nothing else is said, behind a comma; empty if that cannot be told.
    static String congestionControl() {
        try {
            return ", " + Files.readString(CONGESTION_CONTROL).strip();
        } catch (IOException _) {
            return ""; // another system
        }
    }
}
