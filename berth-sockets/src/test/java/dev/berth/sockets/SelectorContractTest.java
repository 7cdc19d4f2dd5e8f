package dev.berth.sockets;

import static java.nio.channels.SelectionKey.OP_ACCEPT;
import static java.nio.channels.SelectionKey.OP_CONNECT;
import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `java.nio.channels.Selector`: what is reported, and when.
class SelectorContractTest extends Contract {
    Selector openSelector() throws IOException {
        return closing(platform.provider().openSelector());
    }

    static SelectionKey register(SocketChannel channel, Selector selector, int ops) throws IOException {
        channel.configureBlocking(false);
        return channel.register(selector, ops);
    }

    static void drain(SocketChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(1_000);
        while (channel.read(buffer) > 0) {
            buffer.clear();
        }
    }

    @Test
    void a_connection_makes_a_server_acceptable() throws IOException {
        Selector selector = openSelector();
        ServerSocketChannel server = listeningChannel();
        server.configureBlocking(false);
        SelectionKey key = server.register(selector, OP_ACCEPT);
        assertThat(selector.selectNow()).isZero();

        openChannel().connect(server.getLocalAddress());

        assertThat(selector.select()).isEqualTo(1);
        assertThat(selector.selectedKeys()).containsExactly(key);
        assertThat(key.isAcceptable()).isTrue();
        closing(server.accept());
        selector.selectedKeys().clear();
        assertThat(selector.selectNow()).isZero();
    }

    @Test
    void data_makes_a_channel_readable() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_READ);
        assertThat(selector.selectNow()).isZero();

        send(pair.server(), "x");

        assertThat(selector.select()).isEqualTo(1);
        assertThat(key.readyOps()).isEqualTo(OP_READ);
    }

    @Test
    void the_end_of_the_stream_is_readable() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_READ);

        pair.server().close();

        assertThat(selector.select()).isEqualTo(1);
        assertThat(key.isReadable()).isTrue();
        assertThat(pair.client().read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }

    @Test
    void a_reset_makes_all_of_the_interest_ready() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_READ | OP_WRITE | OP_CONNECT);
        selector.select();
        selector.selectedKeys().clear();

        pair.server().setOption(StandardSocketOptions.SO_LINGER, 0);
        pair.server().close();

        Task.await("everything is ready", () -> {
            select(selector);
            return key.readyOps() == (OP_READ | OP_WRITE | OP_CONNECT);
        });
        assertThatThrownBy(() -> pair.client().read(ByteBuffer.allocate(1))).hasMessage("Connection reset");
    }

    private static int select(Selector selector) {
        try {
            return selector.select(1_000);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_channel_that_can_be_written_stays_ready() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_WRITE);

        for (int i = 0; i < 5; i++) {
            assertThat(selector.select()).isEqualTo(1);
            assertThat(key.isWritable()).isTrue();
            selector.selectedKeys().clear();
        }
    }

    @Test
    void a_full_channel_is_writable_again_after_reading() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_WRITE);
        pair.server().configureBlocking(false);
        Task.await("the channel is full", () -> {
            try {
                return pair.client().write(ByteBuffer.allocate(100_000)) == 0 && selector.selectNow() == 0;
            } catch (IOException e) {
                throw new AssertionError(e);
            } finally {
                selector.selectedKeys().clear();
            }
        });

        Task.await("there is room", () -> {
            try {
                drain(pair.server());
                return selector.selectNow() == 1 && key.isWritable();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void what_is_not_read_is_reported_again() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        register(pair.client(), selector, OP_READ);
        send(pair.server(), "xy");

        assertThat(selector.select()).isEqualTo(1);
        selector.selectedKeys().clear();
        assertThat(selector.select()).isEqualTo(1);
        selector.selectedKeys().clear();
        assertThat(pair.client().read(ByteBuffer.allocate(1))).isEqualTo(1);
        assertThat(selector.select()).isEqualTo(1);
        selector.selectedKeys().clear();
        drain(pair.client());
        assertThat(selector.selectNow()).isZero();
        send(pair.server(), "z");
        assertThat(selector.select()).isEqualTo(1);
    }

    @Test
    void a_key_that_stays_selected_is_counted_only_for_something_new() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_READ);
        send(pair.server(), "x");
        assertThat(selector.select()).isEqualTo(1);

        assertThat(selector.select()).isZero();
        assertThat(selector.selectNow()).isZero();
        key.interestOps(OP_READ | OP_WRITE);

        assertThat(selector.select()).isEqualTo(1);
        assertThat(key.readyOps()).isEqualTo(OP_READ | OP_WRITE);
        assertThat(selector.selectedKeys()).containsExactly(key);
    }

    @Test
    void a_finished_connect_is_reported() throws IOException {
        Selector selector = openSelector();
        ServerSocketChannel server = listeningChannel();
        SocketChannel client = openChannel();
        client.configureBlocking(false);
        boolean connected = client.connect(server.getLocalAddress());
        if (!connected) {
            SelectionKey key = client.register(selector, OP_CONNECT);
            assertThat(selector.select()).isEqualTo(1);
            assertThat(key.isConnectable()).isTrue();
            assertThat(client.isConnectionPending()).isTrue();
            assertThat(client.finishConnect()).isTrue();
            selector.selectedKeys().clear();
            key.interestOps(OP_CONNECT | OP_READ);
            assertThat(selector.selectNow()).isZero();
        }
        assertThat(client.isConnected()).isTrue();
        assertThat(client.isConnectionPending()).isFalse();
        assertThat(client.getLocalAddress()).isNotNull();
    }

    @Test
    void a_refused_connect_is_reported() throws IOException {
        Selector selector = openSelector();
        SocketChannel client = openChannel();
        client.configureBlocking(false);
        SelectionKey[] key = new SelectionKey[1];

        assertThatThrownBy(() -> {
                    client.connect(deaf());
                    key[0] = client.register(selector, OP_CONNECT);
                    assertThat(selector.select()).isEqualTo(1);
                    assertThat(key[0].isConnectable()).isTrue();
                    client.finishConnect();
                })
                .isExactlyInstanceOf(ConnectException.class)
                .hasMessage("Connection refused");
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void a_change_of_interest_counts_from_the_next_selection() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, 0);
        send(pair.server(), "x");
        assertThat(selector.selectNow()).isZero();

        key.interestOps(OP_READ);
        assertThat(selector.select()).isEqualTo(1);
        selector.selectedKeys().clear();
        key.interestOps(0);
        assertThat(selector.selectNow()).isZero();
        assertThat(key.interestOpsOr(OP_WRITE)).isZero();
        assertThat(selector.select()).isEqualTo(1);
        assertThat(key.readyOps()).isEqualTo(OP_WRITE);
        assertThat(key.interestOpsAnd(OP_READ)).isEqualTo(OP_WRITE);
        assertThat(key.interestOps()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void wakeup_ends_a_selection(Task.On kind) throws IOException {
        Selector selector = openSelector();
        Task<Integer> selecting = Task.startBlocked(kind, selector::select);

        selector.wakeup();

        assertThat(selecting.get()).isZero();
    }

    @Test
    void wakeup_ends_the_next_selection_once() throws IOException {
        Selector selector = openSelector();
        selector.wakeup();
        selector.wakeup();

        assertThat(selector.select()).isZero();
        assertThat(selector.select(20)).isZero();
        selector.wakeup();
        assertThat(selector.selectNow()).isZero();
        Task<Integer> selecting = Task.startBlocked(Task.On.PLATFORM, selector::select);
        selector.wakeup();
        assertThat(selecting.get()).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void an_interrupt_ends_a_selection_and_stays(Task.On kind) throws IOException {
        Selector selector = openSelector();
        Task<Integer> selecting = Task.startBlocked(kind, selector::select);

        selecting.interrupt();

        assertThat(selecting.get()).isZero();
        assertThat(selecting.wasInterruptedAtEnd()).isTrue();
        assertThat(selector.isOpen()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void closing_ends_a_selection(Task.On kind) throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_READ);
        Task<Integer> selecting = Task.startBlocked(kind, selector::select);

        selector.close();

        assertThat(selecting.get()).isZero();
        assertThat(key.isValid()).isFalse();
        assertThat(pair.client().isRegistered()).isFalse();
        assertThat(pair.client().isOpen()).isTrue();
    }

    @Test
    void a_closed_selector_does_nothing() throws IOException {
        Selector selector = openSelector();
        selector.close();

        assertThat(selector.isOpen()).isFalse();
        assertThatThrownBy(selector::select).isExactlyInstanceOf(ClosedSelectorException.class);
        assertThatThrownBy(selector::selectNow).isExactlyInstanceOf(ClosedSelectorException.class);
        assertThatThrownBy(selector::keys).isExactlyInstanceOf(ClosedSelectorException.class);
        assertThatThrownBy(selector::selectedKeys).isExactlyInstanceOf(ClosedSelectorException.class);
        ChannelPair pair = connectedChannels();
        assertThatThrownBy(() -> register(pair.client(), selector, OP_READ))
                .isExactlyInstanceOf(ClosedSelectorException.class);
        assertThat(selector.wakeup()).isSameAs(selector);
    }

    @Test
    void a_selection_ends_after_its_time() throws IOException {
        Selector selector = openSelector();

        assertThat(selector.select(10)).isZero();
        assertThatThrownBy(() -> selector.select(-1))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Negative timeout");
    }

    @Test
    void a_cancelled_key_is_invalid_at_once_and_gone_after_a_selection() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_WRITE);
        selector.select();

        key.cancel();

        assertThat(key.isValid()).isFalse();
        assertThat(pair.client().isRegistered()).isTrue();
        assertThatThrownBy(key::interestOps).isExactlyInstanceOf(CancelledKeyException.class);
        assertThatThrownBy(key::readyOps).isExactlyInstanceOf(CancelledKeyException.class);
        assertThat(selector.selectNow()).isZero();
        assertThat(selector.keys()).isEmpty();
        assertThat(selector.selectedKeys()).isEmpty();
        assertThat(pair.client().isRegistered()).isFalse();
        assertThat(pair.client().keyFor(selector)).isNull();
    }

    @Test
    void a_channel_goes_back_to_blocking_and_returns() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        pair.server().setOption(StandardSocketOptions.TCP_NODELAY, true);
        for (int i = 0; i < 200; i++) {
            SelectionKey key = register(pair.client(), selector, OP_READ);
            send(pair.server(), "x");
            assertThat(selector.select()).isEqualTo(1);
            selector.selectedKeys().remove(key);
            key.cancel();
            pair.client().configureBlocking(true);
            assertThat(receive(pair.client(), 1)).isEqualTo("x");
            selector.selectNow();
        }
        assertThat(selector.keys()).isEmpty();
    }

    @Test
    void registering_while_the_old_key_is_cancelled_is_an_error() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_READ);
        key.cancel();

        assertThatThrownBy(() -> pair.client().register(selector, OP_READ))
                .isExactlyInstanceOf(CancelledKeyException.class);
        selector.selectNow();
        assertThat(pair.client().register(selector, OP_READ).isValid()).isTrue();
    }

    @Test
    void registering_again_changes_the_key() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_READ);

        SelectionKey again = pair.client().register(selector, OP_WRITE, "attachment");

        assertThat(again).isSameAs(key);
        assertThat(key.interestOps()).isEqualTo(OP_WRITE);
        assertThat(key.attachment()).isEqualTo("attachment");
        assertThat(key.attach(null)).isEqualTo("attachment");
        assertThat(key.selector()).isSameAs(selector);
        assertThat(key.channel()).isSameAs(pair.client());
        assertThat(selector.keys()).containsExactly(key);
    }

    @Test
    void only_a_channel_that_does_not_block_registers() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();

        assertThatThrownBy(() -> pair.client().register(selector, OP_READ))
                .isExactlyInstanceOf(IllegalBlockingModeException.class);
        register(pair.client(), selector, OP_READ);
        assertThatThrownBy(() -> pair.client().configureBlocking(true))
                .isExactlyInstanceOf(IllegalBlockingModeException.class);
    }

    @Test
    void operations_of_another_kind_of_channel_are_refused() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();

        assertThatThrownBy(() -> register(pair.client(), selector, OP_ACCEPT))
                .isExactlyInstanceOf(IllegalArgumentException.class);
        SelectionKey key = register(pair.client(), selector, OP_READ);
        assertThatThrownBy(() -> key.interestOps(OP_ACCEPT)).isExactlyInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> key.interestOpsOr(OP_ACCEPT)).isExactlyInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void closing_a_channel_cancels_its_keys() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_READ);

        pair.client().close();

        assertThat(key.isValid()).isFalse();
        assertThat(pair.server().read(ByteBuffer.allocate(1))).isEqualTo(-1);
        assertThat(selector.selectNow()).isZero();
        assertThat(selector.keys()).isEmpty();
    }

    @Test
    void selected_keys_can_be_removed_but_not_added() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_WRITE);
        selector.select();

        assertThatThrownBy(() -> selector.selectedKeys().add(key)).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> selector.keys().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThat(selector.selectedKeys().remove(key)).isTrue();
        assertThat(selector.selectedKeys()).isEmpty();
    }

    @Test
    void an_action_gets_the_ready_keys() throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey key = register(pair.client(), selector, OP_READ | OP_WRITE);
        List<Integer> ready = new ArrayList<>();

        assertThat(selector.select(k -> ready.add(k.readyOps()))).isEqualTo(1);
        assertThat(selector.select(k -> ready.add(k.readyOps()), 1_000)).isEqualTo(1);
        assertThat(selector.selectNow(k -> ready.add(k.readyOps()))).isEqualTo(1);

        assertThat(ready).containsExactly(OP_WRITE, OP_WRITE, OP_WRITE);
        assertThat(selector.selectedKeys()).isEmpty();
        assertThatThrownBy(() -> selector.select(k -> select(selector)))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessage("select in progress");
        assertThat(key.isValid()).isTrue();
    }

    @Test
    void two_selectors_see_the_same_channel() throws IOException {
        Selector first = openSelector();
        Selector second = openSelector();
        ChannelPair pair = connectedChannels();
        SelectionKey one = register(pair.client(), first, OP_READ);
        SelectionKey other = register(pair.client(), second, OP_READ | OP_WRITE);
        assertThat(first.selectNow()).isZero();
        assertThat(second.selectNow()).isEqualTo(1);

        send(pair.server(), "x");

        assertThat(first.select()).isEqualTo(1);
        assertThat(one.readyOps()).isEqualTo(OP_READ);
        one.cancel();
        first.selectNow();
        assertThat(pair.client().isRegistered()).isTrue();
        second.selectedKeys().clear();
        assertThat(second.select()).isEqualTo(1);
        assertThat(other.readyOps()).isEqualTo(OP_READ | OP_WRITE);
    }

    @ParameterizedTest
    @EnumSource
    void data_wakes_a_selection(Task.On kind) throws IOException {
        Selector selector = openSelector();
        ChannelPair pair = connectedChannels();
        pair.server().setOption(StandardSocketOptions.TCP_NODELAY, true);
        register(pair.client(), selector, OP_READ);
        for (int i = 0; i < 300; i++) {
            Task<Integer> selecting = Task.start(kind, selector::select);
            send(pair.server(), "x");
            assertThat(selecting.get()).isEqualTo(1);
            selector.selectedKeys().clear();
            drain(pair.client());
        }
    }

    @Test
    void a_datagram_makes_a_channel_readable() throws IOException {
        Selector selector = openSelector();
        DatagramChannel receiver =
                closing(platform.provider().openDatagramChannel()).bind(any());
        DatagramChannel sender = closing(platform.provider().openDatagramChannel());
        receiver.configureBlocking(false);
        SelectionKey key = receiver.register(selector, OP_READ | OP_WRITE);
        assertThat(selector.select()).isEqualTo(1);
        assertThat(key.readyOps()).isEqualTo(OP_WRITE);
        key.interestOps(OP_READ);
        selector.selectedKeys().clear();

        sender.send(buffer("x"), receiver.getLocalAddress());

        assertThat(selector.select()).isEqualTo(1);
        assertThat(key.readyOps()).isEqualTo(OP_READ);
        selector.selectedKeys().clear();
        assertThat(receiver.receive(ByteBuffer.allocate(10))).isNotNull();
        assertThat(selector.selectNow()).isZero();
    }

    @Test
    void one_selector_serves_a_hundred_channels() throws IOException {
        Selector selector = openSelector();
        int connections = 100;
        ServerSocketChannel server =
                closing(platform.provider().openServerSocketChannel()).bind(any(), connections);
        server.configureBlocking(false);
        server.register(selector, OP_ACCEPT);
        AtomicBoolean served = new AtomicBoolean();
        Task<Void> serving = Task.start(() -> {
            echo(selector, server, served);
            return null;
        });
        List<Task<String>> clients = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            String text = "%08d".formatted(i);
            clients.add(Task.start(Task.On.VIRTUAL, () -> {
                SocketChannel client = openChannel();
                client.connect(server.getLocalAddress());
                for (int round = 0; round < 20; round++) {
                    send(client, text);
                    assertThat(receive(client, 8)).isEqualTo(text);
                }
                client.close();
                return text;
            }));
        }

        clients.forEach(Task::get);
        served.set(true);
        selector.wakeup();
        serving.get();
    }

    private void echo(Selector selector, ServerSocketChannel server, AtomicBoolean served) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(1_000);
        while (!served.get()) {
            selector.select();
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.isAcceptable()) {
                    SocketChannel accepted = server.accept();
                    if (accepted != null) {
                        register(closing(accepted), selector, OP_READ);
                    }
                } else if (((SocketChannel) key.channel()).read(buffer.clear()) < 0) {
                    key.channel().close();
                } else {
                    ((SocketChannel) key.channel()).write(buffer.flip());
                }
            }
            selector.selectedKeys().clear();
        }
    }
}
