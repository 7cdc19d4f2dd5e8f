package dev.berth.cli;

import dev.berth.agent.run.ControlClient;
import dev.berth.agent.run.ControlDirectory;
import dev.berth.agent.run.ControlException;
import dev.berth.agent.run.JsonLine;
import dev.berth.agent.run.JsonText;
import dev.berth.agent.run.NetworkFiles;
import dev.berth.agent.run.NetworkHolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// `berth network`: networks that several programs share. `create` is a class of its own ([NetworkCreateCommand]).
@Command(
        name = "network",
        description = "Makes, lists and ends networks that several programs of this user share.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            NetworkCreateCommand.class,
            NetworkCommand.ListCommand.class,
            NetworkCommand.ShowCommand.class,
            NetworkCommand.RemoveCommand.class
        })
final class NetworkCommand implements Runnable {
    private static final long END_MILLIS = 10_000;
    private static final long LOOK_MILLIS = 10;

    @CommandLine.Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean help;

    NetworkCommand() {}

    @Override
    public void run() {
        throw new ParameterException(spec(spec).commandLine(), "A sub-command is missing: create, ls, show or rm");
    }

    static CommandSpec spec(@Nullable CommandSpec own) {
        if (own == null) {
            throw new AssertionError("picocli sets the field before it calls");
        }
        return own;
    }

    /// The files of a network that is named on the command line.
    static NetworkFiles files(CommandSpec spec, String name) throws IOException {
        try {
            return NetworkFiles.of(name);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
        }
    }

    /// Asks the process that holds a network; null if there is none. What a killed one has left is removed then.
    ///
    /// @param members gets a line for each member
    static @Nullable Map<String, @Nullable Object> ask(NetworkFiles files, List<Map<String, @Nullable Object>> members)
            throws IOException, ControlException {
        try (ControlClient client = ControlClient.connect(files.control())) {
            return client.ask("{\"request\":\"network\"}", line -> members.add(JsonText.object(line)));
        } catch (IOException e) {
            if (!isKnown(files) || NetworkHolder.removeStale(files)) {
                return null;
            }
            throw new IOException(
                    "The process that holds network '" + files.name() + "' does not answer: " + e.getMessage(), e);
        }
    }

    static boolean isKnown(NetworkFiles files) throws IOException {
        return NetworkFiles.names(files.directory()).contains(files.name());
    }

    private static IOException absent(String name) {
        return new IOException(
                "There is no network '" + name + "': create it with 'berth network create " + name + "'");
    }

    private static String joined(@Nullable Object value) {
        return value instanceof List<?> list
                ? String.join(", ", list.stream().map(String::valueOf).toList())
                : String.valueOf(value);
    }

    private static String onOff(@Nullable Object value) {
        return Boolean.TRUE.equals(value) ? "on" : "off";
    }

    /// `berth network ls`.
    @Command(name = "ls", description = "Lists the networks of this user.")
    static final class ListCommand implements Callable<Integer> {
        @CommandLine.Spec
        private @Nullable CommandSpec spec;

        @Option(names = "--json", description = "Print one JSON object a line instead of a table.")
        private boolean json;

        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Shows this help.")
        private boolean help;

        ListCommand() {}

        @Override
        public Integer call() throws IOException, ControlException {
            PrintWriter out = spec(spec).commandLine().getOut();
            ControlDirectory directory = ControlDirectory.present();
            Columns table = new Columns("NAME", "SUBNETS", "OUTSIDE", "MEMBERS", "PROCESS");
            for (String name : NetworkFiles.names(directory)) {
                Map<String, @Nullable Object> network = ask(new NetworkFiles(directory, name), new ArrayList<>());
                if (network != null && json) {
                    out.println(JsonLine.of(network));
                } else if (network != null) {
                    table.add(
                            name,
                            joined(network.get("subnets")),
                            onOff(network.get("outside")),
                            String.valueOf(network.get("members")),
                            String.valueOf(network.get("pid")));
                }
            }
            if (!json) {
                table.print(out);
            }
            out.flush();
            return ExitCode.OK;
        }
    }

    /// `berth network show`.
    @Command(name = "show", description = "Shows a network and its members.")
    static final class ShowCommand implements Callable<Integer> {
        @CommandLine.Spec
        private @Nullable CommandSpec spec;

        @Parameters(paramLabel = "NAME", description = "The network.")
        private String name = "";

        @Option(names = "--json", description = "Print JSON: a line for each member, and one for the network.")
        private boolean json;

        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Shows this help.")
        private boolean help;

        ShowCommand() {}

        @Override
        public Integer call() throws IOException, ControlException {
            PrintWriter out = spec(spec).commandLine().getOut();
            List<Map<String, @Nullable Object>> members = new ArrayList<>();
            Map<String, @Nullable Object> network = ask(files(spec(spec), name), members);
            if (network == null) {
                throw absent(name);
            }
            if (json) {
                members.forEach(each -> out.println(JsonLine.of(each)));
                out.println(JsonLine.of(network));
            } else {
                print(network, members, out);
            }
            out.flush();
            return ExitCode.OK;
        }

        private void print(
                Map<String, @Nullable Object> network, List<Map<String, @Nullable Object>> members, PrintWriter out) {
            out.println("network " + name + ": " + joined(network.get("subnets")) + ", MTU " + network.get("mtu")
                    + ", outside " + onOff(network.get("outside"))
                    + (joined(network.get("rules")).isEmpty() ? "" : " (" + joined(network.get("rules")) + ")")
                    + ", process " + network.get("pid"));
            out.println("joined " + network.get("joined") + ", refused " + network.get("refused") + ", cut off "
                    + network.get("broken") + ", of another user " + network.get("foreign") + ", undeliverable packets "
                    + network.get("undeliverable"));
            if (network.containsKey("connections")) {
                out.println("outside: " + network.get("connections") + " connections of " + network.get("opened")
                        + " opened, " + network.get("associations") + " ends of UDP, " + network.get("denied")
                        + " denied");
            }
            out.println();
            Columns table =
                    new Columns("HOST", "ADDRESSES", "PROGRAM", "SENT", "RECEIVED", "LOST", "SPOOFED", "MALFORMED");
            for (Map<String, @Nullable Object> each : members) {
                table.add(
                        String.valueOf(each.get("host")),
                        joined(each.get("addresses")),
                        each.get("program") + "/" + each.get("pid"),
                        String.valueOf(each.get("octetsIn")),
                        String.valueOf(each.get("octetsOut")),
                        String.valueOf(each.get("overflow")),
                        String.valueOf(each.get("spoofed")),
                        String.valueOf(each.get("malformed")));
            }
            table.print(out);
        }
    }

    /// `berth network rm`.
    @Command(name = "rm", description = "Ends a network that has no members.")
    static final class RemoveCommand implements Callable<Integer> {
        @CommandLine.Spec
        private @Nullable CommandSpec spec;

        @Parameters(paramLabel = "NAME", description = "The network.")
        private String name = "";

        @Option(
                names = {"-f", "--force"},
                description = "Ends it although it has members.")
        private boolean force;

        @Option(
                names = {"-h", "--help"},
                usageHelp = true,
                description = "Shows this help.")
        private boolean help;

        RemoveCommand() {}

        @Override
        public Integer call() throws IOException, ControlException {
            PrintWriter out = spec(spec).commandLine().getOut();
            NetworkFiles files = files(spec(spec), name);
            if (!isKnown(files)) {
                throw absent(name);
            }
            if (ask(files, new ArrayList<>()) == null) {
                out.println("Network '" + name + "' was left by a process that was killed: its files are removed.");
                out.flush();
                return ExitCode.OK;
            }
            try (ControlClient client = ControlClient.connect(files.control())) {
                client.ask(
                        new JsonLine().add("request", "end").add("force", force).toString(), _ -> {});
            }
            long deadline = System.nanoTime() + END_MILLIS * 1_000_000;
            while (Files.exists(files.control())) {
                if (System.nanoTime() - deadline > 0) {
                    throw new IOException("Network '" + name + "' does not end");
                }
                pause();
            }
            return ExitCode.OK;
        }
    }

    static void pause() throws IOException {
        try {
            Thread.sleep(LOOK_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("Interrupted", e);
        }
    }
}
