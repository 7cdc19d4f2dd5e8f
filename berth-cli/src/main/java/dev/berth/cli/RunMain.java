package dev.berth.cli;

import dev.berth.agent.BerthAgent;
import java.lang.instrument.Instrumentation;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ExitCode;

/// `berth run` as a program of its own, in `berth-run.jar`: what the script starts for it. It does what [Berth] does,
/// but without picocli where the command line is a usual one ([RunLine]).
///
/// The jar is its own agent (`Launcher-Agent-Class`): with `-javaagent` the JVM would use neither its archived module
/// graph nor an ahead-of-time cache.
public final class RunMain {
    private RunMain() {}

    /// Called by the launcher of Java before [#main].
    public static void agentmain(@Nullable String options, Instrumentation instrumentation) {
        BerthAgent.keep(instrumentation);
    }

    /// Runs the program, and then the JVM ends as the program has it.
    ///
    /// @param args as for [Berth#main], beginning with `run`
    /// @throws Throwable what the program throws
    public static void main(String[] args) throws Throwable {
        List<String> words = List.of(args);
        RunRequest request = RunLine.parse(words.subList(1, words.size()));
        if (request == null) {
            Berth.runAlone(args);
            return;
        }
        Program program;
        try {
            program = request.start();
        } catch (Exception e) {
            System.err.println("berth run: " + Sentence.of(e));
            if (System.getenv("BERTH_TRACE") != null) {
                e.printStackTrace();
            }
            System.exit(ExitCode.SOFTWARE);
            return;
        }
        program.run();
    }
}
