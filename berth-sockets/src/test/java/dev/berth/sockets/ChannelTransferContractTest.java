package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `java.nio.channels.SocketChannel`: moving bytes.
class ChannelTransferContractTest extends Contract {
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void positions_move_with_the_bytes(boolean direct) throws IOException {
        ChannelPair pair = connectedChannels();
        ByteBuffer out = direct ? ByteBuffer.allocateDirect(20) : ByteBuffer.allocate(20);
        out.put(bytes("..hello..")).position(2).limit(7);

        assertThat(pair.client().write(out)).isEqualTo(5);

        assertThat(out.position()).isEqualTo(7);
        ByteBuffer in = direct ? ByteBuffer.allocateDirect(20) : ByteBuffer.allocate(20);
        in.position(3);
        assertThat(pair.server().read(in)).isEqualTo(5);
        assertThat(in.position()).isEqualTo(8);
        assertThat(text(in.slice(3, 5).position(5))).isEqualTo("hello");
    }

    @Test
    void a_slice_of_an_array_is_filled_in_place() throws IOException {
        ChannelPair pair = connectedChannels();
        byte[] array = bytes("0123456789");
        ByteBuffer slice = ByteBuffer.wrap(array, 2, 6).slice();
        slice.position(1).limit(4);
        send(pair.client(), "abcdef");

        assertThat(pair.server().read(slice)).isEqualTo(3);

        assertThat(text(array)).isEqualTo("012abc6789");
    }

    @Test
    void a_read_only_buffer_is_written_but_not_read_into() throws IOException {
        ChannelPair pair = connectedChannels();

        assertThat(pair.client().write(buffer("hello").asReadOnlyBuffer())).isEqualTo(5);
        assertThatThrownBy(() -> pair.server().read(ByteBuffer.allocate(5).asReadOnlyBuffer()))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Read-only buffer");
        assertThat(receive(pair.server(), 5)).isEqualTo("hello");
    }

    @Test
    void several_buffers_are_gathered_and_scattered() throws IOException {
        ChannelPair pair = connectedChannels();
        ByteBuffer[] out = {buffer("ignored"), buffer("he"), ByteBuffer.allocate(0), buffer("llo "), buffer("world")};

        assertThat(pair.client().write(out, 1, 4)).isEqualTo(11);

        assertThat(out[0].position()).isZero();
        assertThat(out[4].hasRemaining()).isFalse();
        ByteBuffer[] in = {
            ByteBuffer.allocate(3), ByteBuffer.allocate(0), ByteBuffer.allocateDirect(4), ByteBuffer.allocate(50)
        };
        assertThat(pair.server().read(in)).isEqualTo(11);
        assertThat(text(in[0]) + "|" + text(in[2]) + "|" + text(in[3])).isEqualTo("hel|lo w|orld");
        assertThatThrownBy(() -> pair.server().read(in, 3, 2)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void scattering_ends_at_the_end_of_the_stream() throws IOException {
        ChannelPair pair = connectedChannels();
        pair.client().close();

        assertThat(pair.server().read(new ByteBuffer[] {ByteBuffer.allocate(3), ByteBuffer.allocate(3)}))
                .isEqualTo(-1);
        assertThat(pair.server().read(new ByteBuffer[0])).isZero();
    }

    @Test
    void without_blocking_nothing_waits() throws IOException {
        ChannelPair pair = connectedChannels();
        pair.client().configureBlocking(false);
        pair.server().configureBlocking(false);

        assertThat(pair.client().read(ByteBuffer.allocate(10))).isZero();
        assertThat(pair.client().read(new ByteBuffer[] {ByteBuffer.allocate(10)}))
                .isZero();
        long sent = fill(pair.client());
        assertThat(pair.client().write(ByteBuffer.allocate(10))).isZero();
        assertThat(pair.client().write(new ByteBuffer[] {ByteBuffer.allocateDirect(10)}))
                .isZero();

        assertThat(sent).isPositive();
        assertThat(drain(pair.server(), sent)).isEqualTo(sent);
        Task.await("room again", () -> write(pair.client(), "x") == 1);
    }

    private static long fill(SocketChannel channel) throws IOException {
        long sent = 0;
        int zeros = 0;
        while (zeros < 3) {
            int n = channel.write(ByteBuffer.allocate(60_000));
            zeros = n == 0 ? zeros + 1 : 0;
            sent += n;
            Thread.yield();
        }
        return sent;
    }

    private static long drain(SocketChannel channel, long expected) throws IOException {
        long received = 0;
        while (received < expected) {
            received += channel.read(ByteBuffer.allocate(60_000));
            Thread.onSpinWait();
        }
        return received;
    }

    private static int write(SocketChannel channel, String text) {
        try {
            return channel.write(buffer(text));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void the_mode_may_change_a_thousand_times() throws IOException {
        ChannelPair pair = connectedChannels();
        for (int i = 0; i < 1_000; i++) {
            boolean blocking = i % 2 == 0;
            assertThat(pair.client().configureBlocking(blocking).isBlocking()).isEqualTo(blocking);
            send(pair.client(), "ping");
            assertThat(receive(pair.server(), 4)).isEqualTo("ping");
            send(pair.server(), "pong");
            assertThat(receive(pair.client(), 4)).isEqualTo("pong");
        }
    }

    @ParameterizedTest
    @EnumSource
    void much_data_arrives_whole(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        byte[] data = random(20_000_000);
        Task<Void> writing = Task.start(kind, () -> {
            ByteBuffer out = ByteBuffer.allocateDirect(data.length).put(data).flip();
            while (out.hasRemaining()) {
                out.limit(Math.min(out.position() + 123_457, data.length));
                pair.server().write(out);
                out.limit(data.length);
            }
            pair.server().close();
            return null;
        });

        MessageDigest digest = sha256();
        ByteBuffer in = ByteBuffer.allocateDirect(70_001);
        while (pair.client().read(in) >= 0) {
            digest.update(in.flip());
            in.clear();
        }

        writing.get();
        assertThat(HexFormat.of().formatHex(digest.digest())).isEqualTo(digest(data));
    }

    @Test
    void files_are_transferred(@TempDir Path directory) throws IOException {
        ChannelPair pair = connectedChannels();
        byte[] data = random(1_000_003);
        Path from = Files.write(directory.resolve("from"), data);
        Path to = directory.resolve("to");
        Task<Void> sending = Task.start(() -> {
            try (FileChannel file = FileChannel.open(from)) {
                long at = 0;
                while (at < data.length) {
                    at += file.transferTo(at, data.length - at, pair.client());
                }
                pair.client().close();
                return null;
            }
        });

        try (FileChannel file = FileChannel.open(to, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            long at = 0;
            while (at < data.length) {
                at += file.transferFrom(pair.server(), at, data.length - at);
            }
        }

        sending.get();
        assertThat(digest(Files.readAllBytes(to))).isEqualTo(digest(data));
    }

    @Test
    void streams_over_channels_carry_bytes() throws IOException {
        ChannelPair pair = connectedChannels();

        Channels.newOutputStream(pair.client()).write(bytes("stream"));

        assertThat(Channels.newInputStream(pair.server()).readNBytes(6)).isEqualTo(bytes("stream"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_write_that_is_closed_half_way_says_how_far_it_came(boolean direct) throws IOException {
        ChannelPair pair = connectedChannels();
        ByteBuffer much = direct ? ByteBuffer.allocateDirect(40_000_000) : ByteBuffer.allocate(40_000_000);
        Task<Integer> write =
                Task.startBlocked(Task.On.PLATFORM, () -> pair.client().write(much));

        pair.client().close();

        assertThat(write.get()).isEqualTo(much.position()).isBetween(1, 39_999_999);
    }

    @Test
    void a_write_that_is_interrupted_half_way_closes_the_channel() throws IOException {
        ChannelPair pair = connectedChannels();
        ByteBuffer much = ByteBuffer.allocate(40_000_000);
        Task<Integer> write =
                Task.startBlocked(Task.On.PLATFORM, () -> pair.client().write(much));

        write.interrupt();

        assertThat(write.failure()).isExactlyInstanceOf(ClosedByInterruptException.class);
        assertThat(write.wasInterruptedAtEnd()).isTrue();
        assertThat(much.position()).isBetween(1, 39_999_999);
        assertThat(pair.client().isOpen()).isFalse();
    }

    @Test
    void thousands_of_buffers_are_gathered_and_scattered() throws IOException {
        ChannelPair pair = connectedChannels();
        byte[] content = random(3_000);
        ByteBuffer[] out = new ByteBuffer[content.length];
        ByteBuffer[] in = new ByteBuffer[content.length];
        for (int i = 0; i < content.length; i++) {
            out[i] = ByteBuffer.allocateDirect(1).put(content[i]).flip();
            in[i] = ByteBuffer.allocate(1);
        }

        int written = 0;
        while (written < content.length) {
            written += Math.toIntExact(pair.client().write(out, written, content.length - written));
        }
        int read = 0;
        while (read < content.length) {
            read += Math.toIntExact(pair.server().read(in, read, content.length - read));
        }

        for (int i = 0; i < content.length; i++) {
            assertThat(in[i].get(0)).isEqualTo(content[i]);
        }
    }

    @Test
    void a_read_only_buffer_among_others_is_refused_before_anything_is_read() throws IOException {
        ChannelPair pair = connectedChannels();
        send(pair.client(), "abc");
        ByteBuffer first = ByteBuffer.allocate(2);
        ByteBuffer readOnly = ByteBuffer.allocate(1).asReadOnlyBuffer();

        assertThatThrownBy(() -> pair.server().read(new ByteBuffer[] {first, readOnly}))
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage("Read-only buffer");
        assertThatThrownBy(() -> pair.server().read(new ByteBuffer[] {null}))
                .isExactlyInstanceOf(NullPointerException.class);
        assertThatThrownBy(() -> pair.server().write(new ByteBuffer[] {null}))
                .isExactlyInstanceOf(NullPointerException.class);

        assertThat(first.position()).isZero();
        assertThat(receive(pair.server(), 3)).isEqualTo("abc");
    }

    @Test
    void a_large_file_is_transferred_to_and_from_channels(@TempDir Path directory) throws IOException {
        byte[] content = random(12_000_007);
        Path origin = Files.write(directory.resolve("origin"), content);
        Path copy = directory.resolve("copy");
        ChannelPair pair = connectedChannels();
        Task<Void> sender = Task.start(() -> {
            try (FileChannel file = FileChannel.open(origin, StandardOpenOption.READ)) {
                long at = 0;
                while (at < content.length) {
                    at += file.transferTo(at, Long.MAX_VALUE, pair.client());
                }
            }
            pair.client().shutdownOutput();
            return null;
        });

        try (FileChannel file = FileChannel.open(copy, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long at = 0;
            long n;
            while ((n = file.transferFrom(pair.server(), at, 1_000_000)) > 0) {
                at += n;
            }
        }

        sender.get();
        assertThat(digest(Files.readAllBytes(copy))).isEqualTo(digest(content));
    }
}
