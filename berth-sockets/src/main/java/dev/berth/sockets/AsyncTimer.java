package dev.berth.sockets;

import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// What ends asynchronous operations whose time is over: one daemon thread for the whole JVM, which is there while
/// there are such operations.
final class AsyncTimer {
    private static final ScheduledThreadPoolExecutor TIMER = create();

    private AsyncTimer() {}

    private static ScheduledThreadPoolExecutor create() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("berth-async-timer").factory());
        timer.setRemoveOnCancelPolicy(true);
        timer.setKeepAliveTime(10, TimeUnit.SECONDS);
        timer.allowCoreThreadTimeOut(true);
        return timer;
    }

    /// Runs `task`, which must not block, after `timeout`.
    static Future<?> start(Runnable task, long timeout, TimeUnit unit) {
        return TIMER.schedule(task, timeout, unit);
    }
}
