package dev.berth.sockets;

import dev.berth.host.TcpSocket;
import java.io.IOException;
import java.net.SocketException;

/// The end of a connection as the JDK has it: the output is shut down before the socket is closed, so that the other
/// end gets what was written, and the end of the stream, even if octets that nobody has read then make the close a
/// reset.
final class Closing {
    private Closing() {}

    /// Closes the socket; linger 0 resets the connection at once.
    static void close(TcpSocket socket) {
        try {
            if (socket.isConnected() && socket.lingerSeconds() != 0) {
                socket.shutdownOutput();
            }
        } catch (SocketException _) {
            // Somebody else has closed the socket meanwhile, or the connection has ended: there is nothing to send.
        } catch (IOException e) {
            throw new AssertionError("Options of a socket fail only when it is closed", e);
        } finally {
            socket.close();
        }
    }
}
