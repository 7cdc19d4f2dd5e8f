package dev.berth.software;

import dev.berth.host.Host;
import dev.berth.sockets.BerthSockets;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.logging.Level;
import java.util.logging.Logger;

/// Makes the sockets of the tests' own JVM ask which host they are on. Those of a thread without a scope are on a host
/// that has no network.
public final class InThisJvm {
    private static final Logger TALKATIVE = Logger.getLogger("org.apache.ratis.thirdparty.io.grpc");
    private static final Host NOWHERE = install();

    private InThisJvm() {}

    private static Host install() {
        // Netty would go past the JDK, also the copy that Ratis has in a package of its own.
        System.setProperty("io.netty.transport.noNative", "true");
        System.setProperty("org.apache.ratis.thirdparty.io.netty.transport.noNative", "true");
        TALKATIVE.setLevel(Level.WARNING);
        try {
            Host nowhere = Host.builder("nowhere").start();
            BerthSockets.install(nowhere, false);
            return nowhere;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The host of threads without a scope; the first call installs the sockets.
    public static Host nowhere() {
        return NOWHERE;
    }
}
