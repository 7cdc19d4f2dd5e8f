package dev.berth.sockets;

import dev.berth.host.Host;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// What methods of the JDK ask that an agent has rewritten: each begins with a call of [#apply], with its own name and
/// arguments, and returns what the answer holds, or goes on as it always did if there is none.
///
/// On threads without a host ([HostScope]) there is never an answer. What the methods throw comes out of [#apply],
/// checked or not. Threads need no lock. The package `java.net` must be open to this module, and `sun.nio.ch` be
/// exported to it.
@SuppressWarnings("NullableOptional") // null means to go on, empty that the method returns null
public final class JdkHooks implements BiFunction<String, @Nullable Object[], @Nullable Optional<?>> {
    private final SocketMaker sockets;
    private final JavaNetAccess access = new JavaNetAccess();

    /// Makes what the JDK takes for one of its own sockets: a [BerthSocketImpl] that also is a
    /// `sun.net.PlatformSocketImpl`, which no class can be that is compiled without the JDK's permission.
    @FunctionalInterface
    public interface SocketMaker {
        /// A new socket on `host`, not yet created; `server` for a `ServerSocket`.
        BerthSocketImpl make(Host host, boolean server);
    }

    /// @throws LinkageError if `java.net` is not as expected, or closed to this module
    public JdkHooks(SocketMaker sockets) {
        this.sockets = sockets;
    }

    /// The answer for a method of the JDK.
    ///
    /// @param method class and name, such as `NetworkInterface.isUp`
    /// @param arguments its arguments, after the object itself if it is not static
    /// @return what it returns; null if it is to go on as always
    @Override
    public @Nullable Optional<?> apply(String method, @Nullable Object[] arguments) {
        Host host = HostScope.host();
        try {
            return switch (method) {
                case "ServerSocket.platformImplAccept" -> accept((ServerSocket) argument(arguments, 0), host);
                case "Streams.of(ReadableByteChannel)" ->
                    optional(ChannelStreams.input((ReadableByteChannel) argument(arguments, 0)));
                case "Streams.of(WritableByteChannel)" ->
                    optional(ChannelStreams.output((WritableByteChannel) argument(arguments, 0)));
                default -> host == null ? null : onHost(host, method, arguments);
            };
        } catch (Throwable e) {
            throw JdkHooks.<RuntimeException>unchecked(e);
        }
    }

    private @Nullable Optional<?> onHost(Host host, String method, @Nullable Object[] arguments) throws IOException {
        return switch (method) {
            case "SocketImpl.createPlatformSocketImpl" ->
                Optional.of(sockets.make(host, (Boolean) argument(arguments, 0)));
            case "DatagramSocket.createDelegate" ->
                datagramSocket(host, (SocketAddress) arguments[0], (Class<?>) argument(arguments, 1));
            case "InetAddress.getLocalHost" -> Optional.of(localHost(host));
            case "InetAddress.isReachable" -> reachable(host, arguments);
            default ->
                arguments.length == 1 && arguments[0] instanceof NetworkInterface nic
                        ? fact(host, method, nic)
                        : interfaces(host, method, arguments);
        };
    }

    private static Object argument(@Nullable Object[] arguments, int i) {
        Object argument = arguments[i];
        if (argument == null) {
            throw new NullPointerException();
        }
        return argument;
    }

    private static @Nullable Optional<?> optional(@Nullable Object answer) {
        return answer == null ? null : Optional.of(answer);
    }

    @SuppressWarnings("unchecked")
    private static <E extends Throwable> E unchecked(Throwable e) throws E {
        throw (E) e;
    }

    // ---- sockets

    /// What a server socket accepts is of its own kind: on its host, or the kernel's, whoever accepts it.
    private @Nullable Optional<?> accept(ServerSocket server, @Nullable Host host) throws Throwable {
        SocketImpl listening = access.implOf(server);
        SocketImpl accepted;
        if (listening instanceof BerthSocketImpl ours) {
            accepted = sockets.make(ours.host(), false);
        } else if (host != null) {
            accepted = access.kernelSocket();
        } else {
            return null;
        }
        access.accept(server, accepted);
        return Optional.of(accepted);
    }

    private @Nullable Optional<?> datagramSocket(Host host, @Nullable SocketAddress local, Class<?> type)
            throws SocketException {
        if (access.isNoDelegate(local) || access.hasDatagramFactory()) {
            return null;
        }
        DatagramSocket socket = BerthDatagramSockets.delegate(host);
        try {
            if (type == java.net.MulticastSocket.class) {
                socket.setReuseAddress(true);
            }
            if (local != null) {
                socket.bind(local);
            }
            socket.setBroadcast(true);
            return Optional.of(socket);
        } catch (SocketException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    // ---- addresses

    private static InetAddress localHost(Host host) throws IOException {
        return InetAddress.getByAddress(
                host.name(), HostNames.ownAddresses(host).getFirst().octets());
    }

    private static @Nullable Optional<?> reachable(Host host, @Nullable Object[] arguments) throws IOException {
        InetAddress address = (InetAddress) argument(arguments, 0);
        NetworkInterface nic = (NetworkInterface) arguments[1];
        int hops = (Integer) argument(arguments, 2);
        int millis = (Integer) argument(arguments, 3);
        if (hops < 0 || millis < 0) {
            return null; // the JDK's own method throws
        }
        int index = nic == null ? 0 : HostInterfaces.indexOf(host, nic) + 1;
        return Optional.of(InterfaceData.isReachable(host, address, index, hops, millis));
    }

    // ---- interfaces

    private static @Nullable Optional<?> interfaces(Host host, String method, @Nullable Object[] arguments)
            throws SocketException {
        List<NetworkInterface> all = HostNetworkInterfaces.all(host);
        return switch (method) {
            case "NetworkInterface.getNetworkInterfaces" -> Optional.of(Collections.enumeration(all));
            case "NetworkInterface.networkInterfaces" -> Optional.of(all.stream());
            case "NetworkInterface.getByName" -> {
                Object name = argument(arguments, 0);
                yield all.stream().filter(nic -> nic.getName().equals(name)).findFirst();
            }
            case "NetworkInterface.getByIndex" -> {
                int index = (Integer) argument(arguments, 0);
                yield index < 0
                        ? null
                        : all.stream().filter(nic -> nic.getIndex() == index).findFirst();
            }
            case "NetworkInterface.getByInetAddress" -> withAddress(all, (InetAddress) argument(arguments, 0));
            case "NetworkInterface.isBoundInetAddress" ->
                Optional.of(
                        withAddress(all, (InetAddress) argument(arguments, 0)).isPresent());
            default -> throw new LinkageError("Unknown method " + method);
        };
    }

    private static Optional<NetworkInterface> withAddress(List<NetworkInterface> all, InetAddress address) {
        byte[] octets = address.getAddress();
        return all.stream()
                .filter(nic -> nic.inetAddresses().anyMatch(own -> Arrays.equals(own.getAddress(), octets)))
                .findFirst();
    }

    private static @Nullable Optional<?> fact(Host host, String method, NetworkInterface nic) {
        InterfaceData data = HostNetworkInterfaces.find(host, nic);
        if (data == null) {
            return null;
        }
        return switch (method) {
            case "NetworkInterface.isUp" -> Optional.of(data.up());
            case "NetworkInterface.isLoopback" -> Optional.of(data.loopback());
            case "NetworkInterface.isPointToPoint" -> Optional.of(false);
            case "NetworkInterface.supportsMulticast" -> Optional.of(data.multicast());
            case "NetworkInterface.getHardwareAddress" -> Optional.empty();
            case "NetworkInterface.getMTU" -> Optional.of(data.mtu());
            default -> throw new LinkageError("Unknown method " + method);
        };
    }
}
