package dev.berth.bench;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// Starts the programs of a benchmark, each on a thread of the kind that is measured; what time threads have used.
final class Threads {
    private Threads() {}

    /// The time of the processor that the calling thread has used, in the program and in the kernel, in nanoseconds.
    static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    /// The time for which threads of this JVM have compiled methods, in milliseconds; 0 if it does not say.
    static long compilerMillis() {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        return compiler != null && compiler.isCompilationTimeMonitoringSupported()
                ? compiler.getTotalCompilationTime()
                : 0;
    }

    static <T> FutureTask<T> start(boolean virtual, Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.Builder builder =
                virtual ? Thread.ofVirtual() : Thread.ofPlatform().daemon();
        builder.name("berth-bench").start(task);
        return task;
    }

    /// The result, or what the work has thrown.
    static <T> T join(FutureTask<T> task) throws Exception {
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Exception exception) {
                throw exception;
            }
            throw e;
        }
    }
}
