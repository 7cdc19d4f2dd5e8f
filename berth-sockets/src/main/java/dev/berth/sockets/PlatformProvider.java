package dev.berth.sockets;

import java.lang.reflect.InvocationTargetException;
import java.nio.channels.spi.SelectorProvider;

/// The selector provider of the JDK itself, for what does not belong on a host: UNIX-domain channels.
final class PlatformProvider {
    private static final String UNREACHABLE =
            "UNIX-domain channels need the JDK's own selector provider, which is not open to Berth: start the JVM with"
                    + " --add-exports java.base/sun.nio.ch=" + moduleName();

    private PlatformProvider() {}

    /// The provider.
    ///
    /// @throws UnsupportedOperationException if the JVM does not let us reach it, with the option that does
    static SelectorProvider get() {
        try {
            return (SelectorProvider) Class.forName("sun.nio.ch.DefaultSelectorProvider")
                    .getMethod("get")
                    .invoke(null);
        } catch (IllegalAccessException e) {
            throw new UnsupportedOperationException(UNREACHABLE, e);
        } catch (ClassNotFoundException | NoSuchMethodException | InvocationTargetException e) {
            throw new UnsupportedOperationException("UNIX-domain channels are not supported on this JDK", e);
        }
    }

    /// The provider, or, if the JVM does not let us reach it, that of the JVM, which is the JDK's where Berth is not
    /// installed.
    ///
    /// @throws UnsupportedOperationException if it is Berth's, with the option that lets us reach the other
    static SelectorProvider getOrInstalled() {
        try {
            return get();
        } catch (UnsupportedOperationException e) {
            SelectorProvider chosen = SelectorProvider.provider();
            if (chosen instanceof BerthSelectorProvider) {
                throw e;
            }
            return chosen;
        }
    }

    private static String moduleName() {
        Module module = PlatformProvider.class.getModule();
        return module.isNamed() ? module.getName() : "ALL-UNNAMED";
    }
}
