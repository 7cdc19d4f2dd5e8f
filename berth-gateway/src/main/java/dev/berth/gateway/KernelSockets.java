package dev.berth.gateway;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.channels.spi.SelectorProvider;

/// The kernel's own sockets, also in a JVM whose default sockets are those of a host in memory.
public final class KernelSockets {
    private static final String DEFAULT_PROVIDER = "sun.nio.ch.DefaultSelectorProvider";

    private KernelSockets() {}

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
            return (SelectorProvider)
                    Class.forName(DEFAULT_PROVIDER).getMethod("get").invoke(null);
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

    private static String moduleName() {
        Module module = KernelSockets.class.getModule();
        return module.isNamed() ? module.getName() : "ALL-UNNAMED";
    }
}
