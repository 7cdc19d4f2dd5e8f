package dev.berth.cli;

import dev.berth.agent.run.ControlClient;
import dev.berth.agent.run.ControlDirectory;
import dev.berth.agent.run.ControlException;
import dev.berth.agent.run.JsonLine;
import dev.berth.agent.run.JsonText;
import dev.berth.agent.run.NetworkFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// The options of `berth publish` and `berth unpublish` that say which program or network is meant.
final class PortOwners {
    /// What the programs of `berth gateway` are called, and the guest behind their devices.
    private static final String GATEWAY = "gateway ";

    private static final String GUEST = "guest";

    @CommandLine.Spec(CommandLine.Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    @Option(names = "--pid", paramLabel = "PID", description = "The program with this process number.")
    private @Nullable Long pid;

    @Option(
            names = "--network",
            paramLabel = "NAME",
            description = "The process that holds this network, instead of the program of the host.")
    private @Nullable String network;

    @Option(
            names = "--control",
            paramLabel = "PATH",
            description = "This control socket, as 'berth run --control PATH' made it.")
    private @Nullable Path control;

    PortOwners() {}

    /// All that publish ports, or the one that an option names.
    List<RunningProgram> all() throws IOException, ControlException {
        if (Stream.of(pid, network, control).filter(Objects::nonNull).count() > 1) {
            throw new ParameterException(
                    NetworkCommand.spec(spec).commandLine(), "Only one of --pid, --network and --control can be given");
        }
        if (control != null) {
            return List.of(at(control, "Nobody answers at " + control));
        }
        if (network != null) {
            Path socket =
                    NetworkCommand.files(NetworkCommand.spec(spec), network).control();
            if (!Files.exists(socket)) {
                throw new IOException(
                        "There is no network '" + network + "': create it with 'berth network create " + network + "'");
            }
            return List.of(at(socket, "The process of network '" + network + "' does not answer"));
        }
        ControlDirectory directory = ControlDirectory.present();
        PrintWriter err = NetworkCommand.spec(spec).commandLine().getErr();
        List<RunningProgram> programs = new ArrayList<>(RunningProgram.all(directory, pid, err));
        if (pid == null) {
            for (String name : NetworkFiles.names(directory)) {
                try {
                    programs.add(RunningProgram.at(new NetworkFiles(directory, name).control()));
                } catch (IOException _) {
                    // Its holder was killed, or ends.
                }
            }
        }
        return programs;
    }

    private static RunningProgram at(Path socket, String otherwise) throws IOException, ControlException {
        try {
            return RunningProgram.at(socket);
        } catch (IOException e) {
            throw new IOException(otherwise + ": " + e.getMessage(), e);
        }
    }

    private static String hostOf(RunningProgram program) {
        return program.name().startsWith(GATEWAY)
                ? GUEST
                : program.hosts().isEmpty() ? "" : program.hosts().getFirst();
    }

    /// The program of a host; the only one that there is for null.
    RunningProgram choose(@Nullable String host) throws IOException, ControlException {
        boolean named = network != null || control != null;
        List<RunningProgram> found = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (RunningProgram each : all()) {
            boolean holder = each.name().startsWith("network ");
            String own = hostOf(each);
            // A gateway knows its guests by names that are not those of its hosts.
            boolean asked = named || pid != null && each.name().startsWith(GATEWAY);
            if (asked || !holder && (host == null || own.equalsIgnoreCase(host))) {
                found.add(each);
            } else {
                each.close();
                if (!holder) {
                    others.add(own);
                }
            }
        }
        if (found.size() == 1) {
            return found.getFirst();
        }
        List<String> programs = new ArrayList<>();
        for (RunningProgram each : found) {
            programs.add("host " + hostOf(each) + " of process " + each.pid() + " (" + each.name() + ")");
            each.close();
        }
        if (!programs.isEmpty()) {
            throw new IOException(
                    "It could be " + String.join(" or ", programs) + ": name its host, or its process with --pid");
        }
        if (pid != null && others.isEmpty()) {
            throw new IOException("Process " + pid + " is no program of this user on a host of Berth");
        }
        throw new IOException(
                host == null
                        ? "No 'berth run' of this user is running"
                        : "No program of this user is host '" + host + "'"
                                + (others.isEmpty() ? "" : "; there is " + String.join(", ", others)));
    }

    /// The published ports of a program; none if it is one that has none to tell of.
    static List<Map<String, @Nullable Object>> published(RunningProgram program) throws IOException {
        List<Map<String, @Nullable Object>> ports = new ArrayList<>();
        ControlClient client = program.client();
        try {
            client.ask("{\"request\":\"published\"}", line -> ports.add(JsonText.object(line)));
        } catch (ControlException _) {
            return List.of();
        }
        return ports;
    }

    /// The end of this machine of a published port, as `berth unpublish` takes it: `127.0.0.1:5353/udp`.
    static String outside(Map<String, @Nullable Object> port) {
        return port.get("outside") + ("udp".equals(port.get("transport")) ? "/udp" : "");
    }

    /// A published port as one line of JSON, with whose it is.
    static String line(Map<String, @Nullable Object> port, RunningProgram program) {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        members.put("pid", program.pid());
        members.put("program", program.name());
        members.putAll(port);
        members.remove("ok");
        return JsonLine.of(members).toString();
    }
}
