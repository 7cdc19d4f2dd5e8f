package dev.berth.testkit;

import static dev.berth.testkit.Seg.ACK;
import static dev.berth.testkit.Seg.SYN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.check.Requirement;
import dev.berth.ports.Entropy;
import dev.berth.ports.PortUnavailableException;
import dev.berth.stack.NetStack;
import dev.berth.stack.StackConfig;
import dev.berth.stack.ip.NetInterface;
import dev.berth.stack.tcp.Tcb;
import dev.berth.stack.tcp.TcpConfig;
import dev.berth.wire.Endpoint;
import dev.berth.wire.IpAddress;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Initial sequence numbers, RFC 9293 section 3.4.1 and RFC 6528.
class TcpIsnTest extends Script {
    private static final long NOW = 1_000_000_000_000L;

    /// The initial sequence number that a host with `entropy` chooses towards `port` of the peer.
    private static int isn(Entropy entropy, int port) throws PortUnavailableException {
        NetStack stack = new NetStack(StackConfig.DEFAULT, entropy, NOW);
        NetInterface link = stack.addInterface("eth0", 1_500, false, 0);
        stack.addAddress(link, IpAddress.Prefix.parse("10.0.0.1/24"));
        return isn(stack, port);
    }

    private static int isn(NetStack stack, int port) throws PortUnavailableException {
        var binding = stack.tcp().ports().bind(0, IpAddress.parse("10.0.0.1").lo(), 6_000, 0, "test");
        Tcb tcb = stack.connect(new Endpoint(PEER, port), binding, TcpConfig.DEFAULT, null, NOW);
        assertThat(tcb).isNotNull();
        int iss = stack.tcp().info(tcb, 0).iss();
        stack.tcp().abort(tcb, NOW);
        stack.tcp().ports().close(binding);
        return iss;
    }

    private static Entropy random(long seed) {
        return new SplittableRandom(seed)::nextLong;
    }

    @Test
    @Requirement("MUST-8")
    @Requirement("6528-01")
    void the_numbers_of_one_tuple_grow_with_a_clock_of_four_microseconds() {
        bind(6_000);
        open();
        int last = tcpInfo().iss();
        sent(SYN.seq(ISS));
        for (long wait : new long[] {1, 100, 5_000, 100_000, 3_600_000}) {
            abort();
            advance(wait);
            open();
            sent(SYN.seq(ISS));
            int ticks = tcpInfo().iss() - last;
            long expected = wait * 1_000_000 / 4_096;
            assertThat(ticks - (int) expected).as("after %d ms", wait).isBetween(-1, 1);
            last = tcpInfo().iss();
        }
    }

    @Test
    @Requirement("MUST-8")
    void a_passive_open_has_the_clock_too() {
        listen();
        receive(SYN.seq(IRS));
        sent(SYN.seq(ISS).ack(1));
        receive(Seg.RST.seq(1));
        advance(10_000);
        receive(SYN.seq(IRS));
        Seg second = pollSent();
        assertThat(second).isNotNull();
        assertThat(second.seq).isBetween(2_441_405, 2_441_407); // 10 s in units of 4.096 us
        receive(ACK.seq(1).ack(second.seq + 1));
        accept();
    }

    @Test
    @Requirement("SHLD-1")
    @Requirement("6528-01")
    void the_offsets_of_different_tuples_are_spread_evenly() throws PortUnavailableException {
        int[] buckets = new int[64];
        int tuples = 6_400;
        NetStack stack = new NetStack(StackConfig.DEFAULT, random(7), NOW);
        NetInterface link = stack.addInterface("eth0", 1_500, false, 0);
        stack.addAddress(link, IpAddress.Prefix.parse("10.0.0.1/24"));
        for (int port = 1; port <= tuples; port++) {
            buckets[isn(stack, port) >>> 26]++;
        }
        double chiSquare = 0;
        for (int count : buckets) {
            chiSquare += Math.pow(count - tuples / 64.0, 2) / (tuples / 64.0);
        }
        // 63 degrees of freedom: 1 in 10,000 above 113; the keys of this test do not change
        assertThat(chiSquare).isLessThan(113);
    }

    @Test
    @Requirement("SHLD-1")
    void a_restart_changes_the_offsets() throws PortUnavailableException {
        assertThat(isn(random(1), 80)).isNotEqualTo(isn(random(2), 80));
        assertThat(isn(random(1), 80)).isEqualTo(isn(random(1), 80));
    }

    /// Every one of 128 secret bits matters, and one bit of the tuple changes half of the number: whoever sees the
    /// numbers of some tuples learns nothing of another.
    @Test
    @Requirement("MUST-9")
    void neither_the_key_nor_the_number_of_another_tuple_can_be_guessed() throws PortUnavailableException {
        int keyWords = 0;
        for (int word = 0; word < 32; word++) {
            int changed = 0;
            for (int bit = 0; bit < 64; bit++) {
                int at = word;
                long flip = 1L << bit;
                int[] drawn = {0};
                SplittableRandom random = new SplittableRandom(3);
                Entropy other = () -> random.nextLong() ^ (drawn[0]++ == at ? flip : 0);
                changed += isn(other, 80) != isn(random(3), 80) ? 1 : 0;
            }
            assertThat(changed).as("bits of word %d that matter", word).isIn(0, 64);
            keyWords += changed / 64;
        }
        assertThat(keyWords).as("words of 64 bits in the key").isEqualTo(2);
        long bits = 0;
        int pairs = 1_000;
        for (int port = 2; port < 2 * pairs + 2; port += 2) {
            bits += Integer.bitCount(isn(random(3), port) ^ isn(random(3), port + 1));
        }
        assertThat(bits / (double) pairs).isBetween(15.5, 16.5);
    }
}
