package dev.berth.tun;

import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The kernel's side of an attached TUN device: its file descriptor, and the requests that configure it. Not
/// thread-safe; configuration is rare, so it allocates.
final class TunDevice {
    /// Octets of the longest device name (`IFNAMSIZ` without its terminator).
    static final int MAX_NAME = 15;

    private static final String CLONE_DEVICE = "/dev/net/tun";
    private static final int IFREQ = 40;
    private static final int IFREQ_UNION = 16;

    private static final long TUNSETIFF = 0x4004_54caL;
    private static final long TUNSETOFFLOAD = 0x4004_54d0L;
    private static final long TUNSETVNETHDRSZ = 0x4004_54d8L;
    private static final long SIOCGIFFLAGS = 0x8913;
    private static final long SIOCSIFFLAGS = 0x8914;
    private static final long SIOCGIFMTU = 0x8921;
    private static final long SIOCSIFMTU = 0x8922;

    private static final int IFF_TUN = 0x0001;
    private static final int IFF_TAP = 0x0002;
    private static final int IFF_MULTI_QUEUE = 0x0100;
    private static final int IFF_NO_PI = 0x1000;
    private static final int IFF_VNET_HDR = 0x4000;
    private static final int IFF_UP = 0x0001;

    private static final int TUN_F_CSUM = 0x01;
    private static final int TUN_F_TSO4 = 0x02;
    private static final int TUN_F_TSO6 = 0x04;
    private static final int TUN_F_TSO_ECN = 0x08;
    private static final int TUN_F_USO = 0x20 | 0x40;

    /// What passes the device.
    enum Kind {
        /// IP packets, each behind a virtio-net header.
        TUN(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR),
        /// Ethernet frames, without anything before them.
        TAP(IFF_TAP | IFF_NO_PI);

        private final int flags;

        Kind(int flags) {
            this.flags = flags;
        }
    }

    /// The device's name; the kernel's choice when a pattern was asked for.
    final String name;

    /// The descriptor that packets are read from and written to, non-blocking.
    final int fd;

    private final int control;

    private TunDevice(String name, int fd, int control) {
        this.name = name;
        this.fd = fd;
        this.control = control;
    }

    /// Attaches to the device `name`, or creates it, in the network namespace of `namespace` (null: that of this
    /// process). Nothing is left behind when it fails.
    static TunDevice open(String name, @Nullable Path namespace, boolean tcpSegments, boolean udpSegments, Setup setup)
            throws IOException {
        return open(Kind.TUN, name, namespace, tcpSegments, udpSegments, setup);
    }

    /// As [#open], a device for frames.
    static TunDevice openTap(String name, @Nullable Path namespace, Setup setup) throws IOException {
        return open(Kind.TAP, name, namespace, false, false, setup);
    }

    private static TunDevice open(
            Kind kind, String name, @Nullable Path namespace, boolean tcpSegments, boolean udpSegments, Setup setup)
            throws IOException {
        checkName(name);
        Libc.Access.require();
        if (namespace == null) {
            return openHere(kind, name, tcpSegments, udpSegments, setup);
        }
        return NamespaceThread.open(namespace, () -> openHere(kind, name, tcpSegments, udpSegments, setup));
    }

    /// What the kernel's side is to have from the start.
    ///
    /// @param mtu octets, or 0 for what it has
    /// @param addresses its addresses; with one, the device is brought up
    /// @param defaultRoutes whether default routes lead over it
    /// @param loopback whether the namespace's loopback device is brought up too
    /// @param congestionControl of connections over the routes of the addresses; null for that of the system
    /// @param demanded whether a kernel that does not take this congestion control makes a failure, and no warning
    record Setup(
            int mtu,
            List<IpAddress.Prefix> addresses,
            boolean defaultRoutes,
            boolean loopback,
            @Nullable String congestionControl,
            boolean demanded) {}

    private static TunDevice openHere(Kind kind, String name, boolean tcpSegments, boolean udpSegments, Setup setup)
            throws IOException {
        TunDevice device = openHere(kind, name, tcpSegments, udpSegments);
        boolean ready = false;
        try {
            device.apply(setup);
            ready = true;
            return device;
        } finally {
            if (!ready) {
                device.close();
            }
        }
    }

    private void apply(Setup setup) throws IOException {
        if (setup.mtu > 0) {
            setMtu(setup.mtu);
        }
        if (setup.loopback || !setup.addresses.isEmpty()) {
            try (KernelSide kernel = new KernelSide(name)) {
                if (setup.loopback) {
                    kernel.up("lo");
                }
                if (!setup.addresses.isEmpty()) {
                    kernel.up(name);
                    kernel.configure(setup.addresses, setup.defaultRoutes);
                    if (setup.congestionControl != null) {
                        congestionControl(kernel, setup, setup.congestionControl);
                    }
                }
            }
        }
    }

    private static void congestionControl(KernelSide kernel, Setup setup, String wanted) throws IOException {
        try {
            kernel.congestionControl(setup.addresses, setup.defaultRoutes, wanted);
        } catch (IOException e) {
            if (setup.demanded) {
                throw e;
            }
            System.getLogger("dev.berth.tun")
                    .log(System.Logger.Level.WARNING, "What the kernel sends may be slow: {0}", e.getMessage());
        }
    }

    private static void checkName(String name) throws IOException {
        if (name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME) {
            throw new IOException(
                    "The name of a TUN device has at most " + MAX_NAME + " octets, and '" + name + "' is longer.");
        }
        boolean bad = name.isEmpty() || name.equals(".") || name.equals("..");
        if (bad || name.chars().anyMatch(c -> c == '/' || c == ':' || c <= ' ')) {
            throw new IOException("'" + name + "' is not a name for a network device.");
        }
    }

    private static TunDevice openHere(Kind kind, String name, boolean tcpSegments, boolean udpSegments)
            throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = arena.allocate(Libc.CAPTURE);
            int fd = Libc.open(
                    capture, arena.allocateFrom(CLONE_DEVICE), Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC);
            if (fd < 0) {
                throw cannotOpenClone(-fd);
            }
            int control = -1;
            boolean opened = false;
            try {
                String given = attach(arena, capture, fd, kind, name);
                if (kind == Kind.TUN) {
                    setOffloads(arena, capture, fd, tcpSegments, udpSegments);
                }
                control = Libc.controlSocket(capture);
                if (control < 0) {
                    throw new IOException("Cannot open a socket to configure TUN device " + given + " ("
                            + errorName(-control) + ").");
                }
                opened = true;
                return new TunDevice(given, fd, control);
            } finally {
                if (!opened) {
                    Libc.close(capture, fd);
                    if (control >= 0) {
                        Libc.close(capture, control);
                    }
                }
            }
        }
    }

    private static IOException cannotOpenClone(int errno) {
        return switch (errno) {
            case Libc.ENOENT, Libc.ENODEV, Libc.ENXIO ->
                new IOException("There is no " + CLONE_DEVICE
                        + ": the kernel's module tun is not loaded, or the container does not have the device.");
            case Libc.EACCES, Libc.EPERM ->
                new IOException("No permission to open " + CLONE_DEVICE
                        + ": its mode or the container's device rules forbid it to this user.");
            default -> new IOException("Cannot open " + CLONE_DEVICE + " (" + errorName(errno) + ").");
        };
    }

    /// Returns the name that the device has got.
    private static String attach(Arena arena, MemorySegment capture, int fd, Kind kind, String name)
            throws IOException {
        int flags = kind.flags;
        MemorySegment request = request(arena, name);
        request.set(ValueLayout.JAVA_SHORT, IFREQ_UNION, (short) flags);
        int answer = Libc.ioctl(capture, fd, TUNSETIFF, request);
        if (answer == -Libc.EINVAL) {
            // A persistent device that was made for several queues accepts only queues that say so.
            request.set(ValueLayout.JAVA_SHORT, IFREQ_UNION, (short) (flags | IFF_MULTI_QUEUE));
            answer = Libc.ioctl(capture, fd, TUNSETIFF, request);
        }
        if (answer >= 0) {
            return request.getString(0);
        }
        throw switch (-answer) {
            case Libc.EPERM ->
                new IOException("No permission for " + kind + " device " + name
                        + ": this needs root or CAP_NET_ADMIN, or a persistent device that this user owns.");
            case Libc.EBUSY -> new IOException(kind + " device " + name + " is in use by another program.");
            case Libc.EINVAL ->
                new IOException(
                        "'" + name + "' cannot be a " + kind + " device: a device of that name but of another kind"
                                + " exists, or the kernel does not allow the name.");
            default ->
                new IOException("Cannot attach to " + kind + " device " + name + " (" + errorName(-answer) + ").");
        };
    }

    private static void setOffloads(
            Arena arena, MemorySegment capture, int fd, boolean tcpSegments, boolean udpSegments) throws IOException {
        MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_INT, VnetHeader.LENGTH);
        int answer = Libc.ioctl(capture, fd, TUNSETVNETHDRSZ, size);
        if (answer < 0) {
            throw new IOException("The kernel refuses the virtio-net header (" + errorName(-answer) + ").");
        }
        int offloads = tcpSegments ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0;
        if (udpSegments) {
            offloads |= TUN_F_CSUM | TUN_F_USO;
        }
        answer = Libc.ioctl(capture, fd, TUNSETOFFLOAD, MemorySegment.ofAddress(offloads));
        if (answer == -Libc.EINVAL && udpSegments) {
            throw new IOException(
                    "The kernel does not hand over UDP packets of several segments: it is older than 6.2.");
        }
        if (answer < 0) {
            throw new IOException("The kernel refuses checksum and segmentation offload (" + errorName(-answer) + ").");
        }
    }

    /// The MTU in octets.
    int mtu() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(arena, name);
            configure(arena, SIOCGIFMTU, request, "read the MTU");
            return request.get(ValueLayout.JAVA_INT, IFREQ_UNION);
        }
    }

    void setMtu(int mtu) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(arena, name);
            request.set(ValueLayout.JAVA_INT, IFREQ_UNION, mtu);
            configure(arena, SIOCSIFMTU, request, "set the MTU to " + mtu);
        }
    }

    void up() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = request(arena, name);
            configure(arena, SIOCGIFFLAGS, request, "read the flags");
            short flags = request.get(ValueLayout.JAVA_SHORT, IFREQ_UNION);
            request.set(ValueLayout.JAVA_SHORT, IFREQ_UNION, (short) (flags | IFF_UP));
            configure(arena, SIOCSIFFLAGS, request, "set the state to up");
        }
    }

    private void configure(Arena arena, long operation, MemorySegment request, String purpose) throws IOException {
        int answer = Libc.ioctl(arena.allocate(Libc.CAPTURE), control, operation, request);
        if (answer == -Libc.EPERM) {
            throw new IOException(
                    "No permission to " + purpose + " of TUN device " + name + ": this needs root or CAP_NET_ADMIN.");
        }
        if (answer < 0) {
            throw new IOException("Cannot " + purpose + " of TUN device " + name + " (" + errorName(-answer) + ").");
        }
    }

    /// Closes the descriptors; the device vanishes unless it is persistent.
    void close() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment capture = arena.allocate(Libc.CAPTURE);
            Libc.close(capture, control);
            Libc.close(capture, fd);
        }
    }

    private static MemorySegment request(Arena arena, String name) {
        MemorySegment request = arena.allocate(IFREQ, 8);
        request.setString(0, name);
        return request;
    }

    /// The symbolic name of the error numbers that occur here, or `error N`.
    static String errorName(int errno) {
        return switch (errno) {
            case Libc.EPERM -> "EPERM";
            case Libc.ENOENT -> "ENOENT";
            case Libc.EINTR -> "EINTR";
            case Libc.EIO -> "EIO";
            case Libc.ENXIO -> "ENXIO";
            case Libc.EAGAIN -> "EAGAIN";
            case Libc.EACCES -> "EACCES";
            case Libc.EBUSY -> "EBUSY";
            case Libc.ENODEV -> "ENODEV";
            case Libc.EINVAL -> "EINVAL";
            case Libc.ENFILE -> "ENFILE: too many open files in the system";
            case Libc.EMFILE -> "EMFILE: too many open files in this process";
            case Libc.EBADFD -> "EBADFD";
            case Libc.EADDRINUSE -> "EADDRINUSE";
            case Libc.ECONNREFUSED -> "ECONNREFUSED";
            default -> "error " + errno;
        };
    }
}
