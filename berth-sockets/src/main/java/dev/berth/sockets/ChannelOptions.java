package dev.berth.sockets;

import java.io.IOException;
import java.net.SocketException;
import java.net.SocketOption;
import java.nio.channels.NetworkChannel;

/// The options of a channel as the methods of sockets want them: failures are [SocketException]s.
record ChannelOptions(NetworkChannel channel) {
    <T> void set(SocketOption<T> name, T value) throws SocketException {
        try {
            channel.setOption(name, value);
        } catch (IOException e) {
            throw Failures.asSocketException(e);
        }
    }

    <T> T get(SocketOption<T> name) throws SocketException {
        try {
            return channel.getOption(name);
        } catch (IOException e) {
            throw Failures.asSocketException(e);
        }
    }

    /// Sets the size of a buffer.
    ///
    /// @param otherwise the message about a size below 1
    void setSize(SocketOption<Integer> name, int size, String otherwise) throws SocketException {
        if (size <= 0) {
            throw new IllegalArgumentException(otherwise);
        }
        set(name, size);
    }

    /// @throws SocketException if the channel is closed
    void requireOpen() throws SocketException {
        if (!channel.isOpen()) {
            throw new SocketException("Socket is closed");
        }
    }

    /// The time-out of a socket, if it may be set.
    int checkTimeout(int millis) throws SocketException {
        requireOpen();
        if (millis < 0) {
            throw new IllegalArgumentException("timeout < 0");
        }
        return millis;
    }
}
