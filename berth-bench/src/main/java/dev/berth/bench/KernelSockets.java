package dev.berth.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;

/// The sockets of the JDK over the kernel's loopback interface, with their default options.
final class KernelSockets implements Sockets {
    private static final int BACKLOG = 1_024;

    @Override
    public String name() {
        return "JDK sockets, kernel loopback";
    }

    @Override
    public Acceptor listen() throws IOException {
        return new KernelAcceptor(new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress()));
    }

    @Override
    public Datagrams datagrams() throws IOException {
        return new KernelDatagrams(new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
    }

    @Override
    public void close() {}

    private record KernelAcceptor(ServerSocket socket) implements Acceptor {
        @Override
        public Connection connect() throws IOException {
            Socket client = new Socket();
            client.connect(socket.getLocalSocketAddress());
            return new KernelConnection(client);
        }

        @Override
        public Connection accept() throws IOException {
            return new KernelConnection(socket.accept());
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /// A connected socket of the JDK.
    static final class KernelConnection implements Connection {
        private final Socket socket;
        private final InputStream in;
        private final OutputStream out;

        KernelConnection(Socket socket) throws IOException {
            this.socket = socket;
            in = socket.getInputStream();
            out = socket.getOutputStream();
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            return in.read(bytes, from, length);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            out.write(bytes, from, length);
        }

        @Override
        public void shutdownOutput() throws IOException {
            socket.shutdownOutput();
        }

        @Override
        public void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static final class KernelDatagrams implements Datagrams {
        private final DatagramSocket socket;
        private final DatagramPacket incoming = new DatagramPacket(new byte[0], 0);
        private final DatagramPacket outgoing = new DatagramPacket(new byte[0], 0);

        KernelDatagrams(DatagramSocket socket) {
            this.socket = socket;
        }

        @Override
        public void send(byte[] bytes, Datagrams receiver) throws IOException {
            outgoing.setData(bytes);
            outgoing.setSocketAddress(((KernelDatagrams) receiver).socket.getLocalSocketAddress());
            socket.send(outgoing);
        }

        @Override
        public int receive(byte[] into, int timeoutMillis) throws IOException {
            if (socket.getSoTimeout() != timeoutMillis) {
                socket.setSoTimeout(timeoutMillis);
            }
            incoming.setData(into);
            try {
                socket.receive(incoming);
                return incoming.getLength();
            } catch (SocketTimeoutException _) {
                return -1;
            }
        }

        @Override
        public void close() {
            socket.close();
        }
    }
}
