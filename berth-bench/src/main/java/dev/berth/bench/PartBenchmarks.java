package dev.berth.bench;

import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/// Runs the JMH benchmarks of single parts, with the allocation per operation.
public final class PartBenchmarks {
    /// For the JVMs of JMH, which says itself that it needs it: otherwise each warns of it.
    static final String JMH_USES_UNSAFE = "--sun-misc-unsafe-memory-access=allow";

    private PartBenchmarks() {}

    /// Runs those whose names match.
    ///
    /// @param pattern a regular expression that is searched for in `dev.berth.bench.jmh.CLASS.METHOD`
    /// @param quick one fork with few, short iterations
    /// @return how many were run
    /// @throws Exception if none matches or one fails
    @SuppressWarnings("exports") // whoever runs benchmarks has JMH
    public static int run(String pattern, boolean quick) throws Exception {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(pattern)
                .addProfiler(GCProfiler.class)
                .jvmArgsPrepend(JMH_USES_UNSAFE)
                .shouldFailOnError(true);
        if (quick) {
            options.forks(1)
                    .warmupIterations(2)
                    .measurementIterations(2)
                    .warmupTime(TimeValue.milliseconds(300))
                    .measurementTime(TimeValue.milliseconds(300));
        }
        return new Runner(options.build()).run().size();
    }
}
