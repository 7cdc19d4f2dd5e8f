package dev.berth.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// The gates of single parts: JMH benchmarks that may not allocate, and whose time, divided by that of plain Java
/// that is measured in turns with it, may not be more than 30 % above what was recorded (`gates.csv`).
///
/// Times are those of the quickest iteration, the ratio is the median of the rounds.
public final class PartGates {
    private static final String RESOURCE = "gates.csv";
    private static final String HEADING = "part,parameters,reference,referenceParameters,ratio";
    private static final String PACKAGE = "dev.berth.bench.jmh.";
    private static final String ALLOCATION = "gc.alloc.rate.norm";
    private static final double REGRESSION = 1.3;
    /// Octets per operation from which on a part allocates: half the smallest object. Less comes from what the JVM
    /// does by the way.
    private static final double ALLOCATES = 8;

    /// Octets that JMH allocates in an iteration, at most.
    private static final double HARNESS = 262_144;

    private static final int ROUNDS = 3;

    /// Milliseconds of an iteration that counts: with 8 iterations and the start of a JVM for each of two figures, all
    /// gates take nine minutes.
    private static final int ITERATION = 600;
    private static final String LINE = "%-44s %-16s %12s %10s %10s %8s  %s%n";

    private PartGates() {}

    /// A line of the file.
    ///
    /// @param ratio the part's time divided by the reference's when it was recorded
    record Gate(String part, String parameters, String reference, String referenceParameters, double ratio) {
        static Gate parse(String line) {
            String[] fields = line.split(",", -1);
            if (fields.length != 5) {
                throw new IllegalArgumentException("Not a gate: " + line);
            }
            return new Gate(fields[0], fields[1], fields[2], fields[3], Double.parseDouble(fields[4]));
        }

        String toLine(double measured) {
            String figure = String.format(Locale.ROOT, "%.3f", measured);
            return String.join(",", part, parameters, reference, referenceParameters, figure);
        }

        /// What is wrong, or an empty text.
        String verdict(double measured, double octets) {
            if (octets >= ALLOCATES) {
                return "allocates";
            }
            return measured > ratio * REGRESSION ? "slower than recorded" : "";
        }
    }

    private record Figures(double nanos, double octets) {}

    /// For the nightly build: all gates, or those whose names match the first argument; exits with 1 if one is not
    /// met.
    public static void main(String[] arguments) throws Exception {
        boolean met = run(arguments.length > 0 ? arguments[0] : "", false, null, System.out);
        System.exit(met ? 0 : 1);
    }

    /// Measures the parts whose names match and says which gates are met.
    ///
    /// @param pattern a regular expression that is searched for in `CLASS.METHOD`
    /// @param quick one round of few, short iterations
    /// @param record where to write the gates with the ratios of this run; null for nowhere
    /// @return whether all gates are met
    /// @throws Exception if a benchmark fails
    /// @throws IllegalArgumentException if no name matches, or `record` cannot be written; the message is a sentence
    public static boolean run(String pattern, boolean quick, @Nullable Path record, PrintStream out) throws Exception {
        Pattern wanted = Pattern.compile(pattern);
        List<Gate> gates = gates();
        if (gates.stream().noneMatch(g -> wanted.matcher(g.part()).find())) {
            throw new IllegalArgumentException("No part with a gate matches '" + pattern + "'.");
        }
        if (record != null && !isWritable(record)) {
            throw new IllegalArgumentException("'" + record + "' cannot be written.");
        }
        List<String> recorded = new ArrayList<>(List.of(HEADING));
        boolean met = true;
        out.printf(Locale.ROOT, LINE, "part", "parameters", "ns", "B/op", "ratio", "recorded", "");
        for (Gate gate : gates) {
            if (!wanted.matcher(gate.part()).find()) {
                recorded.add(gate.toLine(gate.ratio()));
                continue;
            }
            int rounds = quick ? 1 : ROUNDS;
            double[] ratios = new double[rounds];
            double octets = Double.MAX_VALUE;
            double nanos = Double.MAX_VALUE;
            for (int i = 0; i < rounds; i++) {
                Figures reference = measure(gate.reference(), gate.referenceParameters(), quick);
                Figures part = measure(gate.part(), gate.parameters(), quick);
                ratios[i] = part.nanos / reference.nanos;
                octets = Math.min(octets, part.octets);
                nanos = Math.min(nanos, part.nanos);
            }
            double ratio = Spread.of(ratios).median();
            String verdict = gate.verdict(ratio, octets);
            met &= verdict.isEmpty();
            recorded.add(gate.toLine(ratio));
            out.printf(
                    Locale.ROOT,
                    LINE,
                    gate.part(),
                    gate.parameters(),
                    Row.digits(nanos),
                    Row.digits(octets),
                    Row.digits(ratio),
                    Row.digits(gate.ratio()),
                    verdict);
        }
        if (record != null) {
            Files.write(record, recorded);
        }
        return met;
    }

    /// Asked before minutes are spent on what is to be written.
    private static boolean isWritable(Path file) {
        if (Files.exists(file)) {
            return Files.isRegularFile(file) && Files.isWritable(file);
        }
        Path directory = file.toAbsolutePath().getParent();
        return directory != null && Files.isWritable(directory);
    }

    /// What the file holds.
    static List<Gate> gates() throws IOException {
        try (InputStream in = PartGates.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new IOException("There is no resource " + RESOURCE);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .skip(1)
                    .map(Gate::parse)
                    .toList();
        }
    }

    /// Octets per operation without those that JMH allocates by itself in an iteration, which are the more per
    /// operation the fewer operations there are: 125 to 170 KB of two hosts at work, where their own threads allocate
    /// 1 KB.
    ///
    /// @param octets per operation, with all threads of the process
    /// @param operations in an iteration
    static double net(double octets, double operations) {
        return Math.max(0, octets - HARNESS / operations);
    }

    private static Figures measure(String name, String parameters, boolean quick) throws IOException, RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include("^" + Pattern.quote(PACKAGE + name) + "$")
                .addProfiler(GCProfiler.class)
                .jvmArgsPrepend(PartBenchmarks.JMH_USES_UNSAFE)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .forks(1);
        for (String parameter : parameters.isEmpty() ? new String[0] : parameters.split(" ", -1)) {
            String[] keyAndValue = parameter.split("=", 2);
            options.param(keyAndValue[0], keyAndValue[1]);
        }
        if (!quick) {
            options.measurementTime(TimeValue.milliseconds(ITERATION));
        } else {
            options.warmupIterations(2)
                    .measurementIterations(3)
                    .warmupTime(TimeValue.milliseconds(1_000))
                    .measurementTime(TimeValue.milliseconds(200));
        }
        RunResult result = new Runner(options.build()).run().iterator().next();
        Result<?> allocation = result.getSecondaryResults().get(ALLOCATION);
        if (allocation == null) {
            throw new IOException("JMH has measured no allocation: "
                    + result.getSecondaryResults().keySet());
        }
        double iteration = result.getParams().getMeasurement().getTime().convertTo(TimeUnit.NANOSECONDS);
        double operations = iteration / result.getPrimaryResult().getScore();
        return new Figures(
                result.getPrimaryResult().getStatistics().getMin(),
                net(allocation.getStatistics().getMin(), operations));
    }
}
