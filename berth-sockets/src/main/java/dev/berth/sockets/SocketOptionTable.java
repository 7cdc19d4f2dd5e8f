package dev.berth.sockets;

import java.io.IOException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The options of one kind of host socket, under the names of the JDK.
///
/// @param <S> the kind of host socket
final class SocketOptionTable<S> {
    /// Reads an option.
    @FunctionalInterface
    interface Getter<S, T> {
        @Nullable
        T get(S socket) throws IOException;
    }

    /// Sets an option.
    @FunctionalInterface
    interface Setter<S, T> {
        void set(S socket, T value) throws IOException;
    }

    /// The largest buffer of a host's socket.
    private static final int MAX_BUFFER = 1 << 30;

    private record Access<S, T>(Getter<S, T> getter, Setter<S, T> setter) {}

    private final Map<SocketOption<?>, Access<S, ?>> options;

    private SocketOptionTable(Map<SocketOption<?>, Access<S, ?>> options) {
        this.options = options;
    }

    /// The names of the options.
    Set<SocketOption<?>> names() {
        return options.keySet();
    }

    /// The table without some of its options.
    SocketOptionTable<S> without(SocketOption<?>... names) {
        Map<SocketOption<?>, Access<S, ?>> rest = new LinkedHashMap<>(options);
        rest.keySet().removeAll(Set.of(names));
        return new SocketOptionTable<>(Collections.unmodifiableMap(rest));
    }

    /// Sets an option of an asynchronous channel whose name is supported.
    ///
    /// @throws IllegalArgumentException if the value is not one of the option's
    <T> void setAsynchronously(S socket, SocketOption<T> name, @Nullable T value) throws IOException {
        if (value == null) {
            throw new IllegalArgumentException("Invalid option value");
        }
        set(socket, name, name.type().cast(value));
    }

    /// @throws UnsupportedOperationException if the option is not in the table
    /// @throws IllegalArgumentException if the value is not one of the option's
    <T> void check(SocketOption<T> name, T value) {
        checkSupported(name);
        if (!name.type().isInstance(value)) {
            throw new IllegalArgumentException("Invalid value '" + value + "'");
        }
    }

    /// @throws UnsupportedOperationException if the option is not in the table
    void checkSupported(SocketOption<?> name) {
        Objects.requireNonNull(name);
        if (!options.containsKey(name)) {
            throw new UnsupportedOperationException("'" + name + "' not supported");
        }
    }

    /// Sets an option whose name and value were [#check]ed.
    <T> void set(S socket, SocketOption<T> name, T value) throws IOException {
        access(name).setter.set(socket, valid(name, value));
    }

    /// Reads an option whose name was checked. `IP_MULTICAST_IF` is null while no interface is set, as the JDK has
    /// it.
    @SuppressWarnings("NullAway")
    <T> T get(S socket, SocketOption<T> name) throws IOException {
        return access(name).getter.get(socket);
    }

    @SuppressWarnings("unchecked") // an entry is made with an option and an access of the same type
    private <T> Access<S, T> access(SocketOption<T> name) {
        checkSupported(name);
        return (Access<S, T>) Objects.requireNonNull(options.get(name));
    }

    private static <T> T valid(SocketOption<T> name, T value) {
        if (!(value instanceof Integer number)) {
            return value;
        }
        if (name == StandardSocketOptions.SO_RCVBUF || name == StandardSocketOptions.SO_SNDBUF) {
            if (number < 0) {
                throw new IllegalArgumentException("Invalid send/receive buffer size");
            }
            // "a hint to size", as StandardSocketOptions has it
            return name.type().cast(Math.clamp(number, 1, MAX_BUFFER));
        } else if (name == StandardSocketOptions.IP_MULTICAST_TTL) {
            if (number < 0 || number > 255) {
                throw new IllegalArgumentException("Invalid TTL/hop value");
            }
        } else if (name == StandardSocketOptions.IP_TOS) {
            if (number < 0 || number > 255) {
                throw new IllegalArgumentException("Invalid IP_TOS value");
            }
        } else if (name == StandardSocketOptions.SO_LINGER) {
            return name.type().cast(Math.clamp(number, -1, 65_535));
        }
        return value;
    }

    /// Collects the options of a kind of socket.
    static final class Builder<S> {
        private final Map<SocketOption<?>, Access<S, ?>> options = new LinkedHashMap<>();

        /// Adds an option.
        <T> Builder<S> add(SocketOption<T> name, Getter<S, T> getter, Setter<S, T> setter) {
            options.put(name, new Access<>(getter, setter));
            return this;
        }

        /// Adds an extended option, which is there only with the module `jdk.net`.
        <T> Builder<S> addExtended(ExtendedOptions.Name<T> name, Getter<S, T> getter, Setter<S, T> setter) {
            SocketOption<T> option = name.find();
            return option == null ? this : add(option, getter, setter);
        }

        SocketOptionTable<S> build() {
            return new SocketOptionTable<>(Collections.unmodifiableMap(options));
        }
    }
}
