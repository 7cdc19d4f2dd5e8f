package dev.berth.gateway;

import dev.berth.stack.tcp.ReceivedView;
import dev.berth.tun.StreamCalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// The kernel's end of a connection that is carried. While little goes through it is a channel like any other, and
/// octets pass a buffer; once it is fast they pass straight between the kernel and the memory of the host inside, where
/// this JVM lets Berth make the calls for that ([Turns#calls]) and tells the descriptor ([KernelSockets#descriptor]).
///
/// **The descriptor** is a number that the kernel gives to somebody else once the socket is closed. So nobody but this
/// class closes the channel, and it does not while a call is under way: each call is counted in before it, unless the
/// end has begun, and whoever is the last one out then closes. Calls take microseconds, so nothing waits.
///
/// Both directions may use it at the same time, and any thread may close it.
final class KernelStream {
    /// Who moves so many octets at a time is fast.
    private static final int FAST = 16 * 1024;

    /// Slices of at least so many octets go to the kernel one by one, smaller ones together.
    private static final int WORTHWHILE = 8 * 1024;

    /// In `state`, beside how many calls are under way: no more may begin.
    private static final int CLOSED = 1 << 30;

    private static final int NONE = -1;
    private static final int UNKNOWN = -2;
    private final SocketChannel channel;
    private final Runnable whenClosed;
    private volatile int descriptor;

    private final AtomicInteger state = new AtomicInteger();

    /// @param channel closed by this object only
    KernelStream(SocketChannel channel) {
        this(channel, true, () -> {});
    }

    /// @param straight false if all octets are to pass the buffer
    /// @param whenClosed is told once the channel is closed, which may be after [#close], on another thread
    KernelStream(SocketChannel channel, boolean straight, Runnable whenClosed) {
        this.channel = channel;
        this.whenClosed = whenClosed;
        descriptor = straight ? UNKNOWN : NONE;
    }

    SocketChannel channel() {
        return channel;
    }

    /// Receives what is there, `length` octets at most. The channel does not block.
    ///
    /// @return octets received, -1 at the end of the stream, 0 if nothing is there
    int receive(Turns turns, byte[] bytes, int from, int length) throws IOException {
        StreamCalls calls = calls(turns);
        if (calls != null) {
            begin();
            try {
                return calls.receive(descriptor, bytes, from, length);
            } finally {
                finish();
            }
        }
        ByteBuffer buffer = turns.buffer().clear();
        int count = channel.read(buffer.limit(Math.min(length, buffer.capacity())));
        if (count > 0) {
            buffer.flip().get(bytes, from, count);
            carried(count);
        }
        return count;
    }

    /// Sends what there is room for of what has been received inside. The channel does not block.
    ///
    /// @return octets sent, which may be 0
    int send(Turns turns, ReceivedView view) throws IOException {
        StreamCalls calls = calls(turns);
        int sent = 0;
        int next;
        for (int i = 0; i < view.count(); i = next) {
            int length = view.length(i);
            next = i + 1;
            int count;
            if (calls != null && (length >= WORTHWHILE || next == view.count())) {
                count = sendStraight(calls, view, i);
            } else {
                ByteBuffer buffer = turns.buffer().clear();
                buffer.put(view.bytes(i), view.from(i), length);
                for (; next < view.count() && isGathered(calls, view.length(next), buffer); next++) {
                    buffer.put(view.bytes(next), view.from(next), view.length(next));
                }
                length = buffer.flip().remaining();
                count = channel.write(buffer);
                carried(count);
            }
            sent += count;
            if (count < length) {
                return sent;
            }
        }
        return sent;
    }

    private static boolean isGathered(@Nullable StreamCalls calls, int length, ByteBuffer buffer) {
        return length <= buffer.remaining() && (calls == null || length < WORTHWHILE);
    }

    private int sendStraight(StreamCalls calls, ReceivedView view, int slice) throws IOException {
        begin();
        try {
            return calls.send(descriptor, view.bytes(slice), view.from(slice), view.length(slice));
        } finally {
            finish();
        }
    }

    /// True if octets pass straight.
    boolean isStraight() {
        return descriptor >= 0;
    }

    /// The calls to be made; null if octets pass the buffer.
    private @Nullable StreamCalls calls(Turns turns) {
        return descriptor < 0 ? null : turns.calls();
    }

    /// So many octets have passed the buffer.
    private void carried(int count) {
        if (count >= FAST && descriptor == UNKNOWN) {
            descriptor = StreamCalls.arePossible() ? KernelSockets.descriptor(channel) : NONE;
        }
    }

    /// A call on the descriptor is to be made, and [#finish] follows.
    private void begin() throws ClosedChannelException {
        int present;
        do {
            present = state.get();
            if (present >= CLOSED) {
                throw new ClosedChannelException();
            }
        } while (!state.compareAndSet(present, present + 1));
    }

    private void finish() {
        if (state.getAndDecrement() == CLOSED + 1) {
            closeChannel(); // its end has begun meanwhile, and nobody else is at it
        }
    }

    /// Closes the kernel's end, as soon as no call is under way. Idempotent.
    void close() {
        if (state.getAndUpdate(present -> present | CLOSED) == 0) {
            closeChannel();
        }
    }

    private void closeChannel() {
        try {
            channel.close();
        } catch (IOException e) {
            System.getLogger(KernelStream.class.getName())
                    .log(System.Logger.Level.DEBUG, "Closing a connection: {0}", e.getMessage());
        }
        whenClosed.run();
    }
}
