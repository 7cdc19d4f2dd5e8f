package dev.berth.sockets;

import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Translates between the addresses of `java.net` and those of a host.
///
/// The wildcards need care: the JDK says 0.0.0.0 where it means "all addresses of both families", and calls the same
/// socket `::` afterwards. So a socket is either dual-stack, where both wildcards are `::`, or for IPv4 alone.
final class Addresses {
    private static final IpAddress MAPPED_WILDCARD = IpAddress.ANY_IPV4;

    private Addresses() {}

    /// The family of a channel that may only use IPv4: INET.
    ///
    /// @throws UnsupportedOperationException if the family is neither INET nor INET6
    static boolean ipv4Only(ProtocolFamily family) {
        Objects.requireNonNull(family, "'family' is null");
        if (family == StandardProtocolFamily.INET) {
            return true;
        }
        if (family == StandardProtocolFamily.INET6) {
            return false;
        }
        throw new UnsupportedOperationException("Protocol family not supported");
    }

    /// The address if a channel can use it.
    ///
    /// @throws UnsupportedAddressTypeException if it is of another kind, or IPv6 where IPv4 alone is meant
    /// @throws UnresolvedAddressException if it is only a name
    static InetSocketAddress check(SocketAddress address, boolean ipv4Only) {
        Objects.requireNonNull(address);
        if (!(address instanceof InetSocketAddress inet)) {
            throw new UnsupportedAddressTypeException();
        }
        if (inet.isUnresolved()) {
            throw new UnresolvedAddressException();
        }
        if (ipv4Only && !(inet.getAddress() instanceof Inet4Address)) {
            throw new UnsupportedAddressTypeException();
        }
        return inet;
    }

    /// The local end that a program means by `address` and `port`: a wildcard of either family is dual-stack.
    static Endpoint local(InetAddress address, int port, boolean ipv4Only) {
        if (address.isAnyLocalAddress()) {
            return wildcard(port, ipv4Only);
        }
        return new Endpoint(ipAddress(address), port);
    }

    /// The local end that a program means by the address of a bind; null is any.
    static Endpoint bindEnd(@Nullable SocketAddress address, boolean ipv4Only) {
        if (address == null) {
            return wildcard(0, ipv4Only);
        }
        InetSocketAddress inet = check(address, ipv4Only);
        return local(inet.getAddress(), inet.getPort(), ipv4Only);
    }

    /// All addresses, with a port.
    static Endpoint wildcard(int port, boolean ipv4Only) {
        return new Endpoint(ipv4Only ? MAPPED_WILDCARD : IpAddress.ANY_IPV6, port);
    }

    /// The wildcard as the JDK shows it: 0.0.0.0, or `::` if it prefers IPv6 addresses.
    static InetAddress anyLocal() {
        return new InetSocketAddress(0).getAddress();
    }

    /// The remote end that a program means by `address` and `port`: a wildcard is the loopback of its family.
    static Endpoint remote(InetAddress address, int port) {
        if (address.isAnyLocalAddress()) {
            return new Endpoint(
                    address instanceof Inet4Address ? IpAddress.LOOPBACK_IPV4 : IpAddress.LOOPBACK_IPV6, port);
        }
        return new Endpoint(ipAddress(address), port);
    }

    /// What a program sees of an end: the wildcard of a dual-stack socket is `::`.
    static InetSocketAddress socketAddress(Endpoint endpoint, boolean ipv4Only) {
        return new InetSocketAddress(inetAddress(endpoint.address(), ipv4Only), endpoint.port());
    }

    /// What a program sees of an address.
    static InetAddress inetAddress(IpAddress address, boolean ipv4Only) {
        IpAddress shown = address;
        if (address.isUnspecified()) {
            shown = ipv4Only ? MAPPED_WILDCARD : IpAddress.ANY_IPV6;
        }
        return inetAddress(shown);
    }

    /// The same address in the words of `java.net`, without a name.
    static InetAddress inetAddress(IpAddress address) {
        try {
            return InetAddress.getByAddress(address.octets());
        } catch (UnknownHostException e) {
            throw new AssertionError("An address has 4 or 16 octets", e);
        }
    }

    /// The same address in the words of a host; the scope of a link-local address is not kept.
    static IpAddress ipAddress(InetAddress address) {
        return IpAddress.of(address.getAddress());
    }
}
