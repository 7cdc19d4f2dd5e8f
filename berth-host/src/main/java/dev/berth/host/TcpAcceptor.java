package dev.berth.host;

import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// A listening TCP socket.
public final class TcpAcceptor extends HostSocket {
    @Override
    public Host host() {
        throw new UnsupportedOperationException();
    }

    @Override
    public @Nullable Endpoint local() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void bind(Endpoint local) throws IOException {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isOpen() {
        throw new UnsupportedOperationException();
    }

    @Override
    public int readiness() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void observe(@Nullable IntConsumer observer) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }

    ///
    public void listen(int backlog) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public TcpSocket accept(long timeoutNanos) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public @Nullable TcpSocket tryAccept() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public void receiveBufferSize(int value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public int receiveBufferSize() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public void reuseAddress(boolean value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public boolean reuseAddress() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public void reusePort(boolean value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public boolean reusePort() throws IOException {
        throw new UnsupportedOperationException();
    }
}
