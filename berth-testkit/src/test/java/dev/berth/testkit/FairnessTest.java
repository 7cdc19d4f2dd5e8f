package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpListener;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Flows that share a bottleneck get shares alike, and together all of it.
class FairnessTest {
    /// Jain's index, 1 where all are equal, after a warm-up in seconds. BBR agrees on shares only when its flows have
    /// measured the empty path together, every ten seconds. Its flows are paced, and in a queue without any noise one
    /// that sends when the queue moves keeps the others out ([Bottleneck]); so they get one with noise.
    @ParameterizedTest
    @CsvSource({
        "NEW_RENO, 10, 10, 0.95",
        "CUBIC, 2, 10, 0.95",
        "CUBIC, 10, 10, 0.94",
        "CUBIC, 100, 10, 0.85",
        "BBR, 2, 10, 0.90",
        "BBR, 10, 40, 0.75",
        "BBR, 100, 20, 0.65"
    })
    void flows_share_a_bottleneck(TcpConfig.Congestion control, int flows, int warmUp, double least) {
        // Four segments of each flow fit into the bottleneck and its buffer.
        Paths.Path path = new Paths.Path(flows > 10 ? 50 : 20, 20_000, flows > 10 ? 400 : 200, 0);
        Pair pair = Paths.pair(path, TcpConfig.DEFAULT.withCongestion(control), 1);
        if (control == TcpConfig.Congestion.BBR) {
            pair.wire.heal();
            pair.wire.fault(new Bottleneck(pair.wire, path.rate(), path.bufferOctets(), 0.2));
        }
        pair.wire.checkEvery(2 * flows + 1);
        TcpListener listener = pair.listen(80);
        List<Paths.Stream> streams = new ArrayList<>();
        for (int i = 0; i < flows; i++) {
            Tcb client = pair.connect(Pair.SERVER, 80);
            Tcb server = pair.accept(listener, 100);
            Paths.Stream stream = new Paths.Stream(pair, client, server, 1L << 40);
            streams.add(stream);
            run(pair, streams, Pair.SECOND / 50);
        }
        run(pair, streams, warmUp * Pair.SECOND);
        long[] before = streams.stream().mapToLong(Paths.Stream::received).toArray();
        int seconds = 10;
        run(pair, streams, seconds * Pair.SECOND);
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < flows; i++) {
            double share = streams.get(i).received() - before[i];
            sum += share;
            squares += share * share;
        }
        double index = sum * sum / (flows * squares);
        assertThat(index).as("Jain's index of %s flows of %s", flows, control).isGreaterThan(least);
        assertThat(sum).as("octets in %s s", seconds).isGreaterThan(0.85 * seconds * path.rate());
    }

    private static void run(Pair pair, List<Paths.Stream> streams, long nanos) {
        // What the users do is done once a millisecond, not after every packet.
        long end = pair.wire.now() + nanos;
        while (pair.wire.now() < end) {
            for (Paths.Stream stream : streams) {
                stream.isDone();
            }
            pair.wire.run(Math.min(Pair.SECOND / 1_000, end - pair.wire.now()));
        }
    }
}
