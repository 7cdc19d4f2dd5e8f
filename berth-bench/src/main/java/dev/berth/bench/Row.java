package dev.berth.bench;

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

    /// One line of JSON.
    public String toJson() {
        String json = "{\"name\":" + quoted(name) + ",\"unit\":" + quoted(unit) + json("berth", berth)
                + json("other", other) + ",\"otherName\":" + quoted(otherName) + json("ratio", ratio) + ",\"goal\":"
                + quoted(goal.toString()) + ",\"reached\":" + (isTested() ? String.valueOf(isReached()) : "null");
        return json + (skipped.isEmpty() ? "}" : ",\"skipped\":" + quoted(skipped) + "}");
    }

    private static String json(String key, Spread spread) {
        return ",\"" + key + "\":" + number(spread.median()) + ",\"" + key + "Min\":" + number(spread.min()) + ",\""
                + key + "Max\":" + number(spread.max());
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "null" : digits(value);
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
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
