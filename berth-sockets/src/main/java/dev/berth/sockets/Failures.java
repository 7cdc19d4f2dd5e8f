package dev.berth.sockets;

import java.io.IOException;
import java.net.SocketException;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetBoundException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import org.jspecify.annotations.Nullable;

/// Exceptions of channels in the words of sockets, as the `socket()` views of the JDK's channels have them.
final class Failures {
    /// What a host says when the peer has reset the connection.
    static final String RESET = "Connection reset";

    private Failures() {}

    /// True if the failure says that the peer has reset the connection.
    static boolean isReset(IOException failure) {
        return RESET.equals(failure.getMessage());
    }

    /// A failed write of a channel: the JDK has the words of the kernel here, in a plain IOException.
    static IOException ofWrite(SocketException failure) {
        String message = isReset(failure) ? "Connection reset by peer" : failure.getMessage();
        return new IOException(message, failure);
    }

    /// The failure as methods that may throw any IOException throw it.
    static IOException asIoException(Exception failure) {
        return failure instanceof IOException io ? io : asSocketException(failure);
    }

    /// The failure as methods that may throw only SocketException throw it; a RuntimeException that says nothing of a
    /// channel's state is thrown as it is.
    static SocketException asSocketException(Exception failure) {
        if (failure instanceof SocketException socket) {
            return socket;
        }
        String message = message(failure);
        if (message == null && failure instanceof RuntimeException bug) {
            throw bug;
        }
        SocketException translated = new SocketException(message);
        translated.initCause(failure);
        return translated;
    }

    private static @Nullable String message(Exception failure) {
        return switch (failure) {
            case ClosedChannelException _ -> "Socket is closed";
            case NotYetConnectedException _ -> "Socket is not connected";
            case AlreadyBoundException _ -> "Already bound";
            case AlreadyConnectedException _ -> "Already connected";
            case NotYetBoundException _ -> "Socket is not bound yet";
            case UnsupportedAddressTypeException _ -> "Unsupported address type";
            case UnresolvedAddressException _ -> "Unresolved address";
            case IOException io -> io.getMessage();
            default -> null;
        };
    }
}
