package dev.berth.testkit;

import dev.berth.check.Requirement;
import dev.berth.check.Seeds;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpListener;
import dev.berth.wire.IpAddress;
import dev.berth.wire.TcpHeader;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/// A service goes on for honest clients while somebody attacks it, and its memory stays within its bound.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class UnderAttackTest {
    @Test
    @Requirement("4987-01")
    void honest_clients_are_served_while_a_million_syns_come_from_everywhere() {
        Seeds.run(1, UnderAttackTest::flood);
    }

    private static void flood(SplittableRandom random) {
        Pair pair = new Pair(random.nextLong());
        pair.server.addRoute(IpAddress.Prefix.parse("0.0.0.0/0"), pair.server.interfaces().get(1));
        TcpListener target = pair.listen(80);
        Attacker attacker = new Attacker(pair.server);
        byte[] options = {2, 4, 5, (byte) 0xb4, 1, 3, 3, 7, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0};
        int most = 0;
        for (int honest = 0; honest < 50; honest++) {
            for (int syn = 0; syn < 20_000; syn++) {
                int from = 0x0b00_0000 + random.nextInt(0x5000_0000);
                attacker.send(
                        from, 1_024 + random.nextInt(60_000), Pair.SERVER, 80, random.nextInt(), 0, TcpHeader.SYN,
                        65_535, options, 0, pair.wire.now());
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
}
