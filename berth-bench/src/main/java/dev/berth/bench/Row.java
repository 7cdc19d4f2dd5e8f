package dev.berth.bench;

import dev.berth.agent.run.JsonLine;
import java.util.Locale;

/// A measured row of the table. Figures and ratios that do not exist are NaN.
///
/// @param name the benchmark
/// @param unit of both figures
/// @param berth Berth's figure, over the rounds
/// @param other the other side's
/// @param otherName whose it is, or why there is none
/// @param ratio how many times better Berth is, round by round
/// @param goal what has to be reached
/// @param skipped why nothing was measured; empty if something was
public record Row(
        String name,
        String unit,
        Spread berth,
        Spread other,
        String otherName,
        Spread ratio,
        Goal goal,
        String skipped) {
    private static final String LINE = "%-24s %-7s %12s %12s %8s %17s %8s  %s";

    static Row skipped(Benchmark benchmark, String reason) {
        return new Row(
                benchmark.name(),
                benchmark.unit(),
                Spread.NONE,
                Spread.NONE,
                benchmark.otherName(),
                Spread.NONE,
                benchmark.goal(),
                reason);
    }

    /// Whether the goal can be told from what was measured.
    public boolean isTested() {
        return skipped.isEmpty() && goal.isTested(ratio.median());
    }

    /// Whether the goal is reached; false if that cannot be told.
    public boolean isReached() {
        return isTested() && goal.isReached(berth.median(), ratio.median());
    }

    /// One line of JSON: `name`, `unit`, `berth`, `other`, `otherName`, `ratio`, `ratioMin`, `ratioMax`, `goal`,
    /// `reached`. Numbers that do not exist are null; `reached` is null where it cannot be told.
    public String toJson() {
        JsonLine json = new JsonLine()
                .add("name", name)
                .add("unit", unit)
                .addRaw("berth", number(berth.median()))
                .addRaw("other", number(other.median()))
                .add("otherName", skipped.isEmpty() ? otherName : "not measured: " + skipped)
                .addRaw("ratio", number(ratio.median()))
                .addRaw("ratioMin", number(ratio.min()))
                .addRaw("ratioMax", number(ratio.max()))
                .add("goal", goal.toString());
        return (isTested() ? json.add("reached", isReached()) : json.addNull("reached")).toString();
    }

    private static String number(double value) {
        return Double.isFinite(value) ? digits(value) : "null";
    }

    /// The head of the table.
    public static String heading() {
        return String.format(LINE, "name", "unit", "Berth", "other", "ratio", "min .. max", "goal", "")
                .stripTrailing();
    }

    /// The row as a line of the table. The spread is that of the ratio; without one, that of Berth's figure.
    public String toLine() {
        if (!skipped.isEmpty()) {
            return String.format("%-24s %-7s skipped: %s", name, unit, skipped);
        }
        boolean compared = !Double.isNaN(ratio.median());
        return String.format(
                        LINE,
                        name,
                        unit,
                        digits(berth.median()),
                        compared ? digits(other.median()) : "-",
                        compared ? digits(ratio.median()) + "x" : "-",
                        compared
                                ? digits(ratio.min()) + "x .. " + digits(ratio.max()) + "x"
                                : digits(berth.min()) + " .. " + digits(berth.max()),
                        goal,
                        !isTested() ? "" : isReached() ? "reached" : "not reached")
                .stripTrailing();
    }

    /// Three significant digits; whole numbers from 100 on.
    static String digits(double value) {
        double size = Math.abs(value);
        int decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
}
