package dev.berth.gateway;

import dev.berth.host.TcpSocket;
import dev.berth.stack.endpoint.Readiness;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/// What goes from the kernel to a connection in memory. The loop tells of it; while the connection in memory has no
/// room, the kernel is not asked, and it goes on with whoever makes room.
final class Inward extends Direction {
    private final TcpSocket inside;
    private final SocketChannel kernel;
    private volatile boolean wantsRoom;

    Inward(CarriedConnection connection, TcpSocket inside, SocketChannel kernel) {
        super(connection);
        this.inside = inside;
        this.kernel = kernel;
    }

    /// True while it waits for room inside.
    boolean wantsRoom() {
        return wantsRoom;
    }

    @Override
    boolean move(Turns turns) throws IOException {
        wantsRoom = false;
        ByteBuffer buffer = turns.buffer();
        for (int moved = 0; moved < Turns.TURN; ) {
            if (!held.isEmpty()) {
                if (!giveHeld(turns)) {
                    return false;
                }
                continue;
            }
            int most = Held.most();
            int count = kernel.read(buffer.clear().limit(most));
            if (count == 0) {
                connection.watch(SelectionKey.OP_READ);
                return false;
            }
            if (count < 0) {
                inside.shutdownOutput();
                ended();
                connection.kernelEnded();
                return false;
            }
            connection.used();
            turns.moved(count);
            moved += count;
            buffer.flip();
            int taken = Math.max(0, inside.tryWrite(turns, count));
            if (taken < count) {
                held.keep(buffer.position(taken));
                if (isFull()) {
                    return false;
                }
            } else if (count < most) {
                break; // that was all
            }
        }
        if (!held.isEmpty()) {
            return true;
        }
        connection.watch(SelectionKey.OP_READ); // the kernel says at once if there is more: it is another's turn
        return false;
    }

    /// @return false if there is no room
    private boolean giveHeld(Turns turns) throws IOException {
        ByteBuffer buffer = turns.buffer().clear();
        held.copyTo(buffer);
        held.taken(Math.max(0, inside.tryWrite(turns, buffer.remaining())));
        return held.isEmpty() || !isFull();
    }

    /// Looks again after having said that it wants room: otherwise it might wait for what has come before.
    private boolean isFull() {
        wantsRoom = true;
        return (inside.readiness() & Readiness.WRITABLE) == 0;
    }
}
