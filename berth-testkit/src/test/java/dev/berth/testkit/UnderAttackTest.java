package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.check.Seeds;
import dev.berth.stack.StackConfig;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.wire.IpAddress;
import dev.berth.wire.TcpHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/// A service goes on for honest clients while somebody attacks it, and its memory stays within its bound.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class UnderAttackTest {
    private static final byte[] NONE = {};
    private static final byte[] MSS = {2, 4, 5, (byte) 0xb4};

    @Test
    @Requirement("4987-01")
    void honest_clients_are_served_while_a_million_syns_come_from_everywhere() {
        Seeds.run(1, UnderAttackTest::flood);
    }

    private static void flood(SplittableRandom random) {
        Pair pair = new Pair(random.nextLong());
        pair.server.addRoute(
                IpAddress.Prefix.parse("0.0.0.0/0"), pair.server.interfaces().get(1));
        TcpListener target = pair.listen(80);
        Attacker attacker = new Attacker(pair.server);
        byte[] options = {2, 4, 5, (byte) 0xb4, 1, 3, 3, 7, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0};
        int most = 0;
        for (int honest = 0; honest < 50; honest++) {
            for (int syn = 0; syn < 20_000; syn++) {
                int from = 0x0b00_0000 + random.nextInt(0x5000_0000);
                attacker.send(
                        from,
                        1_024 + random.nextInt(60_000),
                        Pair.SERVER,
                        80,
                        random.nextInt(),
                        0,
                        TcpHeader.SYN,
                        65_535,
                        options,
                        0,
                        pair.wire.now());
                if (syn % 500 == 0) {
                    attacker.answers(pair.wire.now());
                    most = Math.max(most, pair.server.tcp().ports().flowCount());
                }
            }
            attacker.answers(pair.wire.now());
            Tcb near = pair.connect(Pair.SERVER, 80);
            Tcb far = pair.accept(target, 10);
            pair.transfer(pair.client, near, pair.server, far, 20_000, 20);
            pair.transfer(pair.server, far, pair.client, near, 20_000, 20);
            pair.client.tcp().abort(near, pair.wire.now());
            pair.wire.run(10_000_000L);
            pair.server.tcp().close(far, pair.wire.now());
        }
        assertThat(most).isLessThanOrEqualTo(130);
        assertThat(pair.server.tcp().synCookiesAccepted()).isEqualTo(50);
        assertThat(pair.server.tcp().synCookiesSent()).isGreaterThan(900_000);
        assertThat(attacker.held()).isZero();
        pair.unlisten(target);
        pair.wire.run(2_000_000_000L);
        pair.assertNothingLeft();
    }

    // Hoarding

    private static final long MEMORY = 8L << 20;

    private static Pair withLittleMemory(long seed) {
        return new Pair(StackConfig.DEFAULT.withTcpMemory(MEMORY), 1_500, seed);
    }

    /// Makes a connection by hand from an address that nobody else has.
    ///
    /// @return the server's sequence number behind its SYN
    private static int open(Pair pair, Attacker attacker, int from, int port) {
        attacker.send(from, port, Pair.SERVER, 80, 0, 0, TcpHeader.SYN, 65_535, MSS, 0, pair.wire.now());
        int next = attacker.answer(pair.wire.now()) + 1;
        attacker.send(from, port, Pair.SERVER, 80, 1, next, TcpHeader.ACK, 65_535, NONE, 0, pair.wire.now());
        attacker.answers(pair.wire.now());
        return next;
    }

    /// An honest client exchanges bytes both ways.
    private static void converse(Pair pair, TcpListener target) {
        Tcb near = pair.connect(Pair.SERVER, 80);
        Tcb far = pair.accept(target, 10);
        pair.transfer(pair.client, near, pair.server, far, 200_000, 60);
        pair.transfer(pair.server, far, pair.client, near, 200_000, 60);
        pair.client.tcp().abort(near, pair.wire.now());
        pair.wire.run(10_000_000L);
        pair.server.tcp().close(far, pair.wire.now());
    }

    @Test
    void honest_clients_are_served_while_others_hoard_data_beyond_holes() {
        Seeds.run(1, random -> {
            Pair pair = withLittleMemory(random.nextLong());
            pair.server.addRoute(
                    IpAddress.Prefix.parse("0.0.0.0/0"),
                    pair.server.interfaces().get(1));
            TcpListener target = pair.listen(80);
            Attacker attacker = new Attacker(pair.server);
            List<Tcb> hoarders = new ArrayList<>();
            long most = 0;
            for (int i = 0; i < 300; i++) {
                int next = open(pair, attacker, 0x0b00_0001 + i, 4_000);
                hoarders.add(pair.accept(target, 1));
                for (int piece = 0; piece < 60; piece++) {
                    attacker.send(
                            0x0b00_0001 + i,
                            4_000,
                            Pair.SERVER,
                            80,
                            100 + piece * 1_000,
                            next,
                            TcpHeader.ACK,
                            65_535,
                            NONE,
                            900,
                            pair.wire.now());
                }
                attacker.answers(pair.wire.now());
                most = Math.max(most, pair.server.tcp().memory());
                if (i % 10 == 0) {
                    converse(pair, target);
                }
                pair.wire.run(20_000_000L);
            }
            assertThat(most).isLessThanOrEqualTo(MEMORY + (1 << 20));
            end(pair, target, attacker, hoarders);
        });
    }

    @Test
    void honest_clients_are_served_while_others_keep_their_windows_closed() {
        Seeds.run(1, random -> {
            Pair pair = withLittleMemory(random.nextLong());
            pair.server.addRoute(
                    IpAddress.Prefix.parse("0.0.0.0/0"),
                    pair.server.interfaces().get(1));
            TcpListener target = pair.listen(80);
            Attacker attacker = new Attacker(pair.server);
            List<Tcb> hoarders = new ArrayList<>();
            long most = 0;
            for (int i = 0; i < 400; i++) {
                int from = 0x0b00_0001 + i;
                int next = open(pair, attacker, from, 4_000);
                Tcb far = pair.accept(target, 1);
                hoarders.add(far);
                attacker.send(from, 4_000, Pair.SERVER, 80, 1, next, TcpHeader.ACK, 0, NONE, 0, pair.wire.now());
                pair.server.tcp().send(far, (bytes, at, count) -> {}, 400_000);
                attacker.answers(pair.wire.now());
                most = Math.max(most, pair.server.tcp().memory());
                if (i % 10 == 0) {
                    converse(pair, target);
                }
                pair.wire.run(200_000_000L);
            }
            assertThat(most).isLessThanOrEqualTo(MEMORY + 400 * 20_000L);
            // those that keep it closed for long are ended
            assertThat(hoarders.stream()
                            .filter(hoarder -> hoarder.error() != null)
                            .count())
                    .isPositive();
            end(pair, target, attacker, hoarders);
        });
    }

    private static void end(Pair pair, TcpListener target, Attacker attacker, List<Tcb> hoarders) {
        converse(pair, target);
        for (Tcb hoarder : hoarders) {
            pair.server.tcp().abort(hoarder, pair.wire.now());
        }
        attacker.answers(pair.wire.now());
        assertThat(attacker.held()).isZero();
        pair.unlisten(target);
        pair.wire.run(70_000_000_000L);
        pair.assertNothingLeft();
        assertThat(pair.server.tcp().memory()).isZero();
    }
}
