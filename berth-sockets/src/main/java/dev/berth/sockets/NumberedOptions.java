package dev.berth.sockets;

import java.io.IOException;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketOptions;
import java.net.StandardSocketOptions;

/// The options that `SocketImpl` and `DatagramSocketImpl` know by number, in the words of [StandardSocketOptions].
final class NumberedOptions {
    /// Sets an option by name.
    @FunctionalInterface
    interface Setter {
        <T> void set(SocketOption<T> name, T value) throws IOException;
    }

    /// Reads an option by name.
    @FunctionalInterface
    interface Getter {
        <T> T get(SocketOption<T> name) throws IOException;
    }

    private NumberedOptions() {}

    /// Sets the option `id`.
    ///
    /// @throws SocketException if the value is not of the option's type, the option is not known or cannot be set
    static void set(int id, Object value, Setter setter) throws SocketException {
        try {
            change(id, value, setter);
        } catch (SocketException e) {
            throw e;
        } catch (IOException | IllegalArgumentException | UnsupportedOperationException e) {
            throw failed(e);
        }
    }

    private static void change(int id, Object value, Setter setter) throws IOException {
        switch (id) {
            case SocketOptions.SO_LINGER -> setter.set(StandardSocketOptions.SO_LINGER, linger(value));
            case SocketOptions.IP_MULTICAST_IF2 -> setter.set(StandardSocketOptions.IP_MULTICAST_IF, nic(value));
            // By number it says that the loop is to be off.
            case SocketOptions.IP_MULTICAST_LOOP ->
                setter.set(StandardSocketOptions.IP_MULTICAST_LOOP, !bool(value, "IP_MULTICAST_LOOP"));
            case SocketOptions.IP_TOS -> setter.set(StandardSocketOptions.IP_TOS, integer(value, "IP_TOS"));
            case SocketOptions.SO_SNDBUF -> setter.set(StandardSocketOptions.SO_SNDBUF, size(value, "SO_SNDBUF"));
            case SocketOptions.SO_RCVBUF -> setter.set(StandardSocketOptions.SO_RCVBUF, size(value, "SO_RCVBUF"));
            default -> setter.set(flag(id), bool(value, flag(id).name()));
        }
    }

    /// Reads the option `id`.
    ///
    /// @throws SocketException if the option is not known or cannot be read
    static Object get(int id, Getter getter) throws SocketException {
        try {
            return read(id, getter);
        } catch (SocketException e) {
            throw e;
        } catch (IOException | UnsupportedOperationException e) {
            throw failed(e);
        }
    }

    private static Object read(int id, Getter getter) throws IOException {
        return switch (id) {
            case SocketOptions.SO_LINGER -> {
                int seconds = getter.get(StandardSocketOptions.SO_LINGER);
                yield seconds < 0 ? (Object) false : (Object) seconds;
            }
            case SocketOptions.IP_MULTICAST_IF2 -> getter.get(StandardSocketOptions.IP_MULTICAST_IF);
            case SocketOptions.IP_MULTICAST_LOOP -> !getter.get(StandardSocketOptions.IP_MULTICAST_LOOP);
            case SocketOptions.IP_TOS -> getter.get(StandardSocketOptions.IP_TOS);
            case SocketOptions.SO_SNDBUF -> getter.get(StandardSocketOptions.SO_SNDBUF);
            case SocketOptions.SO_RCVBUF -> getter.get(StandardSocketOptions.SO_RCVBUF);
            default -> getter.get(flag(id));
        };
    }

    private static SocketOption<Boolean> flag(int id) throws SocketException {
        return switch (id) {
            case SocketOptions.TCP_NODELAY -> StandardSocketOptions.TCP_NODELAY;
            case SocketOptions.SO_OOBINLINE -> HostOptions.SO_OOBINLINE;
            case SocketOptions.SO_KEEPALIVE -> StandardSocketOptions.SO_KEEPALIVE;
            case SocketOptions.SO_REUSEADDR -> StandardSocketOptions.SO_REUSEADDR;
            case SocketOptions.SO_REUSEPORT -> StandardSocketOptions.SO_REUSEPORT;
            case SocketOptions.SO_BROADCAST -> StandardSocketOptions.SO_BROADCAST;
            default -> throw new SocketException("Unknown option " + id);
        };
    }

    private static NetworkInterface nic(Object value) throws SocketException {
        if (value instanceof NetworkInterface nic) {
            return nic;
        }
        throw new SocketException("Bad value for IP_MULTICAST_IF2");
    }

    /// `false` is no lingering.
    private static int linger(Object value) throws SocketException {
        return Boolean.FALSE.equals(value) ? -1 : integer(value, "SO_LINGER");
    }

    private static int size(Object value, String name) throws SocketException {
        int size = integer(value, name);
        if (size <= 0) {
            throw new SocketException(name + " <= 0");
        }
        return size;
    }

    /// The value of an option that is a number.
    static int integer(Object value, String name) throws SocketException {
        if (value instanceof Integer number) {
            return number;
        }
        throw new SocketException("Bad value for " + name);
    }

    /// The value of an option that is a flag.
    static boolean bool(Object value, String name) throws SocketException {
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw new SocketException("Bad value for " + name);
    }

    /// A failure in the one kind of exception that methods with numbered options may throw.
    private static SocketException failed(Exception cause) {
        SocketException failed = new SocketException(cause.getMessage());
        failed.initCause(cause);
        return failed;
    }
}
