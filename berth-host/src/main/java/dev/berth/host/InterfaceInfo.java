package dev.berth.host;

import dev.berth.wire.IpAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An interface of a host at one moment. Immutable.
///
/// There is no hardware address: links carry IP packets. And none is point-to-point: whatever a link leads to, the
/// host hands it packets for any destination.
///
/// @param index its number within the host, 0 for the loopback interface
/// @param name its name, `lo` for the loopback interface
/// @param mtu octets of its largest packet
/// @param up false after the link failed
/// @param addresses its addresses with their prefixes, oldest first; those of loopback among them
public record InterfaceInfo(int index, String name, int mtu, boolean up, List<IpAddress.Prefix> addresses) {
    /// True for the interface through which the host talks to itself.
    public boolean isLoopback() {
        return index == 0;
    }

    /// The first address of the same family as `remote`, one of link-local scope for a link-local one; null if there is
    /// none.
    @Nullable
    IpAddress addressFor(IpAddress remote) {
        boolean local = IpAddress.isLinkLocal(remote.hi(), remote.lo());
        for (IpAddress.Prefix prefix : addresses) {
            IpAddress address = prefix.address();
            if (address.isIpv4() == remote.isIpv4()
                    && (address.isIpv4() || local == IpAddress.isLinkLocal(address.hi(), address.lo()))) {
                return address;
            }
        }
        return null;
    }
}
