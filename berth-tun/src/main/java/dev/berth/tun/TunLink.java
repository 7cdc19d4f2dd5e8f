package dev.berth.tun;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.berth.host.Link;
import dev.berth.host.LinkInfo;
import dev.berth.host.LinkReceiver;
import dev.berth.wire.IpAddress;
import dev.berth.wire.Packet;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// A Linux TUN device as the [Link] of a host: the kernel routes packets to the host and takes packets from it.
///
/// ```java
/// try (TunLink link = TunLink.open("berth0")) {
///     link.up();      // then, for example: ip addr add 10.7.0.1/24 dev berth0
///     ...             // the host has 10.7.0.2
/// }
/// ```
///
/// Attaching needs root or CAP_NET_ADMIN, or a persistent device that belongs to the user
/// (`ip tuntap add dev berth0 mode tun user $USER`). A device that was created here vanishes with [#close]; a
/// persistent one stays.
///
/// **Offload.** The device works with the virtio-net header. What the kernel sends over TCP arrives as packets of up
/// to 65,535 octets with a [Packet#segmentSize] and a partial checksum; what the host sends may have the same form. A
/// packet with a `segmentSize` must have a partial checksum to be cut by the kernel.
///
/// **Threads.** One platform daemon thread, `berth-tun-NAME`, waits for packets and hands them in. So does a platform
/// thread that waits in a socket ([#fetchUntil]), and one that has just transmitted ([#flush]): then a packet need
/// not pass through a second thread. While they do, the link's own thread may sleep, for 0.4 ms at most after they
/// have stopped. [#transmit] writes on the thread of its caller and does not wait, unless the kernel's queue is full:
/// then for 50 milliseconds at most, after which the packet is dropped and counted. All methods may be called from
/// any thread. Nothing is allocated per packet.
///
/// **Failure.** When the device is removed, the host is told through [LinkReceiver#down]. While the device is down,
/// packets are dropped and counted; they flow again when it is up.
public final class TunLink implements Link {
    private static final System.Logger LOGGER = System.getLogger(TunLink.class.getName());

    static final int MAX_PACKET = 65_535;

    private static final Duration READER_END = Duration.ofSeconds(5);

    /// Whoever has transmitted so many octets looks for their acknowledgments.
    private static final int FETCH_AFTER = 131_072;

    private final TunDevice device;
    private final LinkInfo info;
    private final Arena arena = Arena.ofShared();
    private final TunReader reading;

    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final PacketWriter writer;

    /// False once descriptors and memory are gone.
    @GuardedBy("lock")
    private boolean open = true;

    /// Octets since somebody last looked for acknowledgments.
    @GuardedBy("lock")
    private int unfetched;

    private @Nullable Thread reader;

    private final LongAdder transmittedPackets = new LongAdder();
    private final LongAdder transmittedOctets = new LongAdder();
    private final LongAdder droppedWhileDown = new LongAdder();
    private final LongAdder droppedQueueFull = new LongAdder();
    private final LongAdder droppedRefused = new LongAdder();

    private TunLink(TunDevice device, int mtu) throws IOException {
        this.device = device;
        this.info = new LinkInfo(device.name, mtu, true, MAX_PACKET);
        this.writer = new PacketWriter(device, arena);
        try {
            reading = new TunReader(device);
        } catch (TunReader.EventException e) {
            arena.close();
            throw new IOException(
                    "Cannot create an event to stop the reader of TUN device " + device.name + " ("
                            + TunDevice.errorName(e.errno) + ").",
                    e);
        }
    }

    /// Attaches to the TUN device `name`, or creates it, with all defaults of the [Builder].
    ///
    /// @param name 1 to 15 octets; `%d` in it stands for the first number that is free
    /// @throws IOException if that is not possible, with one sentence that says why
    public static TunLink open(String name) throws IOException {
        return builder(name).open();
    }

    /// A builder for the device `name`.
    ///
    /// @param name 1 to 15 octets; `%d` in it stands for the first number that is free
    public static Builder builder(String name) {
        return new Builder(name);
    }

    /// Choices for a [TunLink]. Not thread-safe.
    public static final class Builder {
        private final String name;
        private @Nullable Path namespace;
        private int mtu;
        private boolean tcpSegments = true;
        private boolean udpSegments;
        private final List<IpAddress.Prefix> addresses = new ArrayList<>();
        private boolean defaultRoutes;
        private boolean loopback;
        private @Nullable String congestionControl = "reno";
        private boolean demanded;

        private Builder(String name) {
            this.name = Objects.requireNonNull(name);
        }

        /// Opens the device in another network namespace of the kernel, such as `/var/run/netns/NAME` or
        /// `/proc/PID/ns/net`; needs root or CAP_SYS_ADMIN. By default, it is that of this process.
        public Builder inNamespace(Path namespace) {
            this.namespace = Objects.requireNonNull(namespace);
            return this;
        }

        /// Sets the device's MTU when it is opened, which needs root or CAP_NET_ADMIN. By default, it stays as it is:
        /// 1500 for a new device.
        ///
        /// @param mtu 68 to 65535 octets
        /// @throws IllegalArgumentException if `mtu` is out of range
        public Builder mtu(int mtu) {
            if (mtu < 68 || mtu > MAX_PACKET) {
                throw new IllegalArgumentException("An MTU is 68 to 65535 octets, not " + mtu);
            }
            this.mtu = mtu;
            return this;
        }

        /// Gives the kernel's side an address when it is opened, and brings it up, which needs root or CAP_NET_ADMIN.
        /// One of IPv4 at most. By default, that is left to others.
        public Builder address(IpAddress.Prefix address) {
            addresses.add(Objects.requireNonNull(address));
            return this;
        }

        /// Lets the default routes of the namespace lead over the device, for each family that it has an address of.
        public Builder defaultRoutes() {
            defaultRoutes = true;
            return this;
        }

        /// Which congestion control the kernel uses for connections over the routes that belong to the addresses
        /// given here, as `congctl` of ip-route(8) does. By default `reno`, which every kernel has: what it sends
        /// passes no network on its way to the host, so there is no congestion, and to pace it, as BBR does where
        /// that is the system's choice, costs three quarters of the throughput in a virtual machine. Where the host's
        /// network imitates another one, with delay and loss, the system's choice may be the better one. Other
        /// routes, and connections over them, stay as they are. Where a kernel does not take the default, the log
        /// says so; one that is set here has to be taken.
        ///
        /// @param name of ASCII letters, digits and `_`, 15 at most; null for the system's choice
        /// @throws IllegalArgumentException if it cannot be a name
        public Builder congestionControl(@Nullable String name) {
            if (name != null && !name.matches("[A-Za-z0-9_]{1,15}")) {
                throw new IllegalArgumentException("No name of a congestion control: " + name);
            }
            this.congestionControl = name;
            demanded = true;
            return this;
        }

        /// Brings the loopback device of the namespace up too.
        public Builder loopbackUp() {
            loopback = true;
            return this;
        }

        /// Whether the kernel may hand over packets with partial checksums, and TCP packets that stand for several
        /// segments. True by default; false makes it complete and cut them first, at the cost of most of
        /// the throughput.
        public Builder receiveOffload(boolean enabled) {
            this.tcpSegments = enabled;
            return this;
        }

        /// Whether the kernel may hand over UDP packets that stand for several datagrams of [Packet#segmentSize]
        /// octets (kernel 6.2 or later). False by default: the host must know how to take them apart.
        public Builder receiveUdpSegments(boolean enabled) {
            this.udpSegments = enabled;
            return this;
        }

        /// Attaches to the device or creates it.
        ///
        /// @throws IOException if the system is not Linux, native access is denied, /dev/net/tun is missing,
        ///     permission is missing, the name is too long or the device is in use; the message is one
        ///     sentence that says so. Nothing is left behind then
        public TunLink open() throws IOException {
            TunDevice.Setup setup = new TunDevice.Setup(
                    mtu, List.copyOf(addresses), defaultRoutes, loopback, congestionControl, demanded);
            TunDevice device = TunDevice.open(name, namespace, tcpSegments, udpSegments, setup);
            boolean opened = false;
            try {
                TunLink link = new TunLink(device, device.mtu());
                opened = true;
                return link;
            } finally {
                if (!opened) {
                    device.close();
                }
            }
        }
    }

    /// Name and MTU of the device as they were when it was opened.
    @Override
    public LinkInfo info() {
        return info;
    }

    /// Brings the kernel's side of the device up, as `ip link set dev NAME up` does. Addresses and routes of the
    /// kernel's side are not set here.
    ///
    /// @throws IOException if this is not permitted or the device is gone
    public void up() throws IOException {
        lock.lock();
        try {
            if (!open) {
                throw new IOException("TUN device " + info.name() + " is closed.");
            }
            device.up();
        } finally {
            lock.unlock();
        }
    }

    /// What was moved and dropped so far.
    public TunCounters counters() {
        return new TunCounters(
                reading.packets.sum(),
                reading.octets.sum(),
                reading.malformed.sum(),
                transmittedPackets.sum(),
                transmittedOctets.sum(),
                droppedWhileDown.sum(),
                droppedQueueFull.sum(),
                droppedRefused.sum());
    }

    /// @throws IllegalStateException if the link was started before or is closed
    @Override
    public void start(LinkReceiver receiver) {
        Objects.requireNonNull(receiver);
        lock.lock();
        try {
            if (reader != null || reading.isClosing() || !open) {
                throw new IllegalStateException(
                        "TUN link " + info.name() + (reader != null ? " was started before" : " is closed"));
            }
            reader = Thread.ofPlatform()
                    .daemon()
                    .name("berth-tun-" + info.name())
                    .start(() -> receive(receiver));
        } finally {
            lock.unlock();
        }
    }

    private void receive(LinkReceiver receiver) {
        try {
            String failure = reading.run(receiver);
            if (failure != null) {
                receiver.down(failure);
            }
        } catch (RuntimeException | Error e) {
            receiver.down("The receiver of TUN device " + info.name() + " threw " + e);
            throw e;
        } finally {
            releaseResources();
        }
    }

    /// Writes the packet to the device and releases it. Waits for 50 milliseconds at most, and only when the kernel's
    /// queue is full. What cannot be sent is dropped and counted, see [#counters].
    @Override
    public void transmit(Packet packet) {
        lock.lock();
        try {
            if (!open) {
                droppedWhileDown.increment();
            } else if (packet.length() > MAX_PACKET) {
                droppedRefused.increment();
            } else {
                int answer = writer.write(packet);
                count(answer);
                unfetched += Math.max(answer, 0);
            }
        } finally {
            lock.unlock();
            packet.release();
        }
    }

    /// Looks for acknowledgments on this thread, once a good deal was transmitted.
    @Override
    public void flush() {
        boolean due;
        lock.lock();
        try {
            due = open && unfetched >= FETCH_AFTER;
            if (due) {
                unfetched = 0;
            }
        } finally {
            lock.unlock();
        }
        if (due) {
            reading.fetchInPassing();
        }
    }

    @Override
    public boolean canFetch() {
        return true;
    }

    @Override
    public boolean fetchUntil(BooleanSupplier done, long timeoutNanos) {
        return reading.fetchUntil(done, timeoutNanos);
    }

    @Override
    public void endFetch() {
        reading.endFetch();
    }

    @Override
    public void watch() {
        reading.watch();
    }

    private void count(int answer) {
        switch (answer) {
            case -Libc.EAGAIN, -Libc.EINTR -> droppedQueueFull.increment();
            case -Libc.EIO, -Libc.EBADFD -> droppedWhileDown.increment();
            default -> {
                if (answer < 0) {
                    droppedRefused.increment();
                } else {
                    transmittedPackets.increment();
                    transmittedOctets.add(answer - VnetHeader.LENGTH);
                }
            }
        }
    }

    /// Stops the reader and waits for its end, 5 seconds at most; called by the reader itself (from within
    /// [LinkReceiver#received]), it only makes it stop. Then the descriptors are closed, and a device that is not
    /// persistent vanishes.
    @Override
    public void close() {
        reading.close();
        Thread thread;
        lock.lock();
        try {
            thread = reader;
        } finally {
            lock.unlock();
        }
        if (thread == null) {
            releaseResources();
        } else if (!reading.isReadingHere()) {
            awaitEnd(thread);
        }
    }

    private void awaitEnd(Thread thread) {
        boolean interrupted = false;
        long deadline = System.nanoTime() + READER_END.toNanos();
        for (long left = READER_END.toNanos(); left > 0 && thread.isAlive(); left = deadline - System.nanoTime()) {
            try {
                thread.join(Duration.ofNanos(left));
            } catch (InterruptedException e) {
                interrupted = true; // and go on: the wait is bounded, and the device is to be gone afterwards
            }
        }
        if (thread.isAlive()) {
            LOGGER.log(
                    System.Logger.Level.WARNING,
                    "The reader of TUN device {0} has not ended: its receiver blocks.",
                    info.name());
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// The reader calls this at its end, or [#close] if there never was one, so that nobody uses a descriptor that is
    /// closed and perhaps another file's by then.
    private void releaseResources() {
        reading.release();
        lock.lock();
        try {
            if (open) {
                open = false;
                device.close();
                arena.close();
            }
        } finally {
            lock.unlock();
        }
    }

    /// The device's name and MTU, for logs.
    @Override
    public String toString() {
        return "TunLink[" + info.name() + ", mtu " + info.mtu() + "]";
    }
}
