package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.AsynchronousServerSocketChannel;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.CompletionHandler;
import java.nio.channels.InterruptedByTimeoutException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.ReadPendingException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.channels.WritePendingException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/// `java.nio.channels.AsynchronousSocketChannel`.
class AsynchronousSocketChannelContractTest extends AsynchronousContract {
    private static final Object NOTE = "note";

    private static ByteBuffer room(int octets) {
        return ByteBuffer.allocate(octets);
    }

    // ---- connecting

    @Test
    void a_connect_makes_the_addresses_known() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        AsynchronousSocketChannel client = openClient();
        assertThat(client.getLocalAddress()).isNull();
        assertThat(client.getRemoteAddress()).isNull();

        assertThat(get(client.connect(server.getLocalAddress()))).isNull();

        AsynchronousSocketChannel accepted = closing(get(server.accept()));
        assertThat(client.getRemoteAddress()).isEqualTo(server.getLocalAddress());
        assertThat(accepted.getRemoteAddress()).isEqualTo(client.getLocalAddress());
        assertThat(accepted.getLocalAddress()).isEqualTo(server.getLocalAddress());
    }

    @Test
    void a_handler_is_told_of_a_connect() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        Told<Void> told = new Told<>();

        openClient().connect(server.getLocalAddress(), NOTE, told);

        Outcome<Void> outcome = told.outcome();
        assertThat(outcome.failure()).isNull();
        assertThat(outcome.result()).isNull();
        assertThat(outcome.attachment()).isSameAs(NOTE);
        closing(get(server.accept()));
    }

    @Test
    void a_refused_connect_closes_the_channel() throws IOException {
        AsynchronousSocketChannel client = openClient();

        assertThat(failure(client.connect(deafEnd())))
                .isExactlyInstanceOf(ConnectException.class)
                .hasMessage("Connection refused");

        assertThat(client.isOpen()).isFalse();
        assertThat(failure(client.connect(deafEnd()))).isExactlyInstanceOf(ClosedChannelException.class);
    }

    @Test
    void a_handler_is_told_of_a_refused_connect() throws IOException {
        AsynchronousSocketChannel client = openClient();
        Told<Void> told = new Told<>();

        client.connect(deafEnd(), NOTE, told);

        assertThat(told.failure()).isExactlyInstanceOf(ConnectException.class).hasMessage("Connection refused");
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void a_second_connect_is_refused() throws IOException {
        Pair pair = connectedPair();

        assertThatThrownBy(() -> pair.client().connect(pair.client().getRemoteAddress()))
                .isExactlyInstanceOf(AlreadyConnectedException.class);
        assertThatThrownBy(() -> pair.server().connect(pair.client().getLocalAddress()))
                .isExactlyInstanceOf(AlreadyConnectedException.class);
    }

    @Test
    void only_resolved_addresses_can_be_connected_to() throws IOException {
        AsynchronousSocketChannel client = openClient();

        assertThatThrownBy(() -> client.connect(InetSocketAddress.createUnresolved("somewhere", 1)))
                .isExactlyInstanceOf(UnresolvedAddressException.class);
        assertThatThrownBy(() -> client.connect(new SocketAddress() {}))
                .isExactlyInstanceOf(UnsupportedAddressTypeException.class);
        assertThatThrownBy(() -> client.connect(null)).isExactlyInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> client.connect(deafEnd(), NOTE, null))
                .isExactlyInstanceOf(NullPointerException.class)
                .hasMessage("'handler' is null");
        assertThat(client.isOpen()).isTrue();
    }

    @Test
    void a_bound_channel_connects_from_there() throws IOException {
        AsynchronousServerSocketChannel server = listeningServer();
        AsynchronousSocketChannel client = openClient().bind(any());
        SocketAddress local = client.getLocalAddress();
        assertThatThrownBy(() -> client.bind(any())).isExactlyInstanceOf(AlreadyBoundException.class);

        get(client.connect(server.getLocalAddress()));

        assertThat(closing(get(server.accept())).getRemoteAddress()).isEqualTo(local);
    }

    @Test
    void a_channel_without_a_connection_cannot_be_used() throws IOException {
        AsynchronousSocketChannel client = openClient();

        assertThatThrownBy(() -> client.read(room(1))).isExactlyInstanceOf(NotYetConnectedException.class);
        assertThatThrownBy(() -> client.write(room(1))).isExactlyInstanceOf(NotYetConnectedException.class);
        assertThatThrownBy(() -> client.read(room(1), 1, TimeUnit.SECONDS, NOTE, new Told<>()))
                .isExactlyInstanceOf(NotYetConnectedException.class);
        assertThatThrownBy(client::shutdownInput).isExactlyInstanceOf(NotYetConnectedException.class);
        assertThatThrownBy(client::shutdownOutput).isExactlyInstanceOf(NotYetConnectedException.class);
    }

    // ---- reading and writing

    @Test
    void octets_come_as_they_were_sent() throws IOException {
        Pair pair = connectedPair();

        assertThat(get(pair.client().write(buffer("hello")))).isEqualTo(5);

        assertThat(read(pair.server(), 5)).isEqualTo("hello");
    }

    @Test
    void a_read_that_waits_ends_with_data() throws IOException {
        Pair pair = connectedPair();
        ByteBuffer buffer = room(10);
        Future<Integer> read = pair.client().read(buffer);
        assertThat(read.isDone()).isFalse();

        write(pair.server(), "abc");

        assertThat(get(read)).isEqualTo(3);
        assertThat(text(buffer)).isEqualTo("abc");
        assertThat(read.isDone()).isTrue();
        assertThat(read.isCancelled()).isFalse();
        assertThat(read.cancel(true)).isFalse();
        assertThat(pair.client().isOpen()).isTrue();
    }

    @Test
    void a_handler_is_told_of_data() throws IOException {
        Pair pair = connectedPair();
        ByteBuffer buffer = room(10);
        Told<Integer> told = new Told<>();
        pair.client().read(buffer, NOTE, told);

        write(pair.server(), "abc");

        Outcome<Integer> outcome = told.outcome();
        assertThat(outcome.result()).isEqualTo(3);
        assertThat(outcome.attachment()).isSameAs(NOTE);
        assertThat(outcome.thread()).isNotSameAs(Thread.currentThread());
        assertThat(text(buffer)).isEqualTo("abc");
    }

    @Test
    void a_handler_is_told_of_data_that_is_there() throws IOException {
        Pair pair = connectedPair();
        write(pair.server(), "abc");
        Told<Integer> told = new Told<>();

        pair.client().read(room(2), NOTE, told);

        Outcome<Integer> outcome = told.outcome();
        assertThat(outcome.result()).isEqualTo(2);
        assertThat(outcome.thread()).isNotSameAs(Thread.currentThread());
    }

    @Test
    void a_read_scatters_and_a_write_gathers() throws IOException {
        Pair pair = connectedPair();
        ByteBuffer[] parts = {buffer("not this"), buffer("ab"), room(0), buffer("cde"), buffer("nor this")};
        Told<Long> written = new Told<>();
        pair.client().write(parts, 1, 3, 0, TimeUnit.SECONDS, NOTE, written);
        assertThat(written.result()).isEqualTo(5L);
        Told<Long> read = new Told<>();
        ByteBuffer[] rooms = {room(1), room(3), room(0), ByteBuffer.allocateDirect(9)};

        pair.server().read(rooms, 1, 3, 10, TimeUnit.SECONDS, NOTE, read);

        assertThat(read.result()).isEqualTo(5L);
        assertThat(text(rooms[0])).isEmpty();
        assertThat(text(rooms[1])).isEqualTo("abc");
        assertThat(text(rooms[3])).isEqualTo("de");
    }

    @Test
    void nothing_to_do_is_done_at_once() throws IOException {
        Pair pair = connectedPair();
        Told<Long> told = new Told<>();

        assertThat(get(pair.client().read(room(0)))).isZero();
        assertThat(get(pair.client().write(room(0)))).isZero();
        pair.client().read(new ByteBuffer[] {room(0)}, 0, 1, 0, TimeUnit.SECONDS, NOTE, told);
        assertThat(told.result()).isZero();
        pair.client().write(new ByteBuffer[] {room(0)}, 0, 1, 0, TimeUnit.SECONDS, NOTE, told);
        assertThat(told.result()).isZero();
        pair.client().write(new ByteBuffer[0], 0, 0, 0, TimeUnit.SECONDS, NOTE, told);
        assertThat(told.result()).isZero();
    }

    @Test
    void arguments_are_checked() throws IOException {
        Pair pair = connectedPair();
        AsynchronousSocketChannel client = pair.client();
        Told<Integer> told = new Told<>();
        Told<Long> toldLong = new Told<>();
        ByteBuffer readOnly = room(1).asReadOnlyBuffer();

        assertThatThrownBy(() -> client.read(readOnly))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Read-only buffer");
        assertThatThrownBy(() -> client.read(readOnly, NOTE, told))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Read-only buffer");
        assertThatThrownBy(() -> client.read(new ByteBuffer[] {readOnly}, 0, 1, 0, TimeUnit.SECONDS, NOTE, toldLong))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Read-only buffer");
        assertThatThrownBy(() -> client.read(room(1), NOTE, null))
                .isExactlyInstanceOf(NullPointerException.class)
                .hasMessage("'handler' is null");
        assertThatThrownBy(() -> client.write(room(1), NOTE, null))
                .isExactlyInstanceOf(NullPointerException.class)
                .hasMessage("'handler' is null");
        assertThatThrownBy(() -> client.read(new ByteBuffer[1], 0, 2, 0, TimeUnit.SECONDS, NOTE, toldLong))
                .isExactlyInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> client.write(new ByteBuffer[1], 1, 1, 0, TimeUnit.SECONDS, NOTE, toldLong))
                .isExactlyInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> client.read((ByteBuffer) null)).isExactlyInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> client.write((ByteBuffer) null)).isExactlyInstanceOf(NullPointerException.class);
        assertThat(get(client.write(buffer("x").asReadOnlyBuffer()))).isEqualTo(1);
    }

    @Test
    void much_data_goes_both_ways_at_once() throws Exception {
        Pair pair = connectedPair();
        byte[] there = random(4_000_000);
        byte[] back = random(4_000_001);
        Transfer one = new Transfer(pair.client(), there, ByteBuffer.allocate(back.length));
        Transfer other = new Transfer(pair.server(), back, ByteBuffer.allocateDirect(there.length));

        one.start();
        other.start();

        Task.await("all is there", () -> one.isDone() && other.isDone());
        byte[] arrivedBack = new byte[back.length];
        one.in.flip().get(arrivedBack);
        byte[] arrivedThere = new byte[there.length];
        other.in.flip().get(arrivedThere);
        assertThat(digest(arrivedBack)).isEqualTo(digest(back));
        assertThat(digest(arrivedThere)).isEqualTo(digest(there));
    }

    /// One end of a transfer: handlers that begin the next operation.
    private static final class Transfer {
        private final AsynchronousSocketChannel channel;
        private final ByteBuffer out;
        private final ByteBuffer in;
        private volatile boolean sent;
        private volatile boolean received;

        Transfer(AsynchronousSocketChannel channel, byte[] out, ByteBuffer in) {
            this.channel = channel;
            this.out = ByteBuffer.wrap(out);
            this.in = in;
        }

        void start() {
            channel.write(out, this, new Next(true));
            channel.read(in, this, new Next(false));
        }

        boolean isDone() {
            return sent && received;
        }

        private final class Next implements CompletionHandler<Integer, Transfer> {
            private final boolean writing;

            Next(boolean writing) {
                this.writing = writing;
            }

            @Override
            public void completed(Integer n, Transfer transfer) {
                if (writing && out.hasRemaining()) {
                    channel.write(out, transfer, this);
                } else if (writing) {
                    sent = true;
                } else if (in.hasRemaining()) {
                    channel.read(in, transfer, this);
                } else {
                    received = true;
                }
            }

            @Override
            public void failed(Throwable failure, Transfer transfer) {
                throw new AssertionError(failure);
            }
        }
    }

    @Test
    void a_second_read_is_refused_while_one_waits() throws IOException {
        Pair pair = connectedPair();
        Future<Integer> first = pair.client().read(room(1));

        assertThatThrownBy(() -> pair.client().read(room(1))).isExactlyInstanceOf(ReadPendingException.class);
        assertThatThrownBy(() -> pair.client().read(room(0))).isExactlyInstanceOf(ReadPendingException.class);
        assertThatThrownBy(() -> pair.client().read(room(1), NOTE, new Told<>()))
                .isExactlyInstanceOf(ReadPendingException.class);

        write(pair.server(), "ab");
        assertThat(get(first)).isEqualTo(1);
        assertThat(get(pair.client().read(room(1)))).isEqualTo(1);
    }

    @Test
    void a_second_write_is_refused_while_one_waits() throws IOException {
        Pair pair = connectedPair();
        Future<Integer> waiting = fill(pair.client());

        assertThatThrownBy(() -> pair.client().write(room(1))).isExactlyInstanceOf(WritePendingException.class);

        while (!waiting.isDone()) {
            get(pair.server().read(room(1_000_000)));
        }
        assertThat(get(waiting)).isPositive();
    }

    // ---- the end of the stream

    @Test
    void a_read_finds_the_end_of_the_stream() throws IOException {
        Pair pair = connectedPair();
        Future<Integer> read = pair.client().read(room(1));

        pair.server().close();

        assertThat(get(read)).isEqualTo(-1);
        assertThat(get(pair.client().read(room(1)))).isEqualTo(-1);
    }

    @Test
    void shutting_the_output_down_is_the_end_for_the_other() throws IOException {
        Pair pair = connectedPair();

        assertThat(pair.client().shutdownOutput()).isSameAs(pair.client());
        pair.client().shutdownOutput();

        assertThat(get(pair.server().read(room(1)))).isEqualTo(-1);
        assertThat(failure(pair.client().write(buffer("x")))).isExactlyInstanceOf(ClosedChannelException.class);
        assertThat(failure(pair.client().write(room(0)))).isExactlyInstanceOf(ClosedChannelException.class);
        write(pair.server(), "back");
        assertThat(read(pair.client(), 4)).isEqualTo("back");
        assertThatThrownBy(() -> pair.client().setOption(StandardSocketOptions.TCP_NODELAY, true))
                .isExactlyInstanceOf(IOException.class)
                .hasMessage("Connection has been shutdown for writing");
    }

    @Test
    void shutting_the_input_down_ends_a_read() throws IOException {
        Pair pair = connectedPair();
        Future<Integer> waiting = pair.client().read(room(1));

        assertThat(pair.client().shutdownInput()).isSameAs(pair.client());
        pair.client().shutdownInput();

        assertThat(get(waiting)).isEqualTo(-1);
        assertThat(get(pair.client().read(room(1)))).isEqualTo(-1);
        assertThat(get(pair.client().read(room(0)))).isEqualTo(-1);
        write(pair.client(), "on");
        assertThat(read(pair.server(), 2)).isEqualTo("on");
    }

    @Test
    void shutting_the_output_down_fails_a_write_that_waits() throws IOException {
        Pair pair = connectedPair();
        Future<Integer> waiting = fill(pair.client());

        pair.client().shutdownOutput();

        assertThat(failure(waiting)).isExactlyInstanceOf(IOException.class).hasMessage("Broken pipe");
    }

    @Test
    void a_reset_fails_a_read_once() throws IOException {
        Pair pair = connectedPair();
        Future<Integer> waiting = pair.client().read(room(1));

        reset(pair);

        assertThat(failure(waiting)).isExactlyInstanceOf(IOException.class).hasMessage("Connection reset");
        assertThat(get(pair.client().read(room(1)))).isEqualTo(-1);
        assertThat(failure(pair.client().write(buffer("x"))))
                .isExactlyInstanceOf(IOException.class)
                .hasMessage("Broken pipe");
    }

    @Test
    void a_reset_fails_a_write_that_waits() throws IOException {
        Pair pair = connectedPair();
        Future<Integer> waiting = fill(pair.client());

        pair.server().close(); // with octets that nobody has read

        assertThat(failure(waiting)).isExactlyInstanceOf(IOException.class).hasMessage("Connection reset by peer");
    }

    /// Asynchronous channels have no SO_LINGER; but a close with octets that nobody has read is a reset.
    private static void reset(Pair pair) throws IOException {
        Future<Integer> write = pair.client().write(buffer("x"));
        assertThat(get(write)).isEqualTo(1);
        pair.server().close();
    }

    // ---- closing

    @Test
    void closing_fails_what_waits() throws IOException {
        Pair pair = connectedPair();
        Future<Integer> read = pair.client().read(room(1));
        Future<Integer> write = fill(pair.client());

        pair.client().close();

        assertThat(failure(read)).isExactlyInstanceOf(AsynchronousCloseException.class);
        assertThat(failure(write)).isExactlyInstanceOf(AsynchronousCloseException.class);
        assertThat(pair.client().isOpen()).isFalse();
        pair.client().close();
    }

    @Test
    void handlers_are_told_of_closing() throws IOException {
        Pair pair = connectedPair();
        Told<Integer> told = new Told<>();
        pair.client().read(room(1), NOTE, told);

        pair.client().close();

        Outcome<Integer> outcome = told.outcome();
        assertThat(outcome.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
        assertThat(outcome.attachment()).isSameAs(NOTE);
        assertThat(outcome.thread()).isNotSameAs(Thread.currentThread());
    }

    @Test
    void a_closed_channel_fails_what_is_begun() throws IOException {
        Pair pair = connectedPair();
        AsynchronousSocketChannel client = pair.client();
        Told<Integer> told = new Told<>();
        client.close();

        assertThat(failure(client.read(room(1)))).isExactlyInstanceOf(ClosedChannelException.class);
        assertThat(failure(client.write(room(1)))).isExactlyInstanceOf(ClosedChannelException.class);
        client.read(room(1), NOTE, told);
        assertThat(told.failure()).isExactlyInstanceOf(ClosedChannelException.class);
        client.write(room(1), NOTE, told);
        assertThat(told.failure()).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(client::getLocalAddress).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(client::getRemoteAddress).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(client::shutdownInput).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(client::shutdownOutput).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> client.bind(any())).isExactlyInstanceOf(ClosedChannelException.class);
        assertThatThrownBy(() -> client.getOption(StandardSocketOptions.SO_SNDBUF))
                .isExactlyInstanceOf(ClosedChannelException.class);
    }

    @Test
    void operations_and_closing_race() throws IOException {
        for (int i = 0; i < 300; i++) {
            Pair pair = connectedPair();
            Told<Integer> told = new Told<>();
            Task<Void> closing = Task.start(Task.On.VIRTUAL, () -> {
                pair.client().close();
                return null;
            });
            pair.client().read(room(1), NOTE, told);
            closing.get();
            assertThat(told.failure()).isInstanceOfAny(AsynchronousCloseException.class, ClosedChannelException.class);
            pair.server().close();
        }
    }

    // ---- cancelling and timeouts

    @Test
    void a_cancelled_read_allows_no_other() throws Exception {
        Pair pair = connectedPair();
        Future<Integer> read = pair.client().read(room(1));

        assertThat(read.cancel(false)).isTrue();

        assertThat(read.isCancelled()).isTrue();
        assertThat(read.isDone()).isTrue();
        assertThat(read.cancel(false)).isFalse();
        assertThatThrownBy(read::get).isExactlyInstanceOf(CancellationException.class);
        assertThatThrownBy(() -> read.get(1, TimeUnit.SECONDS)).isExactlyInstanceOf(CancellationException.class);
        assertThatThrownBy(() -> pair.client().read(room(1)))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessage("Reading not allowed due to timeout or cancellation");
        write(pair.client(), "x");
        assertThat(read(pair.server(), 1)).isEqualTo("x");
    }

    @Test
    void a_cancelled_write_allows_no_other() throws IOException {
        Pair pair = connectedPair();
        Future<Integer> waiting = fill(pair.client());

        assertThat(waiting.cancel(false)).isTrue();

        assertThatThrownBy(() -> pair.client().write(room(1)))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessage("Writing not allowed due to timeout or cancellation");
    }

    @Test
    void a_forceful_cancel_closes_the_channel() throws IOException {
        Pair pair = connectedPair();
        Future<Integer> read = pair.client().read(room(1));

        assertThat(read.cancel(true)).isTrue();

        assertThat(pair.client().isOpen()).isFalse();
        assertThat(read.isCancelled()).isTrue();
        assertThat(get(pair.server().read(room(1)))).isEqualTo(-1);
    }

    @Test
    void waiting_for_a_future_can_time_out() throws Exception {
        Pair pair = connectedPair();
        Future<Integer> read = pair.client().read(room(1));

        assertThatThrownBy(() -> read.get(1, TimeUnit.MILLISECONDS)).isExactlyInstanceOf(TimeoutException.class);

        write(pair.server(), "x");
        assertThat(get(read)).isEqualTo(1);
    }

    @Test
    void a_read_that_times_out_allows_no_other() throws IOException {
        Pair pair = connectedPair();
        Told<Integer> told = new Told<>();

        pair.client().read(room(1), 5, TimeUnit.MILLISECONDS, NOTE, told);

        Outcome<Integer> outcome = told.outcome();
        assertThat(outcome.failure())
                .isExactlyInstanceOf(InterruptedByTimeoutException.class)
                .hasMessage(null);
        assertThat(outcome.attachment()).isSameAs(NOTE);
        assertThatThrownBy(() -> pair.client().read(room(1)))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessage("Reading not allowed due to timeout or cancellation");
        write(pair.client(), "x");
        assertThat(read(pair.server(), 1)).isEqualTo("x");
    }

    @Test
    void a_write_that_times_out_allows_no_other() throws IOException {
        Pair pair = connectedPair();
        Told<Integer> told = new Told<>();
        ByteBuffer much = room(1_000_000);
        do {
            pair.client().write(much.clear(), 200, TimeUnit.MILLISECONDS, NOTE, told);
        } while (told.outcome().failure() == null);

        assertThatThrownBy(() -> pair.client().write(room(1)))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessage("Writing not allowed due to timeout or cancellation");
        assertThat(pair.client().isOpen()).isTrue();
    }

    @Test
    void a_read_in_time_does_not_time_out() throws IOException {
        Pair pair = connectedPair();
        Told<Integer> told = new Told<>();
        pair.client().read(room(1), 10, TimeUnit.SECONDS, NOTE, told);

        write(pair.server(), "ab");

        assertThat(told.result()).isEqualTo(1);
        assertThat(get(pair.client().read(room(1)))).isEqualTo(1);
    }

    // ---- options and words

    @Test
    void the_options_are_those_of_asynchronous_channels() throws IOException {
        AsynchronousSocketChannel client = openClient();

        assertThat(client.supportedOptions())
                .contains(
                        StandardSocketOptions.SO_SNDBUF,
                        StandardSocketOptions.SO_RCVBUF,
                        StandardSocketOptions.SO_KEEPALIVE,
                        StandardSocketOptions.SO_REUSEADDR,
                        StandardSocketOptions.SO_REUSEPORT,
                        StandardSocketOptions.TCP_NODELAY)
                .doesNotContain(StandardSocketOptions.SO_LINGER, StandardSocketOptions.IP_TOS);
        assertThatThrownBy(() -> client.setOption(StandardSocketOptions.SO_LINGER, 1))
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("'SO_LINGER' not supported");
        assertThatThrownBy(() -> client.getOption(StandardSocketOptions.IP_TOS))
                .isExactlyInstanceOf(UnsupportedOperationException.class)
                .hasMessage("'IP_TOS' not supported");
        assertThatThrownBy(() -> client.getOption(null)).isExactlyInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> client.setOption(StandardSocketOptions.TCP_NODELAY, null))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid option value");
        assertThatThrownBy(() -> client.setOption(StandardSocketOptions.SO_SNDBUF, -1))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Invalid send/receive buffer size");
        assertThat(client.setOption(StandardSocketOptions.TCP_NODELAY, true)).isSameAs(client);
        assertThat(client.getOption(StandardSocketOptions.TCP_NODELAY)).isTrue();
        client.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        assertThat(client.getOption(StandardSocketOptions.SO_KEEPALIVE)).isTrue();
    }

    @Test
    void it_says_what_it_is() throws IOException {
        AsynchronousSocketChannel fresh = openClient();
        assertThat(fresh.toString()).endsWith("[unconnected]");
        Pair pair = connectedPair();
        assertThat(pair.client().toString())
                .endsWith("[connected local=" + pair.client().getLocalAddress() + " remote="
                        + pair.client().getRemoteAddress() + "]");
        pair.client().shutdownInput();
        pair.client().shutdownOutput();
        assertThat(pair.client().toString()).contains("[connected ishut oshut local=");
        pair.client().close();
        assertThat(pair.client().toString()).endsWith("[closed]");
        assertThat(fresh.provider()).isSameAs(platform.asynchronousProvider());
    }
}
