package dev.berth.host;

import dev.berth.stack.ByteSink;
import dev.berth.stack.ByteSource;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// A TCP connection, or a socket that will become one.
public final class TcpSocket extends HostSocket {
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
    public void connect(Endpoint remote, long timeoutNanos) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public boolean startConnect(Endpoint remote) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public boolean finishConnect() throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public boolean isConnected() {
        throw new UnsupportedOperationException();
    }

    ///
    public boolean isConnectionPending() {
        throw new UnsupportedOperationException();
    }

    ///
    public @Nullable Endpoint remote() {
        throw new UnsupportedOperationException();
    }

    ///
    public int read(byte[] bytes, int from, int length, long timeoutNanos) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public int read(ByteSink sink, int max, long timeoutNanos) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public int tryRead(byte[] bytes, int from, int length) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public int tryRead(ByteSink sink, int max) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public void write(byte[] bytes, int from, int length) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public int write(ByteSource source, int length) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public int tryWrite(byte[] bytes, int from, int length) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public int tryWrite(ByteSource source, int length) throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public int available() throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public void shutdownInput() throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public void shutdownOutput() throws IOException {
        throw new UnsupportedOperationException();
    }

    ///
    public boolean isInputShutdown() {
        throw new UnsupportedOperationException();
    }

    ///
    public boolean isOutputShutdown() {
        throw new UnsupportedOperationException();
    }

    ///
    public void abort() {
        throw new UnsupportedOperationException();
    }

    /// Option
    public void noDelay(boolean value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public boolean noDelay() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public void keepAlive(boolean value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public boolean keepAlive() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public void lingerSeconds(int value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public int lingerSeconds() throws IOException {
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
    public void trafficClass(int value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public int trafficClass() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public void keepIdleSeconds(int value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public int keepIdleSeconds() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public void keepIntervalSeconds(int value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public int keepIntervalSeconds() throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public void keepCount(int value) throws IOException {
        throw new UnsupportedOperationException();
    }

    /// Option
    public int keepCount() throws IOException {
        throw new UnsupportedOperationException();
    }
}
