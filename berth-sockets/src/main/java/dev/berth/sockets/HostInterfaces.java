package dev.berth.sockets;

import dev.berth.host.Host;
import dev.berth.host.UdpSocket;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The interfaces of a host in the JDK's words. A `NetworkInterface` can only be one of the machine: it stands for the
/// host's interface of the same name or with one of its addresses, and a loopback interface for the host's.
final class HostInterfaces {
    private HostInterfaces() {}

    /// The index of the host's interface that is meant; [UdpSocket#ANY_INTERFACE] for null.
    ///
    /// @throws SocketException if the host has none like it; the message says which it has
    static int indexOf(Host host, @Nullable NetworkInterface wanted) throws SocketException {
        if (wanted == null) {
            return UdpSocket.ANY_INTERFACE;
        }
        if (wanted.isLoopback()) {
            return 0;
        }
        List<String> names = host.interfaceNames();
        int named = names.indexOf(wanted.getName());
        if (named >= 0) {
            return named;
        }
        for (InetAddress address : Collections.list(wanted.getInetAddresses())) {
            int index = host.interfaceIndexOf(Addresses.ipAddress(address));
            if (index > 0) {
                return index;
            }
        }
        throw new SocketException("Network interface " + wanted.getName() + " is not one of host " + host.name()
                + ", which has " + names);
    }

    /// The machine's interface that stands for one of the host's; null if there is none.
    static @Nullable NetworkInterface of(Host host, int index) throws SocketException {
        if (index < 0) {
            return null;
        }
        NetworkInterface same = NetworkInterface.getByName(host.interfaceNames().get(index));
        return same != null || index > 0 ? same : NetworkInterface.getByInetAddress(InetAddress.getLoopbackAddress());
    }
}
