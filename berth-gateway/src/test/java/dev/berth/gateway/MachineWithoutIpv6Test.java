package dev.berth.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.host.TcpSocket;
import dev.berth.host.UdpSocket;
import dev.berth.network.Network;
import dev.berth.ports.PortPolicy;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ProtocolFamily;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Guests have IPv6, and the machine's sockets have not: Java throws no IOException of such an address.
@Timeout(60)
class MachineWithoutIpv6Test {
    private static final long PATIENCE = 30_000_000_000L;
    private static final Endpoint NOWHERE = new Endpoint(IpAddress.parse("2001:db8::1"), 80);
    private static final IpAddress MACHINE = IpAddress.parse("10.0.0.253");

    private final Network network = Network.create("test");
    private final Tally tally = new Tally();
    private Host guest;
    private Host host;
    private OutsideTcp tcp;
    private OutsideUdp udp;

    @BeforeEach
    void start() throws IOException {
        guest = network.host("guest", IpAddress.Prefix.parse("10.0.0.1/24"), IpAddress.Prefix.parse("fd00::1/64"));
        List<IpAddress.Prefix> inside =
                List.of(IpAddress.Prefix.parse("10.0.0.0/24"), IpAddress.Prefix.parse("fd00::/64"));
        OutsidePolicy policy = OutsidePolicy.of(List.of(OutsideRule.allow("127.0.0.0/8")));
        OutsideAddresses addresses = new OutsideAddresses(policy.inside(inside), inside, List.of(MACHINE), network);
        IpAddress.Prefix four = IpAddress.Prefix.parse("0.0.0.0/0");
        IpAddress.Prefix six = IpAddress.Prefix.parse("::/0");
        host = Host.builder("gateway")
                .link(network.gatewayLink(_ -> true))
                .route(four)
                .route(six)
                .localPrefix(four)
                .localPrefix(six)
                .start();
        OutsidePorts ports = new OutsidePorts(List.of(), PortPolicy.linux());
        GatewayLimits limits = GatewayLimits.DEFAULT;
        SelectorProvider kernel = new Ipv4Only();
        tcp = new OutsideTcp(host.openTcpAcceptor(), addresses, limits, tally, kernel, ports);
        udp = new OutsideUdp(
                host.openUdpSocket(), addresses, limits, tally, kernel, UdpFiltering.ADDRESS_DEPENDENT, ports, _ -> {});
        tcp.start();
        udp.start();
    }

    @AfterEach
    void stop() {
        tcp.close();
        udp.close();
        host.close();
        network.close();
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("a deadline").isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void a_datagram_that_cannot_be_sent_does_not_end_those_that_can() throws Exception {
        try (UdpSocket socket = guest.openUdpSocket();
                UdpSocket other = guest.openUdpSocket();
                DatagramSocket server = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"))) {
            server.setSoTimeout(30_000);
            socket.send(new byte[3], 0, 3, NOWHERE);
            await(() -> tally.undeliverable.sum() == 1);
            other.send(new byte[5], 0, 5, new Endpoint(MACHINE, server.getLocalPort()));
            DatagramPacket packet = new DatagramPacket(new byte[10], 10);
            server.receive(packet);
            assertThat(packet.getLength()).isEqualTo(5);
        }
    }

    @Test
    void a_connection_that_cannot_be_opened_is_told_so_and_leaves_nothing() throws Exception {
        try (TcpSocket socket = guest.openTcpSocket()) {
            assertThatThrownBy(() -> socket.connect(NOWHERE, PATIENCE))
                    .isInstanceOf(SocketException.class)
                    .hasMessageContaining("Network is unreachable");
        }
        await(() -> tcp.connections() == 0);
        assertThat(tally.unreachable.sum()).isEqualTo(1);
    }

    /// What the kernel's provider is on such a machine.
    private static final class Ipv4Only extends SelectorProvider {
        private final SelectorProvider platform = SelectorProvider.provider();

        @Override
        public DatagramChannel openDatagramChannel() throws IOException {
            return platform.openDatagramChannel(StandardProtocolFamily.INET);
        }

        @Override
        public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
            return platform.openDatagramChannel(family);
        }

        @Override
        public Pipe openPipe() throws IOException {
            return platform.openPipe();
        }

        @Override
        public AbstractSelector openSelector() throws IOException {
            return platform.openSelector();
        }

        @Override
        public ServerSocketChannel openServerSocketChannel() throws IOException {
            return platform.openServerSocketChannel();
        }

        @Override
        public SocketChannel openSocketChannel() throws IOException {
            return platform.openSocketChannel(StandardProtocolFamily.INET);
        }
    }
}
