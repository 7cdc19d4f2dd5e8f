package dev.berth.names;

import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Names and addresses of the hosts of a network. Asked at each look-up, from any thread, so it may change; the JDK
/// keeps answers for a while (security properties `networkaddress.cache.ttl` and
/// `networkaddress.cache.negative.ttl`).
public interface NameTable {
    /// The addresses of a name in lower case without a trailing dot, the preferred one first; empty if the name is
    /// not known.
    List<IpAddress> addresses(String name);

    /// The name of an address, or null.
    @Nullable
    String name(IpAddress address);

    /// A table that does not change.
    static NameTable of(Map<String, ? extends List<IpAddress>> hosts) {
        Map<String, List<IpAddress>> forward = new LinkedHashMap<>();
        Map<IpAddress, String> reverse = new LinkedHashMap<>();
        for (Map.Entry<String, ? extends List<IpAddress>> host : hosts.entrySet()) {
            String key = canonical(host.getKey());
            List<IpAddress> addresses = new ArrayList<>(forward.getOrDefault(key, List.of()));
            addresses.addAll(host.getValue());
            forward.put(key, addresses);
            for (IpAddress address : host.getValue()) {
                reverse.putIfAbsent(address, key);
            }
        }
        return new NameTable() {
            @Override
            public List<IpAddress> addresses(String name) {
                return forward.getOrDefault(name, List.of());
            }

            @Override
            public @Nullable String name(IpAddress address) {
                return reverse.get(address);
            }
        };
    }

    /// A name as tables are asked for it: lower case, without a trailing dot.
    static String canonical(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }
}
