package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.stack.StackConfig;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpFeatures;
import dev.berth.stack.tcp.TcpListener;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/// Buffers follow the path, within their bounds.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BufferTuningTest {
    private static final int SMALL = 65_536;

    /// Moves 30 MB over a round trip of 100 ms without loss, and returns the virtual milliseconds that it took.
    private static long transfer(TcpFeatures features, int[] window) {
        TcpConfig tcp = TcpConfig.DEFAULT.withBuffers(SMALL, SMALL).withFeatures(features);
        Pair pair = new Pair(StackConfig.DEFAULT.withTcp(tcp), 1_500, 1);
        pair.wire.latency(50_000_000L);
        TcpListener listener = pair.listen(80);
        Tcb near = pair.connect(Pair.SERVER, 80);
        Tcb far = pair.accept(listener, 10);
        long begin = pair.wire.now();
        pair.transfer(pair.client, near, pair.server, far, 30_000_000, 100);
        long took = (pair.wire.now() - begin) / 1_000_000L;
        window[0] = pair.server.tcp().info(far, pair.wire.now()).receiveWindow();
        pair.client.tcp().close(near, pair.wire.now());
        pair.wire.run(Pair.SECOND);
        pair.server.tcp().close(far, pair.wire.now());
        pair.unlisten(listener);
        pair.wire.run(70 * Pair.SECOND);
        pair.assertNothingLeft();
        assertThat(pair.server.tcp().memory()).isZero();
        assertThat(pair.client.tcp().memory()).isZero();
        return took;
    }

    @Test
    void untuned_buffers_bound_the_throughput() {
        int[] window = new int[1];
        assertThat(transfer(TcpFeatures.DEFAULT.withTuning(false, false), window))
                .isGreaterThan(40_000);
        assertThat(window[0]).isLessThanOrEqualTo(SMALL);
    }

    @Test
    void tuned_buffers_grow_to_what_the_path_takes() {
        int[] window = new int[1];
        assertThat(transfer(TcpFeatures.DEFAULT, window)).isLessThan(8_000);
        assertThat(window[0]).isGreaterThan(1_000_000);
    }

    @Test
    void tuned_buffers_stay_within_their_bounds() {
        int[] window = new int[1];
        transfer(TcpFeatures.DEFAULT.withMaxBuffers(200_000, 300_000), window);
        assertThat(window[0]).isBetween(150_000, 300_000);
    }

    @Test
    void windows_of_a_gibibyte_can_be_told() {
        int[] window = new int[1];
        TcpConfig tcp = TcpConfig.DEFAULT.withBuffers(1 << 30, 1 << 30);
        Pair pair = new Pair(StackConfig.DEFAULT.withTcp(tcp).withTcpMemory(4L << 30), 1_500, 1);
        TcpListener listener = pair.listen(80);
        Tcb near = pair.connect(Pair.SERVER, 80);
        Tcb far = pair.accept(listener, 10);
        pair.transfer(pair.client, near, pair.server, far, 100_000, 100);
        window[0] = pair.client.tcp().info(near, pair.wire.now()).sendWindow();
        assertThat(window[0]).isGreaterThanOrEqualTo(65_533 << 14);
        pair.client.tcp().abort(near, pair.wire.now());
        pair.wire.run(Pair.SECOND);
        pair.server.tcp().close(far, pair.wire.now());
        pair.unlisten(listener);
        pair.wire.run(Pair.SECOND);
        pair.assertNothingLeft();
    }

    @Test
    void a_reader_that_is_slow_gets_no_larger_buffer() {
        TcpConfig tcp = TcpConfig.DEFAULT.withBuffers(SMALL, SMALL);
        Pair pair = new Pair(StackConfig.DEFAULT.withTcp(tcp), 1_500, 1);
        pair.wire.latency(50_000_000L);
        TcpListener listener = pair.listen(80);
        Tcb near = pair.connect(Pair.SERVER, 80);
        Tcb far = pair.accept(listener, 10);
        for (int round = 0; round < 300; round++) {
            pair.client.tcp().send(near, (bytes, at, count) -> {}, 1 << 20);
            pair.wire.run(100_000_000L);
            pair.server.tcp().receive(far, (bytes, from, count) -> {}, 2_000);
        }
        assertThat(far.available()).isLessThan(2 * SMALL);
        pair.client.tcp().abort(near, pair.wire.now());
        pair.wire.run(Pair.SECOND);
        pair.server.tcp().close(far, pair.wire.now());
        pair.unlisten(listener);
        pair.wire.run(Pair.SECOND);
        pair.assertNothingLeft();
    }
}
