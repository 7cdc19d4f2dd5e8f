package dev.berth.tun;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A Linux TAP device: Ethernet frames to and from the kernel of a network namespace, or whatever is bridged to the
/// device there. The kernel completes checksums and cuts segments before it hands frames over.
///
/// Attaching needs root or CAP_NET_ADMIN, or a persistent device that belongs to the user. One platform daemon
/// thread,
/// `berth-tap-NAME`, reads; [#write] works on the thread of its caller and never waits. Nothing is allocated per
/// frame. Thread-safe.
public final class TapDevice implements AutoCloseable {
    /// The largest IP packet, an Ethernet header and a VLAN tag.
    private static final int MAX_FRAME = 65_535 + 18;

    private final TunDevice device;
    private final Arena arena = Arena.ofShared();
    private final NativeReader reader;
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private final MemorySegment capture = arena.allocate(Libc.CAPTURE);

    @GuardedBy("lock")
    private final MemorySegment buffer = arena.allocate(MAX_FRAME, 64);

    @GuardedBy("lock")
    private boolean open = true;

    private TapDevice(TunDevice device) throws IOException {
        this.device = device;
        reader = new NativeReader(arena, device.fd, "berth-tap-" + device.name, this::release);
    }

    /// Attaches to the TAP device `name`, or creates it, and brings it up, with the loopback device of a namespace.
    ///
    /// @param namespace the network namespace to open it in, such as `/var/run/netns/NAME`; null for that of this
    ///     process
    /// @param mtu octets, 68 to 65535; 0 leaves it as it is
    /// @throws IOException if that is not possible, with one sentence that says why; nothing is left behind then
    public static TapDevice open(String name, @Nullable Path namespace, int mtu) throws IOException {
        TunDevice.Setup setup = new TunDevice.Setup(0, List.of(), false, namespace != null, null, false);
        TunDevice device = TunDevice.openTap(name, namespace, setup);
        boolean opened = false;
        try {
            if (mtu > 0 && device.mtu() != mtu) {
                device.setMtu(mtu);
            }
            device.up();
            TapDevice tap = new TapDevice(device);
            opened = true;
            return tap;
        } finally {
            if (!opened) {
                device.close();
            }
        }
    }

    /// The device's name.
    public String name() {
        return device.name;
    }

    /// Begins to read.
    ///
    /// @throws IllegalStateException if that was done before, or the device is closed
    public void start(FrameInput input) {
        Objects.requireNonNull(input);
        reader.start(new NativeReader.Source() {
            private final byte[] frame = new byte[MAX_FRAME];
            private final MemorySegment memory = MemorySegment.ofArray(frame);

            @Override
            public int read(MemorySegment errno) {
                int length = Libc.readArray(errno, device.fd, memory, MAX_FRAME);
                if (length > 0) {
                    input.frame(0, frame, length);
                }
                return length;
            }

            @Override
            public void waiting() {
                input.endOfBatch();
            }

            @Override
            public void ended(int error) {
                input.ended(
                        error == 0
                                ? "TAP device " + name() + " was closed."
                                : error == Libc.EBADFD
                                        ? "TAP device " + name() + " was removed."
                                        : "Reading from TAP device " + name() + " failed (" + TunDevice.errorName(error)
                                                + ").");
            }
        });
    }

    /// Sends a frame.
    ///
    /// @return false if it was dropped: the kernel's queue is full, the device is down or closed
    public boolean write(byte[] bytes, int at, int length) {
        lock.lock();
        try {
            if (!open || length > MAX_FRAME) {
                return false;
            }
            MemorySegment.copy(bytes, at, buffer, ValueLayout.JAVA_BYTE, 0, length);
            int answer;
            do {
                answer = Libc.write(capture, device.fd, buffer, length);
            } while (answer == -Libc.EINTR);
            return answer >= 0;
        } finally {
            lock.unlock();
        }
    }

    private void release() {
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

    /// Stops the reader and waits for its end, 5 seconds at most unless it is the reader that calls. A device that is
    /// not persistent vanishes. Idempotent.
    @Override
    public void close() {
        reader.close();
    }

    @Override
    public String toString() {
        return "TapDevice[" + name() + "]";
    }
}
