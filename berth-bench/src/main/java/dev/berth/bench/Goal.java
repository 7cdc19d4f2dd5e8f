package dev.berth.bench;

import java.util.Locale;

/// What a row has to reach.
///
/// @param ofRatio true for a ratio of at least `value`, false for Berth's figure to be at most `value`
/// @param value the number; NaN if the row only states a figure
public record Goal(boolean ofRatio, double value) {
    static Goal times(double ratio) {
        return new Goal(true, ratio);
    }

    static Goal atMost(double figure) {
        return new Goal(false, figure);
    }

    static Goal none() {
        return new Goal(false, Double.NaN);
    }

    /// Whether a row can tell: there is a goal, and a figure to hold against it.
    ///
    /// @param ratio the ratio, NaN if there is none
    boolean isTested(double ratio) {
        return !Double.isNaN(value) && !(ofRatio && Double.isNaN(ratio));
    }

    /// Whether a row reaches it.
    ///
    /// @param berth Berth's figure
    /// @param ratio the ratio, NaN if there is none
    boolean isReached(double berth, double ratio) {
        return ofRatio ? ratio >= value : berth <= value;
    }

    /// `15x`, `<= 768`, or `-` if there is none.
    @Override
    public String toString() {
        if (Double.isNaN(value)) {
            return "-";
        }
        boolean whole = value == Math.rint(value);
        String number = whole ? String.valueOf((long) value) : String.format(Locale.ROOT, "%.2f", value);
        return ofRatio ? number + "x" : "<= " + number;
    }
}
