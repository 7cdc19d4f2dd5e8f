package dev.berth.host;

import dev.berth.stack.ByteSink;
import dev.berth.stack.ByteSource;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// A UDP socket.
public final class UdpSocket extends HostSocket {
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
    public void connect(Endpoint remote) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public void disconnect() throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public @Nullable Endpoint remote() {
        throw new UnsupportedOperationException();
    }

    ///
    public void send(byte[] bytes, int from, int length, @Nullable Endpoint to) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public int trySend(ByteSource source, int length, @Nullable Endpoint to) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public int receive(byte[] bytes, int from, int length, long timeoutNanos) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public int receive(ByteSink sink, int max, long timeoutNanos) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public int tryReceive(ByteSink sink, int max) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public Endpoint lastSender() {
        throw new UnsupportedOperationException();
    }

    /// Option
    public void broadcast(boolean value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public boolean broadcast() throws IOException {
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

    /// Option
    public void sendBufferSize(int value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public int sendBufferSize() throws IOException {
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
    public void trafficClass(int value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public int trafficClass() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public void timeToLive(int value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public int timeToLive() throws IOException {
        throw new UnsupportedOperationException();
    }
}
