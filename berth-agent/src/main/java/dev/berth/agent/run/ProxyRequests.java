package dev.berth.agent.run;

import dev.berth.gateway.Gateway;
import dev.berth.gateway.OutsideRule;
import dev.berth.gateway.SocksProxy;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What a control socket does about the ways in and out of a network: `socks`, `unsocks` and `proxies` about proxies,
/// `outside` tells what the gateway to the outside has counted.
final class ProxyRequests {
    static final String LIST = "proxies";

    private final Owner owner;

    /// A process that has proxies, and perhaps a gateway.
    interface Owner {
        /// The proxies.
        Proxies proxies();

        /// The gateway to the outside, if there is one.
        @Nullable
        Gateway outside();
    }

    private ProxyRequests(Owner owner) {
        this.owner = owner;
    }

    /// Adds the handlers, by the names of their requests.
    static void add(Map<String, ControlHandler> handlers, Owner owner) {
        ProxyRequests requests = new ProxyRequests(owner);
        handlers.put("socks", requests::open);
        handlers.put("unsocks", requests::end);
        handlers.put(LIST, requests::list);
        handlers.put("outside", requests::outside);
    }

    private JsonLine open(ControlRequest request, Consumer<String> lines) throws ControlException {
        SocketAddress listen = address(request);
        String user = request.text("user");
        String password = request.text("password");
        List<OutsideRule> rules = new ArrayList<>();
        try {
            for (String rule : request.texts("rules")) {
                rules.add(
                        rule.startsWith("deny ")
                                ? OutsideRule.deny(rule.substring(5))
                                : OutsideRule.allow(rule.startsWith("allow ") ? rule.substring(6) : rule));
            }
            request.requireNothingElse();
            return new JsonLine().add("listen", Proxies.text(owner.proxies().open(listen, user, password, rules)));
        } catch (IOException | IllegalArgumentException e) {
            throw new ControlException(String.valueOf(e.getMessage()));
        }
    }

    private static SocketAddress address(ControlRequest request) throws ControlException {
        try {
            return Proxies.address(request.required("listen"));
        } catch (IllegalArgumentException e) {
            throw new ControlException(String.valueOf(e.getMessage()));
        }
    }

    private JsonLine end(ControlRequest request, Consumer<String> lines) throws ControlException {
        SocketAddress listen = address(request);
        request.requireNothingElse();
        if (!owner.proxies().end(listen)) {
            throw new ControlException(
                    "There is no proxy at " + listen.toString().replaceFirst("^/(?=[^/]*:)", ""));
        }
        return new JsonLine();
    }

    private JsonLine list(ControlRequest request, Consumer<String> lines) throws ControlException {
        request.requireNothingElse();
        for (SocksProxy each : owner.proxies().all()) {
            lines.accept(counts(new JsonLine().add("listen", Proxies.text(each)), each.counters())
                    .toString());
        }
        return new JsonLine();
    }

    private JsonLine outside(ControlRequest request, Consumer<String> lines) throws ControlException {
        request.requireNothingElse();
        Gateway gateway = owner.outside();
        if (gateway == null) {
            throw new ControlException("There is no gateway to the outside here");
        }
        return counts(new JsonLine(), gateway.counters());
    }

    /// Adds the numbers of a record by their names.
    private static JsonLine counts(JsonLine line, Record counters) {
        for (RecordComponent each : counters.getClass().getRecordComponents()) {
            try {
                line.add(each.getName(), ((Number) each.getAccessor().invoke(counters)).longValue());
            } catch (ReflectiveOperationException e) {
                throw new LinkageError("counters are public records of numbers", e);
            }
        }
        return line;
    }
}
