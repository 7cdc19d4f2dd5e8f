package dev.berth.agent;

import dev.berth.agent.jdk.OpenSockets;
import dev.berth.agent.run.HostPlan;
import dev.berth.agent.run.HostedProgram;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import org.jspecify.annotations.Nullable;

/// Puts a program on a host of its own, before its main method: `java -javaagent:berth.jar=OPTIONS ...`.
///
/// What stands in the way is said in one sentence on standard error, and the program does not start: with exit code 2
/// if the options make no sense, else 1. An agent that comes too late, into a program that runs already, leaves it
/// alone.
public final class BerthAgent {
    /// The option of `berth run`, which starts the host itself.
    private static final String FOR_BERTH_RUN = "berth-run";

    private static volatile @Nullable Instrumentation instrumentation;

    private BerthAgent() {}

    /// Called by the JVM for `-javaagent`.
    public static void premain(@Nullable String options, Instrumentation handle) {
        keep(handle);
        if (FOR_BERTH_RUN.equals(options)) {
            return;
        }
        try {
            HostPlan plan = HostPlan.parse(options);
            OpenSockets.warn(handle);
            HostedProgram.start(handle, plan, programName());
        } catch (IllegalArgumentException e) {
            fail(2, e.getMessage() + ". See docs/AGENT.md.");
        } catch (IOException e) {
            if (System.getenv("BERTH_TRACE") != null) {
                e.printStackTrace();
            }
            fail(1, String.valueOf(e.getMessage()));
        }
    }

    /// Keeps the handle for a program that starts hosts itself. If there is one already, the JVM ends with a sentence
    /// on standard error and exit code 2.
    public static void keep(Instrumentation handle) {
        if (instrumentation != null) {
            fail(2, "The agent is given twice: leave one -javaagent out.");
        }
        instrumentation = handle;
    }

    /// The program as the launcher of Java knows it: a jar, a class or `module/class`.
    private static String programName() {
        String command = System.getProperty("sun.java.command", "java").strip();
        String first = command.split(" ", 2)[0];
        return first.endsWith(".jar") ? first.substring(first.lastIndexOf('/') + 1) : first;
    }

    private static void fail(int exitCode, String sentence) {
        System.err.println("berth: " + (sentence.endsWith(".") ? sentence : sentence + "."));
        System.exit(exitCode);
    }

    /// Called by the JVM for an agent that is attached to a program that runs.
    ///
    /// @throws IllegalStateException always, for whoever attaches it: the program has sockets of the kernel by then
    public static void agentmain(@Nullable String options, Instrumentation handle) {
        String sentence = "The agent comes too late, for a program that runs has sockets of the kernel already:"
                + " start it with java -javaagent:berth.jar.";
        System.err.println("berth: " + sentence);
        throw new IllegalStateException(sentence);
    }

    /// The instrumentation handle, or null when this JVM was started without the agent.
    public static @Nullable Instrumentation instrumentation() {
        return instrumentation;
    }
}
