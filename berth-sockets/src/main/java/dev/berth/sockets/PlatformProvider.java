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
            SelectorProvider chosen = SelectorProvider.provider();
            if (chosen instanceof BerthSelectorProvider) {
                throw new UnsupportedOperationException(UNREACHABLE, e);
            }
            return chosen; // Berth is not installed: the JVM's own is there for everybody
        } catch (ClassNotFoundException | NoSuchMethodException | InvocationTargetException e) {
            throw new UnsupportedOperationException("UNIX-domain channels are not supported on this JDK", e);
        }
    }

    private static String moduleName() {
        Module module = PlatformProvider.class.getModule();
        return module.isNamed() ? module.getName() : "ALL-UNNAMED";
    }
}
