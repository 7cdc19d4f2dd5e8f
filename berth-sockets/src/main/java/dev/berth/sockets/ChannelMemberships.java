package dev.berth.sockets;

import dev.berth.host.UdpSocket;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.MembershipKey;
import java.nio.channels.MulticastChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The multicast groups of a channel and their keys. Thread-safe.
final class ChannelMemberships {
    private final DatagramChannel channel;
    private final UdpSocket socket;
    private final boolean ipv4Only;
    private final List<Key> keys = new ArrayList<>(); // guarded by this

    ChannelMemberships(DatagramChannel channel, UdpSocket socket, boolean ipv4Only) {
        this.channel = channel;
        this.socket = socket;
        this.ipv4Only = ipv4Only;
    }

    /// Joins a group, or returns the key if the channel is a member already.
    ///
    /// @param source null for all sources
    synchronized MembershipKey join(InetAddress group, @Nullable NetworkInterface nic, @Nullable InetAddress source)
            throws IOException {
        if (ipv4Only && group instanceof Inet6Address) {
            throw new IllegalArgumentException("Only IPv6 sockets can join IPv6 multicast group");
        }
        checkGroup(group, source);
        if (!channel.isOpen()) {
            throw new ClosedChannelException();
        }
        int index = HostInterfaces.indexOf(socket.host(), nic);
        Key known = find(group, nic, source);
        if (known != null) {
            return known;
        }
        for (Key key : keys) {
            if (key.group.equals(group) && key.index == index && (key.source == null) != (source == null)) {
                throw new IllegalStateException( // in the words of the JDK, which has them the other way round
                        source == null
                                ? "Already a member to receive all packets"
                                : "Already have source-specific membership");
            }
        }
        IpAddress to = Addresses.ipAddress(group);
        if (source == null) {
            socket.join(to, index);
        } else {
            socket.join(to, index, Addresses.ipAddress(source));
        }
        Key key = new Key(group, nic, index, source);
        keys.add(key);
        return key;
    }

    /// Joins a group of which the channel is not a member; `nic` is null for the interface of the route.
    ///
    /// @throws SocketException if the channel is a member already
    synchronized void joinOnce(InetAddress group, @Nullable NetworkInterface nic) throws IOException {
        if (find(group, nic, null) != null) {
            throw new SocketException("Already a member of group");
        }
        join(group, nic, null);
    }

    private static void checkGroup(InetAddress group, @Nullable InetAddress source) {
        if (!group.isMulticastAddress()) {
            throw new IllegalArgumentException("Group not a multicast address");
        }
        if (source != null) {
            checkSource(group, source);
        }
    }

    private static void checkSource(InetAddress group, InetAddress source) {
        if (source.isAnyLocalAddress()) {
            throw new IllegalArgumentException("Source address is a wildcard address");
        }
        if (source.isMulticastAddress()) {
            throw new IllegalArgumentException("Source address is multicast address");
        }
        if (source instanceof Inet4Address != group instanceof Inet4Address) {
            throw new IllegalArgumentException("Source address is different type to group");
        }
    }

    /// The key of a membership; null if there is none.
    synchronized @Nullable Key find(InetAddress group, @Nullable NetworkInterface nic, @Nullable InetAddress source) {
        for (Key key : keys) {
            if (key.group.equals(group) && Objects.equals(key.nic, nic) && Objects.equals(key.source, source)) {
                return key;
            }
        }
        return null;
    }

    /// One membership.
    final class Key extends MembershipKey {
        private final InetAddress group;
        private final @Nullable NetworkInterface nic;
        private final int index;
        private final @Nullable InetAddress source;
        private final Set<InetAddress> blocked = new HashSet<>();

        Key(InetAddress group, @Nullable NetworkInterface nic, int index, @Nullable InetAddress source) {
            this.group = group;
            this.nic = nic;
            this.index = index;
            this.source = source;
        }

        @Override
        public boolean isValid() {
            synchronized (ChannelMemberships.this) {
                return channel.isOpen() && keys.contains(this);
            }
        }

        @Override
        public void drop() {
            synchronized (ChannelMemberships.this) {
                if (!keys.remove(this) || !channel.isOpen()) {
                    return;
                }
                try {
                    if (source == null) {
                        socket.leave(Addresses.ipAddress(group), index);
                    } else {
                        socket.leave(Addresses.ipAddress(group), index, Addresses.ipAddress(source));
                    }
                } catch (IOException e) {
                    if (channel.isOpen()) { // otherwise it was closed meanwhile, and left its groups
                        throw new UncheckedIOException(e);
                    }
                }
            }
        }

        @Override
        public MembershipKey block(InetAddress from) throws IOException {
            synchronized (ChannelMemberships.this) {
                requireValid();
                if (source != null) {
                    throw new IllegalStateException("key is source-specific");
                }
                checkSource(group, from);
                if (!blocked.contains(from)) {
                    socket.block(Addresses.ipAddress(group), index, Addresses.ipAddress(from));
                    blocked.add(from);
                }
                return this;
            }
        }

        @Override
        public MembershipKey unblock(InetAddress from) {
            synchronized (ChannelMemberships.this) {
                if (!isValid() || !blocked.remove(from)) {
                    throw new IllegalStateException("not blocked");
                }
                try {
                    socket.unblock(Addresses.ipAddress(group), index, Addresses.ipAddress(from));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                return this;
            }
        }

        private void requireValid() {
            if (!isValid()) {
                throw new IllegalStateException("key is no longer valid");
            }
        }

        @Override
        public MulticastChannel channel() {
            return channel;
        }

        @Override
        public InetAddress group() {
            return group;
        }

        @Override
        @SuppressWarnings("NullAway") // null only for a socket that joined on the route's: it keeps the key to itself
        public NetworkInterface networkInterface() {
            return nic;
        }

        @Override
        public @Nullable InetAddress sourceAddress() {
            return source;
        }

        @Override
        public String toString() {
            return "<" + group.getHostAddress() + "," + (nic == null ? "any" : nic.getName())
                    + (source == null ? "" : "," + source.getHostAddress()) + ">";
        }
    }
}
