package dev.berth.stack.udp;

import dev.berth.stack.ip.NetInterface;
import dev.berth.wire.IpAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The multicast groups that one endpoint joined, each on an interface, with the sources it wants to hear there
/// (RFC 3376 section 2, RFC 3678 section 3).
final class Memberships {
    static final class Membership {
        final IpAddress group;
        final NetInterface nic;
        /// Whether it hears nobody but the `sources`; otherwise everybody but them.
        final boolean including;

        final List<IpAddress> sources = new ArrayList<>();

        Membership(IpAddress group, NetInterface nic, boolean including) {
            this.group = group;
            this.nic = nic;
            this.including = including;
        }
    }

    final List<Membership> list = new ArrayList<>();

    @Nullable
    Membership find(IpAddress group, NetInterface nic) {
        for (Membership membership : list) {
            if (membership.nic == nic && membership.group.equals(group)) {
                return membership;
            }
        }
        return null;
    }

    /// Whether the endpoint hears a datagram to a group.
    ///
    /// @param via the index of the interface that the datagram came through
    /// @param otherwise the answer if the endpoint did not join the group on that interface
    boolean hears(long hi, long lo, long sourceHi, long sourceLo, int via, boolean otherwise) {
        for (int i = 0; i < list.size(); i++) {
            Membership membership = list.get(i);
            if (membership.nic.index() == via && membership.group.lo() == lo && membership.group.hi() == hi) {
                return contains(membership.sources, sourceHi, sourceLo) == membership.including;
            }
        }
        return otherwise;
    }

    private static boolean contains(List<IpAddress> sources, long hi, long lo) {
        for (int i = 0; i < sources.size(); i++) {
            if (sources.get(i).lo() == lo && sources.get(i).hi() == hi) {
                return true;
            }
        }
        return false;
    }
}
