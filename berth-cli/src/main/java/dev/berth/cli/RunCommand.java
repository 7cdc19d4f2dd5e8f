package dev.berth.cli;

import dev.berth.agent.BerthAgent;
import dev.berth.ports.PortPolicy;
import dev.berth.sockets.BerthSockets;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/// `berth run`: starts a Java program on a host of its own.
///
/// The command prepares everything; the program itself is run by [Berth#main], on the main thread, when picocli is
/// done.
@Command(
        name = "run",
        description = "Starts a Java program on a TCP/IP host of its own.",
        customSynopsis = {
            "berth run [OPTIONS] app.jar [ARGUMENT...]",
            "       berth run [OPTIONS] -cp PATH MAIN-CLASS [ARGUMENT...]"
        },
        sortOptions = false,
        footer = {
            "",
            "The program's sockets, channels and names are those of the host:",
            "it has all ports to itself, without root.",
            "BERTH_JAVA_OPTS in the environment holds options of the JVM, such as -Xmx1g."
        })
final class RunCommand implements Callable<Integer> {
    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Option(
            names = {"-cp", "-classpath", "--class-path"},
            paramLabel = "PATH",
            description = "Where the program's classes are: jars and directories, as for java.")
    private @Nullable String classPath;

    @Option(names = "-jar", hidden = true, description = "The program is a jar, as it is without -cp.")
    private boolean jar;

    @Option(
            names = "--publish",
            paramLabel = "[ADDRESS:]HOSTPORT:PORT",
            converter = Publication.Converter.class,
            description = {
                "Lets HOSTPORT of this machine lead to PORT of the host. May be repeated.",
                "Without ADDRESS only this machine itself can connect (127.0.0.1);",
                "0.0.0.0 is for everybody who can reach it. HOSTPORT 0 takes a free one.",
                "A port may be the name of a service: 8080:http."
            })
    private List<Publication> publications = new ArrayList<>();

    @Option(
            names = "--address",
            paramLabel = "ADDRESS[/LENGTH]",
            converter = HostAddress.class,
            description = "An address of the host. May be repeated. Default: 10.0.0.1/24 and fd00::1/64.")
    private List<IpAddress.Prefix> addresses = new ArrayList<>();

    @Option(names = "--name", paramLabel = "NAME", defaultValue = "app", description = "The host's name. Default: app.")
    private String name = "app";

    @Option(
            names = "--tun",
            paramLabel = "NAME",
            description = "Attaches the host to a TUN device (Linux; root, or a device that belongs to the user).")
    private @Nullable String tun;

    @Option(
            names = "--capture",
            paramLabel = "FILE.pcapng",
            description = "Records all packets of the host, those to itself included.")
    private @Nullable Path capture;

    @CommandLine.Mixin
    private PortOptions portOptions = new PortOptions();

    @Option(
            names = "--ports",
            description = "Prints ports and flows to standard error when they change, and at the end.")
    private boolean ports;

    @Option(
            names = "--control",
            paramLabel = "PATH|off",
            description = {
                "Where 'berth ss' can ask for sockets: a UNIX-domain socket for this user alone.",
                "Default: $XDG_RUNTIME_DIR/berth/PID.sock or /tmp/berth-UID/PID.sock."
            })
    private @Nullable String control;

    @Option(
            names = "-D",
            paramLabel = "KEY=VALUE",
            mapFallbackValue = "",
            description = "Sets a system property of the program.")
    private Map<String, String> properties = new LinkedHashMap<>();

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean help;

    @Parameters(arity = "0..*", hidden = true)
    private List<String> command = new ArrayList<>();

    private @Nullable Program program;

    RunCommand() {}

    /// The program to run now, or null if the command has come to its end without one.
    @Nullable
    Program program() {
        return program;
    }

    @Override
    public Integer call() throws IOException {
        check();
        PortPolicy policy = portPolicy();
        Instrumentation instrumentation = BerthAgent.instrumentation();
        if (instrumentation == null) {
            throw new IOException("The agent is missing: start the program with the script ./berth"
                    + " or with -javaagent:berth-agent.jar");
        }
        properties.forEach(System::setProperty);
        List<String> arguments = command.subList(1, command.size());
        Program prepared = classPath == null
                ? Program.ofJar(instrumentation, jarFile(command.getFirst()), arguments)
                : Program.ofClass(instrumentation, classPath, command.getFirst(), arguments);
        RunningHost running = RunningHost.start(new RunningHost.Plan(
                name,
                addresses.isEmpty() ? HostAddress.DEFAULT : addresses,
                policy,
                publications,
                tun,
                capture));
        boolean installed = false;
        try {
            BerthSockets.install(running.host());
            installed = true;
        } catch (IllegalStateException e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            if (!installed) {
                running.close();
            }
        }
        PrintStream err = System.err;
        ControlServer server = openControl(running, err);
        PortWatch watch = ports ? new PortWatch(running.host(), err) : null;
        AfterProgram.run(instrumentation, () -> end(running, server, watch));
        err.println("berth: " + running.describe());
        if (watch != null) {
            watch.start();
        }
        program = prepared;
        return CommandLine.ExitCode.OK;
    }

    /// A program runs without the control socket that nobody asked for, if it cannot be had.
    private @Nullable ControlServer openControl(RunningHost running, PrintStream err) throws IOException {
        try {
            return ControlOption.open(control, programName(), running.hosts());
        } catch (IOException e) {
            if (control != null) {
                running.close();
                throw e;
            }
            err.println("berth: 'berth ss' will not see this program: " + e.getMessage());
            return null;
        }
    }

    private String programName() {
        String name = command.getFirst();
        return classPath == null ? String.valueOf(jarFile(name).getFileName()) : name;
    }

    private static void end(RunningHost running, @Nullable ControlServer server, @Nullable PortWatch watch) {
        if (server != null) {
            server.close();
        }
        if (watch != null) {
            watch.finish();
        }
        running.close();
    }

    private void check() {
        if (command.isEmpty()) {
            throw usage(
                    classPath == null
                            ? "The program is missing: name a jar, or a class path with -cp and a main class"
                            : "The main class is missing");
        }
        if (jar && classPath != null) {
            throw usage("Either -jar or -cp, not both");
        }
        if (command.getFirst().isBlank()) {
            throw usage(classPath == null ? "The name of the jar is empty" : "The name of the main class is empty");
        }
        if (capture != null && capture.toString().isEmpty()) {
            throw usage("The name of the file for --capture is empty");
        }
        if (control != null && control.isBlank()) {
            throw usage("The path for --control is empty");
        }
        if (name.equalsIgnoreCase("localhost") || !name.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?")) {
            throw usage("'" + name + "' is not a name for a host");
        }
        Set<IpAddress> seen = new HashSet<>();
        for (IpAddress.Prefix prefix : addresses) {
            if (!seen.add(prefix.address())) {
                throw usage("Address " + prefix.address() + " is given twice");
            }
        }
        for (int i = 1; i < publications.size(); i++) {
            Publication publication = publications.get(i);
            if (publications.subList(0, i).stream().anyMatch(publication::meets)) {
                throw usage("Port " + publication.machine() + " is published twice");
            }
        }
    }

    private PortPolicy portPolicy() {
        try {
            return portOptions.policy();
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private Path jarFile(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw usage("'" + text + "' is not the name of a file");
        }
    }

    private ParameterException usage(String sentence) {
        if (spec == null) {
            throw new AssertionError("picocli sets the field before it calls");
        }
        return new ParameterException(spec.commandLine(), sentence);
    }
}
