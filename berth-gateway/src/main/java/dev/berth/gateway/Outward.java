package dev.berth.gateway;

import dev.berth.host.HostSocket;
import dev.berth.host.TcpSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/// What goes from a connection in memory to the kernel. It is carried by the thread that brings it; only when the
/// kernel has no room the loop is asked.
final class Outward extends Direction {
    private final TcpSocket inside;
    private final SocketChannel kernel;

    Outward(CarriedConnection connection, TcpSocket inside, SocketChannel kernel) {
        super(connection);
        this.inside = inside;
        this.kernel = kernel;
    }

    @Override
    boolean move(Turns turns) throws IOException {
        if (!held.isEmpty() && !giveHeld(turns)) {
            return false;
        }
        ByteBuffer buffer = turns.buffer();
        for (int moved = 0; moved < Turns.TURN; ) {
            buffer.clear();
            int count = inside.tryRead(turns, Held.most());
            if (count == HostSocket.UNAVAILABLE) {
                return false;
            }
            if (count < 0) {
                kernel.shutdownOutput();
                ended();
                return false;
            }
            connection.used();
            turns.moved(count);
            kernel.write(buffer.flip());
            if (buffer.hasRemaining()) {
                held.keep(buffer);
                connection.watch(SelectionKey.OP_WRITE);
                return false;
            }
            moved += count;
        }
        return true;
    }

    /// @return true if nothing is left of it
    private boolean giveHeld(Turns turns) throws IOException {
        ByteBuffer buffer = turns.buffer().clear();
        held.copyTo(buffer);
        int count = kernel.write(buffer);
        held.taken(count);
        if (held.isEmpty()) {
            return true;
        }
        connection.watch(SelectionKey.OP_WRITE);
        return false;
    }
}
