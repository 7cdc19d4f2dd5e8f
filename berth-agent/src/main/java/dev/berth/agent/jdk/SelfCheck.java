package dev.berth.agent.jdk;

import dev.berth.agent.jdk.Rewrite.Part;
import dev.berth.host.Host;
import dev.berth.sockets.BerthSocketImpl;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketImpl;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Asks the JDK for sockets as any program does, and looks whose they are. It sends and binds nothing.
final class SelfCheck {
    private SelfCheck() {}

    /// What does not do what it was rewritten for, and why; empty if all is well.
    static Map<Part, String> failures(Host host, Set<Part> rewritten) {
        Map<Part, String> failures = new EnumMap<>(Part.class);
        for (Part part : rewritten) {
            String failure = failure(part, host);
            if (failure != null) {
                failures.put(part, failure);
            }
        }
        return failures;
    }

    private static @Nullable String failure(Part part, Host host) {
        try {
            return switch (part) {
                case SOCKETS -> sockets();
                case DATAGRAMS -> datagrams();
                case STREAMS -> streams();
                case INTERFACES -> interfaces(host);
                case ADDRESSES -> addresses(host);
                case KERNEL_SOCKETS -> null; // it would open one
            };
        } catch (IOException | ReflectiveOperationException | RuntimeException | LinkageError e) {
            return "the check fails with " + e;
        }
    }

    private static @Nullable String sockets() throws IOException, ReflectiveOperationException {
        try (ServerSocket socket = new ServerSocket()) {
            VarHandle impl = MethodHandles.privateLookupIn(ServerSocket.class, MethodHandles.lookup())
                    .findVarHandle(ServerSocket.class, "impl", SocketImpl.class);
            return impl.get(socket) instanceof BerthSocketImpl ? null : "a new ServerSocket is the kernel's";
        }
    }

    private static @Nullable String datagrams() throws IOException, ReflectiveOperationException {
        try (DatagramSocket socket = new DatagramSocket((SocketAddress) null)) {
            VarHandle delegate = MethodHandles.privateLookupIn(DatagramSocket.class, MethodHandles.lookup())
                    .findVarHandle(DatagramSocket.class, "delegate", DatagramSocket.class);
            return isOurs(delegate.get(socket)) ? null : "a new DatagramSocket is the kernel's";
        }
    }

    private static @Nullable String streams() throws IOException {
        try (SocketChannel channel = SocketChannel.open()) {
            return isOurs(Channels.newInputStream(channel)) ? null : "the streams of a channel are the JDK's";
        }
    }

    private static boolean isOurs(Object object) {
        return object.getClass().getName().startsWith("dev.berth.");
    }

    private static @Nullable String interfaces(Host host) throws IOException {
        List<String> seen = new ArrayList<>();
        for (NetworkInterface nic : Collections.list(NetworkInterface.getNetworkInterfaces())) {
            seen.add(nic.getName());
        }
        return seen.equals(host.interfaceNames()) ? null : "the interfaces are " + seen;
    }

    private static @Nullable String addresses(Host host) throws IOException {
        InetAddress local = InetAddress.getLocalHost();
        return local.getHostName().equals(host.name()) ? null : "the local host is " + local;
    }
}
