package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.host.Host;
import dev.berth.ports.PortPolicy;
import dev.berth.stack.StackConfig;
import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/// A bind that fails: the exception and the message of the JDK come first, what is allowed is in the cause.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BindFailureTest {
    private Host host;
    private BerthSelectorProvider provider;

    @BeforeEach
    void start() throws IOException {
        host = Host.builder("web")
                .link(new SilentLink())
                .address(IpAddress.Prefix.parse("10.0.0.1/24"))
                .address(IpAddress.Prefix.parse("fd00::1/64"))
                .config(StackConfig.DEFAULT.withPorts(PortPolicy.linux().withFirstUnprivileged(1024)))
                .start();
        provider = new BerthSelectorProvider(host);
    }

    @AfterEach
    void stop() {
        host.close();
    }

    private interface Bind {
        void to(InetSocketAddress address) throws IOException;
    }

    private void refused(Bind bind, String address, int port, String message, String cause) {
        assertThatThrownBy(() -> bind.to(new InetSocketAddress(address, port)))
                .isExactlyInstanceOf(BindException.class)
                .hasMessage(message)
                .cause()
                .hasMessage(cause);
    }

    @Test
    void an_address_that_the_host_does_not_have_is_refused_with_those_it_has() throws IOException {
        String message = "Cannot assign requested address";
        String cause = "10.9.9.9 is not an address of host web; it has [10.0.0.1, fd00::1], loopback and the wildcards";
        try (ServerSocket server = new BerthServerSocketFactory(host).createServerSocket();
                ServerSocketChannel listener = provider.openServerSocketChannel();
                SocketChannel client = provider.openSocketChannel();
                DatagramChannel datagrams = provider.openDatagramChannel()) {
            refused(server::bind, "10.9.9.9", 8080, message, cause);
            refused(listener::bind, "10.9.9.9", 8080, message, cause);
            refused(client::bind, "10.9.9.9", 8080, message, cause);
            refused(datagrams::bind, "10.9.9.9", 8080, message, cause);
            refused(listener::bind, "fd99::9", 0, message, cause.replace("10.9.9.9", "fd99::9"));
        }
    }

    @Test
    void a_system_port_that_the_policy_forbids_is_refused_with_the_lowest_that_it_permits() throws IOException {
        String message = "Permission denied";
        String tcp = "Permission denied: TCP port 80 is below 1024, the lowest port that may be bound";
        try (ServerSocket server = new BerthServerSocketFactory(host).createServerSocket();
                ServerSocketChannel listener = provider.openServerSocketChannel();
                SocketChannel client = provider.openSocketChannel();
                DatagramSocket datagrams = provider.openDatagramChannel().socket()) {
            refused(server::bind, "10.0.0.1", 80, message, tcp);
            refused(listener::bind, "::", 80, message, tcp);
            refused(client::bind, "0.0.0.0", 80, message, tcp);
            refused(datagrams::bind, "10.0.0.1", 53, message, tcp.replace("TCP port 80", "UDP port 53"));
            server.bind(new InetSocketAddress("10.0.0.1", 1024));
        }
    }
}
