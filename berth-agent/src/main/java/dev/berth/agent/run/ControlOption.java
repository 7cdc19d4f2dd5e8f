package dev.berth.agent.run;

import dev.berth.host.Host;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What `--control` of `berth run` and `berth gateway` asks for: a path, `off`, or nothing, which is the user's own
/// directory.
public final class ControlOption {
    private ControlOption() {}

    /// Opens the control socket.
    ///
    /// @param option the option, or null if it was not given
    /// @param program what runs in this process, for people
    /// @param hosts the hosts of this process, the program's first
    /// @return the socket; null if none is wanted
    /// @throws IOException if it cannot be made, with a sentence that says why
    public static @Nullable ControlServer open(@Nullable String option, String program, List<Host> hosts)
            throws IOException {
        if ("off".equals(option)) {
            return null;
        }
        HostRequests requests = new HostRequests(program, hosts);
        if (option != null) {
            return ControlServer.open(Path.of(option), requests.handlers());
        }
        ControlDirectory directory = ControlDirectory.present();
        directory.removeStale();
        return ControlServer.open(directory.socketOf(ProcessHandle.current().pid()), requests.handlers());
    }
}
