package dev.berth.cli;

import dev.berth.agent.run.HostOption;
import dev.berth.agent.run.HostPlan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
            names = {"-p", "--module-path", "-m", "--module"},
            hidden = true,
            description = "Refused: the agent is for modules.")
    private @Nullable String module;

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
        program = request().start();
        return CommandLine.ExitCode.OK;
    }

    /// What the command line asks for, after it was parsed.
    ///
    /// @throws ParameterException if it makes no sense
    RunRequest request() {
        check();
        return new RunRequest(plan(), classPath, properties, command);
    }

    private void check() {
        if (module != null) {
            throw usage("A program of modules is started with java -javaagent:$(berth agent) -p PATH -m MODULE");
        }
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
        if (classPath == null) {
            checkFileName(command.getFirst());
        }
    }

    private HostPlan plan() {
        if (spec == null) {
            throw new AssertionError("picocli sets the field before it calls");
        }
        try {
            return HostOptions.plan(spec, List.of(HostOption.values()));
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private void checkFileName(String text) {
        if (!RunLine.isFileName(text)) {
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
