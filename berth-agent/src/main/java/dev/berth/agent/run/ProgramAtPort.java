package dev.berth.agent.run;

import dev.berth.gateway.KernelPortOwner;
import dev.berth.ports.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which program of Berth has a port of this machine, and what for, by what it says itself. It asks another process and
/// reads many small files, so it is for the case that something went wrong.
final class ProgramAtPort {
    private static final int NONE = -1;

    private final ControlClient client;
    private final String program;

    private ProgramAtPort(ControlClient client, String program) {
        this.client = client;
        this.program = program;
    }

    /// One clause for people: `host 'one' of web.jar (process 30135), which publishes its port 80 there`.
    ///
    /// @return null if no program of Berth has it, or none of this user
    static @Nullable String of(Transport transport, InetSocketAddress address) {
        KernelPortOwner owner = address.isUnresolved()
                ? null
                : KernelPortOwner.find(transport, address).orElse(null);
        return owner == null ? null : of(owner.pid(), transport, address.getPort(), null);
    }

    /// As the other `of`, for a process that has a socket at a path.
    static @Nullable String of(long pid, String path) {
        return of(pid, Transport.TCP, NONE, path);
    }

    private static @Nullable String of(long pid, Transport transport, int port, @Nullable String path) {
        try (ControlClient client =
                ControlClient.connect(ControlDirectory.present().socketOf(pid))) {
            Object name = client.ask("{\"request\":\"hello\"}", _ -> {}).get("program");
            ProgramAtPort asked = new ProgramAtPort(client, name + " (process " + pid + ")");
            String published = port == NONE ? null : asked.published(transport, ":" + port);
            return published != null ? published : asked.proxy(path == null ? ":" + port : path);
        } catch (IOException | ControlException | IllegalArgumentException _) {
            return null; // it is no program of Berth, or has ended
        }
    }

    private @Nullable String published(Transport transport, String end) throws IOException {
        for (Map<String, @Nullable Object> each : list(PortRequests.LIST)) {
            if (each.get("outside") instanceof String text
                    && text.endsWith(end)
                    && transport.name().equalsIgnoreCase(String.valueOf(each.get("transport")))) {
                return "host '" + each.get("host") + "' of " + program + ", which publishes its port "
                        + each.get("port") + " there";
            }
        }
        return null;
    }

    private @Nullable String proxy(String end) throws IOException {
        for (Map<String, @Nullable Object> each : list(ProxyRequests.LIST)) {
            if (each.get("listen") instanceof String text && text.endsWith(end)) {
                return program + ", which has a proxy there";
            }
        }
        return null;
    }

    private List<Map<String, @Nullable Object>> list(String request) throws IOException {
        List<Map<String, @Nullable Object>> entries = new ArrayList<>();
        try {
            client.ask(new JsonLine().add("request", request).toString(), line -> entries.add(JsonText.object(line)));
        } catch (ControlException e) {
            return List.of(); // the gateway of a namespace has no proxies
        }
        return entries;
    }
}
