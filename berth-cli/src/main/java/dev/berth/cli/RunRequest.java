package dev.berth.cli;

import dev.berth.agent.BerthAgent;
import dev.berth.agent.run.HostPlan;
import dev.berth.agent.run.HostedProgram;
import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a command line of `berth run` asks for.
///
/// @param plan what the program's host is to be
/// @param classPath where the program's classes are; null if it is a jar
/// @param properties system properties
/// @param command the jar or the main class, and the arguments of the program
record RunRequest(HostPlan plan, @Nullable String classPath, Map<String, String> properties, List<String> command) {
    /// Starts the host, and makes the program ready to run.
    ///
    /// @throws IOException if a part cannot be had, with a sentence that says why; the program should not run then
    Program start() throws IOException {
        Instrumentation instrumentation = BerthAgent.instrumentation();
        if (instrumentation == null) {
            throw new IOException("The agent is missing: start the program with the script ./berth"
                    + " or with -javaagent:berth.jar");
        }
        properties.forEach(System::setProperty);
        String name = command.getFirst();
        List<String> arguments = command.subList(1, command.size());
        Program program = classPath == null
                ? Program.ofJar(instrumentation, Path.of(name), arguments)
                : Program.ofClass(instrumentation, classPath, name, arguments);
        HostedProgram.start(instrumentation, plan, classPath == null ? fileName(Path.of(name)) : name);
        return program;
    }

    private static String fileName(Path jar) {
        return String.valueOf(jar.getFileName());
    }
}
