package dev.berth.tun;

import dev.berth.stack.icmp.IcmpError;
import dev.berth.wire.Bytes;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IcmpHeader;
import dev.berth.wire.IpAddress;
import dev.berth.wire.IpProtocol;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// ICMP echo sockets of the kernel, which need no privilege: datagram sockets of the protocol ICMP, see icmp(7). Who
/// may have them says `net.ipv4.ping_group_range`, for IPv6 too.
///
/// The kernel gives each socket an identifier of its own and hands it the replies that have it. One thread at a time
/// waits in [#poll]; the other methods may be called from any thread, also while it waits. Errors of ICMP are
/// reported as [ErrorQueue] does.
public final class PingSockets implements AutoCloseable {
    private static final int LARGEST = 65_536;
    private static final int POLL_ENTRY = 8; // struct pollfd
    private static final int TURN = 64;
    private static final int TRIES = 3;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Integer, Boolean> sockets = new HashMap<>(); // whether it is one of IPv6
    private final ErrorQueue errors;
    private final int wakeup;
    private final MemorySegment capture;
    private final MemorySegment out;
    private final MemorySegment address;
    private final MemorySegment number;

    // Of the thread that polls
    private final MemorySegment pollCapture;
    private final MemorySegment in;
    private final MemorySegment name;
    private final MemorySegment message;
    private MemorySegment polled;
    private final Arena arena = Arena.ofAuto();

    private boolean polling;
    private boolean closed;

    private PingSockets(ErrorQueue errors) throws IOException {
        this.errors = errors;
        capture = arena.allocate(Libc.CAPTURE);
        out = arena.allocate(LARGEST, Long.BYTES);
        address = arena.allocate(SocketCalls.ADDRESS_LENGTH, Long.BYTES);
        number = arena.allocate(ValueLayout.JAVA_INT);
        pollCapture = arena.allocate(Libc.CAPTURE);
        in = arena.allocate(LARGEST, Long.BYTES);
        name = arena.allocate(SocketCalls.ADDRESS_LENGTH, Long.BYTES);
        message = ErrorQueue.message(arena, name, in);
        polled = arena.allocate(POLL_ENTRY * 16L, Long.BYTES);
        wakeup = Libc.eventfd(capture);
        if (wakeup < 0) {
            throw new IOException("The kernel gives no descriptor to wait with (" + -wakeup + ").");
        }
    }

    /// What hears of answers, on the thread that polls.
    public interface Receiver {
        /// An echo reply.
        ///
        /// @param socket which socket has got it
        /// @param from who sent it
        /// @param sequence its number, 0 to 65,535
        /// @param data what it brings back
        void reply(int socket, IpAddress from, int sequence, byte[] data);

        /// An error about an echo request.
        void error(int socket, SocketError error);
    }

    /// A set without sockets.
    ///
    /// @throws IOException if there are none here: another system than Linux, or native access is not enabled for
    ///     this module; the message is a sentence
    public static PingSockets open() throws IOException {
        String reason = SocketCalls.unavailable();
        if (reason != null) {
            throw new IOException("Ping sockets cannot be had, as " + reason + ".");
        }
        return new PingSockets(ErrorQueue.open());
    }

    /// Opens a socket.
    ///
    /// @return its number, which [#remove] gives back
    /// @throws IOException if the kernel refuses, with a sentence that says why
    public int add(boolean ipv6) throws IOException {
        lock.lock();
        try {
            requireOpen();
            int family = ipv6 ? SocketCalls.AF_INET6 : SocketCalls.AF_INET;
            int fd = SocketCalls.socket(capture, family, ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP);
            if (fd < 0) {
                throw refused(-fd);
            }
            errors.watch(fd);
            sockets.put(fd, ipv6);
            Libc.write(capture, wakeup, one(), Long.BYTES);
            return fd;
        } finally {
            lock.unlock();
        }
    }

    private static IOException refused(int errno) {
        return switch (errno) {
            case Libc.EACCES, Libc.EPERM ->
                new IOException("Ping sockets are not allowed to this process: net.ipv4.ping_group_range does not have"
                        + " its group.");
            case Libc.EMFILE, Libc.ENFILE -> new IOException("There is no descriptor left for a ping socket.");
            default -> new IOException("The kernel gives no ping socket (error " + errno + ").");
        };
    }

    private MemorySegment one() {
        out.set(ValueLayout.JAVA_LONG, 0, 1);
        return out;
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("Closed");
        }
    }

    /// Sends an echo request.
    ///
    /// @param socket one of the same family as `to`
    /// @param sequence 0 to 65,535
    /// @param hops the time to live or hop limit, 1 to 255
    /// @return null if it was sent; otherwise why the kernel does not send it
    /// @throws IOException if it was not sent for want of room, or the socket is gone
    public IcmpError.@Nullable Kind send(int socket, IpAddress to, int sequence, int hops, byte[] data)
            throws IOException {
        lock.lock();
        try {
            Boolean ipv6 = sockets.get(socket);
            if (ipv6 == null || ipv6 == to.isIpv4() || data.length > LARGEST - IcmpHeader.LENGTH) {
                throw new IOException("No such socket for echo requests to " + to);
            }
            number.set(ValueLayout.JAVA_INT, 0, hops);
            SocketCalls.setOption(
                    capture,
                    socket,
                    ipv6 ? SocketCalls.SOL_IPV6 : SocketCalls.SOL_IP,
                    ipv6 ? SocketCalls.IPV6_UNICAST_HOPS : SocketCalls.IP_TTL,
                    number);
            byte[] header = new byte[IcmpHeader.LENGTH];
            Bytes.put8(header, 0, ipv6 ? IcmpHeader.V6_ECHO : IcmpHeader.ECHO);
            Bytes.put16(header, IcmpHeader.REST + 2, sequence);
            MemorySegment.copy(header, 0, out, ValueLayout.JAVA_BYTE, 0, header.length);
            MemorySegment.copy(data, 0, out, ValueLayout.JAVA_BYTE, header.length, data.length);
            int length = SocketCalls.putAddress(address, to, 0);
            int answer = 0;
            for (int i = 0; i < TRIES; i++) {
                // A failure may be about an earlier request, whose error waits in the queue: it is told once.
                answer = SocketCalls.sendTo(capture, socket, out, header.length + data.length, address, length);
                if (answer >= 0) {
                    return null;
                }
            }
            return switch (-answer) {
                case SocketCalls.ENETUNREACH -> IcmpError.Kind.NET_UNREACHABLE;
                case SocketCalls.EHOSTUNREACH -> IcmpError.Kind.HOST_UNREACHABLE;
                case Libc.EACCES, Libc.EPERM -> IcmpError.Kind.PROHIBITED;
                default -> throw new IOException("The kernel does not send an echo request (error " + -answer + ")");
            };
        } finally {
            lock.unlock();
        }
    }

    /// Closes a socket; without effect if it is closed.
    public void remove(int socket) {
        lock.lock();
        try {
            if (sockets.remove(socket) != null) {
                Libc.close(capture, socket);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Sockets that are open.
    public int count() {
        lock.lock();
        try {
            return sockets.size();
        } finally {
            lock.unlock();
        }
    }

    /// Waits until something has come, a socket was added, or the time is over, and tells `receiver` of what has
    /// come.
    ///
    /// @param millis how long at most, in milliseconds, 0 or more
    /// @return false if this is closed
    public boolean poll(int millis, Receiver receiver) {
        int[] watched = watched();
        if (watched.length == 0) {
            return false;
        }
        try {
            int ready = Libc.poll(pollCapture, polled, watched.length, millis);
            for (int i = 0; ready > 0 && i < watched.length; i++) {
                if (polled.get(ValueLayout.JAVA_SHORT, POLL_ENTRY * (long) i + 6) != 0) {
                    if (i == 0) {
                        Libc.read(pollCapture, wakeup, in, Long.BYTES);
                    } else {
                        take(watched[i], receiver);
                    }
                }
            }
        } finally {
            endPoll();
        }
        return true;
    }

    /// What to poll, the descriptor that wakes first; nothing if this is closed.
    private int[] watched() {
        lock.lock();
        try {
            if (closed) {
                return new int[0];
            }
            polling = true;
            int[] watched = new int[sockets.size() + 1];
            int count = 1;
            for (int socket : sockets.keySet()) {
                watched[count++] = socket;
            }
            watched[0] = wakeup;
            if (polled.byteSize() < POLL_ENTRY * (long) count) {
                polled = arena.allocate(POLL_ENTRY * 2L * count, Long.BYTES);
            }
            for (int i = 0; i < count; i++) {
                polled.set(ValueLayout.JAVA_INT, POLL_ENTRY * (long) i, watched[i]);
                polled.set(ValueLayout.JAVA_INT, POLL_ENTRY * (long) i + 4, Libc.POLLIN);
            }
            return watched;
        } finally {
            lock.unlock();
        }
    }

    private void endPoll() {
        lock.lock();
        try {
            polling = false;
            if (closed) {
                Libc.close(pollCapture, wakeup);
            }
        } finally {
            lock.unlock();
        }
    }

    private void take(int socket, Receiver receiver) {
        for (int i = 0; i < TURN; i++) {
            SocketError error;
            Endpoint from = null;
            byte[] reply = null;
            lock.lock();
            try {
                if (!sockets.containsKey(socket)) {
                    return; // it was closed meanwhile
                }
                error = errors.poll(socket);
                if (error == null) {
                    ErrorQueue.clearName(message);
                    int length = SocketCalls.receive(pollCapture, socket, message, 0);
                    if (length == -Libc.EAGAIN) {
                        return;
                    }
                    if (length >= IcmpHeader.LENGTH) {
                        from = ErrorQueue.name(message, name);
                        reply = in.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
                    }
                }
            } finally {
                lock.unlock();
            }
            if (error != null) {
                receiver.error(socket, error);
            } else if (from != null && reply != null) {
                int sequence = Bytes.u16(reply, IcmpHeader.REST + 2);
                byte[] data = new byte[reply.length - IcmpHeader.LENGTH];
                System.arraycopy(reply, IcmpHeader.LENGTH, data, 0, data.length);
                receiver.reply(socket, from.address(), sequence, data);
            }
        }
    }

    /// Closes all sockets; [#poll] returns. Idempotent.
    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            for (int socket : sockets.keySet()) {
                Libc.close(capture, socket);
            }
            sockets.clear();
            if (polling) {
                Libc.write(capture, wakeup, one(), Long.BYTES);
            } else {
                Libc.close(capture, wakeup);
            }
        } finally {
            lock.unlock();
        }
    }
}
