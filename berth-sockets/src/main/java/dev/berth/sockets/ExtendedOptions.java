package dev.berth.sockets;

import java.net.SocketOption;
import org.jspecify.annotations.Nullable;

/// The options of `jdk.net.ExtendedSocketOptions` that Berth honours. The module `jdk.net` may be absent, so they are
/// known by name.
final class ExtendedOptions {
    static final Name<Integer> KEEP_IDLE = new Name<>("TCP_KEEPIDLE", Integer.class);
    static final Name<Integer> KEEP_INTERVAL = new Name<>("TCP_KEEPINTERVAL", Integer.class);
    static final Name<Integer> KEEP_COUNT = new Name<>("TCP_KEEPCOUNT", Integer.class);
    static final Name<Boolean> QUICK_ACK = new Name<>("TCP_QUICKACK", Boolean.class);
    static final Name<Boolean> DONT_FRAGMENT = new Name<>("IP_DONTFRAGMENT", Boolean.class);
    static final Name<Integer> NAPI_ID = new Name<>("SO_INCOMING_NAPI_ID", Integer.class);

    private ExtendedOptions() {}

    /// The name of an option and the type of its values.
    record Name<T>(String name, Class<T> type) {
        /// The option's constant, or null without the module `jdk.net`.
        @Nullable
        SocketOption<T> find() {
            Class<?> holder;
            try {
                holder = Class.forName("jdk.net.ExtendedSocketOptions");
            } catch (ClassNotFoundException _) {
                return null; // a run-time image without jdk.net: nobody can name the options
            }
            try {
                return typed((SocketOption<?>) holder.getField(name).get(null));
            } catch (ReflectiveOperationException e) {
                throw new LinkageError("jdk.net.ExtendedSocketOptions has a public field " + name, e);
            }
        }

        @SuppressWarnings("unchecked") // checked here
        private SocketOption<T> typed(SocketOption<?> option) {
            if (option.type() != type) {
                throw new LinkageError("Values of " + name + " are of " + type + ", not " + option.type());
            }
            return (SocketOption<T>) option;
        }

        @Override
        public String toString() {
            return name;
        }
    }
}
