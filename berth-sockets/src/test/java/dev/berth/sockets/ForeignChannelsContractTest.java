package dev.berth.sockets;

import static java.nio.channels.SelectionKey.OP_ACCEPT;
import static java.nio.channels.SelectionKey.OP_CONNECT;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The kernel's UNIX-domain channels, alone and in a selector with the channels of the platform.
class ForeignChannelsContractTest extends Contract {
    @TempDir
    Path directory;

    private final AtomicInteger names = new AtomicInteger();

    private ServerSocketChannel unixServer() throws IOException {
        Path name = directory.resolve("socket" + names.incrementAndGet());
        Files.deleteIfExists(name);
        return closing(platform.provider().openServerSocketChannel(StandardProtocolFamily.UNIX))
                .bind(UnixDomainSocketAddress.of(name));
    }

    private SocketChannel unixClient(SocketAddress to) throws IOException {
        SocketChannel client = closing(platform.provider().openSocketChannel(StandardProtocolFamily.UNIX));
        client.connect(to);
        return client;
    }

    private ChannelPair unixPair() throws IOException {
        ServerSocketChannel server = unixServer();
        SocketChannel client = unixClient(server.getLocalAddress());
        return new ChannelPair(client, closing(server.accept()));
    }

    private Selector openSelector() throws IOException {
        return closing(platform.provider().openSelector());
    }

    private static SelectionKey register(SocketChannel channel, Selector selector, int ops) throws IOException {
        channel.configureBlocking(false);
        return channel.register(selector, ops);
    }

    @Test
    void unix_domain_channels_work() throws IOException {
        ChannelPair pair = unixPair();

        send(pair.client(), "there");
        assertThat(receive(pair.server(), 5)).isEqualTo("there");
        send(pair.server(), "back");
        assertThat(receive(pair.client(), 4)).isEqualTo("back");
    }

    @Test
    void a_selector_reports_both_kinds() throws IOException {
        Selector selector = openSelector();
        ChannelPair own = connectedChannels();
        ChannelPair unix = unixPair();
        SelectionKey ownKey = register(own.client(), selector, OP_READ);
        SelectionKey unixKey = register(unix.client(), selector, OP_READ);
        assertThat(selector.keys()).containsExactlyInAnyOrder(ownKey, unixKey);
        assertThat(selector.selectNow()).isZero();

        send(unix.server(), "x");
        assertThat(selector.select()).isEqualTo(1);
        assertThat(selector.selectedKeys()).containsExactly(unixKey);
        assertThat(unixKey.readyOps()).isEqualTo(OP_READ);

        send(own.server(), "x");
        assertThat(selector.select()).isEqualTo(1);
        assertThat(selector.selectedKeys()).containsExactlyInAnyOrder(ownKey, unixKey);
        selector.selectedKeys().clear();
        assertThat(selector.select()).isEqualTo(2);
        selector.selectedKeys().clear();
        receive(unix.client(), 1);
        assertThat(selector.selectNow()).isEqualTo(1);
        assertThat(selector.selectedKeys()).containsExactly(ownKey);
    }

    @ParameterizedTest
    @EnumSource
    void either_kind_ends_a_selection_that_waits(Task.On kind) throws IOException {
        Selector selector = openSelector();
        ChannelPair own = connectedChannels();
        ChannelPair unix = unixPair();
        SelectionKey ownKey = register(own.client(), selector, OP_READ);
        SelectionKey unixKey = register(unix.client(), selector, OP_READ);

        Task<Integer> first = Task.startBlocked(kind, selector::select);
        send(own.server(), "x");
        assertThat(first.get()).isEqualTo(1);
        assertThat(selector.selectedKeys()).containsExactly(ownKey);
        selector.selectedKeys().clear();
        receive(own.client(), 1);

        Task<Integer> second = Task.startBlocked(kind, selector::select);
        send(unix.server(), "x");
        assertThat(second.get()).isEqualTo(1);
        assertThat(selector.selectedKeys()).containsExactly(unixKey);
    }

    @ParameterizedTest
    @EnumSource
    void a_wakeup_ends_a_selection(Task.On kind) throws IOException {
        Selector selector = openSelector();
        register(unixPair().client(), selector, OP_READ);
        Task<Integer> select = Task.startBlocked(kind, selector::select);

        selector.wakeup();

        assertThat(select.get()).isZero();
        selector.wakeup();
        assertThat(selector.select()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void an_interrupt_ends_a_selection(Task.On kind) throws IOException {
        Selector selector = openSelector();
        register(unixPair().client(), selector, OP_READ);
        Task<Integer> select = Task.startBlocked(kind, selector::select);

        select.interrupt();

        assertThat(select.get()).isZero();
        assertThat(select.wasInterruptedAtEnd()).isTrue();
        assertThat(selector.isOpen()).isTrue();
    }

    @Test
    void a_selection_of_an_interrupted_thread_ends_at_once() throws IOException {
        Selector selector = openSelector();
        register(unixPair().client(), selector, OP_READ);
        Thread.currentThread().interrupt();

        assertThat(selector.select()).isZero();

        assertThat(Thread.interrupted()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void closing_the_selector_ends_a_selection(Task.On kind) throws IOException {
        Selector selector = openSelector();
        ChannelPair unix = unixPair();
        SelectionKey key = register(unix.client(), selector, OP_READ);
        Task<Integer> select = Task.startBlocked(kind, selector::select);

        selector.close();

        assertThat(select.get()).isZero();
        assertThatThrownBy(selector::select).isExactlyInstanceOf(ClosedSelectorException.class);
        assertThat(key.isValid()).isFalse();
        assertThat(unix.client().isOpen()).isTrue();
        assertThat(unix.client().isRegistered()).isFalse();
        unix.client().configureBlocking(true);
        send(unix.server(), "x");
        assertThat(receive(unix.client(), 1)).isEqualTo("x");
    }

    @Test
    void a_selection_ends_after_its_time() throws IOException {
        Selector selector = openSelector();
        register(unixPair().client(), selector, OP_READ);

        long before = System.nanoTime();
        assertThat(selector.select(20)).isZero();

        assertThat(System.nanoTime() - before).isGreaterThan(15_000_000);
    }

    @Test
    void a_cancelled_key_is_gone_and_the_channel_can_block_again() throws IOException {
        Selector selector = openSelector();
        ChannelPair unix = unixPair();
        SelectionKey key = register(unix.client(), selector, OP_READ);
        selector.selectNow();

        key.cancel();

        assertThat(key.isValid()).isFalse();
        assertThatThrownBy(key::interestOps).isExactlyInstanceOf(CancelledKeyException.class);
        unix.client().configureBlocking(true); // at once, as JDK HttpServer does it
        assertThat(selector.keys()).containsExactly(key);
        assertThat(selector.selectNow()).isZero();
        assertThat(selector.keys()).isEmpty();
        assertThat(unix.client().isRegistered()).isFalse();
        SelectionKey again = register(unix.client(), selector, OP_WRITE);
        assertThat(again).isNotSameAs(key);
        assertThat(selector.select()).isEqualTo(1);
    }

    @Test
    void a_closed_channel_is_gone_after_the_next_selection() throws IOException {
        Selector selector = openSelector();
        ChannelPair unix = unixPair();
        SelectionKey key = register(unix.client(), selector, OP_READ);

        unix.client().close();

        assertThat(key.isValid()).isFalse();
        assertThat(selector.selectNow()).isZero();
        assertThat(selector.keys()).isEmpty();
        assertThat(unix.server().read(ByteBuffer.allocate(1))).isEqualTo(-1); // the kernel's socket is closed too
    }

    @Test
    void the_interest_can_be_changed() throws IOException {
        Selector selector = openSelector();
        ChannelPair unix = unixPair();
        SelectionKey key = register(unix.client(), selector, 0);
        send(unix.server(), "x");
        assertThat(selector.selectNow()).isZero();

        assertThat(key.interestOps(OP_READ | OP_WRITE)).isSameAs(key);
        assertThat(selector.selectNow()).isEqualTo(1);
        assertThat(key.readyOps()).isEqualTo(OP_READ | OP_WRITE);

        assertThat(key.interestOpsAnd(~OP_WRITE)).isEqualTo(OP_READ | OP_WRITE);
        selector.selectedKeys().clear();
        assertThat(selector.selectNow()).isEqualTo(1);
        assertThat(key.readyOps()).isEqualTo(OP_READ);

        assertThat(unix.client().register(selector, OP_WRITE, "note")).isSameAs(key);
        assertThat(key.attachment()).isEqualTo("note");
        assertThat(key.interestOpsOr(OP_READ)).isEqualTo(OP_WRITE);
        assertThatThrownBy(() -> key.interestOps(OP_ACCEPT)).isExactlyInstanceOf(IllegalArgumentException.class);
        assertThat(unix.client().keyFor(selector)).isSameAs(key);
        assertThat(key.channel()).isSameAs(unix.client());
        assertThat(key.selector()).isSameAs(selector);
    }

    @Test
    void a_server_is_acceptable_and_a_client_connects() throws IOException {
        Selector selector = openSelector();
        ServerSocketChannel server = unixServer();
        server.configureBlocking(false);
        SelectionKey acceptable = server.register(selector, OP_ACCEPT);
        assertThat(selector.selectNow()).isZero();

        SocketChannel client = closing(platform.provider().openSocketChannel(StandardProtocolFamily.UNIX));
        client.configureBlocking(false);
        client.register(selector, OP_CONNECT);
        boolean connected = client.connect(server.getLocalAddress()) || client.finishConnect();

        assertThat(connected).isTrue();
        Task.await("the server is acceptable", () -> {
            try {
                selector.select(100);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            return acceptable.isAcceptable();
        });
        closing(server.accept());
    }

    @Test
    void an_action_is_called_for_both_kinds() throws IOException {
        Selector selector = openSelector();
        ChannelPair own = connectedChannels();
        ChannelPair unix = unixPair();
        SelectionKey ownKey = register(own.client(), selector, OP_READ);
        SelectionKey unixKey = register(unix.client(), selector, OP_READ);
        send(own.server(), "x");
        send(unix.server(), "x");
        List<SelectionKey> reported = new ArrayList<>();

        Task.await("both are reported", () -> {
            reported.clear();
            try {
                selector.select(reported::add, 1_000);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            return reported.size() == 2;
        });

        assertThat(reported).containsExactlyInAnyOrder(ownKey, unixKey);
        assertThat(selector.selectedKeys()).isEmpty();
    }

    @Test
    void wakeups_readiness_and_cancelling_race() throws IOException {
        Selector selector = openSelector();
        ChannelPair own = connectedChannels();
        ChannelPair unix = unixPair();
        register(own.client(), selector, OP_READ);
        int rounds = 2_000;
        Task<Void> sender = Task.start(() -> {
            for (int i = 0; i < rounds; i++) {
                send(own.server(), "x");
                send(unix.server(), "x");
                selector.wakeup();
            }
            return null;
        });
        int fromOwn = 0;
        int fromUnix = 0;
        SelectionKey key = register(unix.client(), selector, OP_READ);
        ByteBuffer buffer = ByteBuffer.allocate(100);
        for (int i = 0; fromOwn < rounds || fromUnix < rounds; i++) {
            selector.select();
            selector.selectedKeys().clear();
            int n;
            while ((n = own.client().read(buffer.clear())) > 0) {
                fromOwn += n;
            }
            while ((n = unix.client().read(buffer.clear())) > 0) {
                fromUnix += n;
            }
            if (i % 16 == 0) {
                key.cancel();
                selector.selectNow();
                key = unix.client().register(selector, OP_READ);
                selector.selectedKeys().clear();
            }
        }
        sender.get();
        assertThat(fromOwn).isEqualTo(rounds);
        assertThat(fromUnix).isEqualTo(rounds);
    }
}
