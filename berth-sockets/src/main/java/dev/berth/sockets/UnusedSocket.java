package dev.berth.sockets;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import org.jspecify.annotations.Nullable;

/// What `java.net.Socket` and `ServerSocket` want to be given by a view that overrides all their methods.
final class UnusedSocket extends SocketImpl {
    private static AssertionError used() {
        return new AssertionError("The view of a channel overrides whatever would come here");
    }

    @Override
    protected void create(boolean stream) {
        throw used();
    }

    @Override
    protected void connect(String host, int port) {
        throw used();
    }

    @Override
    protected void connect(InetAddress address, int port) {
        throw used();
    }

    @Override
    protected void connect(SocketAddress address, int timeout) {
        throw used();
    }

    @Override
    protected void bind(InetAddress host, int port) {
        throw used();
    }

    @Override
    protected void listen(int backlog) {
        throw used();
    }

    @Override
    protected void accept(SocketImpl accepted) {
        throw used();
    }

    @Override
    protected InputStream getInputStream() {
        throw used();
    }

    @Override
    protected OutputStream getOutputStream() {
        throw used();
    }

    @Override
    protected int available() {
        throw used();
    }

    @Override
    protected void close() throws IOException {}

    @Override
    protected void sendUrgentData(int data) {
        throw used();
    }

    @Override
    public void setOption(int option, @Nullable Object value) throws SocketException {
        throw used();
    }

    @Override
    public Object getOption(int option) throws SocketException {
        throw used();
    }
}
