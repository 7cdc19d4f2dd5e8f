package dev.berth.gateway;

import dev.berth.host.HostSocket;
import dev.berth.host.TcpSocket;
import dev.berth.stack.tcp.ReceivedView;
import java.io.IOException;
import java.nio.channels.SelectionKey;

/// What goes from a connection in memory to the kernel. It is carried by the thread that brings it; only when the
/// kernel has no room the loop is asked.
final class Outward extends Direction {
    private static final int MOST = 4 * Turns.BUFFER;

    private final TcpSocket inside;
    private final KernelStream kernel;

    Outward(CarriedConnection connection, TcpSocket inside, KernelStream kernel) {
        super(connection);
        this.inside = inside;
        this.kernel = kernel;
    }

    @Override
    boolean move(Turns turns) throws IOException {
        ReceivedView view = turns.view();
        for (int moved = 0; moved < Turns.TURN; ) {
            int there = inside.tryView(view, MOST);
            if (there == HostSocket.UNAVAILABLE) {
                return false;
            }
            if (there < 0) {
                kernel.channel().shutdownOutput();
                ended();
                return false;
            }
            int sent = 0;
            try {
                sent = kernel.send(turns, view);
            } finally {
                inside.consume(view, sent);
            }
            if (sent > 0) {
                connection.used();
                turns.moved(sent);
            }
            if (sent < there) {
                connection.watch(SelectionKey.OP_WRITE);
                return false;
            }
            moved += sent;
        }
        return true;
    }
}
