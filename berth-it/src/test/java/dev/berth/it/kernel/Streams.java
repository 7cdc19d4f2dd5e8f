package dev.berth.it.kernel;

import dev.berth.host.TcpSocket;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/// A Berth connection as streams.
final class Streams {
    private Streams() {}

    static InputStream in(TcpSocket socket, long timeoutNanos) {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] bytes, int from, int length) throws IOException {
                return socket.read(bytes, from, length, timeoutNanos);
            }
        };
    }

    static OutputStream out(TcpSocket socket) {
        return new OutputStream() {
            @Override
            public void write(int octet) throws IOException {
                write(new byte[] {(byte) octet}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int from, int length) throws IOException {
                socket.write(bytes, from, length);
            }
        };
    }
}
