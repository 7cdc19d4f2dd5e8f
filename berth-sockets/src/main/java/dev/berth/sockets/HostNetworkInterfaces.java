package dev.berth.sockets;

import dev.berth.host.Host;
import java.net.NetworkInterface;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The interfaces of a host as the JDK's `NetworkInterface`, which only an agent can make ([JdkHooks]).
final class HostNetworkInterfaces {
    private HostNetworkInterfaces() {}

    /// All interfaces of `host` as they are now, loopback first.
    static List<NetworkInterface> all(Host host) {
        List<NetworkInterface> all = new ArrayList<>();
        for (InterfaceData data : InterfaceData.of(host)) {
            all.add(JavaNetAccess.Interfaces.make(data));
        }
        return List.copyOf(all);
    }

    /// What there is to say of an interface now. As the kernel, `host` knows it by name and index; null if it has none
    /// like it.
    static @Nullable InterfaceData find(Host host, NetworkInterface nic) {
        for (InterfaceData data : InterfaceData.of(host)) {
            if (data.index() == nic.getIndex() && data.name().equals(nic.getName())) {
                return data;
            }
        }
        return null;
    }
}
