package dev.berth.sockets;

import dev.berth.host.Host;
import dev.berth.host.InterfaceInfo;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What `java.net.NetworkInterface` says of an interface, for an interface of a [Host]: plain data for whoever makes
/// such an object.
///
/// An index here is one more than within the host, since 0 means "no interface" to the JDK (as the scope of an IPv6
/// address); `lo` has 1, as on Linux. There is no virtual or parent interface, no point-to-point one, and no hardware
/// address, for which `getHardwareAddress` is null.
///
/// @param name its name, such as `lo` or that of the network
/// @param displayName the same
/// @param index 1 or more
/// @param mtu octets of the largest packet
/// @param up whether packets can go through it
/// @param loopback whether it is the one through which the host talks to itself
/// @param multicast whether groups can be joined on it, which is always so
/// @param addresses its addresses, oldest first
public record InterfaceData(
        String name,
        String displayName,
        int index,
        int mtu,
        boolean up,
        boolean loopback,
        boolean multicast,
        List<Address> addresses) {

    /// What `java.net.InterfaceAddress` says of an address.
    ///
    /// @param address the address; one of IPv6 has no scope
    /// @param broadcast the broadcast address of its network; null for IPv6, loopback and networks of one or two
    /// @param prefixLength bits of the network's prefix
    public record Address(InetAddress address, @Nullable InetAddress broadcast, short prefixLength) {}

    /// The interfaces of a host as they are now, the loopback interface first.
    public static List<InterfaceData> of(Host host) {
        List<InterfaceData> all = new ArrayList<>();
        for (InterfaceInfo info : host.interfaces()) {
            List<Address> addresses = new ArrayList<>();
            for (IpAddress.Prefix prefix : info.addresses()) {
                boolean broadcasts = !prefix.address().isLoopback() && prefix.broadcast() != -1;
                addresses.add(new Address(
                        inetAddress(prefix.address()),
                        broadcasts ? inetAddress(IpAddress.ofIpv4(prefix.broadcast())) : null,
                        (short) prefix.length()));
            }
            all.add(new InterfaceData(
                    info.name(),
                    info.name(),
                    info.index() + 1,
                    info.mtu(),
                    info.up(),
                    info.isLoopback(),
                    true,
                    List.copyOf(addresses)));
        }
        return List.copyOf(all);
    }

    private static InetAddress inetAddress(IpAddress address) {
        try {
            return InetAddress.getByAddress(address.octets());
        } catch (UnknownHostException e) {
            throw new AssertionError("an address has 4 or 16 octets", e);
        }
    }

    /// What `InetAddress.isReachable` says with these arguments: whether `address` answers an ICMP echo request of
    /// `host` in time.
    ///
    /// @param index the [#index] of the interface whose address the request comes from; 0 for the host's choice
    /// @param timeToLive hops at most, 1 to 255; 0 for the default
    /// @param timeoutMillis how long at most, in milliseconds; 0 waits for nothing but an answer that comes at once
    /// @throws IllegalArgumentException if a number is out of range
    /// @throws IOException if the host is closed
    public static boolean isReachable(Host host, InetAddress address, int index, int timeToLive, int timeoutMillis)
            throws IOException {
        if (timeToLive < 0 || timeoutMillis < 0) {
            throw new IllegalArgumentException(
                    "The ttl and the timeout are 0 or more, not " + timeToLive + " and " + timeoutMillis);
        }
        return host.isReachable(
                IpAddress.of(address.getAddress()),
                index - 1,
                Math.min(timeToLive, 255),
                Math.max(1, timeoutMillis * 1_000_000L));
    }
}
