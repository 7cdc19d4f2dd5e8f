package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpInfo;
import dev.berth.stack.tcp.TcpListener;
import org.junit.jupiter.api.Test;

/// A model of the path instead of a reaction to loss: what BBR is good for, over simulated paths.
class BbrTest {
    private static final TcpConfig BBR = TcpConfig.DEFAULT.withCongestion(TcpConfig.Congestion.BBR);

    private final Paths.Path path = new Paths.Path(10, 40_000, 1_000, 0);

    @Test
    void a_deep_buffer_stays_nearly_empty() {
        assertThat(queueOf(TcpConfig.Congestion.BBR)).isLessThan(80_000_000L);
        assertThat(queueOf(TcpConfig.Congestion.NEW_RENO)).isGreaterThan(200_000_000L);
    }

    /// How long packets wait in the end, in nanoseconds, at ten times the bandwidth-delay product of buffer.
    private long queueOf(TcpConfig.Congestion control) {
        Pair pair = Paths.pair(path, TcpConfig.DEFAULT.withCongestion(control), 1);
        Bottleneck bottleneck = new Bottleneck(pair.wire, path.rate(), path.bufferOctets());
        pair.wire.heal();
        pair.wire.fault(bottleneck);
        Paths.Stream stream = stream(pair, 100_000_000);
        pair.wire.runUntil(stream::isDone, 5 * Pair.SECOND);
        bottleneck.forgetLongestQueue();
        long before = stream.received();
        pair.wire.runUntil(stream::isDone, 4 * Pair.SECOND);
        assertThat(stream.received() - before).as("still fast").isGreaterThan(4 * path.rate() * 85 / 100);
        return bottleneck.longestQueue();
    }

    private static Paths.Stream stream(Pair pair, long octets) {
        TcpListener listener = pair.listen(80);
        Tcb client = pair.connect(Pair.SERVER, 80);
        Tcb server = pair.accept(listener, 100);
        return new Paths.Stream(pair, client, server, octets);
    }

    @Test
    void random_loss_does_not_slow_it_down() {
        Paths.Path lossy = new Paths.Path(10, 40_000, 100, 5);
        long bbr = Paths.transfer(lossy, TcpConfig.Congestion.BBR, 1).kilobits();
        assertThat(bbr).isGreaterThan(7_500);
        assertThat(bbr)
                .isGreaterThan(4
                        * Paths.transfer(lossy, TcpConfig.Congestion.NEW_RENO, 1)
                                .kilobits());
    }

    @Test
    void after_ten_seconds_it_looks_for_the_round_trip_time_again() {
        Pair pair = Paths.pair(path, BBR, 1);
        Paths.Stream stream = stream(pair, 1L << 40);
        pair.wire.runUntil(stream::isDone, 8 * Pair.SECOND);
        // The path gets longer; what was the minimum is none any more.
        pair.wire.latency(60_000_000L);
        int least = Integer.MAX_VALUE;
        for (int i = 0; i < 1_400; i++) {
            pair.wire.runUntil(stream::isDone, Pair.SECOND / 100);
            least = Math.min(
                    least,
                    pair.client.tcp().info(stream.sender(), pair.wire.now()).cwnd());
        }
        assertThat(least).as("the window of ProbeRTT").isLessThanOrEqualTo(4 * 1_448);
        long before = stream.received();
        pair.wire.runUntil(stream::isDone, 4 * Pair.SECOND);
        assertThat(stream.received() - before).isGreaterThan(4 * path.rate() * 80 / 100);
    }

    @Test
    void a_user_that_gives_little_does_not_make_the_path_look_slow() {
        Pair pair = Paths.pair(path, BBR, 1);
        Paths.Stream stream = stream(pair, 1L << 40);
        pair.wire.runUntil(stream::isDone, 3 * Pair.SECOND);
        stream.pause();
        for (int i = 0; i < 50; i++) {
            stream.send(1_000);
            pair.wire.runUntil(stream::isDone, Pair.SECOND / 10);
        }
        stream.resume();
        long before = stream.received();
        pair.wire.runUntil(stream::isDone, Pair.SECOND);
        assertThat(stream.received() - before).isGreaterThan(path.rate() * 80 / 100);
    }

    @Test
    void the_snapshot_tells_the_rates_of_the_model() {
        Pair pair = Paths.pair(path, BBR, 1);
        Paths.Stream stream = stream(pair, 1L << 40);
        pair.wire.runUntil(stream::isDone, 3 * Pair.SECOND);
        TcpInfo info = pair.client.tcp().info(stream.sender(), pair.wire.now());
        assertThat(info.deliveryRate()).isBetween(path.rate() / 2, 2 * path.rate());
        assertThat(info.pacingRate()).isBetween(path.rate() / 2, 2 * path.rate());
        assertThat(info.delivered()).isBetween(stream.received() / 2, 2 * stream.received());
        assertThat(info.minRttNanos()).isBetween(40_000_000L, 60_000_000L);
    }

    @Test
    void a_path_that_becomes_faster_is_found_out() {
        Pair pair = Paths.pair(path, BBR, 1);
        Paths.Stream stream = stream(pair, 1L << 40);
        pair.wire.runUntil(stream::isDone, 4 * Pair.SECOND);
        pair.wire.heal();
        Paths.Path faster = new Paths.Path(40, 40_000, 1_000, 0);
        pair.wire.fault(new Bottleneck(pair.wire, faster.rate(), faster.bufferOctets()));
        pair.wire.runUntil(stream::isDone, 4 * Pair.SECOND);
        long before = stream.received();
        pair.wire.runUntil(stream::isDone, Pair.SECOND);
        assertThat(stream.received() - before).isGreaterThan(faster.rate() * 75 / 100);
    }
}
