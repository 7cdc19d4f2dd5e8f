package dev.berth.cli;

import dev.berth.agent.run.SentPackets;
import dev.berth.capture.Capture;
import dev.berth.host.Host;
import dev.berth.host.Link;
import dev.berth.host.LoopbackLink;
import dev.berth.network.Network;
import dev.berth.stack.StackConfig;
import dev.berth.wire.IpAddress;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `berth demo`: the textbook scene of clients, servers and their ports, played for real.
@Command(
        name = "demo",
        description = "Plays the textbook scene of clients, servers and ports for real, and shows it.",
        sortOptions = false)
final class DemoCommand implements Callable<Integer> {
    /// TIME-WAIT of the demo's hosts, so that nobody has to wait for a minute.
    static final long TIME_WAIT_SECONDS = 2;

    private static final IpAddress.Prefix A = IpAddress.Prefix.parse("10.0.0.1/24");
    private static final IpAddress.Prefix B = IpAddress.Prefix.parse("10.0.0.2/24");

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Option(
            names = "--capture",
            paramLabel = "FILE.pcapng",
            defaultValue = "berth-demo.pcapng",
            description = "Where to record the packets. Default: berth-demo.pcapng in the current directory.")
    private Path capture = Path.of("berth-demo.pcapng");

    @Option(names = "--plain", description = "No colours; there are none either when the output is not a terminal.")
    private boolean plain;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean help;

    DemoCommand() {}

    @Override
    public Integer call() throws IOException {
        if (spec == null) {
            throw new AssertionError("picocli sets the field before it calls");
        }
        PrintWriter out = spec.commandLine().getOut();
        try (Capture file = open(capture);
                Network network = Network.create("demo")) {
            Capture.Origin wire = file.origin("network");
            Host a = host(network, "A", A, wire, file.origin("lo of A"));
            Host b = host(network, "B", B, wire, file.origin("lo of B"));
            new DemoScene(new Narrator(out, colours()), a, b).play();
        }
        out.println();
        out.println("All packets are in " + capture.toAbsolutePath().normalize() + "; look at them with");
        out.println("  wireshark " + capture + "     or     tshark -r " + capture);
        out.flush();
        return CommandLine.ExitCode.OK;
    }

    private static Capture open(Path file) throws IOException {
        try {
            return Capture.open(file);
        } catch (NoSuchFileException e) {
            throw new IOException("Cannot write " + file + ": there is no such directory", e);
        } catch (FileSystemException e) {
            String reason = e.getReason();
            throw new IOException("Cannot write " + file + ": " + (reason == null ? "permission denied" : reason), e);
        } catch (IOException e) {
            throw new IOException("Cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    private static Host host(
            Network network, String name, IpAddress.Prefix address, Capture.Origin wire, Capture.Origin loopback)
            throws IOException {
        Link link = new SentPackets(network.link(address), wire);
        Host host = Host.builder(name)
                .config(StackConfig.DEFAULT.withTimeWait(TIME_WAIT_SECONDS * 1_000_000_000L))
                .loopback(new SentPackets(new LoopbackLink(), loopback))
                .link(link)
                .address(address)
                .start();
        network.register(host);
        return host;
    }

    private boolean colours() {
        Console console = System.console();
        return !plain && console != null && console.isTerminal() && System.getenv("NO_COLOR") == null;
    }
}
