package dev.berth.tun;

import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/// Changes routes of a device that are there already, by the requests of rtnetlink(7), on the thread that is in the
/// device's namespace: the congestion control of connections over them (`congctl` of ip-route(8)).
///
/// A route is taken out and put in again at the place among others to the same destination where it has been. To have
/// the kernel replace it would be one request, but it replaces the first one to the destination, whosever device it
/// leads over.
final class RouteRequests implements AutoCloseable {
    private static final int NLMSG_ERROR = 2;
    private static final int RTM_NEWROUTE = 24;
    private static final int RTM_DELROUTE = 25;
    private static final int REQUEST_ACK = 0x1 | 0x4;
    private static final int CREATE = 0x400; // before those that are there, but for IPv6
    private static final int APPEND = 0x800;
    private static final int NLMSGHDR = 16;
    private static final int RTMSG = 12;
    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_PRIORITY = 6;
    private static final int RTA_PREFSRC = 7;
    private static final int RTA_METRICS = 8;
    private static final int RTAX_CC_ALGO = 16;
    private static final byte RT_TABLE_MAIN = (byte) 254;
    private static final byte RTPROT_KERNEL = 2;
    private static final byte RTPROT_BOOT = 3;
    private static final byte RT_SCOPE_UNIVERSE = 0;
    private static final byte RT_SCOPE_LINK = (byte) 253;
    private static final byte RTN_UNICAST = 1;

    /// The metrics that the kernel gives a route of IPv6 to a network of a device, and [KernelSide] a default route.
    private static final int NETWORK_METRIC_IPV6 = 256;

    private static final int DEFAULT_METRIC_IPV6 = 1;
    private static final int SIZE = 512;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment capture = arena.allocate(Libc.CAPTURE);
    private final MemorySegment message = arena.allocate(SIZE, 8);
    private final int device;
    private final byte[] congestionControl;
    private final int socket;
    private int end;

    /// @param device the index of the device
    /// @param congestionControl its name in the kernel, of ASCII letters
    RouteRequests(int device, String congestionControl) throws IOException {
        this.device = device;
        this.congestionControl = congestionControl.getBytes(StandardCharsets.US_ASCII);
        socket = Libc.routeSocket(capture);
        if (socket < 0) {
            arena.close();
            throw new IOException("Cannot ask the kernel for routes (" + TunDevice.errorName(-socket) + ").");
        }
    }

    /// The route to the network of an address of the device, if the kernel has made one.
    void network(IpAddress.Prefix prefix) throws IOException {
        byte[] address = octets(prefix.address());
        boolean ipv4 = prefix.address().isIpv4();
        if (prefix.length() == 0 || prefix.length() == 8 * address.length) {
            return;
        }
        byte[] network = address.clone();
        for (int bit = prefix.length(); bit < 8 * network.length; bit++) {
            network[bit / 8] &= (byte) ~(0x80 >> bit % 8);
        }
        Runnable route = () -> {
            begin(ipv4, prefix.length(), RTPROT_KERNEL);
            attribute(RTA_DST, network);
            if (ipv4) {
                attribute(RTA_PREFSRC, address);
            } else {
                attribute(RTA_PRIORITY, NETWORK_METRIC_IPV6);
            }
        };
        change(route, CREATE | APPEND, "the route to the network of " + prefix);
    }

    /// The default route over the device that [KernelSide] has added.
    void defaultRoute(boolean ipv4) throws IOException {
        Runnable route = () -> {
            begin(ipv4, 0, RTPROT_BOOT);
            if (!ipv4) {
                attribute(RTA_PRIORITY, DEFAULT_METRIC_IPV6);
            }
        };
        change(route, CREATE, "the default route");
    }

    private static byte[] octets(IpAddress address) {
        return address.isIpv4()
                ? new byte[] {
                    (byte) (address.ipv4() >>> 24),
                    (byte) (address.ipv4() >>> 16),
                    (byte) (address.ipv4() >>> 8),
                    (byte) address.ipv4()
                }
                : address.octets();
    }

    /// `struct nlmsghdr` and `struct rtmsg`, with the device.
    private void begin(boolean ipv4, int prefixLength, byte protocol) {
        message.fill((byte) 0);
        message.set(ValueLayout.JAVA_BYTE, NLMSGHDR, (byte) (ipv4 ? Libc.AF_INET : Libc.AF_INET6));
        message.set(ValueLayout.JAVA_BYTE, NLMSGHDR + 1, (byte) prefixLength);
        message.set(ValueLayout.JAVA_BYTE, NLMSGHDR + 4, RT_TABLE_MAIN);
        message.set(ValueLayout.JAVA_BYTE, NLMSGHDR + 5, protocol);
        message.set(ValueLayout.JAVA_BYTE, NLMSGHDR + 6, ipv4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
        message.set(ValueLayout.JAVA_BYTE, NLMSGHDR + 7, RTN_UNICAST);
        end = NLMSGHDR + RTMSG;
        attribute(RTA_OIF, device);
    }

    private void attribute(int type, int value) {
        head(type, Integer.BYTES);
        message.set(ValueLayout.JAVA_INT, end, value);
        end += Integer.BYTES;
    }

    private void attribute(int type, byte[] value) {
        head(type, value.length);
        MemorySegment.copy(value, 0, message, ValueLayout.JAVA_BYTE, end, value.length);
        end += value.length + 3 & ~3;
    }

    /// `struct rtattr`.
    private void head(int type, int length) {
        message.set(ValueLayout.JAVA_SHORT, end, (short) (4 + length));
        message.set(ValueLayout.JAVA_SHORT, end + 2, (short) type);
        end += 4;
    }

    /// Does nothing if there is no such route: then the kernel was told to make none, or in another table.
    ///
    /// @param route begins a request about it
    private void change(Runnable route, int place, String what) throws IOException {
        route.run();
        int gone = ask(RTM_DELROUTE, 0);
        if (gone == -Libc.ESRCH) {
            return;
        }
        if (gone < 0) {
            throw new IOException("Cannot change " + what + " (" + TunDevice.errorName(-gone) + ").");
        }
        byte[] name = new byte[congestionControl.length + 1];
        System.arraycopy(congestionControl, 0, name, 0, congestionControl.length);
        route.run();
        head(RTA_METRICS, 4 + (name.length + 3 & ~3));
        attribute(RTAX_CC_ALGO, name);
        int made = ask(RTM_NEWROUTE, place);
        if (made < 0) {
            route.run();
            ask(RTM_NEWROUTE, place); // as it was
            String wanted = new String(congestionControl, StandardCharsets.US_ASCII);
            throw new IOException(
                    made == -Libc.EINVAL
                            ? "The kernel has no congestion control " + wanted + " for " + what
                                    + ": /proc/sys/net/ipv4/tcp_available_congestion_control names those it has."
                            : "Cannot give " + what + " the congestion control " + wanted + " ("
                                    + TunDevice.errorName(-made) + ").");
        }
    }

    /// @return 0, or the negated number of the error
    private int ask(int type, int flags) {
        message.set(ValueLayout.JAVA_INT, 0, end);
        message.set(ValueLayout.JAVA_SHORT, 4, (short) type);
        message.set(ValueLayout.JAVA_SHORT, 6, (short) (REQUEST_ACK | flags));
        int answer = Libc.sendto(capture, socket, message, end, 0, MemorySegment.NULL, 0);
        if (answer >= 0) {
            answer = Libc.recvfrom(capture, socket, message, SIZE, 0, MemorySegment.NULL, MemorySegment.NULL);
        }
        if (answer >= NLMSGHDR + 4 && message.get(ValueLayout.JAVA_SHORT, 4) == NLMSG_ERROR) {
            answer = message.get(ValueLayout.JAVA_INT, NLMSGHDR);
        }
        return Math.min(answer, 0);
    }

    @Override
    public void close() {
        Libc.close(capture, socket);
        arena.close();
    }
}
