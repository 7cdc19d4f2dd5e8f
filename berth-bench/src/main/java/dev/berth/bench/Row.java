package dev.berth.bench;

import java.util.Locale;

/// A measured row of the table. Figures and ratios that do not exist are NaN.
///
/// @param name the benchmark
/// @param unit of both figures
/// @param berth Berth's figure, the median of the rounds
/// @param other the other side's
/// @param otherName whose it is, or why there is none
/// @param ratio how many times better Berth is, the median of the rounds
/// @param ratioMin the smallest of the rounds
/// @param ratioMax the largest of the rounds
/// @param goal what has to be reached
/// @param reached whether it is
/// @param skipped why nothing was measured; empty if something was
public record Row(
        String name,
        String unit,
        double berth,
        double other,
        String otherName,
        double ratio,
        double ratioMin,
        double ratioMax,
        Goal goal,
        boolean reached,
        String skipped) {
    private static final String LINE = "%-16s %-7s %12s %12s %8s %17s %8s  %s";

    static Row skipped(Benchmark benchmark, String reason) {
        double none = Double.NaN;
        return new Row(
                benchmark.name(),
                benchmark.unit(),
                none,
                none,
                benchmark.otherName(),
                none,
                none,
                none,
                benchmark.goal(),
                false,
                reason);
    }

    /// One line of JSON.
    public String toJson() {
        JsonLine json = new JsonLine()
                .add("name", name)
                .add("unit", unit)
                .addRaw("berth", number(berth))
                .addRaw("other", number(other))
                .add("otherName", otherName)
                .addRaw("ratio", number(ratio))
                .addRaw("ratioMin", number(ratioMin))
                .addRaw("ratioMax", number(ratioMax))
                .add("goal", goal.toString());
        return (skipped.isEmpty()
                        ? json.add("reached", reached)
                        : json.addNull("reached").add("skipped", skipped))
                .toString();
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "null" : digits(value);
    }

    /// The head of the table.
    public static String heading() {
        return String.format(LINE, "name", "unit", "Berth", "other", "ratio", "min .. max", "goal", "")
                .stripTrailing();
    }

    /// The row as a line of the table.
    public String toLine() {
        if (!skipped.isEmpty()) {
            return String.format("%-16s %-7s skipped: %s", name, unit, skipped);
        }
        String spread = Double.isNaN(ratio) ? "-" : times(ratioMin) + " .. " + times(ratioMax);
        return String.format(
                LINE,
                name,
                unit,
                digits(berth),
                Double.isNaN(other) ? "-" : digits(other),
                times(ratio),
                spread,
                goal,
                reached ? "reached" : "not reached");
    }

    private static String times(double ratio) {
        return Double.isNaN(ratio) ? "-" : digits(ratio) + "x";
    }

    /// Three significant digits; whole numbers from 100 on.
    static String digits(double value) {
        double size = Math.abs(value);
        int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
}
