package dev.berth.host;

import dev.berth.stack.tcp.TcpInfo;
import dev.berth.wire.Endpoint;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Is told what happens on the sockets of all hosts of the JVM: for flight recordings and traces.
///
/// While none is installed, an operation pays one read of a field for it. All methods are called without a host's
/// lock, on the thread that does the operation (retransmissions: on whatever thread is at work in the host); they
/// should be quick and must not throw.
public abstract class SocketObserver {
    /// What is observed from its begin to its end.
    public enum Operation {
        /// A TCP connection is being made, until it is or cannot be.
        CONNECT,
        /// Somebody waits for a connection, or looks for one; ends only if there is one.
        ACCEPT,
        /// Data or a datagram are taken, after a wait if it has to be.
        READ,
        /// Data are written, after waits for room, or a datagram is sent.
        WRITE,
        /// A TCP socket that has a connection is closed.
        CLOSE
    }

    private static volatile @Nullable SocketObserver present;

    /// For subclasses.
    protected SocketObserver() {}

    /// Installs an observer in the place of the present one, or none.
    public static void install(@Nullable SocketObserver observer) {
        present = observer;
    }

    /// What an operation of the present observer begins with; null if nobody wants to know.
    static @Nullable Object begun(Operation operation) {
        SocketObserver observer = present;
        return observer == null ? null : observer.begin(operation);
    }

    /// Ends what [#begun] began; whoever is installed now has to know what it was.
    static void ended(
            Object begun, HostSocket socket, @Nullable Endpoint remote, long octets, @Nullable IOException failure) {
        SocketObserver observer = present;
        if (observer != null) {
            observer.end(begun, socket, remote, octets, failure);
        }
    }

    static @Nullable SocketObserver present() {
        return present;
    }

    /// An operation begins.
    ///
    /// @return what [#end] or [#closed] is to be given, or null if nobody wants to know of it
    protected abstract @Nullable Object begin(Operation operation);

    /// An operation has ended.
    ///
    /// @param begun what [#begin] returned, of this observer or one that was installed before
    /// @param socket the socket; of an [Operation#ACCEPT] the one that was accepted
    /// @param remote the remote end of a datagram; null for the socket's own
    /// @param octets octets that were read, -1 at the end of the stream; octets that were written; otherwise 0
    /// @param failure why it failed, or null
    protected abstract void end(
            Object begun, HostSocket socket, @Nullable Endpoint remote, long octets, @Nullable IOException failure);

    /// A [Operation#CLOSE] has ended.
    ///
    /// @param info what was known of the connection at its begin
    /// @param reset whether the connection was ended with RST
    protected abstract void closed(Object begun, TcpSocket socket, TcpInfo info, boolean reset);

    /// Whether anybody wants to know of retransmissions.
    protected abstract boolean wantsRetransmissions();

    /// A connection of a host sent segments again.
    protected abstract void retransmitted(String host, Retransmission retransmission);
}
