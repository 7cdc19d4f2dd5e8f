package dev.berth.stack.time;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class TimerWheelTest {
    private static final long TICK = 1L << TimerWheel.TICK_SHIFT;

    private static final class Node extends Timer {
        long deadline = -1;
    }

    @Test
    void a_wheel_does_what_a_naive_list_does() {
        for (long seed = 0; seed < 100; seed++) {
            try {
                compare(new SplittableRandom(seed));
            } catch (AssertionError e) {
                throw new AssertionError("Fails with seed " + seed, e);
            }
        }
    }

    private static void compare(SplittableRandom random) {
        long now = random.nextLong(1L << 40);
        TimerWheel wheel = new TimerWheel(now);
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            nodes.add(new Node());
        }
        for (int step = 0; step < 300; step++) {
            for (int i = random.nextInt(6); i > 0; i--) {
                Node node = nodes.get(random.nextInt(nodes.size()));
                if (random.nextInt(4) == 0) {
                    wheel.cancel(node);
                    node.deadline = -1;
                } else {
                    node.deadline = now + random.nextLong(1L << random.nextInt(1, 50)) - random.nextInt(100);
                    wheel.schedule(node, node.deadline);
                }
            }
            checkNext(wheel, nodes, now);
            now = random.nextInt(3) == 0
                    ? Math.max(now, Math.min(wheel.nextDeadline(), now + (1L << 52)))
                    : now + random.nextLong(1L << random.nextInt(1, 48));
            fire(wheel, nodes, now);
        }
    }

    private static void checkNext(TimerWheel wheel, List<Node> nodes, long now) {
        long earliest = Long.MAX_VALUE;
        int waiting = 0;
        for (Node node : nodes) {
            assertThat(node.isScheduled()).isEqualTo(node.deadline >= 0);
            if (node.deadline >= 0) {
                earliest = Math.min(earliest, node.deadline);
                waiting++;
            }
        }
        assertThat(wheel.size()).isEqualTo(waiting);
        if (waiting == 0) {
            assertThat(wheel.nextDeadline()).isEqualTo(TimerWheel.NEVER);
        } else {
            // never so late that the earliest would fire more than a tick after its time
            assertThat(wheel.nextDeadline()).isLessThan(Math.max(earliest, now) + TICK);
        }
    }

    private static void fire(TimerWheel wheel, List<Node> nodes, long now) {
        Timer timer;
        long last = -1;
        while ((timer = wheel.poll(now)) != null) {
            Node node = (Node) timer;
            assertThat(node.deadline).as("never early").isBetween(0L, now);
            assertThat(node.deadline).as("in the order of ticks").isGreaterThan(last - TICK);
            last = Math.max(last, node.deadline);
            node.deadline = -1;
        }
        for (Node node : nodes) {
            if (node.deadline >= 0) {
                assertThat(now - node.deadline).as("at most a tick late").isLessThan(TICK);
            }
        }
    }

    @Test
    void a_timer_may_be_rescheduled_while_others_fire() {
        TimerWheel wheel = new TimerWheel(0);
        Node first = new Node();
        Node second = new Node();
        wheel.schedule(first, 5 * TICK);
        wheel.schedule(second, 5 * TICK);
        Timer fired = wheel.poll(6 * TICK);
        assertThat(fired).isNotNull();
        Timer other = fired == first ? second : first;
        wheel.schedule(other, 100 * TICK);
        assertThat(wheel.poll(6 * TICK)).isNull();
        assertThat(wheel.poll(100 * TICK)).isSameAs(other);
        assertThat(wheel.size()).isZero();
    }
}
