package dev.berth.stack.udp;

import dev.berth.stack.ip.Addresses;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.udp.Memberships.Membership;
import dev.berth.wire.IpAddress;

/// How endpoints join and leave multicast groups (RFC 1112 section 7.1, RFC 3678): the host is a member of a group on
/// an interface while one of its endpoints is.
///
/// An endpoint joins a group either for all sources, some of which it may block, or for single sources, not both; one
/// that did not join hears what comes in for others while [UdpEndpoint#multicastAll] is set. Memberships are not
/// reported to routers (IGMP, MLD): they work where the link carries groups to everybody. Used in the host's critical
/// section only.
public final class UdpGroups {
    private final Addresses addresses;

    UdpGroups(Addresses addresses) {
        this.addresses = addresses;
    }

    /// Joins a group on an interface, for all sources.
    ///
    /// @return false if the endpoint is a member there already
    /// @throws IllegalArgumentException if `group` is not a multicast address
    public boolean join(UdpEndpoint endpoint, IpAddress group, NetInterface nic) {
        if (endpoint.memberships.find(group, nic) != null) {
            return false;
        }
        add(endpoint, new Membership(group, nic, false));
        return true;
    }

    /// Joins a group on an interface for one source; further calls add others.
    ///
    /// @return false if the endpoint is a member for all sources, or for this one, already
    /// @throws IllegalArgumentException if `group` is not a multicast address
    public boolean join(UdpEndpoint endpoint, IpAddress group, NetInterface nic, IpAddress source) {
        Membership membership = endpoint.memberships.find(group, nic);
        if (membership != null && (!membership.including || membership.sources.contains(source))) {
            return false;
        }
        if (membership == null) {
            membership = new Membership(group, nic, true);
            add(endpoint, membership);
        }
        membership.sources.add(source);
        return true;
    }

    private void add(UdpEndpoint endpoint, Membership membership) {
        addresses.join(membership.group, membership.nic);
        endpoint.memberships.list.add(membership);
    }

    /// Leaves a group on an interface, for whatever sources it was joined.
    ///
    /// @return false if the endpoint is not a member there
    public boolean leave(UdpEndpoint endpoint, IpAddress group, NetInterface nic) {
        Membership membership = endpoint.memberships.find(group, nic);
        if (membership == null) {
            return false;
        }
        drop(endpoint, membership);
        return true;
    }

    /// Leaves a group for one source; with the last one it leaves the group.
    ///
    /// @return false if the endpoint did not join for this source
    public boolean leave(UdpEndpoint endpoint, IpAddress group, NetInterface nic, IpAddress source) {
        Membership membership = endpoint.memberships.find(group, nic);
        if (membership == null || !membership.including || !membership.sources.remove(source)) {
            return false;
        }
        if (membership.sources.isEmpty()) {
            drop(endpoint, membership);
        }
        return true;
    }

    /// Does not hear a source any more in a group that was joined for all.
    ///
    /// @return false if the endpoint did not join the group there for all sources, or blocks this one already
    public boolean block(UdpEndpoint endpoint, IpAddress group, NetInterface nic, IpAddress source) {
        Membership membership = endpoint.memberships.find(group, nic);
        return membership != null
                && !membership.including
                && !membership.sources.contains(source)
                && membership.sources.add(source);
    }

    /// Hears a blocked source again.
    ///
    /// @return false if it was not blocked
    public boolean unblock(UdpEndpoint endpoint, IpAddress group, NetInterface nic, IpAddress source) {
        Membership membership = endpoint.memberships.find(group, nic);
        return membership != null && !membership.including && membership.sources.remove(source);
    }

    void leaveAll(UdpEndpoint endpoint) {
        while (!endpoint.memberships.list.isEmpty()) {
            drop(endpoint, endpoint.memberships.list.getLast());
        }
    }

    private void drop(UdpEndpoint endpoint, Membership membership) {
        endpoint.memberships.list.remove(membership);
        addresses.leave(membership.group, membership.nic);
    }
}
