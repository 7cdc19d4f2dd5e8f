package dev.berth.cli;

import dev.berth.agent.BerthAgent;
import dev.berth.agent.run.HostOption;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `berth agent`: prints where the agent is, for command lines that begin with `java`.
@Command(
        name = "agent",
        description = "Prints the path of the agent, which puts any Java program on a host of its own.",
        customSynopsis = "java -javaagent:$(berth agent)[=OPTION,...] ...")
final class AgentCommand implements Callable<Integer> {
    private static final String JAR = "berth.jar";

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean help;

    AgentCommand() {}

    /// Shows the options of the agent in the help.
    static void describe(CommandLine command) {
        List<String> text = new ArrayList<>();
        text.add("");
        text.add("Options of the agent, with commas between them:");
        for (HostOption option : HostOption.values()) {
            String value = switch (option.kind()) {
                case FLAG -> "";
                case FLAG_OR_VALUE -> "[=" + option.label() + "]";
                case VALUE, REPEATED -> "=" + option.label();
            };
            text.add("  " + option.key() + value);
            text.add("      " + option.description().replace("%", "%%"));
        }
        text.add("");
        text.add("The options are those of 'berth run' (docs/AGENT.md).");
        command.getCommandSpec().usageMessage().footer(text.toArray(new String[0]));
    }

    @Override
    public Integer call() throws IOException {
        if (spec == null) {
            throw new AssertionError("picocli sets the field before it calls");
        }
        spec.commandLine().getOut().println(path());
        spec.commandLine().getOut().flush();
        return CommandLine.ExitCode.OK;
    }

    /// The jar lies beside the directory of the libraries.
    private static Path path() throws IOException {
        CodeSource source = BerthAgent.class.getProtectionDomain().getCodeSource();
        try {
            Path libraries = source == null
                    ? null
                    : Path.of(source.getLocation().toURI()).getParent();
            Path jar = libraries == null || libraries.getParent() == null
                    ? null
                    : libraries.getParent().resolve(JAR);
            if (jar != null && Files.isRegularFile(jar)) {
                return jar;
            }
        } catch (URISyntaxException e) {
            throw new IOException("The directory of Berth has a name that is no URI", e);
        }
        throw new IOException("There is no " + JAR + " beside the libraries of Berth: build it with ./berth");
    }
}
