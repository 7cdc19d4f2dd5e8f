package dev.berth.host;

import dev.berth.stack.NetStack;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.udp.Udp;
import dev.berth.stack.udp.UdpEndpoint;
import dev.berth.stack.udp.UdpGroups;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.SocketException;

/// The options and the multicast groups of a [UdpSocket].
public abstract sealed class UdpSocketOptions extends DataSocket permits UdpSocket {
    final Udp udp;

    /// Under the host's lock, but for what [Udp] says may be done without it.
    final UdpEndpoint endpoint;

    private int sendBufferSize = UdpEndpoint.DEFAULT_RECEIVE_BUFFER;

    UdpSocketOptions(Host host, StackMonitor monitor) {
        super(host, monitor);
        udp = monitor.stack().udp();
        endpoint = udp.open(false);
    }

    /// SO_BROADCAST: may send to broadcast addresses.
    public final void broadcast(boolean value) throws IOException {
        endpoint().broadcast(value);
    }

    /// SO_BROADCAST.
    public final boolean broadcast() throws IOException {
        return endpoint().broadcast();
    }

    /// SO_SNDBUF, in octets: the largest datagram that may be sent; datagrams do not wait in the socket.
    public final void sendBufferSize(int value) throws IOException {
        requireOpen();
        sendBufferSize = value;
    }

    /// SO_SNDBUF, in octets.
    public final int sendBufferSize() throws IOException {
        requireOpen();
        return sendBufferSize;
    }

    /// SO_RCVBUF, in octets, headers and memory overhead included.
    public final void receiveBufferSize(int value) throws IOException {
        endpoint().receiveBuffer(value);
    }

    /// SO_RCVBUF, in octets.
    public final int receiveBufferSize() throws IOException {
        return endpoint().receiveBuffer();
    }

    /// IP_TOS: DS field and ECN bits of sent packets, 0 to 255.
    public final void trafficClass(int value) throws IOException {
        endpoint().tos(value);
    }

    /// IP_TOS.
    public final int trafficClass() throws IOException {
        return endpoint().tos();
    }

    /// IP_DONTFRAGMENT: what is sent is never fragmented, here or on the way; what is longer than the path takes is
    /// an error.
    public final void dontFragment(boolean on) throws IOException {
        endpoint().dontFragment(on);
    }

    /// IP_DONTFRAGMENT.
    public final boolean dontFragment() throws IOException {
        return endpoint().dontFragment();
    }

    /// IP_TTL: the hop limit of sent packets, 1 to 255.
    public final void timeToLive(int value) throws IOException {
        endpoint().ttl(value);
    }

    /// IP_TTL.
    public final int timeToLive() throws IOException {
        return endpoint().ttl();
    }

    /// An interface for [#join] and others: the one that a route to the group leads to.
    public static final int ANY_INTERFACE = -1;

    /// Joins a multicast group, for all sources.
    ///
    /// @param nic the index of an interface ([Host#interfaceNames]), or [#ANY_INTERFACE]
    /// @throws SocketException if the socket is a member already, there is no such interface, or no route to the
    ///     group
    /// @throws IllegalArgumentException if `group` is not a multicast address
    public final void join(IpAddress group, int nic) throws IOException {
        change(nic, group, (groups, on) -> groups.join(endpoint, group, on), "Already a member of the group");
    }

    /// Joins a multicast group for one source; otherwise as the other `join`.
    public final void join(IpAddress group, int nic, IpAddress source) throws IOException {
        change(nic, group, (groups, on) -> groups.join(endpoint, group, on, source), "Already a member of the group");
    }

    /// Leaves a group, for whatever sources it was joined.
    ///
    /// @throws SocketException if the socket is not a member
    public final void leave(IpAddress group, int nic) throws IOException {
        change(nic, group, (groups, on) -> groups.leave(endpoint, group, on), "Not a member of the group");
    }

    /// Leaves a group for one source.
    ///
    /// @throws SocketException if the socket is not a member for this source
    public final void leave(IpAddress group, int nic, IpAddress source) throws IOException {
        change(nic, group, (groups, on) -> groups.leave(endpoint, group, on, source), "Not a member of the group");
    }

    /// Does not hear a source any more in a group that was joined for all.
    ///
    /// @throws SocketException if the group was not joined for all sources, or the source is blocked already
    public final void block(IpAddress group, int nic, IpAddress source) throws IOException {
        change(nic, group, (groups, on) -> groups.block(endpoint, group, on, source), "Cannot block the source");
    }

    /// Hears a blocked source again.
    ///
    /// @throws SocketException if it was not blocked
    public final void unblock(IpAddress group, int nic, IpAddress source) throws IOException {
        change(nic, group, (groups, on) -> groups.unblock(endpoint, group, on, source), "The source is not blocked");
    }

    @FunctionalInterface
    private interface GroupChange {
        boolean on(UdpGroups groups, NetInterface nic);
    }

    private void change(int nic, IpAddress group, GroupChange change, String otherwise) throws IOException {
        monitor.enter();
        try {
            requireOpen();
            if (!group.isMulticast()) {
                throw new IllegalArgumentException(group + " is not a multicast address");
            }
            if (!change.on(udp.groups(), nicOf(nic, group))) {
                throw new SocketException(otherwise + ": " + group);
            }
        } finally {
            monitor.exit();
        }
    }

    private NetInterface nicOf(int index, IpAddress group) throws SocketException {
        NetStack stack = monitor.stack();
        if (index >= stack.interfaces().size()) {
            throw new SocketException("There is no interface " + index + " on host " + host.name());
        }
        NetInterface nic =
                index >= 0 ? stack.interfaces().get(index) : stack.routes().lookup(group.hi(), group.lo());
        if (nic == null) {
            throw SocketErrors.noRoute();
        }
        return nic;
    }

    /// IP_MULTICAST_IF: the interface for what is sent to groups; [#ANY_INTERFACE] for that of the route.
    public final void multicastInterface(int nic) throws IOException {
        monitor.enter();
        try {
            endpoint().multicastInterface(nic < 0 ? null : nicOf(nic, IpAddress.ANY_IPV6));
        } finally {
            monitor.exit();
        }
    }

    /// IP_MULTICAST_IF.
    public final int multicastInterface() throws IOException {
        monitor.enter();
        try {
            NetInterface nic = endpoint().multicastInterface();
            return nic == null ? ANY_INTERFACE : nic.index();
        } finally {
            monitor.exit();
        }
    }

    /// IP_MULTICAST_TTL: the hop limit of what is sent to groups, 0 to 255; with 0 it stays on the host.
    public final void multicastTimeToLive(int value) throws IOException {
        endpoint().multicastTtl(value);
    }

    /// IP_MULTICAST_TTL.
    public final int multicastTimeToLive() throws IOException {
        return endpoint().multicastTtl();
    }

    /// IP_MULTICAST_LOOP: the host itself hears what is sent to groups it is a member of.
    public final void multicastLoop(boolean on) throws IOException {
        endpoint().multicastLoop(on);
    }

    /// IP_MULTICAST_LOOP.
    public final boolean multicastLoop() throws IOException {
        return endpoint().multicastLoop();
    }

    /// IP_MULTICAST_ALL: hears groups that others on the host joined, too.
    public final void multicastAll(boolean on) throws IOException {
        endpoint().multicastAll(on);
    }

    /// IP_MULTICAST_ALL.
    public final boolean multicastAll() throws IOException {
        return endpoint().multicastAll();
    }

    private UdpEndpoint endpoint() throws SocketException {
        requireOpen();
        return endpoint;
    }
}
