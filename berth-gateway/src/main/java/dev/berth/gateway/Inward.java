package dev.berth.gateway;

import dev.berth.host.HostSocket;
import dev.berth.host.TcpSocket;
import dev.berth.stack.endpoint.Readiness;
import dev.berth.stack.tcp.SendSpace;
import java.io.IOException;
import java.nio.channels.SelectionKey;

/// What goes from the kernel to a connection in memory. The loop tells of it; while the connection in memory has no
/// room, the kernel is not asked, and it goes on with whoever makes room.
final class Inward extends Direction {
    /// For less room the kernel is not asked, if more is to come.
    private static final int LITTLE = 4 * 1024;

    private final TcpSocket inside;
    private final KernelStream kernel;
    private volatile boolean wantsRoom;

    Inward(CarriedConnection connection, TcpSocket inside, KernelStream kernel) {
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
        SendSpace space = turns.space();
        for (int moved = 0; moved < Turns.TURN; ) {
            int room = inside.tryLend(space, Turns.BUFFER);
            if (room < LITTLE && isFull()) {
                if (room > 0) {
                    inside.append(space, 0);
                }
                return false;
            }
            if (room == HostSocket.UNAVAILABLE) {
                continue;
            }
            int count = 0;
            try {
                count = kernel.receive(turns, space.bytes(), space.from(), room);
            } finally {
                inside.append(space, Math.max(count, 0));
            }
            if (count < 0) {
                inside.shutdownOutput();
                ended();
                connection.kernelEnded();
                return false;
            }
            if (count > 0) {
                connection.used();
                turns.moved(count);
                moved += count;
            }
            if (count < room) {
                break; // that was all
            }
        }
        connection.watch(SelectionKey.OP_READ); // the kernel says at once if there is more: it is another's turn
        return false;
    }

    /// Looks again after having said that it wants room: otherwise it might wait for what has come before.
    private boolean isFull() {
        wantsRoom = true;
        return (inside.readiness() & Readiness.WRITABLE) == 0;
    }
}
