package dev.berth.sockets;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import org.jspecify.annotations.Nullable;

/// The streams of socket channels, for what replaces the JDK's `sun.nio.ch.Streams`.
///
/// `java.nio.channels.Channels.newInputStream` and `newOutputStream` work on Berth's channels as they are, in both
/// directions at once; these streams save the JDK's lock around every call and a thread that wakes up whoever waits
/// in it. They behave as those of the JDK's own channels: they block, throw
/// [java.nio.channels.IllegalBlockingModeException] on a channel in non-blocking mode, and closing one closes the
/// channel. Any threads may use them.
public final class ChannelStreams {
    private ChannelStreams() {}

    /// A stream that reads from `channel`, or null if it is not a socket channel of Berth.
    public static @Nullable InputStream input(ReadableByteChannel channel) {
        return channel instanceof BerthSocketChannel socket ? new Input(socket) : null;
    }

    /// A stream that writes to `channel`, or null if it is not a socket channel of Berth.
    public static @Nullable OutputStream output(WritableByteChannel channel) {
        return channel instanceof BerthSocketChannel socket ? new Output(socket) : null;
    }

    private static final class Input extends InputStream {
        private final BerthSocketChannel channel;

        Input(BerthSocketChannel channel) {
            this.channel = channel;
        }

        @Override
        public int read() throws IOException {
            byte[] octet = new byte[1];
            return read(octet, 0, 1) > 0 ? octet[0] & 0xff : -1;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            return channel.blockingRead(bytes, from, length, 0);
        }

        @Override
        public int available() throws IOException {
            return channel.available();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private static final class Output extends OutputStream {
        private final BerthSocketChannel channel;

        Output(BerthSocketChannel channel) {
            this.channel = channel;
        }

        @Override
        public void write(int octet) throws IOException {
            write(new byte[] {(byte) octet}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            channel.blockingWrite(bytes, from, length);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
