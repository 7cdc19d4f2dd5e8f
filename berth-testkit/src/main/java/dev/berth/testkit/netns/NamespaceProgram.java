package dev.berth.testkit.netns;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/// A program that runs in a [NetworkNamespace] beside the test. A daemon thread collects its output line by line.
/// Safe for use by several threads.
public final class NamespaceProgram implements AutoCloseable {
    private static final Duration KILL_LIMIT = Duration.ofSeconds(5);

    private final List<String> command;
    private final Process process;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<String> lines = new ArrayList<>();
    private boolean outputEnded;

    private NamespaceProgram(List<String> command, Process process) {
        this.command = command;
        this.process = process;
    }

    static NamespaceProgram start(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            NamespaceProgram program = new NamespaceProgram(command, process);
            Thread.ofPlatform().daemon().name("berth-netns-output").start(program::collect);
            return program;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void collect() {
        try (BufferedReader reader = process.inputReader()) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                add(line);
            }
        } catch (IOException e) {
            add("[output lost: " + e + "]");
        } finally {
            lock.lock();
            try {
                outputEnded = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private void add(String line) {
        lock.lock();
        try {
            lines.add(line);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Waits for a line of output, old or new, that `wanted` accepts, and returns the first.
    ///
    /// @throws IllegalStateException if the output ends without one, or `limit` is over
    public String awaitLine(Predicate<String> wanted, Duration limit) {
        long left = limit.toNanos();
        lock.lock();
        try {
            for (int next = 0; ; ) {
                for (; next < lines.size(); next++) {
                    if (wanted.test(lines.get(next))) {
                        return lines.get(next);
                    }
                }
                if (outputEnded || left <= 0) {
                    throw new IllegalStateException(this
                            + (outputEnded ? " ended" : " took longer than " + limit)
                            + " without the line that was waited for: " + lines);
                }
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for " + this, e);
        } finally {
            lock.unlock();
        }
    }

    /// Waits for the end of the program and returns its whole output.
    ///
    /// @throws IllegalStateException if it fails or does not end within `limit`; it is killed then
    public String awaitSuccess(Duration limit) {
        boolean ended = awaitOrKill(process, limit);
        String output = awaitOutput();
        if (!ended || process.exitValue() != 0) {
            throw new IllegalStateException(
                    this + (ended ? " failed with status " + process.exitValue() : " took longer than " + limit) + ": "
                            + output);
        }
        return output;
    }

    private String awaitOutput() {
        long left = KILL_LIMIT.toNanos();
        lock.lock();
        try {
            while (!outputEnded && left > 0) {
                left = changed.awaitNanos(left);
            }
            return String.join("\n", lines);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for " + this, e);
        } finally {
            lock.unlock();
        }
    }

    /// Waits for the end of `process` and kills it, with its children, if `limit` is over first.
    ///
    /// @return false if it was killed
    static boolean awaitOrKill(Process process, Duration limit) {
        try {
            if (process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS)) {
                return true;
            }
            kill(process);
            return false;
        } catch (InterruptedException e) {
            kill(process);
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for a command", e);
        }
    }

    private static void kill(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    /// Kills the program, with its children, and waits until it is gone, 5 seconds at most. Idempotent.
    ///
    /// @throws IllegalStateException if it does not go
    @Override
    public void close() {
        kill(process);
        try {
            if (!process.waitFor(KILL_LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new IllegalStateException(this + " cannot be killed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while waiting for the end of " + this, e);
        }
    }

    /// The command with its arguments.
    @Override
    public String toString() {
        return String.join(" ", command);
    }
}
