package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetBoundException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `java.nio.channels.ServerSocketChannel`.
class ServerSocketChannelContractTest extends Contract {
    @Test
    void an_accepted_channel_is_connected_and_blocking() throws IOException {
        ServerSocketChannel server = listeningChannel();
        SocketChannel client = openChannel();
        client.connect(server.getLocalAddress());

        SocketChannel accepted = closing(server.accept());

        assertThat(accepted.isConnected()).isTrue();
        assertThat(accepted.isBlocking()).isTrue();
        assertThat(accepted.getLocalAddress()).isEqualTo(server.getLocalAddress());
        assertThat(accepted.provider()).isSameAs(platform.provider());
    }

    @Test
    void without_blocking_accept_gives_nothing() throws IOException {
        ServerSocketChannel server = listeningChannel();
        server.configureBlocking(false);
        assertThat(server.accept()).isNull();

        openChannel().connect(server.getLocalAddress());

        List<SocketChannel> accepted = new ArrayList<>();
        Task.await("a connection", () -> {
            SocketChannel next = accept(server);
            if (next != null) {
                accepted.add(next);
            }
            return !accepted.isEmpty();
        });
        assertThat(closing(accepted.getFirst()).isBlocking()).isTrue();
        assertThat(server.accept()).isNull();
    }

    private static SocketChannel accept(ServerSocketChannel server) {
        try {
            return server.accept();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void an_unbound_channel_does_not_accept() throws IOException {
        ServerSocketChannel server = closing(platform.provider().openServerSocketChannel());

        assertThatThrownBy(server::accept).isExactlyInstanceOf(NotYetBoundException.class);
        assertThat(server.getLocalAddress()).isNull();
        assertThat(server.toString()).endsWith("[unbound]");
    }

    @Test
    void binding_twice_is_an_error() throws IOException {
        ServerSocketChannel server = listeningChannel();

        assertThatThrownBy(() -> server.bind(any())).isExactlyInstanceOf(AlreadyBoundException.class);
    }

    @Test
    void a_closed_channel_does_nothing() throws IOException {
        ServerSocketChannel server = listeningChannel();
        server.close();

        assertThatThrownBy(server::accept).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> server.bind(any())).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(server::getLocalAddress).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> server.setOption(StandardSocketOptions.SO_REUSEADDR, true))
                .isExactlyInstanceOf(ClosedChannelException.class);
    }

    @ParameterizedTest
    @EnumSource
    void closing_wakes_accept(Task.On kind) throws IOException {
        ServerSocketChannel server = listeningChannel();
        Task<SocketChannel> accepting = Task.startBlocked(kind, server::accept);

        server.close();

        assertThat(accepting.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
    }

    @ParameterizedTest
    @EnumSource
    void interrupting_accept_closes(Task.On kind) throws IOException {
        ServerSocketChannel server = listeningChannel();
        Task<SocketChannel> accepting = Task.startBlocked(kind, server::accept);

        accepting.interrupt();

        assertThat(accepting.failure()).isExactlyInstanceOf(ClosedByInterruptException.class);
        assertThat(accepting.wasInterruptedAtEnd()).isTrue();
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void a_port_that_is_listened_on_is_in_use() throws IOException {
        ServerSocketChannel server = listeningChannel();
        ServerSocketChannel other = closing(platform.provider().openServerSocketChannel());

        assertThatThrownBy(() -> other.bind(server.getLocalAddress()))
                .isExactlyInstanceOf(BindException.class)
                .hasMessage("Address already in use");
        other.bind(any());
        assertThat(port(other.getLocalAddress())).isNotEqualTo(port(server.getLocalAddress()));
    }

    @Test
    void a_wildcard_listener_takes_the_port_of_all_addresses() throws IOException {
        ServerSocketChannel server =
                closing(platform.provider().openServerSocketChannel()).bind(null);
        ServerSocketChannel other = closing(platform.provider().openServerSocketChannel());
        InetSocketAddress end = new InetSocketAddress(platform.loopback(), port(server.getLocalAddress()));

        assertThatThrownBy(() -> other.bind(end))
                .isExactlyInstanceOf(BindException.class)
                .hasMessage("Address already in use");
    }

    @Test
    void two_listeners_share_a_port_if_both_say_so() throws IOException {
        ServerSocketChannel first = closing(platform.provider().openServerSocketChannel())
                .setOption(StandardSocketOptions.SO_REUSEPORT, true)
                .bind(any());
        ServerSocketChannel second = closing(platform.provider().openServerSocketChannel());
        second.setOption(StandardSocketOptions.SO_REUSEPORT, true);

        second.bind(first.getLocalAddress());

        assertThat(second.getLocalAddress()).isEqualTo(first.getLocalAddress());
    }

    @Test
    void the_wildcard_is_that_of_both_families() throws IOException {
        ServerSocketChannel server =
                closing(platform.provider().openServerSocketChannel()).bind(new InetSocketAddress("0.0.0.0", 0));

        InetSocketAddress local = (InetSocketAddress) server.getLocalAddress();

        assertThat(local.getAddress().getHostAddress()).isEqualTo("0:0:0:0:0:0:0:0");
        SocketChannel client = openChannel();
        client.connect(new InetSocketAddress("::1", local.getPort()));
        assertThat(closing(server.accept()).isConnected()).isTrue();
    }

    @Test
    void a_channel_for_ipv4_has_the_wildcard_of_ipv4() throws IOException {
        ServerSocketChannel server = closing(platform.provider().openServerSocketChannel(StandardProtocolFamily.INET))
                .bind(null);

        assertThat(((InetSocketAddress) server.getLocalAddress()).getAddress().getHostAddress())
                .isEqualTo("0.0.0.0");
        assertThatThrownBy(() -> closing(platform.provider().openServerSocketChannel(StandardProtocolFamily.INET))
                        .bind(new InetSocketAddress("::1", 0)))
                .isExactlyInstanceOf(UnsupportedAddressTypeException.class);
    }

    @Test
    void an_unresolved_address_is_refused() throws IOException {
        ServerSocketChannel server = closing(platform.provider().openServerSocketChannel());

        assertThatThrownBy(() -> server.bind(InetSocketAddress.createUnresolved("x.invalid", 0)))
                .isExactlyInstanceOf(UnresolvedAddressException.class);
    }

    @Test
    void options_are_kept_or_refused() throws IOException {
        ServerSocketChannel server = closing(platform.provider().openServerSocketChannel());

        server.setOption(StandardSocketOptions.SO_REUSEADDR, false).setOption(StandardSocketOptions.SO_RCVBUF, 50_000);

        assertThat(server.getOption(StandardSocketOptions.SO_REUSEADDR)).isFalse();
        assertThat(server.getOption(StandardSocketOptions.SO_RCVBUF)).isGreaterThanOrEqualTo(50_000);
        assertThatThrownBy(() -> server.setOption(StandardSocketOptions.TCP_NODELAY, true))
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("'TCP_NODELAY' not supported");
    }

    @Test
    void a_hundred_wait_in_the_backlog() throws IOException {
        ServerSocketChannel server =
                closing(platform.provider().openServerSocketChannel()).bind(any(), 100);
        List<Integer> ports = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            SocketChannel client = openChannel();
            client.connect(server.getLocalAddress());
            ports.add(port(client.getLocalAddress()));
        }

        List<Integer> accepted = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            accepted.add(port(closing(server.accept()).getRemoteAddress()));
        }

        assertThat(accepted).containsExactlyElementsOf(ports).doesNotHaveDuplicates();
    }
}
