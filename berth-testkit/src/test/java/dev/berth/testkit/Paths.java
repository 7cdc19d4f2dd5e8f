package dev.berth.testkit;

import dev.berth.stack.StackConfig;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpListener;
import java.util.Locale;

/// Bulk transfers over simulated paths in virtual time.
final class Paths {
    private static final int OCTETS = 2_000_000;
    private static final long LIMIT = 60 * Pair.SECOND;

    /// A path.
    ///
    /// @param megabits of the bottleneck per second
    /// @param roundTripMicros without queues
    /// @param buffer of the bottleneck, in percent of the bandwidth-delay product, at least 10 packets
    /// @param loss probability per packet in each direction, in percent
    record Path(int megabits, int roundTripMicros, int buffer, double loss) {
        long rate() {
            return megabits * 125_000L;
        }

        long bufferOctets() {
            return Math.max(15_000, rate() * roundTripMicros / 1_000_000 * buffer / 100);
        }

        String key(TcpConfig.Congestion control) {
            return String.format(
                    Locale.ROOT,
                    "%-11s %5d %7.2f %6d %6.1f",
                    control,
                    megabits,
                    roundTripMicros / 1_000.0,
                    buffer,
                    loss);
        }
    }

    /// What a transfer reached.
    record Result(long kilobits, long again) {}

    private Paths() {}

    static Pair pair(Path path, TcpConfig config, long seed) {
        Pair pair = new Pair(StackConfig.DEFAULT.withTcp(config.withBuffers(1 << 24, 1 << 24)), 1_500, seed);
        pair.wire.latency(path.roundTripMicros() * 500L);
        double probability = path.loss() / 100;
        if (probability > 0) {
            pair.wire.fault((packet, direction, random) -> random.nextDouble() < probability ? -1 : 0);
        }
        pair.wire.fault(new Bottleneck(pair.wire, path.rate(), path.bufferOctets()));
        return pair;
    }

    /// Transfers two million octets, or what a minute is enough for.
    static Result transfer(Path path, TcpConfig.Congestion control, long seed) {
        Pair pair = pair(path, TcpConfig.DEFAULT.withCongestion(control), seed);
        TcpListener listener = pair.listen(80);
        Tcb client = pair.connect(Pair.SERVER, 80);
        Tcb server = pair.accept(listener, 300);
        Stream stream = new Stream(pair, client, server, OCTETS);
        long begin = pair.wire.now();
        pair.wire.runUntil(stream::isDone, LIMIT);
        long time = pair.wire.now() - begin;
        return new Result(
                (long) (stream.received() * 8e6 / time), pair.client.tcp().retransmissions());
    }

    /// Octets on their way from one end to the other, without looking at them.
    static final class Stream {
        private static final byte[] ZEROES = new byte[1 << 16];

        private final Pair pair;
        private final Tcb sender;
        private final Tcb receiver;
        private final long octets;
        private long sent;
        private long received;
        private boolean paused;

        Stream(Pair pair, Tcb sender, Tcb receiver, long octets) {
            this.pair = pair;
            this.sender = sender;
            this.receiver = receiver;
            this.octets = octets;
        }

        long received() {
            return received;
        }

        Tcb sender() {
            return sender;
        }

        /// Gives nothing more to send until [#resume].
        void pause() {
            paused = true;
        }

        void resume() {
            paused = false;
        }

        /// Gives so many octets to send although it is paused.
        void send(int count) {
            sent += Math.max(0, give(count));
            pair.wire.pump();
        }

        private int give(int count) {
            return pair.client
                    .tcp()
                    .send(sender, (bytes, at, length) -> System.arraycopy(ZEROES, 0, bytes, at, length), count);
        }

        boolean isDone() {
            while (sent < octets && !paused) {
                int taken = give((int) Math.min(octets - sent, ZEROES.length));
                if (taken <= 0) {
                    break;
                }
                sent += taken;
            }
            int given;
            while ((given = pair.server.tcp().receive(receiver, (bytes, at, count) -> {}, 1 << 20)) > 0) {
                received += given;
            }
            return received >= octets;
        }
    }
}
