package dev.berth.sockets;

import dev.berth.host.Host;
import dev.berth.ports.PortUsage;
import dev.berth.stack.StackSnapshot;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.DatagramSocketImpl;
import java.net.InetAddress;
import java.net.MulticastSocket;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.channels.spi.AsynchronousChannelProvider;
import java.nio.channels.spi.SelectorProvider;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A host of Berth whose one link swallows what is sent. The sockets are on its loopback.
final class BerthPlatform implements Platform {
    private final Host host;
    private final BerthSelectorProvider provider;
    private final BerthAsynchronousChannelProvider asynchronousProvider;

    BerthPlatform() throws IOException {
        host = Host.builder("contract")
                .link(new SilentLink())
                .address(IpAddress.Prefix.parse("10.77.0.1/24"))
                .start();
        provider = new BerthSelectorProvider(host);
        asynchronousProvider = new BerthAsynchronousChannelProvider(host);
    }

    @Override
    public SelectorProvider provider() {
        return provider;
    }

    @Override
    public AsynchronousChannelProvider asynchronousProvider() {
        return asynchronousProvider;
    }

    @Override
    public Socket socket() throws IOException {
        return new BerthSocketFactory(host).createSocket();
    }

    @Override
    public ServerSocket serverSocket() throws IOException {
        return new BerthServerSocketFactory(host).createServerSocket();
    }

    @Override
    public DatagramSocket datagramSocket(@Nullable SocketAddress local) throws IOException {
        return BerthDatagramSockets.open(host, local);
    }

    /// Does what `DatagramSocket.createDelegate` does with the socket of the agent.
    @Override
    public MulticastSocket multicastSocket(@Nullable SocketAddress local) throws IOException {
        MulticastSocket socket = BerthDatagramSockets.delegate(host);
        try {
            socket.setReuseAddress(true);
            if (local != null) {
                socket.bind(local);
            }
            socket.setBroadcast(true);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    @Override
    public DatagramSocket datagramSocketByFactory(@Nullable SocketAddress local) throws IOException {
        DatagramSocket socket = new HostedDatagramSocket(new BerthDatagramSocketImpl(host));
        if (local != null) {
            socket.bind(local);
        }
        return socket;
    }

    @Override
    public InetAddress loopback() {
        return Addresses.inetAddress(IpAddress.LOOPBACK_IPV4);
    }

    @Override
    public InetAddress silent() {
        return Addresses.inetAddress(IpAddress.parse("10.77.0.99"));
    }

    /// Proves that nothing is left of the tests but TIME-WAIT, and takes the host down.
    @Override
    public void close() {
        Task.await("the host is empty", () -> leftOver(host.snapshot()).isEmpty());
        host.close();
    }

    private static List<String> leftOver(StackSnapshot snapshot) {
        List<String> left = new ArrayList<>();
        for (PortUsage usage : List.of(snapshot.tcpPorts(), snapshot.udpPorts())) {
            if (usage.flowCount() != usage.timeWaitCount()) {
                snapshot.flows().forEach(flow -> left.add(flow.toString()));
            }
            usage.bindings().stream()
                    .filter(binding -> !binding.state().equals("CLOSED"))
                    .forEach(binding -> left.add(binding.toString()));
        }
        return left;
    }

    @Override
    public String toString() {
        return "Berth";
    }

    private static final class HostedDatagramSocket extends DatagramSocket {
        HostedDatagramSocket(DatagramSocketImpl datagrams) {
            super(datagrams);
        }
    }
}
