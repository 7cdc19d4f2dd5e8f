package dev.berth.junit;

import dev.berth.capture.Capture;
import dev.berth.host.Host;
import dev.berth.stack.StackSnapshot;
import dev.berth.stack.endpoint.SocketEntry;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtensionContext;

/// What is written when a test has failed: `report.txt` with ports, flows, talks and the seed, and a pcapng file of
/// each network.
final class FailureReport {
    private static final int MAX_NAME = 80;

    private FailureReport() {}

    /// Writes the report, says in one line where it is, and adds it to the entries of the test's report.
    static void write(ExtensionContext context, Throwable failure, Collection<TestNetwork> networks) {
        Path directory = directory(context);
        Map<String, String> entries = new LinkedHashMap<>();
        try {
            Files.createDirectories(directory);
            Path report = directory.resolve("report.txt");
            Files.writeString(report, text(context, failure, networks));
            entries.put("berth.report", report.toString());
            for (TestNetwork network : networks) {
                entries.put("berth.seed." + network.name(), String.valueOf(network.seed()));
                Capture capture = network.capture();
                if (capture != null) {
                    Path file = directory.resolve(file(network.name()) + ".pcapng");
                    capture.dump(
                            file,
                            "test " + name(context),
                            "network " + network.name() + ", seed " + network.seed(),
                            "failed with " + failure);
                    entries.put("berth.capture." + network.name(), file.toString());
                }
            }
            System.err.println("Berth: " + name(context) + " failed; packets, ports and seed are in " + directory);
        } catch (IOException | RuntimeException e) {
            failure.addSuppressed(e);
            System.err.println(
                    "Berth: the report of " + name(context) + " cannot be written to " + directory + ": " + e);
        }
        context.publishReportEntry(entries);
    }

    private static String name(ExtensionContext context) {
        return context.getRequiredTestClass().getName()
                + context.getTestMethod().map(method -> "." + method.getName()).orElse("")
                + iteration(context);
    }

    /// `[3]` for the third invocation of a repeated or parameterised test.
    private static String iteration(ExtensionContext context) {
        String id = context.getUniqueId();
        int last = id.lastIndexOf('#');
        return context.getTestMethod().isPresent() && last > id.lastIndexOf('/')
                ? "[" + id.substring(last + 1, id.length() - 1) + "]"
                : "";
    }

    /// `target/berth/<class>/<test>`, or what the configuration parameter `berth.report.directory` says in place of
    /// the first two parts.
    static Path directory(ExtensionContext context) {
        Path base = context.getConfigurationParameter("berth.report.directory")
                .map(Path::of)
                .orElseGet(() -> Path.of(Files.isDirectory(Path.of("build")) ? "build" : "target", "berth"));
        String test = context.getTestMethod().map(method -> method.getName()).orElse("class") + iteration(context);
        return base.resolve(file(context.getRequiredTestClass().getName())).resolve(file(test));
    }

    private static String file(String name) {
        String plain = name.replaceAll("[^A-Za-z0-9._$\\[\\]-]", "_");
        return plain.length() <= MAX_NAME ? plain : plain.substring(plain.length() - MAX_NAME);
    }

    private static String text(ExtensionContext context, Throwable failure, Collection<TestNetwork> networks) {
        StringWriter text = new StringWriter();
        try (PrintWriter out = new PrintWriter(text)) {
            out.println("Test    " + name(context) + " (" + context.getDisplayName() + ")");
            out.println("Failure " + failure);
            for (TestNetwork network : networks) {
                out.println();
                out.println("Network " + network.name());
                out.println("Seed    " + network.seed() + " (repeat with -Dberth.seed=" + network.seed() + ")");
                Capture capture = network.capture();
                if (capture != null) {
                    out.println("Packets " + file(network.name()) + ".pcapng: " + capture.recorded() + " recorded, "
                            + capture.forgotten() + " forgotten since, for want of room");
                }
                out.println("Talks");
                lines(out, network.traffic().talks());
                for (Host host : network.network().hosts()) {
                    host(out, host);
                }
            }
        }
        return text.toString();
    }

    private static void host(PrintWriter out, Host host) {
        StackSnapshot snapshot = host.snapshot();
        out.println();
        out.println("Host " + host.name() + " " + host.addresses());
        out.println("Ports and flows");
        List<SocketEntry> sockets = HostAssert.sockets(host);
        lines(out, sockets.stream().map(Leak::described).toList());
        out.println("Threads that wait in a socket");
        lines(out, host.waitingThreads().stream().map(Thread::getName).toList());
        out.println("Dropped packets");
        lines(
                out,
                snapshot.drops().entrySet().stream()
                        .map(drop -> drop.getValue() + " " + drop.getKey().text())
                        .toList());
        out.println("Segments sent " + snapshot.segmentsSent() + ", retransmitted " + snapshot.retransmissions());
    }

    private static void lines(PrintWriter out, List<?> lines) {
        if (lines.isEmpty()) {
            out.println("  none");
        }
        lines.forEach(line -> out.println("  " + line));
    }
}
