package dev.berth.it.kernel;

import dev.berth.host.TcpSocket;
import java.io.IOException;

/// Answers four octets with the same and closes.
final class EchoFour {
    private EchoFour() {}

    static void talk(TcpSocket socket) throws IOException {
        byte[] four = new byte[4];
        int count = 0;
        while (count < 4) {
            int part = socket.read(four, count, 4 - count, KernelTest.LIMIT_NANOS);
            if (part < 0) {
                throw new IOException("The stream ended after " + count + " octets");
            }
            count += part;
        }
        socket.write(four, 0, 4);
    }
}
