package dev.berth.host;

import dev.berth.stack.endpoint.Readiness;
import java.io.IOException;

/// A thread that waits for data, with its array: whoever brings a few octets puts them there, and the reader need not
/// enter the host again to take them.
final class Reader extends Waiter {
    private final DataSocket socket;
    private final byte[] bytes;
    private final int from;
    private final int max;
    private int served; // under the host's lock until signalled

    Reader(DataSocket socket, byte[] bytes, int from, int max) {
        super(Readiness.READABLE | SocketSignals.CLOSED, socket.monitor);
        this.socket = socket;
        this.bytes = bytes;
        this.from = from;
        this.max = max;
    }

    @Override
    void serve() {
        if (!socket.hasLittle()) {
            return;
        }
        try {
            served = Math.max(socket.take(null, bytes, from, max), 0);
        } catch (IOException e) {
            throw new AssertionError("data that are there cannot be taken", e);
        }
    }

    @Override
    int served() {
        return served;
    }
}
