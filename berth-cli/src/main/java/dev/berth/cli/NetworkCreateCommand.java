package dev.berth.cli;

import dev.berth.agent.run.ControlException;
import dev.berth.agent.run.HostOption;
import dev.berth.agent.run.HostPlan;
import dev.berth.agent.run.NetworkFiles;
import dev.berth.agent.run.NetworkHolder;
import dev.berth.gateway.shared.SharedNetwork;
import dev.berth.wire.IpAddress;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// `berth network create`: a process that holds a network, in the background unless it is to stay.
@Command(
        name = "create",
        description = "Makes a network that programs of this user join with 'berth run --network NAME'.",
        customSynopsis = "berth network create [OPTIONS] NAME",
        sortOptions = false,
        footer = {
            "",
            "A process in the background holds the network until 'berth network rm NAME';",
            "with --foreground it is this one, until it is stopped."
        })
final class NetworkCreateCommand implements Callable<Integer> {
    /// Those of `berth run` that a network has too.
    static final List<HostOption> OPTIONS =
            List.of(HostOption.OUTSIDE, HostOption.ALLOW, HostOption.DENY, HostOption.LIMIT);

    private static final List<String> SUBNETS = List.of("10.77.0.0/24", "fd00:77::/64");
    private static final int BEST_MTU = 65_520;
    private static final long START_SECONDS = 60;
    private static final long LONGEST_LOG = 1 << 20;

    @CommandLine.Spec
    private @Nullable CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "The network's name: small letters, digits and hyphens.")
    private String name = "";

    @Option(
            names = "--subnet",
            paramLabel = "PREFIX",
            description = {
                "Where its members' addresses are from: one prefix of IPv4, one of IPv6 or both.",
                "Default: 10.77.0.0/24 and fd00:77::/64."
            })
    private List<String> subnets = new ArrayList<>();

    @Option(names = "--mtu", paramLabel = "OCTETS", description = "Its MTU, 1280 to 65535. Default: 65520.")
    private int mtu = BEST_MTU;

    @Option(names = "--foreground", description = "Stays until it is stopped, for supervisors of services.")
    private boolean foreground;

    @Option(names = "--log", hidden = true, description = "Where standard error goes; cut when it is long.")
    private @Nullable Path log;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean help;

    NetworkCreateCommand() {}

    @Override
    public Integer call() throws IOException, ControlException {
        CommandSpec own = NetworkCommand.spec(spec);
        NetworkFiles files = NetworkCommand.files(own, name);
        SharedNetwork.Settings settings = settings(own);
        if (foreground) {
            hold(files, settings);
        } else {
            background(files);
        }
        return ExitCode.OK;
    }

    private SharedNetwork.Settings settings(CommandSpec own) {
        if (mtu < 1_280 || mtu > 65_535) {
            throw usage("--mtu is 1280 to 65535, not " + mtu);
        }
        try {
            HostPlan plan = HostOptions.plan(own, OPTIONS);
            List<IpAddress.Prefix> prefixes = new ArrayList<>();
            for (String each : subnets.isEmpty() ? SUBNETS : subnets) {
                prefixes.add(subnet(each));
            }
            return new SharedNetwork.Settings(name, prefixes, mtu, plan.outside(), plan.rules(), plan.limits());
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private static IpAddress.Prefix subnet(String text) {
        try {
            return IpAddress.Prefix.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("Invalid value for option '--subnet': " + e.getMessage(), e);
        }
    }

    private ParameterException usage(String sentence) {
        return new ParameterException(NetworkCommand.spec(spec).commandLine(), sentence);
    }

    private void hold(NetworkFiles files, SharedNetwork.Settings settings) throws IOException {
        PrintWriter err = NetworkCommand.spec(spec).commandLine().getErr();
        NetworkHolder holder;
        try {
            holder = NetworkHolder.open(files, settings, sentence -> say(err, sentence));
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
        try (holder) {
            Runtime.getRuntime().addShutdownHook(new Thread(holder::close, "berth-network-end"));
            say(err, holder.describe());
            holder.awaitEnd();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Called on the network's thread.
    private void say(PrintWriter err, String sentence) {
        err.println("berth: " + sentence);
        err.flush();
        try {
            if (log != null && Files.size(log) > LONGEST_LOG) {
                // It is open for appending, so it goes on at its beginning.
                Files.write(log, new byte[0], StandardOpenOption.TRUNCATE_EXISTING);
            }
        } catch (IOException e) {
            log = null; // somebody has removed it
        }
    }

    /// Starts this command again, on its own, and waits until the network is there.
    private void background(NetworkFiles files) throws IOException, ControlException {
        Map<String, @Nullable Object> present = NetworkCommand.ask(files, new ArrayList<>());
        if (present != null) {
            throw new IOException(
                    "Network '" + name + "' is there already: process " + present.get("pid") + " holds it");
        }
        Files.deleteIfExists(files.log());
        Files.createFile(
                files.log(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Process process = new ProcessBuilder(command(files))
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(files.log().toFile()))
                .start();
        boolean up = false;
        try {
            Map<String, @Nullable Object> network = await(files, process);
            PrintWriter out = NetworkCommand.spec(spec).commandLine().getOut();
            out.println("Network '" + name + "' is there: " + subnetsOf(network) + ", held by process "
                    + network.get("pid") + " in the background.");
            out.println(
                    "Join it with 'berth run --network " + name + "', end it with 'berth network rm " + name + "'.");
            out.flush();
            up = true;
        } finally {
            if (!up) {
                process.destroyForcibly();
            }
        }
    }

    private static String subnetsOf(Map<String, @Nullable Object> network) {
        return network.get("subnets") instanceof List<?> list
                ? String.join(" and ", list.stream().map(String::valueOf).toList())
                : "?";
    }

    /// In a session of its own, where there is the command for it: so that nobody who closes a terminal ends it.
    private List<String> command(NetworkFiles files) throws IOException {
        ProcessHandle.Info self = ProcessHandle.current().info();
        List<String> arguments = List.of(self.arguments().orElse(new String[0]));
        int main = arguments.indexOf(Berth.class.getName());
        if (self.command().isEmpty() || main < 0) {
            throw new IOException("This system does not tell how this command was started: use --foreground");
        }
        List<String> command = new ArrayList<>();
        boolean sessions = Stream.of(String.valueOf(System.getenv("PATH")).split(File.pathSeparator))
                .anyMatch(each -> Files.isExecutable(Path.of(each, "setsid")));
        if (sessions) {
            command.add("setsid");
        }
        command.add(self.command().get());
        command.add("-XX:+UseSerialGC");
        command.addAll(arguments);
        command.add("--foreground");
        command.add("--log=" + files.log());
        return command;
    }

    private Map<String, @Nullable Object> await(NetworkFiles files, Process process)
            throws IOException, ControlException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (System.nanoTime() - deadline < 0) {
            if (!process.isAlive()) {
                String said = Files.exists(files.log(), LinkOption.NOFOLLOW_LINKS)
                        ? Files.readString(files.log(), StandardCharsets.UTF_8).strip()
                        : "";
                Files.deleteIfExists(files.log());
                String last = said.substring(said.lastIndexOf('\n') + 1).replaceFirst("^berth network create: ", "");
                throw new IOException(last.isEmpty() ? "The process that should hold it has ended" : last);
            }
            if (Files.exists(files.control())) {
                Map<String, @Nullable Object> network = NetworkCommand.ask(files, new ArrayList<>());
                if (network != null) {
                    return network;
                }
            }
            NetworkCommand.pause();
        }
        throw new IOException(
                "The process that should hold network '" + name + "' does not answer; see " + files.log());
    }
}
