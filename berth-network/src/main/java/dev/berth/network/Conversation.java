package dev.berth.network;

import dev.berth.host.HostSocket;
import dev.berth.host.TcpSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One end of a TCP connection that lives by reactions, on the one thread of a network under virtual time. What is not
/// said otherwise: data are read, counted and thrown away; when the other end has closed, this one does too.
///
/// What is sent waits here until the connection is made and has room; [#sendPattern] sends any number of octets without
/// holding them.
public final class Conversation {
    private static final int READ = 65_536;

    private final Network network;
    private final TcpSocket socket;
    private boolean connected;
    private boolean scheduled;
    private boolean ending;
    private boolean endSent;
    private boolean ended;
    private boolean echoing;
    private long received;
    private long sent;
    private long pattern; // octets still to be sent
    private @Nullable ArrayDeque<byte[]> waiting;
    private int waitingFrom; // in the first of them
    private @Nullable IOException failure;
    private @Nullable Runnable onConnected;
    private @Nullable Consumer<byte[]> onData;
    private @Nullable Runnable onEnd;
    private @Nullable Consumer<IOException> onFailure;

    Conversation(Network network, TcpSocket socket, boolean connected) {
        this.network = network;
        this.socket = socket;
        this.connected = connected;
    }

    void begin() {
        socket.observe(_ -> schedule());
    }

    // What to do

    /// Calls `action` when the connection is made; at once for one that was accepted.
    public Conversation onConnected(Runnable action) {
        onConnected = action;
        if (connected) {
            action.run();
        }
        return this;
    }

    /// Gives what arrives to `consumer`, as it comes.
    public Conversation onData(Consumer<byte[]> consumer) {
        onData = consumer;
        return this;
    }

    /// Calls `action` when the other end has sent everything, in place of [#close].
    public Conversation onEnd(Runnable action) {
        onEnd = action;
        return this;
    }

    /// Calls `consumer` when the connection could not be made, was reset or has timed out.
    public Conversation onFailure(Consumer<IOException> consumer) {
        onFailure = consumer;
        return this;
    }

    /// Sends back whatever arrives.
    public Conversation echo() {
        echoing = true;
        return this;
    }

    /// Sends octets; the array must not change afterwards.
    public Conversation send(byte[] octets) {
        ArrayDeque<byte[]> queue = waiting;
        if (queue == null) {
            queue = new ArrayDeque<>();
            waiting = queue;
        }
        if (octets.length > 0) {
            queue.add(octets);
        }
        schedule();
        return this;
    }

    /// Sends text in UTF-8.
    public Conversation send(String text) {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    /// Sends so many octets, whatever they are; they come behind everything else that waits.
    public Conversation sendPattern(long octets) {
        pattern += octets;
        schedule();
        return this;
    }

    /// Ends the sending direction behind what waits; the socket is given back when the other end has ended too.
    public Conversation close() {
        ending = true;
        schedule();
        return this;
    }

    /// Resets the connection.
    public void abort() {
        ended = true;
        socket.abort();
    }

    // What has happened

    /// True once the connection was made, also after it has ended.
    public boolean isConnected() {
        return connected;
    }

    /// True when the other end has sent everything and it was read.
    public boolean isEnded() {
        return ended && failure == null;
    }

    /// Why the connection failed, or null.
    public @Nullable IOException failure() {
        return failure;
    }

    /// Octets received.
    public long received() {
        return received;
    }

    /// Octets that the host has taken over to send.
    public long sent() {
        return sent;
    }

    /// The socket, for its options and figures; to read and write is the conversation's business.
    public TcpSocket socket() {
        return socket;
    }

    // On the network's thread

    private void schedule() {
        if (!scheduled) {
            scheduled = true;
            network.clock().after(0, this::react);
        }
    }

    private void react() {
        scheduled = false;
        if (failure != null || !socket.isOpen()) {
            return;
        }
        try {
            if (!connected && !connect()) {
                return;
            }
            read();
            write();
            if (ending && !endSent && isAllSent()) {
                endSent = true;
                socket.shutdownOutput();
            }
            if (ended && endSent) {
                socket.close();
            }
        } catch (IOException e) {
            failure = e;
            socket.close();
            if (onFailure != null) {
                onFailure.accept(e);
            }
        }
    }

    private boolean connect() throws IOException {
        if (!socket.finishConnect()) {
            return false;
        }
        connected = true;
        if (onConnected != null) {
            onConnected.run();
        }
        return true;
    }

    private void read() throws IOException {
        while (!ended) {
            int given = socket.tryRead(this::accept, READ);
            if (given == HostSocket.UNAVAILABLE) {
                return;
            }
            if (given < 0) {
                ended = true;
                if (onEnd != null) {
                    onEnd.run();
                } else {
                    ending = true;
                }
            }
        }
    }

    private void accept(byte[] bytes, int from, int length) {
        received += length;
        if (onData == null && !echoing) {
            return;
        }
        byte[] copy = new byte[length];
        System.arraycopy(bytes, from, copy, 0, length);
        if (echoing) {
            send(copy);
        }
        if (onData != null) {
            // Not here: the host's lock is held.
            network.clock().after(0, () -> onData.accept(copy));
        }
    }

    private boolean isAllSent() {
        return pattern == 0 && (waiting == null || waiting.isEmpty());
    }

    private void write() throws IOException {
        ArrayDeque<byte[]> queue = waiting;
        byte[] first;
        while (queue != null && (first = queue.peek()) != null) {
            int taken = socket.tryWrite(first, waitingFrom, first.length - waitingFrom);
            if (taken <= 0) {
                return;
            }
            sent += taken;
            waitingFrom += taken;
            if (waitingFrom == first.length) {
                queue.poll();
                waitingFrom = 0;
            }
        }
        while (pattern > 0) {
            int taken = socket.tryWrite((bytes, at, length) -> fill(bytes, at, length), (int) Math.min(pattern, READ));
            if (taken <= 0) {
                return;
            }
            sent += taken;
            pattern -= taken;
        }
    }

    /// Octet `i` of the pattern depends on how many there still are.
    private void fill(byte[] bytes, int at, int length) {
        for (int i = 0; i < length; i++) {
            bytes[at + i] = (byte) (pattern - i);
        }
    }

    @Override
    public String toString() {
        return socket + (connected ? "" : " not connected") + ", " + sent + " octets sent, " + received + " received"
                + (failure == null ? "" : ", " + failure.getMessage());
    }
}
