package dev.berth.sockets;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Something that a thread of its own does while a test goes on. Waits are bounded.
final class Task<T> {
    /// The kinds of thread that blocking operations must work on.
    enum On {
        PLATFORM,
        VIRTUAL
    }

    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final Thread thread;
    private final CountDownLatch done = new CountDownLatch(1);
    private final AtomicReference<@Nullable T> result = new AtomicReference<>();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean interruptedAtEnd;

    private Task(On kind, Callable<T> action) {
        Thread.Builder builder =
                kind == On.VIRTUAL ? Thread.ofVirtual() : Thread.ofPlatform().daemon();
        thread = builder.name("task").unstarted(() -> {
            try {
                result.set(action.call());
            } catch (Throwable e) {
                failure.set(e);
            } finally {
                interruptedAtEnd = Thread.currentThread().isInterrupted();
                done.countDown();
            }
        });
    }

    /// Starts `action`.
    static <T> Task<T> start(On kind, Callable<T> action) {
        Task<T> task = new Task<>(kind, action);
        task.thread.start();
        return task;
    }

    /// Starts `action` on a platform thread.
    static <T> Task<T> start(Callable<T> action) {
        return start(On.PLATFORM, action);
    }

    /// Starts `action` and waits until it blocks in a socket, channel or selector.
    static <T> Task<T> startBlocked(On kind, Callable<T> action) {
        Task<T> task = start(kind, action);
        await("the task blocks", () -> task.done.getCount() == 0 || task.isBlocked());
        if (task.done.getCount() == 0) {
            throw new AssertionError("The task did not block; it gave " + task.result.get(), task.failure.get());
        }
        return task;
    }

    private boolean isBlocked() {
        StackTraceElement[] stack = thread.getStackTrace();
        Thread.State state = thread.getState();
        boolean waiting = state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
        if (stack.length == 0 || !(waiting || stack[0].isNativeMethod())) {
            return false;
        }
        for (StackTraceElement frame : stack) {
            String type = frame.getClassName();
            if (type.startsWith("sun.nio.ch.") || type.startsWith("dev.berth.host.") || isOurs(type)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isOurs(String type) {
        return type.startsWith("dev.berth.sockets.") && !type.contains("Test") && !type.contains("Task");
    }

    /// Interrupts the thread.
    void interrupt() {
        thread.interrupt();
    }

    /// What the action returned.
    T get() {
        finish();
        if (failure.get() != null) {
            throw new AssertionError("The task failed: " + failure.get(), failure.get());
        }
        return result.get();
    }

    /// What the action threw.
    Throwable failure() {
        finish();
        Throwable thrown = failure.get();
        if (thrown == null) {
            throw new AssertionError("The task did not fail, it gave " + result.get());
        }
        return thrown;
    }

    /// Whether the thread was interrupted when the action ended.
    boolean wasInterruptedAtEnd() {
        finish();
        return interruptedAtEnd;
    }

    private void finish() {
        try {
            if (!done.await(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                AssertionError late = new AssertionError("The task still runs after " + LIMIT);
                late.setStackTrace(thread.getStackTrace());
                throw late;
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /// Waits until `condition` holds.
    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("Not within " + LIMIT + ": " + what);
            }
            LockSupport.parkNanos(500_000);
        }
    }
}
