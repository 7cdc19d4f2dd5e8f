package dev.berth.sockets;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/// What `java.net` keeps to itself and the JDK's own datagram sockets use. It is there if the package is open to this
/// module: the agent opens it, and so does `--add-opens java.base/java.net=dev.berth.sockets` (or `=ALL-UNNAMED`).
final class JavaNet {
    private static final MethodHandles.@Nullable Lookup LOOKUP = lookup();

    /// `DatagramPacket.length`, the octets of the datagram; null if it cannot be reached.
    static final @Nullable VarHandle PACKET_LENGTH = packetField("length");

    /// `DatagramPacket.bufLength`, the octets that a packet has room for; null if it cannot be reached.
    static final @Nullable VarHandle PACKET_ROOM = packetField("bufLength");

    private JavaNet() {}

    private static MethodHandles.@Nullable Lookup lookup() {
        try {
            return MethodHandles.privateLookupIn(DatagramSocket.class, MethodHandles.lookup());
        } catch (IllegalAccessException _) {
            return null; // the package is closed to us, which is how the JDK comes
        }
    }

    private static @Nullable VarHandle packetField(String name) {
        MethodHandles.Lookup lookup = LOOKUP;
        try {
            return lookup == null
                    ? null
                    : lookup.in(DatagramPacket.class).findVarHandle(DatagramPacket.class, name, int.class);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("java.net.DatagramPacket has a field " + name, e);
        }
    }

    /// The address that tells the constructor of `MulticastSocket` that a subclass does everything itself; null if it
    /// cannot be reached.
    static @Nullable SocketAddress noDelegate() {
        MethodHandles.Lookup lookup = LOOKUP;
        if (lookup == null) {
            return null;
        }
        try {
            return (SocketAddress) lookup.findStaticVarHandle(DatagramSocket.class, "NO_DELEGATE", SocketAddress.class)
                    .get();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("java.net.DatagramSocket has a field NO_DELEGATE", e);
        }
    }

    /// The interface that stands for none in particular.
    ///
    /// @throws UnsupportedOperationException if `java.net` is closed to this module
    static NetworkInterface anyInterface(InetAddress wildcard) {
        MethodHandles.Lookup lookup = LOOKUP;
        if (lookup == null) {
            throw new UnsupportedOperationException("java.net is closed to Berth: no interface was chosen");
        }
        try {
            MethodHandle constructor = lookup.in(NetworkInterface.class)
                    .findConstructor(
                            NetworkInterface.class,
                            MethodType.methodType(void.class, String.class, int.class, InetAddress[].class));
            return (NetworkInterface)
                    constructor.invokeWithArguments(wildcard.getHostName(), 0, new InetAddress[] {wildcard});
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new LinkageError("java.net.NetworkInterface has a constructor of name, index and addresses", e);
        }
    }
}
