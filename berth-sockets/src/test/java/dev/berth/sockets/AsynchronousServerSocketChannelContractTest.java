package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.AcceptPendingException;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.CompletionHandler;
import java.nio.channels.NotYetBoundException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// `java.nio.channels.AsynchronousServerSocketChannel`.
class AsynchronousServerSocketChannelContractTest extends AsynchronousContract {
    private static final Object NOTE = "note";

    private AsynchronousSocketChannel connectTo(AsynchronousServerSocketChannel server) throws IOException {
        AsynchronousSocketChannel client = openClient();
        get(client.connect(server.getLocalAddress()));
        return client;
    }

    @Test
    void an_accept_that_waits_ends_with_a_connection() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        Future<AsynchronousSocketChannel> accept = server.accept();
        assertThat(accept.isDone()).isFalse();

        AsynchronousSocketChannel client = connectTo(server);

        AsynchronousSocketChannel accepted = closing(get(accept));
        assertThat(accepted.getRemoteAddress()).isEqualTo(client.getLocalAddress());
        write(client, "x");
        assertThat(read(accepted, 1)).isEqualTo("x");
    }

    @Test
    void a_handler_is_told_of_a_connection() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        Told<AsynchronousSocketChannel> told = new Told<>();
        server.accept(NOTE, told);

        AsynchronousSocketChannel client = connectTo(server);

        Outcome<AsynchronousSocketChannel> outcome = told.outcome();
        assertThat(closing(outcome.result()).getRemoteAddress()).isEqualTo(client.getLocalAddress());
        assertThat(outcome.attachment()).isSameAs(NOTE);
        assertThat(outcome.thread()).isNotSameAs(Thread.currentThread());
    }

    @Test
    void a_handler_is_told_of_a_connection_that_is_there() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        connectTo(server);
        Told<AsynchronousSocketChannel> told = new Told<>();

        server.accept(NOTE, told);

        Outcome<AsynchronousSocketChannel> outcome = told.outcome();
        closing(outcome.result());
        assertThat(outcome.thread()).isNotSameAs(Thread.currentThread());
    }

    @Test
    void handlers_accept_one_connection_after_the_other() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        AtomicInteger accepted = new AtomicInteger();
        server.accept(null, new CompletionHandler<AsynchronousSocketChannel, Void>() {
            @Override
            public void completed(AsynchronousSocketChannel channel, Void attachment) {
                closing(channel);
                if (accepted.incrementAndGet() < 100) {
                    server.accept(null, this);
                }
            }

            @Override
            public void failed(Throwable failure, Void attachment) {
                throw new AssertionError(failure);
            }
        });

        for (int i = 0; i < 100; i++) {
            connectTo(server);
        }

        Task.await("all are accepted", () -> accepted.get() == 100);
    }

    @Test
    void a_second_accept_is_refused_while_one_waits() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        Future<AsynchronousSocketChannel> first = server.accept();

        assertThat(first.isDone()).isFalse();
        assertThatThrownBy(server::accept).isExactlyInstanceOf(AcceptPendingException.class);
        assertThatThrownBy(() -> server.accept(NOTE, new Told<>())).isExactlyInstanceOf(AcceptPendingException.class);
    }

    @Test
    void an_accept_needs_a_bind() throws IOException {
        AsynchronousServerSocketChannel server = openServer(null);

        assertThatThrownBy(server::accept).isExactlyInstanceOf(NotYetBoundException.class);
        assertThatThrownBy(() -> server.accept(NOTE, null))
                .isExactlyInstanceOf(NullPointerException.class)
                .hasMessage("'handler' is null");
        assertThat(server.getLocalAddress()).isNull();
    }

    @Test
    void closing_fails_an_accept_that_waits() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        Future<AsynchronousSocketChannel> accept = server.accept();

        server.close();

        assertThat(failure(accept)).isExactlyInstanceOf(AsynchronousCloseException.class);
        assertThat(failure(server.accept())).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(server::getLocalAddress).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> server.bind(any())).isExactlyInstanceOf(ClosedChannelException.class);
        server.close();
    }

    @Test
    void a_handler_is_told_of_closing() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        Told<AsynchronousSocketChannel> told = new Told<>();
        server.accept(NOTE, told);

        server.close();

        assertThat(told.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
        server.accept(NOTE, told);
        assertThat(told.failure()).isExactlyInstanceOf(ClosedChannelException.class);
    }

    @Test
    void a_cancelled_accept_allows_no_other() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        Future<AsynchronousSocketChannel> accept = server.accept();

        assertThat(accept.cancel(false)).isTrue();

        assertThatThrownBy(accept::get).isExactlyInstanceOf(CancellationException.class);
        assertThatThrownBy(server::accept)
                .isExactlyInstanceOf(RuntimeException.class)
                .hasMessage("Accept not allowed due cancellation");
    }

    @Test
    void the_connection_of_a_cancelled_accept_is_closed() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        Future<AsynchronousSocketChannel> accept = server.accept();
        accept.cancel(false);

        AsynchronousSocketChannel client = connectTo(server);

        assertThat(get(client.read(java.nio.ByteBuffer.allocate(1)))).isEqualTo(-1);
    }

    @Test
    void a_forceful_cancel_closes_the_server() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();

        assertThat(server.accept().cancel(true)).isTrue();

        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void a_bind_is_checked() throws IOException {
        AsynchronousServerSocketChannel server = openServer(null);

        assertThatThrownBy(() -> server.bind(InetSocketAddress.createUnresolved("somewhere", 1)))
                .isExactlyInstanceOf(UnresolvedAddressException.class);
        assertThatThrownBy(() -> server.bind(new SocketAddress() {}))
                .isExactlyInstanceOf(UnsupportedAddressTypeException.class);
        assertThat(server.bind(any())).isSameAs(server);
        assertThatThrownBy(() -> server.bind(any())).isExactlyInstanceOf(AlreadyBoundException.class);
        SocketAddress taken = server.getLocalAddress();
        assertThatThrownBy(() -> openServer(null).bind(taken))
                .isExactlyInstanceOf(BindException.class)
                .hasMessage("Address already in use");
        AsynchronousServerSocketChannel wild = openServer(null).bind(null);
        assertThat(((InetSocketAddress) wild.getLocalAddress()).getAddress().isAnyLocalAddress())
                .isTrue();
        assertThat(port(wild.getLocalAddress())).isPositive();
    }

    @Test
    void options_are_those_of_listening_channels() throws IOException {
        AsynchronousServerSocketChannel server = openServer(null);

        assertThat(server.supportedOptions())
                .contains(
                        StandardSocketOptions.SO_RCVBUF,
                        StandardSocketOptions.SO_REUSEADDR,
                        StandardSocketOptions.SO_REUSEPORT)
                .doesNotContain(StandardSocketOptions.SO_SNDBUF, StandardSocketOptions.TCP_NODELAY);
        assertThat(server.getOption(StandardSocketOptions.SO_REUSEADDR)).isTrue();
        assertThat(server.setOption(StandardSocketOptions.SO_REUSEADDR, false)).isSameAs(server);
        assertThat(server.getOption(StandardSocketOptions.SO_REUSEADDR)).isFalse();
        assertThatThrownBy(() -> server.setOption(StandardSocketOptions.SO_SNDBUF, 1))
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("'SO_SNDBUF' not supported");
        assertThatThrownBy(() -> server.setOption(StandardSocketOptions.SO_RCVBUF, null))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid option value");
    }

    @Test
    void it_says_what_it_is() throws IOException {
        AsynchronousServerSocketChannel server = openServer(null);
        assertThat(server.toString()).endsWith("[unbound]");
        server.bind(any());
        assertThat(server.toString()).endsWith("[" + server.getLocalAddress() + "]");
        server.close();
        assertThat(server.toString()).endsWith("[closed]");
    }
}
