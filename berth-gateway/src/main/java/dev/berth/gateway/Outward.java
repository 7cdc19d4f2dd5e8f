package dev.berth.gateway;

import dev.berth.host.HostSocket;
import dev.berth.host.TcpSocket;
import dev.berth.stack.tcp.ReceivedView;
import java.io.IOException;
import java.net.SocketException;
import java.nio.channels.SelectionKey;

/// What goes from a connection in memory to the kernel. It is carried by the thread that brings it; only when the
/// kernel has no room the loop is asked.
final class Outward extends Direction {
    private static final int MOST = 4 * Turns.BUFFER;

    private final TcpSocket inside;
    private final KernelStream kernel;
    private int writes; // up to 2

    Outward(CarriedConnection connection, TcpSocket inside, KernelStream kernel) {
        super(connection);
        this.inside = inside;
        this.kernel = kernel;
    }

    @Override
    boolean move(Turns turns) throws IOException {
        if (!connection.isMade(inside)) {
            return false;
        }
        ReceivedView view = turns.view();
        for (int moved = 0; moved < Turns.TURN; ) {
            int there = inside.tryView(view, MOST);
            if (there == HostSocket.UNAVAILABLE) {
                return false;
            }
            if (there < 0) {
                if (!connection.isHalfClosed()) { // otherwise it is closed now
                    kernel.channel().shutdownOutput();
                }
                ended();
                return false;
            }
            if (writes < 2 && ++writes == 2) {
                connection.noDelay(); // the first waits for nothing anyway, and many have no other
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
                if (inside.hasFailed()) {
                    throw new SocketException("Connection reset"); // the outside need not read first to learn that
                }
                connection.watch(SelectionKey.OP_WRITE);
                return false;
            }
            moved += sent;
        }
        return true;
    }
}
