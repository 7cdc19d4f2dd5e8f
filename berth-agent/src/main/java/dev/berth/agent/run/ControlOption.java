package dev.berth.agent.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What `--control` of `berth run` and `berth gateway` asks for: a path, `off`, or nothing, which is the user's own
/// directory.
final class ControlOption {
    private static final String OFF = "off";

    private ControlOption() {}

    /// True if no control socket is wanted.
    static boolean isOff(@Nullable String option) {
        return OFF.equals(option);
    }

    /// Opens the control socket of `berth run`.
    static @Nullable ControlServer open(@Nullable String option, String program, RunningHost host) throws IOException {
        if (isOff(option)) {
            return null;
        }
        Map<String, ControlHandler> handlers = new HostRequests(program, host).handlers();
        PortRequests.add(handlers, host);
        ProxyRequests.add(handlers, host);
        return open(option, handlers);
    }

    /// Opens a control socket.
    ///
    /// @param option a path; null for the user's own directory
    /// @throws IOException if it cannot be made, with a sentence that says why
    static ControlServer open(@Nullable String option, Map<String, ControlHandler> handlers) throws IOException {
        if (option != null) {
            return ControlServer.open(Path.of(option), handlers);
        }
        ControlDirectory directory = ControlDirectory.present();
        directory.removeStale();
        return ControlServer.open(directory.socketOf(ProcessHandle.current().pid()), handlers);
    }
}
