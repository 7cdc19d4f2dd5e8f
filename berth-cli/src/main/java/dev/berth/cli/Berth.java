package dev.berth.cli;

import dev.berth.agent.run.HostOption;
import java.io.PrintWriter;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/// The `berth` command: finds the sub-command and turns its outcome into an exit code.
///
/// Each sub-command is one class of this package, a `Callable<Integer>` with [Command], listed in `subcommands`
/// below. The exit code is 0 for success, 1 for a failure and 2 for a command line that makes no sense; the last two
/// come with one sentence on standard error. `BERTH_TRACE=1` in the environment adds the stack trace of a failure.
@Command(
        name = "berth",
        description = "A TCP/IP host inside the JVM.",
        mixinStandardHelpOptions = true,
        versionProvider = Berth.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            RunCommand.class,
            AgentCommand.class,
            GatewayCommand.class,
            NetworkCommand.class,
            PublishCommand.class,
            UnpublishCommand.class,
            DemoCommand.class,
            BenchCommand.class,
            PortsCommand.class,
            SocksCommand.class,
            SsCommand.class
        })
public final class Berth implements Runnable {
    @CommandLine.Spec
    private @Nullable CommandSpec spec;

    Berth() {}

    /// Runs the command and ends the JVM with its exit code; after `berth run`, the JVM ends as the program has it.
    ///
    /// @throws Throwable what the program of `berth run` throws
    public static void main(String[] args) throws Throwable {
        run(commandLine(), args);
    }

    /// As [#main], where `run` is the only command that there is.
    static void runAlone(String[] args) throws Throwable {
        CommandLine command = new CommandLine(CommandSpec.create().name("berth"));
        command.addSubcommand(new RunCommand());
        run(prepared(command), args);
    }

    private static void run(CommandLine command, String[] args) throws Throwable {
        int exitCode = command.execute(args);
        Program program = program(command);
        if (program == null) {
            System.exit(exitCode);
        } else {
            program.run();
        }
    }

    private static @Nullable Program program(CommandLine command) {
        CommandLine.ParseResult parsed = command.getParseResult();
        return parsed != null
                        && parsed.hasSubcommand()
                        && parsed.subcommand().commandSpec().userObject() instanceof RunCommand run
                ? run.program()
                : null;
    }

    /// The command line without anything executed; the tests give it their own writers.
    static CommandLine commandLine() {
        CommandLine command = new CommandLine(new Berth());
        CommandLine gateway = Objects.requireNonNull(command.getSubcommands().get("gateway"));
        HostOptions.add(gateway.getCommandSpec(), GatewayCommand.OPTIONS);
        CommandLine network = Objects.requireNonNull(command.getSubcommands().get("network"));
        HostOptions.add(
                Objects.requireNonNull(network.getSubcommands().get("create")).getCommandSpec(),
                NetworkCreateCommand.OPTIONS);
        AgentCommand.describe(Objects.requireNonNull(command.getSubcommands().get("agent")));
        return prepared(command);
    }

    private static CommandLine prepared(CommandLine command) {
        CommandLine run = Objects.requireNonNull(command.getSubcommands().get("run"));
        HostOptions.add(run.getCommandSpec(), List.of(HostOption.values()));
        run.setStopAtPositional(true); // what follows the program belongs to the program
        return command.setHelpFactory(HelpText::new)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(usageErrors())
                .setExecutionExceptionHandler(failures());
    }

    /// Called when there is no sub-command.
    @Override
    public void run() {
        if (spec == null) {
            throw new AssertionError("picocli sets the field before it calls run");
        }
        throw new ParameterException(spec.commandLine(), "A sub-command is missing");
    }

    private static IParameterExceptionHandler usageErrors() {
        return (problem, _) -> {
            CommandLine command = problem.getCommandLine();
            String name = command.getCommandSpec().qualifiedName();
            PrintWriter err = command.getErr();
            String sentence = problem instanceof UnmatchedArgumentException unmatched
                            && !unmatched.isUnknownOption()
                            && !command.getSubcommands().isEmpty()
                    ? "There is no command '" + unmatched.getUnmatched().getFirst() + "'."
                    : Sentence.of(problem);
            err.println(name + ": " + sentence + " See '" + name + " --help'.");
            err.flush();
            return ExitCode.USAGE;
        };
    }

    private static IExecutionExceptionHandler failures() {
        return (problem, command, _) -> {
            PrintWriter err = command.getErr();
            err.println(command.getCommandSpec().qualifiedName() + ": " + Sentence.of(problem));
            if (System.getenv("BERTH_TRACE") != null) {
                problem.printStackTrace(err);
            }
            err.flush();
            return ExitCode.SOFTWARE;
        };
    }

    /// The version that the build wrote into the manifest of the jar.
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Berth.class.getPackage().getImplementationVersion();
            return new String[] {
                "berth " + (version == null ? "(not packaged)" : version) + ", Java " + Runtime.version()
            };
        }
    }
}
