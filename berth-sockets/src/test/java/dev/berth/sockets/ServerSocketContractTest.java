package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `java.net.ServerSocket`.
class ServerSocketContractTest extends Contract {
    @Test
    void accepts_in_the_order_of_connecting() throws IOException {
        ServerSocket server = listening();
        Socket first = connectedTo(server);
        Socket second = connectedTo(server);

        assertThat(closing(server.accept()).getPort()).isEqualTo(first.getLocalPort());
        assertThat(closing(server.accept()).getPort()).isEqualTo(second.getLocalPort());
    }

    @Test
    void accept_times_out_and_works_afterwards() throws IOException {
        ServerSocket server = listening();
        server.setSoTimeout(30);

        assertThatThrownBy(server::accept)
                .isExactlyInstanceOf(SocketTimeoutException.class)
                .hasMessage("Accept timed out");
        connectedTo(server);
        assertThat(closing(server.accept()).isConnected()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void closing_wakes_accept(Task.On kind) throws IOException {
        ServerSocket server = listening();
        Task<Socket> accepting = Task.startBlocked(kind, server::accept);

        server.close();

        assertThat(accepting.failure())
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket closed");
    }

    @Test
    void interrupting_a_virtual_thread_closes() throws IOException {
        ServerSocket server = listening();
        Task<Socket> accepting = Task.startBlocked(Task.On.VIRTUAL, server::accept);

        accepting.interrupt();

        assertThat(accepting.failure())
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Closed by interrupt");
        assertThat(server.isClosed()).isTrue();
    }

    @Test
    void interrupting_a_platform_thread_does_not_end_accept() throws IOException {
        ServerSocket server = listening();
        Task<Socket> accepting = Task.startBlocked(Task.On.PLATFORM, server::accept);

        accepting.interrupt();
        connectedTo(server);

        assertThat(closing(accepting.get()).isConnected()).isTrue();
        assertThat(accepting.wasInterruptedAtEnd()).isTrue();
    }

    @Test
    void a_port_that_is_listened_on_is_in_use() throws IOException {
        ServerSocket server = listening();
        ServerSocket other = closing(platform.serverSocket());

        assertThatThrownBy(() -> other.bind(end(server)))
                .isExactlyInstanceOf(BindException.class)
                .hasMessage("Address already in use");
    }

    @Test
    void an_address_of_somebody_else_cannot_be_bound() throws IOException {
        ServerSocket server = closing(platform.serverSocket());

        assertThatThrownBy(() -> server.bind(new InetSocketAddress("192.0.2.1", 0)))
                .isExactlyInstanceOf(BindException.class)
                .hasMessage("Cannot assign requested address");
    }

    @Test
    void a_port_is_free_again_after_closing() throws IOException {
        ServerSocket server = listening();
        InetSocketAddress end = end(server);
        server.close();

        ServerSocket again = closing(platform.serverSocket());
        again.bind(end);

        assertThat(again.getLocalPort()).isEqualTo(end.getPort());
    }

    @Test
    void binding_twice_is_an_error() throws IOException {
        ServerSocket server = listening();

        assertThatThrownBy(() -> server.bind(any()))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Already bound");
    }

    @Test
    void an_unbound_socket_does_not_accept() throws IOException {
        ServerSocket server = closing(platform.serverSocket());

        assertThatThrownBy(server::accept)
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is not bound yet");
    }

    @Test
    void a_closed_socket_does_not_accept() throws IOException {
        ServerSocket server = listening();
        server.close();

        assertThatThrownBy(server::accept)
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is closed");
    }

    @Test
    void closing_leaves_accepted_connections_alone() throws IOException {
        ServerSocket server = listening();
        Socket client = connectedTo(server);
        Socket accepted = closing(server.accept());
        server.close();

        send(client, "still here");

        assertThat(receive(accepted, 10)).isEqualTo("still here");
    }

    @Test
    void closing_resets_connections_that_nobody_accepted() throws IOException {
        ServerSocket server = listening();
        Socket client = connectedTo(server);

        server.close();

        assertThatThrownBy(() -> client.getInputStream().read())
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Connection reset");
    }

    @Test
    void the_wildcard_takes_connections_to_every_address() throws IOException {
        ServerSocket server = closing(platform.serverSocket());
        server.bind(new InetSocketAddress(0));

        Socket client = connectedTo(server);
        Socket accepted = closing(server.accept());

        assertThat(server.getInetAddress().isAnyLocalAddress()).isTrue();
        assertThat(accepted.getLocalAddress()).isEqualTo(platform.loopback());
        assertThat(accepted.getLocalPort()).isEqualTo(server.getLocalPort());
        assertThat(client.getInetAddress()).isEqualTo(platform.loopback());
    }

    @Test
    void options_are_kept() throws IOException {
        ServerSocket server = closing(platform.serverSocket());
        assertThat(server.getReuseAddress()).isTrue();

        server.setReuseAddress(false);
        server.setReceiveBufferSize(65_536);
        server.setSoTimeout(1_234);

        assertThat(server.getReuseAddress()).isFalse();
        assertThat(server.getReceiveBufferSize()).isGreaterThanOrEqualTo(65_536);
        assertThat(server.getSoTimeout()).isEqualTo(1_234);
        assertThat(server.supportedOptions())
                .contains(StandardSocketOptions.SO_REUSEADDR, StandardSocketOptions.SO_RCVBUF);
    }

    @Test
    void options_of_connections_are_refused() throws IOException {
        ServerSocket server = closing(platform.serverSocket());

        assertThatThrownBy(() -> server.setOption(StandardSocketOptions.TCP_NODELAY, true))
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("'TCP_NODELAY' not supported");
        assertThatThrownBy(() -> server.getOption(StandardSocketOptions.SO_LINGER))
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("'SO_LINGER' not supported");
    }

    @Test
    void options_of_a_closed_socket_are_refused() throws IOException {
        ServerSocket server = listening();
        server.close();

        assertThatThrownBy(() -> server.setReuseAddress(true))
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is closed");
        assertThatThrownBy(server::getSoTimeout)
                .isExactlyInstanceOf(SocketException.class)
                .hasMessage("Socket is closed");
    }

    @Test
    void addresses_survive_closing() throws IOException {
        ServerSocket server = listening();
        int port = server.getLocalPort();
        server.close();

        assertThat(server.getLocalPort()).isEqualTo(port);
        assertThat(server.isBound()).isTrue();
    }
}
