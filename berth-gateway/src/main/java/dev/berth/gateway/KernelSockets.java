package dev.berth.gateway;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.ProtocolFamily;
import java.nio.channels.Channel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;

/// The kernel's own sockets, also in a JVM whose default sockets are those of a host in memory.
public final class KernelSockets {
    private static final String DEFAULT_PROVIDER = "sun.nio.ch.DefaultSelectorProvider";

    private static final ThreadLocal<Boolean> OPENING = new ThreadLocal<>();

    private KernelSockets() {}

    /// True while the current thread opens a channel of a [#provider]: for those who watch for sockets of the kernel
    /// that nobody should open but Berth.
    public static boolean isOpening() {
        return Boolean.TRUE.equals(OPENING.get());
    }

    /// The provider of the JDK for the kernel's sockets.
    ///
    /// Without `--add-exports java.base/sun.nio.ch` only the default provider of the JVM can be asked for, and asking
    /// makes the JDK's the default for good if nobody has chosen another.
    ///
    /// @param what who needs them, for the message: `Published ports`
    /// @throws IOException if the default sockets of the JVM are not those of the kernel and the JDK's are out of
    ///     reach; the message names the option that helps
    public static SelectorProvider provider(String what) throws IOException {
        try {
            return new Announced((SelectorProvider)
                    Class.forName(DEFAULT_PROVIDER).getMethod("get").invoke(null));
        } catch (IllegalAccessException e) {
            SelectorProvider chosen = SelectorProvider.provider();
            if (chosen.getClass().getModule() == Object.class.getModule()) {
                return chosen;
            }
            throw new IOException(
                    what + " need the sockets of the kernel, which are not open to Berth: start the JVM with"
                            + " --add-exports java.base/sun.nio.ch=" + moduleName() + ".",
                    e);
        } catch (ClassNotFoundException | NoSuchMethodException | InvocationTargetException e) {
            throw new IOException(what + " are not supported on this JDK, it has no " + DEFAULT_PROVIDER, e);
        }
    }

    /// The descriptor of a channel of the kernel; -1 if the JDK does not tell.
    static int descriptor(Channel channel) {
        try {
            return (int)
                    Class.forName("sun.nio.ch.SelChImpl").getMethod("getFDVal").invoke(channel);
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            return -1;
        }
    }

    private static String moduleName() {
        Module module = KernelSockets.class.getModule();
        return module.isNamed() ? module.getName() : "ALL-UNNAMED";
    }

    private interface Opening<T> {
        T open() throws IOException;
    }

    private static <T> T announced(Opening<T> opening) throws IOException {
        OPENING.set(true);
        try {
            return opening.open();
        } finally {
            OPENING.remove();
        }
    }

    /// The JDK's provider; [#isOpening] is true while it opens a channel.
    private static final class Announced extends SelectorProvider {
        private final SelectorProvider platform;

        Announced(SelectorProvider platform) {
            this.platform = platform;
        }

        @Override
        public DatagramChannel openDatagramChannel() throws IOException {
            return announced(platform::openDatagramChannel);
        }

        @Override
        public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
            return announced(() -> platform.openDatagramChannel(family));
        }

        @Override
        public Pipe openPipe() throws IOException {
            return announced(platform::openPipe);
        }

        @Override
        public AbstractSelector openSelector() throws IOException {
            return announced(platform::openSelector);
        }

        @Override
        public ServerSocketChannel openServerSocketChannel() throws IOException {
            return announced(platform::openServerSocketChannel);
        }

        @Override
        public ServerSocketChannel openServerSocketChannel(ProtocolFamily family) throws IOException {
            return announced(() -> platform.openServerSocketChannel(family));
        }

        @Override
        public SocketChannel openSocketChannel() throws IOException {
            return announced(platform::openSocketChannel);
        }

        @Override
        public SocketChannel openSocketChannel(ProtocolFamily family) throws IOException {
            return announced(() -> platform.openSocketChannel(family));
        }
    }
}
