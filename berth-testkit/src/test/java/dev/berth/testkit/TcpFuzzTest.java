package dev.berth.testkit;

import dev.berth.check.Seeds;
import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.FIN;
import static dev.berth.testkit.Seg.RST;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.stack.tcp.TcpConfig;
import dev.berth.stack.tcp.TcpFeatures;
import dev.berth.wire.IpAddress;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Whatever arrives, in whatever state: no exception, nothing inconsistent, nothing left.
class TcpFuzzTest {
    private static final List<Consumer<Fuzzed>> STATES = List.of(
            script -> {},
            Fuzzed::listen,
            script -> {
                script.listen();
                script.receive(SYN.seq(0).mss(1_000).ws(3).sackPermitted().ts(5, 0));
            },
            Fuzzed::open,
            script -> {
                script.open();
                script.receive(SYN.seq(0));
            },
            Fuzzed::establish,
            script -> {
                script.establish();
                script.send(50_000);
                script.receive(ACK.seq(1).ack(1).sack(1_001, 3_001, 5_001, 6_001));
            },
            script -> {
                script.establish();
                script.receive(ACK.seq(1).ack(1).win(0));
                script.send(5_000);
                script.advance(300);
            },
            script -> {
                script.establish();
                script.close();
            },
            script -> {
                script.establish();
                script.shutdownOutput();
                script.receive(ACK.seq(1).ack(2));
            },
            script -> {
                script.establish();
                script.receive(FIN.seq(1).ack(1));
            },
            script -> {
                script.establish();
                script.close();
                script.receive(FIN.seq(1).ack(1));
            },
            script -> {
                script.establish();
                script.receive(FIN.seq(1).ack(1));
                script.close();
            },
            script -> {
                script.establish();
                script.close();
                script.receive(FIN.seq(1).ack(2));
            });

    private static final class Fuzzed extends TcpScript {
        Fuzzed(SplittableRandom random) {
            ignoringRest();
            TcpConfig.Congestion[] congestion = TcpConfig.Congestion.values();
            TcpFeatures.Ecn[] ecn = TcpFeatures.Ecn.values();
            config = config.withCongestion(congestion[random.nextInt(congestion.length)])
                    .withBuffers(1 << 16, 1 << 14)
                    .withKeepAlive(random.nextBoolean())
                    .withUserTimeout(random.nextInt(3) == 0 ? 1 + random.nextInt(200_000) : 0)
                    .withFeatures(config.features()
                            .withEcn(ecn[random.nextInt(ecn.length)])
                            .withFastOpen(random.nextBoolean(), random.nextInt(3))
                            .withUrgentInline(random.nextBoolean())
                            .withUserTimeoutOption(random.nextBoolean())
                            .withTuning(random.nextBoolean(), random.nextBoolean())
                            .withPathProbing(random.nextBoolean()));
        }

        void establish() {
            open();
            receive(SYN.seq(0).ack(1).mss(1_000).ws(2).sackPermitted().ts(5, 0));
        }

        private Seg segment(SplittableRandom random) {
            Seg seg = List.of(SYN, ACK, ACK, ACK, FIN, RST, Seg.BARE).get(random.nextInt(7));
            seg = seg.seq(near(random, 1)).win(random.nextInt(5) == 0 ? 0 : random.nextInt(65_536));
            if (random.nextInt(5) > 0) {
                int sent = tcb == null ? 1 : tcpStatus().sndNxt() - tcpStatus().iss();
                seg = seg.ack(random.nextInt(4) > 0 ? random.nextInt(Math.max(1, sent) + 1) : near(random, sent));
            }
            if (random.nextInt(2) == 0) {
                seg = seg.data(random.nextInt(1_400));
            }
            if (random.nextInt(3) == 0) {
                int left = near(random, 1);
                seg = seg.sack(left, left + random.nextInt(3_000), near(random, 1), near(random, 1));
            } else if (random.nextInt(3) == 0) {
                seg = seg.ts(random.nextInt(100) - 20, random.nextInt(100));
            } else if (random.nextInt(6) == 0) {
                seg = seg.mss(random.nextInt(1_500)).ws(random.nextInt(20)).sackPermitted();
            }
            return random.nextInt(8) == 0 ? seg.urgent(random.nextInt(2_000)) : seg;
        }

        private static int near(SplittableRandom random, int to) {
            return switch (random.nextInt(6)) {
                case 0 -> random.nextInt();
                case 1 -> to - random.nextInt(3_000);
                case 2 -> to;
                default -> to + random.nextInt(6_000);
            };
        }

        private void garbage(SplittableRandom random) {
            byte[] bytes = new ScriptCodec()
                    .encode(segment(random), PEER, IpAddress.parse("10.0.0.1"), 80, 56_605, peerIss, 1_000);
            switch (random.nextInt(4)) {
                case 0 -> {
                    byte[] any = new byte[random.nextInt(200)];
                    random.nextBytes(any);
                    bytes = any;
                }
                case 1 -> bytes = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
                default -> {
                    for (int i = random.nextInt(4); i >= 0; i--) {
                        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                    }
                }
            }
            receiveRaw(bytes);
        }

        private void user(SplittableRandom random) {
            if (tcb == null) {
                return;
            }
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> trySend(1 + random.nextInt(20_000));
                case 3 -> shutdownOutput();
                case 4 -> configure(config.withNoDelay(random.nextBoolean()).withKeepAlive(random.nextBoolean()));
                case 5 -> receiveIcmp(3, random.nextInt(16), random.nextInt(1_600), near(random, 1));
                case 6 -> close();
                default -> stack().tcp().receive(tcb, (bytes, from, count) -> {}, 1 + random.nextInt(10_000));
            }
        }

        void run(SplittableRandom random) {
            for (int step = 0; step < 150; step++) {
                switch (random.nextInt(8)) {
                    case 0 -> advance(random.nextLong(1L << random.nextInt(1, 16)));
                    case 1 -> user(random);
                    case 2 -> garbage(random);
                    default -> receive(segment(random));
                }
                ignoreSent();
            }
        }
    }

    @Test
    void nothing_breaks_in_any_state() {
        for (int state = 0; state < STATES.size(); state++) {
            Consumer<Fuzzed> begin = STATES.get(state);
            int number = state;
            Seeds.run(60, seeded -> {
                SplittableRandom random = new SplittableRandom(seeded.nextLong() + number);
                Fuzzed script = new Fuzzed(random);
                begin.accept(script);
                script.ignoreSent();
                script.run(random);
                script.finish();
            });
        }
    }

    @Test
    void random_packets_are_counted() {
        Seeds.run(200, random -> {
            Fuzzed script = new Fuzzed(random);
            script.listen();
            long before = script.stack().drops().total();
            for (int i = 0; i < 50; i++) {
                byte[] any = new byte[1 + random.nextInt(100)];
                random.nextBytes(any);
                script.receiveRaw(any);
            }
            assertThat(script.stack().drops().total() - before).isEqualTo(50);
            script.finish();
        });
    }
}
