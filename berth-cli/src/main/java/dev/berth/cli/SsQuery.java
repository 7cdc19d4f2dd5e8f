package dev.berth.cli;

import dev.berth.agent.run.JsonLine;
import dev.berth.ports.PortRange;
import dev.berth.ports.ServiceRegistry;
import dev.berth.ports.Transport;
import dev.berth.wire.IpAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which sockets `berth ss` is to show: its options and the words of its filter, as a request to a control socket.
final class SsQuery {
    private static final PortRange ANY_PORT = new PortRange(0, PortRange.MAX_PORT);

    /// The states of flows, by the names of `ss` and of RFC 9293 in lower case.
    private static final Map<String, List<String>> STATES = new LinkedHashMap<>();

    static {
        STATES.put("established", List.of("ESTABLISHED", "CONNECTED"));
        STATES.put("syn-sent", List.of("SYN-SENT"));
        STATES.put("syn-recv", List.of("SYN-RECEIVED"));
        STATES.put("fin-wait-1", List.of("FIN-WAIT-1"));
        STATES.put("fin-wait-2", List.of("FIN-WAIT-2"));
        STATES.put("time-wait", List.of("TIME-WAIT"));
        STATES.put("close-wait", List.of("CLOSE-WAIT"));
        STATES.put("last-ack", List.of("LAST-ACK"));
        STATES.put("closing", List.of("CLOSING"));
    }

    private static final Map<String, String> ALIASES =
            Map.of("estab", "established", "connected", "connected", "syn-received", "syn-recv");

    private final ServiceRegistry registry = ServiceRegistry.iana();
    private boolean bindings;
    private boolean flows = true;
    private Set<String> states = new LinkedHashSet<>();
    private PortRange localPorts = ANY_PORT;
    private PortRange remotePorts = ANY_PORT;
    private IpAddress.@Nullable Prefix local;
    private IpAddress.@Nullable Prefix remote;
    private int family;

    /// What `ss` shows without options: connections that are neither half-open nor in TIME-WAIT.
    SsQuery() {
        connected();
    }

    private void connected() {
        bindings = false;
        flows = true;
        states.clear();
        STATES.forEach((name, names) -> {
            if (!name.equals("time-wait") && !name.equals("syn-recv")) {
                states.addAll(names);
            }
        });
    }

    /// All sockets.
    void all() {
        bindings = true;
        flows = true;
        states.clear();
    }

    /// Listeners and UDP sockets that are not connected.
    void listening() {
        bindings = true;
        flows = false;
        states.clear();
    }

    /// Whether ports that are only bound are left out.
    boolean listenersOnly() {
        return !flows;
    }

    /// IPv4 or IPv6 only.
    void family(int version) {
        family = version;
    }

    /// Sockets in certain states: a name of `ss` or of RFC 9293, or several with commas.
    ///
    /// @throws IllegalArgumentException if there is no such state, with a sentence that says which there are
    void states(String text) {
        bindings = false;
        flows = false;
        Set<String> wanted = new LinkedHashSet<>();
        for (String part : text.split(",", -1)) {
            String name = part.strip().toLowerCase(java.util.Locale.ROOT);
            name = ALIASES.getOrDefault(name, name);
            switch (name) {
                case "all" -> {
                    all();
                    return;
                }
                case "connected" -> {
                    connected();
                    return;
                }
                case "listen", "listening", "unconn", "unconnected" -> bindings = true;
                default -> {
                    List<String> known = STATES.get(name);
                    if (known == null) {
                        throw new IllegalArgumentException("'" + part.strip() + "' is not a state; there are "
                                + String.join(", ", STATES.keySet()) + ", listening, unconnected, connected and all");
                    }
                    flows = true;
                    wanted.addAll(known);
                }
            }
        }
        states = wanted;
    }

    /// Local ports: `80`, `:80`, `http` or `80-90`.
    void localPorts(String text) {
        localPorts = meet(localPorts, ports(text));
    }

    /// Remote ports, as [#localPorts].
    void remotePorts(String text) {
        remotePorts = meet(remotePorts, ports(text));
    }

    /// Local addresses: `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`, also with `:PORT` behind (IPv6 in brackets).
    void source(String text) {
        Place place = Place.parse(text);
        local = place.prefix == null ? local : place.prefix;
        if (place.port != null) {
            localPorts(place.port);
        }
    }

    /// Remote addresses, as [#source].
    void destination(String text) {
        Place place = Place.parse(text);
        remote = place.prefix == null ? remote : place.prefix;
        if (place.port != null) {
            remotePorts(place.port);
        }
    }

    private static PortRange meet(PortRange a, PortRange b) {
        int first = Math.max(a.first(), b.first());
        int last = Math.min(a.last(), b.last());
        if (first > last) {
            throw new IllegalArgumentException("No port is both in " + a + " and in " + b);
        }
        return new PortRange(first, last);
    }

    private PortRange ports(String text) {
        String name = text.startsWith(":") ? text.substring(1) : text;
        if (name.isEmpty()) {
            throw new IllegalArgumentException("The port is missing");
        }
        if (Character.isDigit(name.charAt(0))) {
            return PortRange.parse(name);
        }
        Transport transport = registry.portsOf(name, Transport.TCP).length == 1 ? Transport.TCP : Transport.UDP;
        boolean one = registry.portsOf(name, transport).length == 1;
        int port = registry.requirePort(name, one ? transport : Transport.TCP);
        return new PortRange(port, port);
    }

    private record Place(
            IpAddress.@Nullable Prefix prefix, @Nullable String port) {
        static Place parse(String text) {
            int bracket = text.indexOf(']');
            if (text.startsWith("[") && bracket > 0) {
                String rest = text.substring(bracket + 1);
                int colon = rest.indexOf(':');
                String length = colon < 0 ? rest : rest.substring(0, colon);
                return new Place(
                        IpAddress.Prefix.parse(text.substring(1, bracket) + length),
                        colon < 0 ? null : rest.substring(colon));
            }
            int colon = text.indexOf(':');
            if (colon < 0 || text.indexOf(':', colon + 1) >= 0) {
                return new Place(IpAddress.Prefix.parse(text), null);
            }
            String address = text.substring(0, colon);
            return new Place(
                    address.isEmpty() || address.equals("*") ? null : IpAddress.Prefix.parse(address),
                    text.substring(colon));
        }
    }

    /// The words of a filter as `ss` has them, joined by `and` or by nothing: `state STATE`, `sport OP PORT`,
    /// `dport OP PORT`, `src ADDRESS`, `dst ADDRESS`; OP is one of `= == eq >= ge <= le > gt < lt`.
    ///
    /// @throws IllegalArgumentException if they are something else, with a sentence that says what
    void words(List<String> words) {
        Deque<String> left = new ArrayDeque<>(words);
        while (!left.isEmpty()) {
            String word = left.pop();
            switch (word) {
                case "and", "&&" -> {
                    // What follows restricts further, as without the word.
                }
                case "state" -> states(next(left, word));
                case "src" -> source(operand(left, word));
                case "dst" -> destination(operand(left, word));
                case "sport" -> localPorts = meet(localPorts, compared(left, word));
                case "dport" -> remotePorts = meet(remotePorts, compared(left, word));
                default ->
                    throw new IllegalArgumentException("'" + word + "' is not understood in a filter; it is made of"
                            + " state, src, dst, sport and dport, joined by and");
            }
        }
    }

    private static String next(Deque<String> left, String after) {
        String word = left.poll();
        if (word == null) {
            throw new IllegalArgumentException("Something is missing behind '" + after + "'");
        }
        return word;
    }

    private static String operand(Deque<String> left, String after) {
        String word = next(left, after);
        return word.equals("=") || word.equals("==") || word.equals("eq") ? next(left, word) : word;
    }

    private PortRange compared(Deque<String> left, String after) {
        String word = next(left, after);
        return switch (word) {
            case "=", "==", "eq" -> ports(next(left, word));
            case ">=", "ge", "geq" -> range(ports(next(left, word)).first(), PortRange.MAX_PORT);
            case ">", "gt" -> range(ports(next(left, word)).last() + 1, PortRange.MAX_PORT);
            case "<=", "le", "leq" -> range(0, ports(next(left, word)).last());
            case "<", "lt" -> range(0, ports(next(left, word)).first() - 1);
            case "!=", "ne", "neq" -> throw new IllegalArgumentException("'" + word + "' is not supported in a filter");
            default -> ports(word);
        };
    }

    private static PortRange range(int first, int last) {
        if (first > last) {
            throw new IllegalArgumentException("No port is in that range");
        }
        return new PortRange(first, last);
    }

    /// A request for the counts of a host.
    String summary(String host, Transport transport) {
        return new JsonLine()
                .add("request", "summary")
                .add("host", host)
                .add("transport", transport.label())
                .toString();
    }

    /// A request for one page.
    ///
    /// @param kind the kind of request
    /// @param cursor the cursor of the page; null for the first
    JsonLine request(String kind, String host, Transport transport, @Nullable String cursor) {
        JsonLine line = new JsonLine()
                .add("request", kind)
                .add("host", host)
                .add("transport", transport.label())
                .add("bindings", bindings)
                .add("flows", flows)
                .add("states", new ArrayList<>(states))
                .add("localPorts", localPorts.toString())
                .add("remotePorts", remotePorts.toString())
                .add("family", family);
        if (local != null) {
            line.add("local", local.toString());
        }
        if (remote != null) {
            line.add("remote", remote.toString());
        }
        return cursor == null ? line : line.add("cursor", cursor);
    }
}
