package dev.berth.agent.run;

import dev.berth.gateway.KernelSockets;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/// UNIX-domain sockets of the kernel, also in a JVM whose default sockets are those of a host in memory.
public final class KernelUnixSockets {
    private static final String WHAT = "Control sockets";

    private KernelUnixSockets() {}

    /// A socket that is connected to `path`.
    public static SocketChannel connect(Path path) throws IOException {
        SocketChannel channel = KernelSockets.provider(WHAT).openSocketChannel(StandardProtocolFamily.UNIX);
        boolean connected = false;
        try {
            channel.connect(address(path));
            connected = true;
            return channel;
        } finally {
            if (!connected) {
                channel.close();
            }
        }
    }

    /// A socket that is to be bound.
    static ServerSocketChannel open() throws IOException {
        return KernelSockets.provider(WHAT).openServerSocketChannel(StandardProtocolFamily.UNIX);
    }

    /// A socket that listens at `path`, which must not exist.
    public static ServerSocketChannel listen(Path path, int backlog) throws IOException {
        ServerSocketChannel channel = open();
        boolean bound = false;
        try {
            channel.bind(address(path), backlog);
            bound = true;
            return channel;
        } finally {
            if (!bound) {
                channel.close();
            }
        }
    }

    private static UnixDomainSocketAddress address(Path path) {
        return UnixDomainSocketAddress.of(path);
    }
}
