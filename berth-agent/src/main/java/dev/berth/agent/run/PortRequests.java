package dev.berth.agent.run;

import dev.berth.gateway.Published;
import dev.berth.gateway.PublishedUdpPort;
import dev.berth.ports.Transport;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What a control socket does about published ports: `publish`, `unpublish` and `published`.
final class PortRequests implements ControlHandler {
    static final String PUBLISH = "publish";
    static final String UNPUBLISH = "unpublish";
    static final String LIST = "published";

    private final String kind;
    private final Ports ports;

    /// A process that has published ports.
    interface Ports {
        /// Publishes a port of a host.
        ///
        /// @param name the host; null for the only one
        /// @throws ControlException if there is no such host
        /// @throws IOException if the port cannot be had, with a sentence that names who has it
        PublishedPorts.Entry publish(Publication publication, @Nullable String name)
                throws IOException, ControlException;

        /// Those that there are.
        PublishedPorts published();
    }

    private PortRequests(String kind, Ports ports) {
        this.kind = kind;
        this.ports = ports;
    }

    /// Adds the handlers, by the names of their requests.
    static void add(Map<String, ControlHandler> handlers, Ports ports) {
        for (String kind : new String[] {PUBLISH, UNPUBLISH, LIST}) {
            handlers.put(kind, new PortRequests(kind, ports));
        }
    }

    @Override
    public JsonLine answer(ControlRequest request, Consumer<String> lines) throws ControlException, IOException {
        return switch (kind) {
            case PUBLISH -> publish(request);
            case UNPUBLISH -> unpublish(request);
            default -> list(request, lines);
        };
    }

    private JsonLine publish(ControlRequest request) throws ControlException {
        Publication publication;
        try {
            publication = Publication.parse(request.required("port"));
        } catch (IllegalArgumentException e) {
            throw new ControlException(String.valueOf(e.getMessage()));
        }
        String name = request.text("host");
        request.requireNothingElse();
        try {
            return line(ports.publish(publication, name));
        } catch (IOException e) {
            throw new ControlException(String.valueOf(e.getMessage()));
        }
    }

    private JsonLine unpublish(ControlRequest request) throws ControlException {
        Publication.End end;
        try {
            end = Publication.end(request.required("port"));
        } catch (IllegalArgumentException e) {
            throw new ControlException(String.valueOf(e.getMessage()));
        }
        request.requireNothingElse();
        PublishedPorts.Entry ended = ports.published().unpublish(end);
        if (ended == null) {
            throw new ControlException((end.transport() == Transport.UDP ? "UDP port " : "Port ")
                    + end.machine().port() + " of " + end.machine().address() + " is not published here");
        }
        return line(ended);
    }

    private JsonLine list(ControlRequest request, Consumer<String> lines) throws ControlException {
        request.requireNothingElse();
        ports.published().entries().forEach(each -> lines.accept(line(each).toString()));
        return new JsonLine();
    }

    private static JsonLine line(PublishedPorts.Entry entry) {
        Published port = entry.port();
        JsonLine line = new JsonLine()
                .add("outside", entry.end().machine().toString())
                .add("transport", port.transport().name().toLowerCase(Locale.ROOT))
                .add("host", entry.host())
                .add("address", port.target().address().toString())
                .add("port", port.target().port())
                .add("connections", port.connections())
                .add("accepted", port.accepted())
                .add("overLimit", port.overLimit())
                .add("denied", port.denied());
        return port instanceof PublishedUdpPort udp
                ? line.add("datagramsIn", udp.datagramsIn())
                        .add("datagramsOut", udp.datagramsOut())
                        .add("dropped", udp.dropped())
                : line;
    }
}
