package dev.berth.sockets;

import dev.berth.host.Host;
import dev.berth.names.NameTable;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.channels.spi.AsynchronousChannelProvider;
import java.nio.channels.spi.SelectorProvider;
import java.util.List;

/// Makes the sockets, channels and names of the whole JVM those of a host.
///
/// It uses only what the JDK offers to everybody, so it must come before the program's first socket and look-up,
/// once, and cannot be taken back: sockets that were opened before stay on the kernel. [BerthSelectorProvider],
/// [BerthSocketFactory], [BerthSslSocketFactory] and [BerthServerSocketFactory] do without it. Other hosts may stand
/// beside the installed one, for the threads of a [HostScope].
public final class BerthSockets {
    private static final String PROVIDER_PROPERTY = "java.nio.channels.spi.SelectorProvider";
    private static final String ASYNCHRONOUS_PROPERTY = "java.nio.channels.spi.AsynchronousChannelProvider";

    private BerthSockets() {}

    /// True if the sockets of the JVM are Berth's, by [#install] or the agent, so that a [HostScope] has an effect on
    /// plain sockets.
    public static boolean isInstalled() {
        return HostScope.isInstalled();
    }

    /// Installs the sockets of `host`. Names are those of the host and of `names`; others are looked up as the JDK
    /// does.
    ///
    /// @throws IllegalStateException if sockets were installed before, or the program or the JVM has chosen others
    ///     already; the message is a sentence that says which
    public static void install(Host host, NameTable... names) {
        install(host, true, names);
    }

    /// Installs the sockets of `host`.
    ///
    /// @param otherNames whether names that neither the host nor `names` know are looked up as the JDK does;
    ///     if not, they are unknown
    /// @throws IllegalStateException if sockets were installed before, or the program or the JVM has chosen others
    ///     already; the message is a sentence that says which
    public static void install(Host host, boolean otherNames, NameTable... names) {
        install(host, true, true, otherNames, names);
    }

    /// Installs the sockets of `host` for an agent, which has rewritten what the factories would be for ([JdkHooks]).
    ///
    /// @param socketFactories whether `Socket` and `ServerSocket` need a factory
    /// @param datagramFactory whether `DatagramSocket` and `MulticastSocket` need a factory
    /// @param otherNames whether names that neither the host nor `names` know are looked up as the JDK does;
    ///     if not, they are unknown
    /// @throws IllegalStateException if sockets were installed before, or the program or the JVM has chosen others
    ///     already; the message is a sentence that says which
    public static void install(
            Host host, boolean socketFactories, boolean datagramFactory, boolean otherNames, NameTable... names) {
        HostScope.install(new HostNames(host, List.of(names), otherNames));
        installProviders();
        if (socketFactories) {
            installSocketFactories();
        }
        if (datagramFactory) {
            installDatagramFactory();
        }
        pinResolver(host);
    }

    private static void installProviders() {
        choose(PROVIDER_PROPERTY, InstalledSelectorProvider.class);
        SelectorProvider chosen = SelectorProvider.provider();
        if (!(chosen instanceof InstalledSelectorProvider)) {
            throw new IllegalStateException(
                    "The JVM uses the selector provider " + chosen.getClass().getName()
                            + " already: install Berth's sockets before the first channel or selector is opened.");
        }
        choose(ASYNCHRONOUS_PROPERTY, InstalledAsynchronousChannelProvider.class);
        AsynchronousChannelProvider asynchronous = AsynchronousChannelProvider.provider();
        if (!(asynchronous instanceof InstalledAsynchronousChannelProvider)) {
            throw new IllegalStateException("The JVM uses the asynchronous channel provider "
                    + asynchronous.getClass().getName()
                    + " already: install Berth's sockets before the first asynchronous channel is opened.");
        }
    }

    private static void choose(String property, Class<?> provider) {
        String wanted = System.getProperty(property);
        if (wanted != null && !wanted.equals(provider.getName())) {
            throw new IllegalStateException("The property " + property + " asks for " + wanted
                    + ": leave it out, for the channels of this JVM are to be Berth's.");
        }
        System.setProperty(property, provider.getName());
    }

    @SuppressWarnings("deprecation") // the factories are the only way without an agent
    private static void installSocketFactories() {
        install(
                "java.net.Socket",
                () -> Socket.setSocketImplFactory(() -> new BerthSocketImpl(HostScope.requiredHost(), false)));
        install(
                "java.net.ServerSocket",
                () -> ServerSocket.setSocketFactory(() -> new BerthSocketImpl(HostScope.requiredHost(), true)));
    }

    @SuppressWarnings("deprecation") // as above
    private static void installDatagramFactory() {
        install(
                "java.net.DatagramSocket",
                () -> DatagramSocket.setDatagramSocketImplFactory(
                        () -> new BerthDatagramSocketImpl(HostScope.requiredHost())));
    }

    private interface Installation {
        void run() throws IOException;
    }

    private static void install(String type, Installation installation) {
        try {
            installation.run();
        } catch (IOException e) {
            throw new IllegalStateException(
                    "The program has set a factory of its own for " + type
                            + ": install Berth's sockets first, or leave the factory out.",
                    e);
        }
    }

    /// Makes the JDK choose its resolver now, while our provider is in sight.
    private static void pinResolver(Host host) {
        try {
            InetAddress own = InetAddress.getByName(host.name());
            if (!host.addresses().isEmpty() && !host.addresses().contains(Addresses.ipAddress(own))) {
                throw new IllegalStateException(notResolving(host));
            }
        } catch (UnknownHostException e) {
            throw new IllegalStateException(notResolving(host), e);
        }
    }

    private static String notResolving(Host host) {
        return System.getProperty("jdk.net.hosts.file") == null
                ? "The JVM does not resolve the name of host '" + host.name() + "' with Berth: install Berth before the"
                        + " first look-up of a name, and leave out what brings another resolver."
                : "The property jdk.net.hosts.file makes the JVM look names up in that file alone: leave it out, for"
                        + " the names of this JVM are to be Berth's.";
    }
}
