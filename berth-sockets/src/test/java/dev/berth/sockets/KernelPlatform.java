package dev.berth.sockets;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.MulticastSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.channels.spi.AsynchronousChannelProvider;
import java.nio.channels.spi.SelectorProvider;
import org.jspecify.annotations.Nullable;

/// The JDK's own sockets on the kernel's loopback.
final class KernelPlatform implements Platform {
    @Override
    public SelectorProvider provider() {
        return SelectorProvider.provider();
    }

    @Override
    public AsynchronousChannelProvider asynchronousProvider() {
        return AsynchronousChannelProvider.provider();
    }

    @Override
    public Socket socket() {
        return new Socket();
    }

    @Override
    public ServerSocket serverSocket() throws IOException {
        return new ServerSocket();
    }

    @Override
    public DatagramSocket datagramSocket(@Nullable SocketAddress local) throws IOException {
        return new DatagramSocket(local);
    }

    @Override
    public DatagramSocket datagramSocketByFactory(@Nullable SocketAddress local) throws IOException {
        return datagramSocket(local);
    }

    @Override
    public MulticastSocket multicastSocket(@Nullable SocketAddress local) throws IOException {
        return new MulticastSocket(local);
    }

    @Override
    public InetAddress loopback() {
        return InetAddress.getLoopbackAddress();
    }

    @Override
    public @Nullable InetAddress silent() {
        return null;
    }

    @Override
    public void close() {}

    @Override
    public String toString() {
        return "JDK";
    }
}
