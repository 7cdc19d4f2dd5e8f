package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Seeds;
import org.junit.jupiter.api.Test;

/// Whatever arrives, in whatever state: no exception, nothing inconsistent, nothing left. Random programs for the
/// interpreters that [CoverageFuzzTest] gives programs which it looks for.
class TcpFuzzTest {
    @Test
    void nothing_breaks_in_any_state() {
        for (int state = 0; state < ScriptProgram.STATES.size(); state++) {
            int number = state;
            Seeds.run(60, random -> ScriptProgram.run(FuzzInput.random(random, 2_000, number)));
        }
    }

    @Test
    void nothing_breaks_between_two_stacks() {
        Seeds.run(300, random -> PairProgram.run(FuzzInput.random(random, 1_000)));
    }

    @Test
    void nothing_breaks_when_packets_are_nearly_right() {
        Seeds.run(500, random -> IpProgram.run(FuzzInput.random(random, 5_000)));
    }

    @Test
    void random_packets_are_counted() {
        Seeds.run(200, random -> {
            TcpScript script = new TcpScript();
            script.listen();
            long before = script.stack().drops().total();
            for (int i = 0; i < 50; i++) {
                byte[] any = new byte[1 + random.nextInt(100)];
                random.nextBytes(any);
                script.receiveRaw(any);
            }
            assertThat(script.stack().drops().total() - before).isEqualTo(50);
            script.ignoreSent();
            script.finish();
        });
    }
}
