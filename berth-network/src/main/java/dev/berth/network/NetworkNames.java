package dev.berth.network;

import dev.berth.host.Host;
import dev.berth.names.NameTable;
import dev.berth.wire.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The hosts of a network by name and by address, as they are at the moment of the look-up. A host's name counts
/// without regard to case; of hosts that differ in nothing else, the older one is found.
record NetworkNames(Network network) implements NameTable {
    @Override
    public List<IpAddress> addresses(String name) {
        for (Host host : network.hosts()) {
            if (NameTable.canonical(host.name()).equals(name)) {
                return host.addresses();
            }
        }
        return List.of();
    }

    @Override
    public @Nullable String name(IpAddress address) {
        for (Host host : network.hosts()) {
            if (host.addresses().contains(address)) {
                return NameTable.canonical(host.name());
            }
        }
        return null;
    }
}
