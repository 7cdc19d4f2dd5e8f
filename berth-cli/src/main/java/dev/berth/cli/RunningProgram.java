package dev.berth.cli;

import dev.berth.agent.run.ControlClient;
import dev.berth.agent.run.ControlDirectory;
import dev.berth.agent.run.ControlException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A `berth run` of this user, as its control socket tells of it.
///
/// @param client how to ask it
/// @param pid its process
/// @param name the program
/// @param hosts the names of its hosts, the program's first
record RunningProgram(ControlClient client, long pid, String name, List<String> hosts) implements AutoCloseable {
    /// Asks who is there.
    static RunningProgram at(Path socket) throws IOException, ControlException {
        ControlClient client = ControlClient.connect(socket);
        boolean known = false;
        try {
            Map<String, @Nullable Object> hello = client.ask("{\"request\":\"hello\"}", _ -> {});
            List<String> hosts = new ArrayList<>();
            if (hello.get("hosts") instanceof List<?> names) {
                names.forEach(name -> hosts.add(String.valueOf(name)));
            }
            long pid = hello.get("pid") instanceof Long number ? number : 0;
            known = true;
            return new RunningProgram(client, pid, String.valueOf(hello.get("program")), hosts);
        } finally {
            if (!known) {
                client.close();
            }
        }
    }

    /// All programs of this user in its directory.
    ///
    /// @param only the process that is wanted; null for all
    /// @param err for those that do not answer
    static List<RunningProgram> all(ControlDirectory directory, @Nullable Long only, PrintWriter err)
            throws IOException {
        directory.removeStale();
        List<RunningProgram> programs = new ArrayList<>();
        for (ControlDirectory.Entry entry : directory.entries()) {
            if (only == null || only == entry.pid()) {
                try {
                    programs.add(at(entry.path()));
                } catch (IOException | ControlException e) {
                    if (Files.exists(entry.path())) {
                        err.println("berth ss: process " + entry.pid() + " does not answer: " + e.getMessage());
                        err.flush();
                    }
                }
            }
        }
        return programs;
    }

    @Override
    public void close() throws IOException {
        client.close();
    }
}
