package dev.berth.sockets;

import static java.nio.channels.SelectionKey.OP_READ;
import static java.nio.channels.SelectionKey.OP_WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `java.nio.channels.Pipe`.
class PipeContractTest extends Contract {
    private Pipe open() throws IOException {
        Pipe pipe = platform.provider().openPipe();
        closing(pipe.source());
        closing(pipe.sink());
        return pipe;
    }

    @Test
    void bytes_go_through() throws IOException {
        Pipe pipe = open();

        assertThat(pipe.sink().write(new ByteBuffer[] {buffer("he"), buffer("llo")}))
                .isEqualTo(5);

        ByteBuffer[] in = {ByteBuffer.allocate(3), ByteBuffer.allocateDirect(10)};
        assertThat(pipe.source().read(in)).isEqualTo(5);
        assertThat(text(in[0]) + text(in[1])).isEqualTo("hello");
    }

    @Test
    void the_source_ends_when_the_sink_is_closed() throws IOException {
        Pipe pipe = open();
        pipe.sink().write(buffer("last"));
        pipe.sink().close();

        ByteBuffer in = ByteBuffer.allocate(10);
        assertThat(pipe.source().read(in)).isEqualTo(4);
        assertThat(pipe.source().read(in)).isEqualTo(-1);
        assertThatThrownBy(() -> pipe.sink().write(buffer("x"))).isExactlyInstanceOf(ClosedChannelException.class);
    }

    @Test
    void the_sink_breaks_when_the_source_is_closed() throws IOException {
        Pipe pipe = open();
        pipe.source().close();

        assertThatThrownBy(() -> pipe.sink().write(buffer("x")))
                .isExactlyInstanceOf(IOException.class)
                .hasMessage("Broken pipe");
        assertThatThrownBy(() -> pipe.source().read(ByteBuffer.allocate(1)))
                .isExactlyInstanceOf(ClosedChannelException.class);
    }

    @ParameterizedTest
    @EnumSource
    void closing_or_interrupting_wakes_the_reader(Task.On kind) throws IOException {
        Pipe closed = open();
        Pipe interrupted = open();
        Task<Integer> first = Task.startBlocked(kind, () -> closed.source().read(ByteBuffer.allocate(1)));
        Task<Integer> second =
                Task.startBlocked(kind, () -> interrupted.source().read(ByteBuffer.allocate(1)));

        closed.source().close();
        second.interrupt();

        assertThat(first.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
        assertThat(second.failure()).isExactlyInstanceOf(ClosedByInterruptException.class);
    }

    @Test
    void much_data_arrives_whole() throws IOException {
        Pipe pipe = open();
        byte[] data = random(2_000_000);
        Task<Void> writing = Task.start(() -> {
            ByteBuffer out = ByteBuffer.wrap(data);
            while (out.hasRemaining()) {
                pipe.sink().write(out);
            }
            pipe.sink().close();
            return null;
        });

        MessageDigest digest = sha256();
        ByteBuffer in = ByteBuffer.allocate(10_007);
        while (pipe.source().read(in) >= 0) {
            digest.update(in.flip());
            in.clear();
        }

        writing.get();
        assertThat(HexFormat.of().formatHex(digest.digest())).isEqualTo(digest(data));
    }

    @Test
    void both_ends_can_be_selected() throws IOException {
        Pipe pipe = open();
        Selector selector = closing(platform.provider().openSelector());
        pipe.source().configureBlocking(false);
        pipe.sink().configureBlocking(false);
        SelectionKey readable = pipe.source().register(selector, OP_READ);
        SelectionKey writable = pipe.sink().register(selector, OP_WRITE);
        assertThat(selector.select()).isEqualTo(1);
        assertThat(selector.selectedKeys()).containsExactly(writable);
        selector.selectedKeys().clear();
        while (pipe.sink().write(ByteBuffer.allocate(10_000)) > 0) {
            Thread.onSpinWait();
        }

        assertThat(selector.select()).isEqualTo(1);
        assertThat(selector.selectedKeys()).containsExactly(readable);
        selector.selectedKeys().clear();
        while (pipe.source().read(ByteBuffer.allocate(10_000)) > 0) {
            Thread.onSpinWait();
        }
        assertThat(selector.select()).isEqualTo(1);
        assertThat(selector.selectedKeys()).containsExactly(writable);
        selector.selectedKeys().clear();
        writable.cancel();
        pipe.sink().close();
        assertThat(selector.select()).isEqualTo(1);
        assertThat(pipe.source().read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }

    @Test
    void a_large_write_reaches_a_selecting_reader() throws IOException {
        Pipe pipe = open();
        Selector selector = closing(platform.provider().openSelector());
        pipe.source().configureBlocking(false);
        pipe.source().register(selector, OP_READ);
        Task<Integer> writing = Task.start(() -> pipe.sink().write(ByteBuffer.allocate(500_000)));

        int received = 0;
        ByteBuffer in = ByteBuffer.allocate(100_000);
        while (received < 500_000) {
            selector.select();
            selector.selectedKeys().clear();
            received += pipe.source().read(in.clear());
        }

        assertThat(writing.get()).isEqualTo(500_000);
    }
}
