package dev.berth.network;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Many hosts and connections on one thread. `-Dberth.network.hosts=10000 -Dberth.network.connections=100000` is the
/// full size; the heap has to have 3 GB then.
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ScaleTest {
    private static final int HOSTS = Integer.getInteger("berth.network.hosts", 300);
    private static final int CONNECTIONS = Integer.getInteger("berth.network.connections", 3_000);

    @Test
    void many_hosts_talk_on_one_thread() throws Exception {
        long begin = System.nanoTime();
        NetworkBuilder builder = Network.builder("large")
                .virtualTime(1)
                .mtu(1_500)
                .link(LinkProfile.PERFECT.latency(Duration.ofMillis(5)).loss(0.001));
        for (int i = 0; i < HOSTS; i++) {
            builder.host("h" + i);
        }
        try (Network network = builder.build()) {
            VirtualTime time = network.time();
            for (int i = 0; i < HOSTS; i++) {
                network.script("h" + i).listen(7, Conversation::echo);
            }
            long built = System.nanoTime();
            List<Conversation> talks = new ArrayList<>(CONNECTIONS);
            for (int i = 0; i < CONNECTIONS; i++) {
                int to = (i * 7 + 1 + i / HOSTS) % HOSTS;
                Script from = network.script("h" + i % HOSTS);
                String remote = "h" + (to == i % HOSTS ? (to + 1) % HOSTS : to);
                time.after(Duration.ofMillis(i % 10_000), () -> talks.add(connect(from, remote)));
            }
            long events = time.events();
            time.advance(Duration.ofMinutes(10));
            long done = System.nanoTime();
            assertThat(talks).hasSize(CONNECTIONS).allMatch(talk -> talk.received() == 100 && talk.isConnected());
            assertThat(network.hosts().stream()
                            .mapToInt(host -> host.ports()
                                    .summary(dev.berth.ports.Transport.TCP)
                                    .counters()
                                    .flows())
                            .sum())
                    .isEqualTo(2 * CONNECTIONS);
            System.out.printf(
                    "%d hosts in %d ms, %d connections and %d events in %d ms, %.0f simulated seconds per second%n",
                    HOSTS,
                    (built - begin) / 1_000_000,
                    CONNECTIONS,
                    time.events() - events,
                    (done - built) / 1_000_000,
                    600e9 / (done - built));
        }
    }

    private static Conversation connect(Script from, String remote) {
        try {
            return from.connect(remote, 7).sendPattern(100);
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }
}
