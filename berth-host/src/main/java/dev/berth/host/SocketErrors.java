package dev.berth.host;

import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.tcp.TcpError;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import org.jspecify.annotations.Nullable;

/// The JDK's exceptions for what happens to sockets: class and message as its own sockets have them on Linux.
final class SocketErrors {
    private SocketErrors() {}

    static SocketException closed() {
        return new SocketException("Socket closed");
    }

    static SocketTimeoutException timedOut(String what) {
        return new SocketTimeoutException(what + " timed out");
    }

    /// A bind or an automatic port that failed; the cause tells who owns the port.
    static BindException bind(PortUnavailableException cause) {
        BindException exception = new BindException(cause.reason().message());
        exception.initCause(cause);
        return exception;
    }

    /// A bind to every port, which another socket has already.
    static BindException everyPort(IllegalStateException cause) {
        BindException exception = new BindException("Address already in use");
        exception.initCause(cause);
        return exception;
    }

    /// A bind to an address that the host does not have; the cause tells which ones it has.
    static BindException notLocal(Host host, IpAddress address) {
        BindException exception = new BindException("Cannot assign requested address");
        exception.initCause(new SocketException(address + " is not an address of host " + host.name() + "; it has "
                + host.addresses() + ", loopback and the wildcards"));
        return exception;
    }

    /// No route leads to the destination.
    static SocketException noRoute() {
        return new SocketException("Network is unreachable");
    }

    /// A connect that failed.
    static IOException connect(@Nullable TcpError error) {
        if (error == null) {
            return closed();
        }
        return switch (error) {
            case REFUSED, RESET -> new ConnectException("Connection refused");
            case TIMED_OUT -> new ConnectException("Connection timed out");
            case UNREACHABLE -> new NoRouteToHostException("No route to host");
            case NO_ROUTE -> noRoute();
            case ABORTED -> closed();
        };
    }

    /// A read on a connection that ended with an error.
    static IOException read(@Nullable TcpError error) {
        if (error == null) {
            return closed();
        }
        return switch (error) {
            case REFUSED, RESET -> new SocketException("Connection reset");
            case TIMED_OUT -> new SocketException("Connection timed out");
            case UNREACHABLE -> new NoRouteToHostException("No route to host");
            case NO_ROUTE -> noRoute();
            case ABORTED -> new SocketException("Connection reset");
        };
    }

    /// A write on a connection that cannot send any more.
    ///
    /// @param reported the error was thrown before: the kernel then says "Broken pipe"
    static IOException write(@Nullable TcpError error, boolean reported) {
        if (error == null || reported) {
            return new SocketException("Broken pipe");
        }
        return switch (error) {
            case REFUSED, RESET -> new SocketException("Connection reset by peer");
            case TIMED_OUT -> new SocketException("Connection timed out");
            case UNREACHABLE -> new NoRouteToHostException("No route to host");
            case NO_ROUTE -> noRoute();
            case ABORTED -> new SocketException("Broken pipe");
        };
    }
}
