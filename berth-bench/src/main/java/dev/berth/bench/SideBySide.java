package dev.berth.bench;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Measures Berth and what else one would use, in one run on one machine, one after the other in every round
/// (A B A B), so that whatever else the machine does meets both. Close it after the last row. Not thread-safe.
public final class SideBySide implements AutoCloseable {
    private static final int WARM_UP_PARTS = 4;
    private static final int MOST_WARM_UP_PARTS = 16;
    /// The quotient from which on one part counts as better than another.
    private static final double STILL_BETTER = 1.03;

    /// Of the time of a part: when the JVM compiles for longer, the next part may be better.
    private static final double STILL_COMPILING = 0.2;

    /// Until then the JVM may compile what is measured, if that takes longer than all parts.
    private static final long COMPILED_NANOS = 1_200_000_000;

    private final Options options;
    private final Consumer<String> progress;
    private final List<Benchmark> catalogue;
    private final Set<String> named = new HashSet<>();
    private @Nullable AutoCloseable lab;

    /// How thoroughly to measure.
    ///
    /// @param rounds how often both sides are measured, 1 or more
    /// @param roundMillis how long one side is measured in one round
    /// @param warmUpMillis how long each side runs before the first round; longer while it still becomes faster
    /// @param idlePairs how many idle pairs are counted
    /// @param mostPairs how many pairs are open where rows compare many with few; a row may have less
    /// @param sustainedMillis how long rates are measured that have to be kept up for seconds
    /// @param declineSeconds how long `connect-decline` takes
    /// @param onlyBrief whether to leave out what takes long and is not named
    public record Options(
            int rounds,
            int roundMillis,
            int warmUpMillis,
            int idlePairs,
            int mostPairs,
            int sustainedMillis,
            int declineSeconds,
            boolean onlyBrief) {
        /// Some seconds for every row.
        public static final Options ORDINARY = new Options(7, 700, 2_000, 50_000, 1_000_000, 4_000, 20, false);

        /// Under a minute for all rows that do not take long, and those only, unless they are named.
        public static final Options QUICK = new Options(3, 60, 160, 20_000, 100_000, 1_000, 2, true);

        /// @throws IllegalArgumentException if a number is below 1
        public Options {
            if (Math.min(rounds, roundMillis) < 1
                    || Math.min(warmUpMillis, idlePairs) < 1
                    || Math.min(mostPairs, sustainedMillis) < 1
                    || declineSeconds < 1) {
                throw new IllegalArgumentException("The numbers of a run are 1 or more");
            }
        }

        /// The same with so many rounds.
        public Options withRounds(int number) {
            return new Options(
                    number,
                    roundMillis,
                    warmUpMillis,
                    idlePairs,
                    mostPairs,
                    sustainedMillis,
                    declineSeconds,
                    onlyBrief);
        }

        /// The same with so many seconds for `connect-decline`.
        public Options withDeclineSeconds(int seconds) {
            return new Options(
                    rounds, roundMillis, warmUpMillis, idlePairs, mostPairs, sustainedMillis, seconds, onlyBrief);
        }
    }

    /// A run that tells `progress` what it does, in short lines.
    public SideBySide(Options options, Consumer<String> progress) {
        this(options, Catalogue.all(options, progress), progress);
    }

    SideBySide(Options options, List<Benchmark> catalogue, Consumer<String> progress) {
        this.options = options;
        this.catalogue = catalogue;
        this.progress = progress;
    }

    /// All names, each followed by what is measured.
    public List<String> list() {
        return catalogue.stream()
                .map(b -> String.format("%-24s %s (%s, goal %s)", b.name(), b.what(), b.unit(), b.goal()))
                .toList();
    }

    /// The benchmarks of these names. What stands before a hyphen of a name stands for all that begin so, `ports` for
    /// all that measure the port system, no name for all. What is named here is measured even if it takes long.
    ///
    /// @throws IllegalArgumentException if there is none of a name; the message is a sentence
    public List<String> select(List<String> names) {
        List<String> selected = new ArrayList<>();
        for (String name : names) {
            List<String> meant = catalogue.stream()
                    .filter(b -> b.isMeantBy(name))
                    .map(Benchmark::name)
                    .toList();
            if (meant.isEmpty()) {
                throw new IllegalArgumentException(
                        "There is no benchmark '" + name + "'; 'berth bench --list' shows all names.");
            }
            meant.stream().filter(m -> !selected.contains(m)).forEach(selected::add);
        }
        named.addAll(selected);
        return names.isEmpty() ? catalogue.stream().map(Benchmark::name).toList() : selected;
    }

    /// Measures one benchmark.
    ///
    /// @param name one that [#select] gave
    /// @throws Exception if a side fails or its result is wrong
    public Row run(String name) throws Exception {
        Benchmark benchmark = catalogue.stream()
                .filter(b -> b.name().equals(name))
                .findFirst()
                .orElseThrow();
        boolean brief = options.onlyBrief && !named.contains(name);
        if (brief && benchmark.lengthy() == Benchmark.Lengthy.ALL) {
            return Row.skipped(benchmark, "a quick run measures it only when it is named");
        }
        if (brief && benchmark.lengthy() == Benchmark.Lengthy.OTHER_SIDE) {
            benchmark = benchmark.alone("a quick run measures it only when it is named");
        }
        progress.accept(name + ": " + benchmark.what());
        if (lab != benchmark.lab()) {
            close();
            lab = benchmark.lab();
        }
        boolean measured = false;
        try (Measurement berth = benchmark.berth().open()) {
            Row row = against(benchmark, berth);
            measured = true;
            return row;
        } catch (Measurement.UnavailableException e) {
            measured = true;
            return Row.skipped(benchmark, String.valueOf(e.getMessage()));
        } finally {
            if (!measured) {
                close(); // what has failed does not serve the next row
            }
        }
    }

    private Row against(Benchmark benchmark, Measurement berth) throws Exception {
        Measurement.Opener opener = benchmark.other();
        if (opener == null) {
            return measure(benchmark, berth, null);
        }
        try (Measurement other = opener.open()) {
            return measure(benchmark, berth, other);
        } catch (Measurement.UnavailableException e) {
            progress.accept("  without the other side: " + e.getMessage());
            return measure(benchmark.alone(String.valueOf(e.getMessage())), berth, null);
        }
    }

    private Row measure(Benchmark benchmark, Measurement berth, @Nullable Measurement other) throws Exception {
        int rounds = rounds(benchmark.pace());
        int part = benchmark.pace() == Benchmark.Pace.BRIEF ? 4 : 1;
        if (benchmark.pace() == Benchmark.Pace.ORDINARY || benchmark.pace() == Benchmark.Pace.BRIEF) {
            long nanos = options.warmUpMillis * 1_000_000L / part;
            warmUp(benchmark, berth, nanos);
            if (other != null) {
                warmUp(benchmark, other, nanos);
            }
        }
        long nanos = benchmark.pace() == Benchmark.Pace.SUSTAINED
                ? options.sustainedMillis * 1_000_000L
                : options.roundMillis * 1_000_000L / part;
        double[] ours = new double[rounds];
        double[] theirs = new double[rounds];
        double[] ratios = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            ours[i] = berth.measure(nanos);
            theirs[i] = other == null ? Double.NaN : other.measure(nanos);
            ratios[i] = benchmark.ratio(ours[i], theirs[i]);
            progress.accept("  round " + (i + 1) + " of " + rounds + ": " + Row.digits(ours[i])
                    + (other == null ? "" : " against " + Row.digits(theirs[i])) + " " + benchmark.unit());
        }
        return new Row(
                benchmark.name(),
                benchmark.unit(),
                Spread.of(ours),
                Spread.of(theirs),
                benchmark.otherName(),
                Spread.of(ratios),
                benchmark.goal(),
                "");
    }

    private int rounds(Benchmark.Pace pace) {
        return switch (pace) {
            case ORDINARY, BRIEF -> options.rounds;
            case SUSTAINED -> options.onlyBrief ? 1 : Math.max(Math.min(3, options.rounds), options.rounds / 2);
            case SLOW -> Math.max(1, options.rounds / 3);
            case ONCE -> 1;
        };
    }

    /// In several parts, as the rounds will be: four, and more while each is better than the one before or the JVM
    /// compiles a lot. Rows that come early, or call what no other does, find nothing compiled.
    private static void warmUp(Benchmark benchmark, Measurement side, long nanos) throws Exception {
        long begin = System.nanoTime();
        double before = side.measure(nanos / WARM_UP_PARTS);
        long at = System.nanoTime();
        long compiled = Threads.compilerMillis();
        for (int i = 1; i < MOST_WARM_UP_PARTS || at - begin < COMPILED_NANOS; i++) {
            double figure = side.measure(nanos / WARM_UP_PARTS);
            long now = System.nanoTime();
            long compiledNow = Threads.compilerMillis();
            boolean compiling = (compiledNow - compiled) * 1e6 > (now - at) * STILL_COMPILING;
            boolean better = i < MOST_WARM_UP_PARTS && benchmark.ratio(figure, before) >= STILL_BETTER;
            if (i >= WARM_UP_PARTS - 1 && !compiling && !better) {
                return;
            }
            before = figure;
            at = now;
            compiled = compiledNow;
        }
    }

    /// Takes down what rows have shared.
    ///
    /// @throws Exception if something cannot be removed
    @Override
    public void close() throws Exception {
        AutoCloseable shared = lab;
        lab = null;
        if (shared != null) {
            shared.close();
        }
    }
}
