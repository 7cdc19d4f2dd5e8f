package dev.berth.tun;

import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// Addresses and routes of the kernel's side of a device, set by the requests that netdevice(7) has, on the thread
/// that is in the device's namespace. Configuration is rare, so it allocates.
final class KernelSide implements AutoCloseable {
    private static final int IFREQ = 40;
    private static final int IFREQ_UNION = 16;
    private static final int IN6_IFREQ = 24;
    private static final int RTENTRY = 120;
    private static final int IN6_RTMSG = 80;
    private static final short RTF_UP = 1;
    private static final short IFF_UP = 1;

    private static final long SIOCADDRT = 0x890b;
    private static final long SIOCGIFFLAGS = 0x8913;
    private static final long SIOCSIFFLAGS = 0x8914;
    private static final long SIOCSIFADDR = 0x8916;
    private static final long SIOCSIFNETMASK = 0x891c;
    private static final long SIOCGIFINDEX = 0x8933;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment capture = arena.allocate(Libc.CAPTURE);
    private final String device;
    private final int ipv4;

    /// For the device of that name in the namespace of the calling thread, which alone may use this.
    KernelSide(String device) throws IOException {
        this.device = device;
        ipv4 = Libc.socket(capture, Libc.AF_INET);
        if (ipv4 < 0) {
            arena.close();
            throw failed("open a socket", ipv4);
        }
    }

    /// Brings a device up: the loopback device `lo`, or this one.
    void up(String name) throws IOException {
        MemorySegment request = request(name);
        ask(ipv4, SIOCGIFFLAGS, request, "read the flags of " + name);
        short flags = request.get(ValueLayout.JAVA_SHORT, IFREQ_UNION);
        request.set(ValueLayout.JAVA_SHORT, IFREQ_UNION, (short) (flags | IFF_UP));
        ask(ipv4, SIOCSIFFLAGS, request, "bring " + name + " up");
    }

    /// Gives the device its addresses, one of IPv4 at most, and a default route for each family; it has to be up.
    void configure(List<IpAddress.Prefix> addresses, boolean defaultRoutes) throws IOException {
        for (IpAddress.Prefix prefix : addresses) {
            if (prefix.address().isIpv4()) {
                configureIpv4(prefix, defaultRoutes);
            }
        }
        if (addresses.stream().allMatch(prefix -> prefix.address().isIpv4())) {
            return;
        }
        int ipv6 = Libc.socket(capture, Libc.AF_INET6);
        if (ipv6 < 0) {
            throw new IOException("The kernel has no IPv6 (" + TunDevice.errorName(-ipv6) + "), so " + device
                    + " gets no address of it.");
        }
        try {
            boolean route = defaultRoutes;
            for (IpAddress.Prefix prefix : addresses) {
                if (!prefix.address().isIpv4()) {
                    configureIpv6(ipv6, prefix, route);
                    route = false;
                }
            }
        } finally {
            Libc.close(capture, ipv6);
        }
    }

    /// Lets connections over the routes of [#configure] have that congestion control.
    void congestionControl(List<IpAddress.Prefix> addresses, boolean defaultRoutes, String name) throws IOException {
        try (RouteRequests routes = new RouteRequests(index(), name)) {
            boolean ipv4Default = defaultRoutes;
            boolean ipv6Default = defaultRoutes;
            for (IpAddress.Prefix prefix : addresses) {
                boolean ipv4 = prefix.address().isIpv4();
                routes.network(prefix);
                if (ipv4 ? ipv4Default : ipv6Default) {
                    routes.defaultRoute(ipv4);
                    ipv4Default &= !ipv4;
                    ipv6Default &= ipv4;
                }
            }
        }
    }

    private int index() throws IOException {
        MemorySegment number = request(device);
        ask(ipv4, SIOCGIFINDEX, number, "find the index of " + device);
        return number.get(ValueLayout.JAVA_INT, IFREQ_UNION);
    }

    private void configureIpv4(IpAddress.Prefix prefix, boolean defaultRoute) throws IOException {
        MemorySegment request = request(device);
        socketAddress(request, IFREQ_UNION, prefix.address().ipv4());
        ask(ipv4, SIOCSIFADDR, request, "give " + device + " the address " + prefix.address());
        socketAddress(request, IFREQ_UNION, prefix.length() == 0 ? 0 : -1 << 32 - prefix.length());
        ask(ipv4, SIOCSIFNETMASK, request, "give " + device + " the netmask of " + prefix);
        if (defaultRoute) {
            // struct rtentry: the destination at 8, the gateway at 24, the netmask at 40, the flags at 56, and a
            // pointer to the device's name at 88.
            MemorySegment route = arena.allocate(RTENTRY, 8);
            socketAddress(route, 8, 0);
            socketAddress(route, 24, 0);
            socketAddress(route, 40, 0);
            route.set(ValueLayout.JAVA_SHORT, 56, RTF_UP);
            route.set(ValueLayout.ADDRESS, 88, arena.allocateFrom(device));
            ask(ipv4, SIOCADDRT, route, "add the default route of IPv4 over " + device);
        }
    }

    private void configureIpv6(int socket, IpAddress.Prefix prefix, boolean defaultRoute) throws IOException {
        int index = index();
        MemorySegment request = arena.allocate(IN6_IFREQ, 8);
        MemorySegment.copy(prefix.address().octets(), 0, request, ValueLayout.JAVA_BYTE, 0, 16);
        request.set(ValueLayout.JAVA_INT, 16, prefix.length());
        request.set(ValueLayout.JAVA_INT, 20, index);
        ask(socket, SIOCSIFADDR, request, "give " + device + " the address " + prefix.address());
        if (defaultRoute) {
            // struct in6_rtmsg: three addresses of 16 octets, then metric at 56, flags at 72, the device at 76.
            MemorySegment route = arena.allocate(IN6_RTMSG, 8);
            route.set(ValueLayout.JAVA_INT, 56, 1);
            route.set(ValueLayout.JAVA_INT, 72, RTF_UP);
            route.set(ValueLayout.JAVA_INT, 76, index);
            ask(socket, SIOCADDRT, route, "add the default route of IPv6 over " + device);
        }
    }

    private void ask(int socket, long operation, MemorySegment request, String purpose) throws IOException {
        int answer = Libc.ioctl(capture, socket, operation, request);
        if (answer < 0) {
            throw failed(purpose, answer);
        }
    }

    private static IOException failed(String purpose, int answer) {
        return new IOException(
                answer == -Libc.EPERM
                        ? "No permission to " + purpose + ": this needs root or CAP_NET_ADMIN."
                        : "Cannot " + purpose + " (" + TunDevice.errorName(-answer) + ").");
    }

    private MemorySegment request(String name) {
        MemorySegment request = arena.allocate(IFREQ, 8);
        request.setString(0, name);
        return request;
    }

    /// A `sockaddr_in` with that address.
    private static void socketAddress(MemorySegment segment, int at, int address) {
        segment.set(ValueLayout.JAVA_SHORT, at, (short) Libc.AF_INET);
        for (int i = 0; i < 4; i++) {
            segment.set(ValueLayout.JAVA_BYTE, at + 4 + i, (byte) (address >>> 24 - 8 * i));
        }
    }

    @Override
    public void close() {
        Libc.close(capture, ipv4);
        arena.close();
    }
}
