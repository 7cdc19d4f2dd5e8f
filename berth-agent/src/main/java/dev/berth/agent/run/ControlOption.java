package dev.berth.agent.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What `--control` of `berth run` asks for: a path, `off`, or nothing, which is the user's own directory.
final class ControlOption {
    private ControlOption() {}

    /// Opens the control socket.
    ///
    /// @param option the option, or null if it was not given
    /// @param program what runs in this process, for people
    /// @param host the host of this process
    /// @return the socket; null if none is wanted
    /// @throws IOException if it cannot be made, with a sentence that says why
    static @Nullable ControlServer open(@Nullable String option, String program, RunningHost host) throws IOException {
        if ("off".equals(option)) {
            return null;
        }
        Map<String, ControlHandler> handlers = new HostRequests(program, host).handlers();
        PortRequests.add(handlers, host);
        if (option != null) {
            return ControlServer.open(Path.of(option), handlers);
        }
        ControlDirectory directory = ControlDirectory.present();
        directory.removeStale();
        return ControlServer.open(directory.socketOf(ProcessHandle.current().pid()), handlers);
    }
}
