package dev.berth.agent.run;

import dev.berth.host.Host;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What `--control` of `berth run` and `berth gateway` asks for: a path, `off`, or nothing, which is the user's own
/// directory.
public final class ControlOption {
    private static final String OFF = "off";

    private ControlOption() {}

    /// Opens the control socket of a process whose published ports stay as they are.
    ///
    /// @param option the option, or null if it was not given
    /// @param program what runs in this process, for people
    /// @param hosts the hosts of this process, the program's first
    /// @return the socket; null if none is wanted
    /// @throws IOException if it cannot be made, with a sentence that says why
    public static @Nullable ControlServer open(@Nullable String option, String program, List<Host> hosts)
            throws IOException {
        return OFF.equals(option) ? null : open(option, new HostRequests(program, hosts).handlers());
    }

    /// Opens the control socket of `berth run`.
    static @Nullable ControlServer open(@Nullable String option, String program, RunningHost host) throws IOException {
        if (OFF.equals(option)) {
            return null;
        }
        Map<String, ControlHandler> handlers = new HostRequests(program, host).handlers();
        PortRequests.add(handlers, host);
        ProxyRequests.add(handlers, host);
        return open(option, handlers);
    }

    private static ControlServer open(@Nullable String option, Map<String, ControlHandler> handlers)
            throws IOException {
        if (option != null) {
            return ControlServer.open(Path.of(option), handlers);
        }
        ControlDirectory directory = ControlDirectory.present();
        directory.removeStale();
        return ControlServer.open(directory.socketOf(ProcessHandle.current().pid()), handlers);
    }
}
