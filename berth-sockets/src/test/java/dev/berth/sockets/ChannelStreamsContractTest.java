package dev.berth.sockets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// `java.nio.channels.Channels.newInputStream` and `newOutputStream` of a `SocketChannel`: both ways at once.
class ChannelStreamsContractTest extends Contract {
    private static final int LENGTH = 3_000_000;

    @ParameterizedTest
    @EnumSource
    void a_write_does_not_wait_for_a_blocked_read(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        InputStream in = Channels.newInputStream(pair.client());
        OutputStream out = Channels.newOutputStream(pair.client());
        Task<Integer> read = Task.startBlocked(kind, in::read);

        Task<Void> write = Task.start(kind, () -> {
            out.write(bytes("question"));
            return null;
        });

        assertThat(receive(pair.server(), 8)).isEqualTo("question");
        write.get();
        send(pair.server(), "a");
        assertThat(read.get()).isEqualTo('a');
    }

    @ParameterizedTest
    @EnumSource
    void a_read_does_not_wait_for_a_blocked_write(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        InputStream in = Channels.newInputStream(pair.client());
        OutputStream out = Channels.newOutputStream(pair.client());
        byte[] much = random(30_000_000);
        Task<Void> write = Task.startBlocked(kind, () -> {
            out.write(much);
            return null;
        });

        send(pair.server(), "answer");

        assertThat(text(in.readNBytes(6))).isEqualTo("answer");
        assertThat(digest(Channels.newInputStream(pair.server()).readNBytes(much.length)))
                .isEqualTo(digest(much));
        write.get();
    }

    @ParameterizedTest
    @EnumSource
    void streams_carry_data_both_ways_at_once(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        byte[] there = random(LENGTH);
        byte[] back = random(LENGTH + 1);
        Task<Void> one = sending(kind, pair.client(), there);
        Task<Void> other = sending(kind, pair.server(), back);
        Task<String> atServer = receiving(kind, pair.server());
        Task<String> atClient = receiving(kind, pair.client());

        one.get();
        other.get();
        assertThat(atServer.get()).isEqualTo(digest(there));
        assertThat(atClient.get()).isEqualTo(digest(back));
    }

    private static Task<Void> sending(Task.On kind, SocketChannel channel, byte[] bytes) {
        OutputStream out = Channels.newOutputStream(channel);
        return Task.start(kind, () -> {
            for (int at = 0; at < bytes.length; at += 7_001) {
                out.write(bytes, at, Math.min(7_001, bytes.length - at));
            }
            channel.shutdownOutput();
            return null;
        });
    }

    private static Task<String> receiving(Task.On kind, SocketChannel channel) {
        InputStream in = Channels.newInputStream(channel);
        return Task.start(kind, () -> digest(in));
    }

    @ParameterizedTest
    @EnumSource
    void closing_the_channel_ends_a_blocked_read(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        InputStream in = Channels.newInputStream(pair.client());
        Task<Integer> read = Task.startBlocked(kind, in::read);

        pair.client().close();

        assertThat(read.failure()).isInstanceOf(AsynchronousCloseException.class);
    }

    @ParameterizedTest
    @EnumSource
    void an_interrupt_closes_the_channel(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        InputStream in = Channels.newInputStream(pair.client());
        Task<Integer> read = Task.startBlocked(kind, in::read);

        read.interrupt();

        assertThat(read.failure()).isInstanceOf(ClosedByInterruptException.class);
        assertThat(read.wasInterruptedAtEnd()).isTrue();
        assertThat(pair.client().isOpen()).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void closing_the_channel_ends_a_blocked_write(Task.On kind) throws IOException {
        ChannelPair pair = connectedChannels();
        OutputStream out = Channels.newOutputStream(pair.client());
        byte[] much = random(30_000_000);
        Task<Void> write = Task.startBlocked(kind, () -> {
            out.write(much);
            return null;
        });

        pair.client().close();

        assertThat(write.failure()).isInstanceOf(AsynchronousCloseException.class);
    }

    @Test
    void shutting_the_input_down_ends_a_blocked_read() throws IOException {
        ChannelPair pair = connectedChannels();
        InputStream in = Channels.newInputStream(pair.client());
        Task<Integer> read = Task.startBlocked(Task.On.PLATFORM, in::read);

        pair.client().shutdownInput();

        assertThat(read.get()).isEqualTo(-1);
    }

    @Test
    void streams_need_blocking_mode() throws IOException {
        ChannelPair pair = connectedChannels();
        InputStream in = Channels.newInputStream(pair.client());
        OutputStream out = Channels.newOutputStream(pair.client());
        pair.client().configureBlocking(false);

        assertThatThrownBy(in::read).isInstanceOf(IllegalBlockingModeException.class);
        assertThatThrownBy(() -> out.write(1)).isInstanceOf(IllegalBlockingModeException.class);
    }

    @Test
    void closing_a_stream_closes_the_channel() throws IOException {
        ChannelPair pair = connectedChannels();
        OutputStream out = Channels.newOutputStream(pair.client());

        Channels.newInputStream(pair.client()).close();

        assertThat(pair.client().isOpen()).isFalse();
        assertThatThrownBy(() -> out.write(1)).isInstanceOf(ClosedChannelException.class);
        assertThat(pair.server().read(buffer("x"))).isEqualTo(-1);
    }

    @Test
    void the_own_streams_of_a_channel_go_both_ways_and_are_for_berth_alone() throws IOException {
        ChannelPair pair = connectedChannels();
        InputStream in = ChannelStreams.input(pair.client());
        OutputStream out = ChannelStreams.output(pair.client());
        if (in == null || out == null) {
            assertThat(platform).isInstanceOf(KernelPlatform.class);
            return;
        }
        assertThat(platform).isInstanceOf(BerthPlatform.class);
        Task<Integer> read = Task.startBlocked(Task.On.PLATFORM, in::read);
        out.write('q');
        assertThat(receive(pair.server(), 1)).isEqualTo("q");
        send(pair.server(), "ab");
        assertThat(read.get()).isEqualTo('a');
        assertThat(in.available()).isEqualTo(1);
        in.close();
        assertThat(pair.client().isOpen()).isFalse();
    }
}
