package dev.berth.sockets;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.net.DatagramSocket;
import java.net.DatagramSocketImplFactory;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketImpl;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The private parts of `java.net` that [JdkHooks] need. The package must be open to this module.
final class JavaNetAccess {
    private final VarHandle serverImpl;
    private final MethodHandle serverAccept;
    private final MethodHandle newKernelSocket;
    private final VarHandle datagramFactory;
    private final @Nullable Object noDelegate;

    /// @throws LinkageError if a part is not there, or out of reach; the message says which
    JavaNetAccess() {
        try {
            MethodHandles.Lookup own = MethodHandles.lookup();
            MethodHandles.Lookup server = MethodHandles.privateLookupIn(ServerSocket.class, own);
            serverImpl = server.findVarHandle(ServerSocket.class, "impl", SocketImpl.class);
            serverAccept = server.findVirtual(
                    ServerSocket.class, "implAccept", MethodType.methodType(void.class, SocketImpl.class));
            newKernelSocket = own.findConstructor(
                            Class.forName("sun.nio.ch.NioSocketImpl"), MethodType.methodType(void.class, boolean.class))
                    .asType(MethodType.methodType(SocketImpl.class, boolean.class));
            MethodHandles.Lookup datagram = MethodHandles.privateLookupIn(DatagramSocket.class, own);
            datagramFactory =
                    datagram.findStaticVarHandle(DatagramSocket.class, "factory", DatagramSocketImplFactory.class);
            noDelegate = datagram.findStaticVarHandle(DatagramSocket.class, "NO_DELEGATE", SocketAddress.class)
                    .get();
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("java.net is not as Berth knows it: " + e.getMessage(), e);
        }
    }

    SocketImpl implOf(ServerSocket socket) {
        return (SocketImpl) serverImpl.get(socket);
    }

    void accept(ServerSocket socket, SocketImpl into) throws Throwable {
        serverAccept.invokeExact(socket, into);
    }

    SocketImpl kernelSocket() throws Throwable {
        return (SocketImpl) newKernelSocket.invokeExact(false);
    }

    boolean hasDatagramFactory() {
        return datagramFactory.get() != null;
    }

    boolean isNoDelegate(@Nullable SocketAddress address) {
        return address != null && address == noDelegate;
    }

    /// Makes interfaces. Loaded only where they are asked for.
    static final class Interfaces {
        private static final MethodHandle NEW_INTERFACE;
        private static final VarHandle DISPLAY_NAME;
        private static final VarHandle BINDINGS;
        private static final VarHandle CHILDREN;
        private static final MethodHandle NEW_BINDING;
        private static final VarHandle BOUND;
        private static final VarHandle BROADCAST;
        private static final VarHandle MASK_LENGTH;

        static {
            try {
                MethodHandles.Lookup own = MethodHandles.lookup();
                MethodHandles.Lookup nic = MethodHandles.privateLookupIn(NetworkInterface.class, own);
                NEW_INTERFACE = nic.findConstructor(
                        NetworkInterface.class,
                        MethodType.methodType(void.class, String.class, int.class, InetAddress[].class));
                DISPLAY_NAME = nic.findVarHandle(NetworkInterface.class, "displayName", String.class);
                BINDINGS = nic.findVarHandle(NetworkInterface.class, "bindings", InterfaceAddress[].class);
                CHILDREN = nic.findVarHandle(NetworkInterface.class, "childs", NetworkInterface[].class);
                MethodHandles.Lookup binding = MethodHandles.privateLookupIn(InterfaceAddress.class, own);
                NEW_BINDING = binding.findConstructor(InterfaceAddress.class, MethodType.methodType(void.class));
                BOUND = binding.findVarHandle(InterfaceAddress.class, "address", InetAddress.class);
                BROADCAST = binding.findVarHandle(InterfaceAddress.class, "broadcast", Inet4Address.class);
                MASK_LENGTH = binding.findVarHandle(InterfaceAddress.class, "maskLength", short.class);
            } catch (ReflectiveOperationException e) {
                throw new LinkageError("java.net is not as Berth knows it: " + e.getMessage(), e);
            }
        }

        private Interfaces() {}

        /// An interface.
        static NetworkInterface make(InterfaceData data) {
            List<InterfaceData.Address> addresses = data.addresses();
            InetAddress[] all = new InetAddress[addresses.size()];
            InterfaceAddress[] bindings = new InterfaceAddress[addresses.size()];
            try {
                for (int i = 0; i < all.length; i++) {
                    InterfaceData.Address address = addresses.get(i);
                    all[i] = address.address();
                    bindings[i] = (InterfaceAddress) NEW_BINDING.invokeExact();
                    BOUND.set(bindings[i], address.address());
                    BROADCAST.set(bindings[i], (Inet4Address) address.broadcast());
                    MASK_LENGTH.set(bindings[i], address.prefixLength());
                }
                NetworkInterface nic = (NetworkInterface) NEW_INTERFACE.invokeExact(data.name(), data.index(), all);
                DISPLAY_NAME.set(nic, data.displayName());
                BINDINGS.set(nic, bindings);
                CHILDREN.set(nic, new NetworkInterface[0]);
                return nic;
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new LinkageError("Constructors of java.net throw nothing", e);
            }
        }
    }
}
