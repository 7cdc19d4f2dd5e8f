package dev.berth.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.wire.IpAddress;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What was left in an inbox is taken, also where the thread that it was left to does not come.
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LeftPacketsTest {
    private static final int ROUNDS = 200;
    private static final int MANY = 20;

    private static Host host() throws IOException {
        return Host.builder("left")
                .link(new Nowhere())
                .address(IpAddress.Prefix.parse("10.9.0.1/24"))
                .start();
    }

    private static LinkPort port(StackMonitor monitor) {
        for (LinkPort port : monitor.ports()) {
            if (port.link() instanceof Nowhere) {
                return port;
            }
        }
        throw new AssertionError("the host has no such link");
    }

    private static void leaveOne(LinkPort port) {
        assertThat(port.receivedMore(port.pool().takePacket())).isTrue(); // not run for that
    }

    private static void awaitTaken(LinkPort port) {
        while (port.hasInput()) {
            LockSupport.parkNanos(100_000);
        }
    }

    @Test
    void the_timer_thread_looks_each_time() throws Exception {
        try (Host host = host()) {
            StackMonitor monitor = host.anyMonitor();
            LinkPort port = port(monitor);
            for (int i = 0; i < ROUNDS; i++) {
                leaveOne(port);
                HostTimers.SHARED.watch(monitor, monitor.nanoTime());
                HostTimers.SHARED.watch(monitor, monitor.nanoTime());
                awaitTaken(port);
            }
        }
    }

    @Test
    void the_timer_thread_looks_at_a_host_that_was_started_after_another_was_closed() throws Exception {
        for (int i = 0; i < 10; i++) {
            StackMonitor closed;
            try (Host host = host()) {
                closed = host.anyMonitor();
                leaveOne(port(closed));
                HostTimers.SHARED.watch(closed, closed.nanoTime() + 1_000_000_000_000L);
            }
            assertThat(closed.watched).isFalse();
            try (Host host = host()) {
                StackMonitor monitor = host.anyMonitor();
                leaveOne(port(monitor));
                HostTimers.SHARED.watch(monitor, monitor.nanoTime());
                awaitTaken(port(monitor));
            }
        }
    }

    /// Others leave their packets to a thread that was in the host all the time; it may then park without a look.
    @Test
    void a_thread_that_was_busy_takes_what_was_left_before_it_waits() throws Exception {
        try (Host host = host()) {
            StackMonitor monitor = host.anyMonitor();
            LinkPort port = port(monitor);
            int busy = 0;
            for (int i = 0; i < ROUNDS; i++) {
                for (int k = 0; k < MANY; k++) {
                    monitor.enter();
                    monitor.exit();
                }
                boolean on = monitor.isBusyAllTheTime();
                leaveOne(port);
                monitor.waits();
                if (on) {
                    busy++;
                    assertThat(port.hasInput()).isFalse();
                } else {
                    monitor.tryRun();
                }
                assertThat(monitor.isBusyAllTheTime()).isFalse();
            }
            assertThat(busy).as("rounds in which the thread was busy").isPositive();
        }
    }

    /// Only one inbox is remembered, to be taken back from.
    @Test
    void nothing_is_left_at_a_second_host_before_the_first_has_taken_it() throws Exception {
        try (Host own = host();
                Host one = host();
                Host two = host()) {
            Attendance attendance = own.anyMonitor().attendance;
            LinkPort first = port(one.anyMonitor());
            LinkPort second = port(two.anyMonitor());
            assertThat(attendance.mayLeaveAt(first)).isTrue();
            leaveOne(first);
            attendance.hasLeft(first);
            assertThat(attendance.mayLeaveAt(first)).isTrue();
            assertThat(attendance.mayLeaveAt(second)).isFalse();
            attendance.takeBack();
            assertThat(first.hasInput()).isFalse();
            assertThat(attendance.mayLeaveAt(second)).isTrue();
            leaveOne(second);
            attendance.hasLeft(second);
            attendance.takeBack();
            assertThat(second.hasInput()).isFalse();
        }
    }
}
