package dev.berth.ports;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.berth.wire.IpAddress;
import java.lang.management.ManagementFactory;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/// In steady state connecting, accepting, looking up and releasing allocate nothing.
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PortTableAllocationTest {
    private static final IpAddress ME = IpAddress.parse("10.0.0.1");
    private static final IpAddress PEER = IpAddress.parse("10.0.0.2");
    private static final int ROUNDS = 50_000;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final Random random = new Random(5);
    private final PortTable<String> table = new PortTable<>(Transport.TCP, PortPolicy.dynamic(), random::nextLong);

    private interface Step {
        void run(int i) throws PortUnavailableException;
    }

    private void assertAllocatesNothing(Step step) throws PortUnavailableException {
        for (int i = 0; i < ROUNDS; i++) {
            step.run(i);
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            step.run(i);
        }
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(bytes / ROUNDS).as("%d bytes in %d rounds", bytes, ROUNDS).isZero();
    }

    @Test
    void connect_and_release_allocate_nothing() throws PortUnavailableException {
        TestFlow flow = new TestFlow(ME, 0, PEER, 80);
        assertAllocatesNothing(i -> {
            flow.setTuple(ME.hi(), ME.lo(), 0, PEER.hi(), PEER.lo(), 1 + i % 60_000);
            table.connect(flow, null, i);
            table.release(flow);
        });
    }

    @Test
    void connect_and_release_beside_many_flows_to_the_same_destination_allocate_nothing()
            throws PortUnavailableException {
        for (int i = 0; i < 2_000; i++) {
            table.connect(new TestFlow(ME, 0, PEER, 80), null, 0);
        }
        TestFlow flow = new TestFlow(ME, 0, PEER, 80);
        assertAllocatesNothing(i -> {
            flow.setTuple(ME.hi(), ME.lo(), 0, PEER.hi(), PEER.lo(), 80);
            table.connect(flow, null, i);
            table.release(flow);
        });
    }

    @Test
    void a_million_destinations_at_once_take_at_most_80_octets_each() throws PortUnavailableException {
        int million = 1_000_000;
        TestFlow[] flows = new TestFlow[million];
        for (int i = 0; i < million; i++) {
            flows[i] = new TestFlow(ME, 0, PEER, 80);
            flows[i].setTuple(ME.hi(), ME.lo(), 0, PEER.hi(), PEER.lo() + i, 80);
        }
        long before = threads.getCurrentThreadAllocatedBytes();
        for (TestFlow flow : flows) {
            table.connect(flow, null, 0);
        }
        long bytes = threads.getCurrentThreadAllocatedBytes() - before;
        // Two tables of 2^21 slots of 9 octets, and the smaller ones that they grew out of, which are garbage by now.
        assertThat(bytes / million).isBetween(2 * 2 * 16L, 80L);
        for (TestFlow flow : flows) {
            table.release(flow);
        }
        assertThat(table.isPristine()).isTrue();
    }

    @Test
    void replacing_and_displacing_in_a_full_range_allocate_nothing() throws PortUnavailableException {
        TestTimeWait[] waiting = new TestTimeWait[PortRange.DYNAMIC.size()];
        for (int i = 0; i < waiting.length; i++) {
            TestFlow flow = new TestFlow(ME, 0, PEER, 80);
            table.connect(flow, null, 0);
            waiting[i] = new TestTimeWait(flow, 0);
            table.replace(flow, waiting[i]);
        }
        TestFlow flow = new TestFlow(ME, 0, PEER, 80);
        assertAllocatesNothing(i -> {
            flow.setTuple(ME.hi(), ME.lo(), 0, PEER.hi(), PEER.lo(), 80);
            TimeWaitFlow displaced = table.connect(flow, null, i);
            table.replace(flow, displaced);
        });
    }

    @Test
    void accepting_and_looking_up_allocate_nothing() throws PortUnavailableException {
        PortBinding<String> server = table.bind(0, IpAddress.ANY_IPV4.lo(), 80, 0, null);
        table.listen(server, "server");
        TestFlow flow = new TestFlow(ME, 80, PEER, 1);
        assertAllocatesNothing(i -> {
            int port = 1 + i % 60_000;
            if (table.lookup(ME.hi(), ME.lo(), 80, PEER.hi(), PEER.lo(), port) == null
                    && table.lookupListener(ME.hi(), ME.lo(), 80, PEER.hi(), PEER.lo(), port) != null) {
                flow.setTuple(ME.hi(), ME.lo(), 80, PEER.hi(), PEER.lo(), port);
                table.accept(flow, server);
                table.release(flow);
            }
        });
    }

    @Test
    void what_a_filter_does_not_want_allocates_nothing() throws PortUnavailableException {
        PortBinding<String> server = table.bind(0, IpAddress.ANY_IPV4.lo(), 80, 0, null);
        for (int i = 0; i < 600; i++) {
            table.accept(new TestFlow(ME, 80, PEER, 1_000 + i), server);
        }
        PortPages<String> pages = table.pages();
        PortFilter nobody = PortFilter.ALL
                .withRemotePorts(new PortRange(1_000, 2_000))
                .withRemote(IpAddress.Prefix.parse("10.0.0.0/8"))
                .withStates(Set.of("TIME-WAIT"));
        int[] seen = new int[1];
        int walks = 2_000;
        for (int round = 0; round < 2; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < walks; i++) {
                assertThat(pages.flows(0, 2_048, nobody, _ -> seen[0]++) == PortPages.END)
                        .isTrue();
            }
            long bytes = threads.getCurrentThreadAllocatedBytes() - before;
            // The call itself and the assertion take some objects; 600 flows would take 14,400 octets at least.
            assertThat(bytes / walks).as("octets a page of 600 flows").isLessThan(2_000);
        }
        assertThat(seen[0]).isZero();
    }
}
