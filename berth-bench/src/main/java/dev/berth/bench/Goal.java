package dev.berth.bench;

import java.util.Locale;

/// What a row has to reach.
///
/// @param ofRatio true for a ratio of at least `value`, false for Berth's figure to be at most `value`
/// @param value the number
public record Goal(boolean ofRatio, double value) {
    static Goal times(double ratio) {
        return new Goal(true, ratio);
    }

    static Goal atMost(double figure) {
        return new Goal(false, figure);
    }

    /// Whether a row reaches it.
    ///
    /// @param berth Berth's figure
    /// @param ratio the ratio, NaN if there is none
    boolean isReached(double berth, double ratio) {
        return ofRatio ? ratio >= value : berth <= value;
    }

    /// `15x` or `<= 768`.
    @Override
    public String toString() {
        boolean whole = value == Math.rint(value);
        String number = whole ? String.valueOf((long) value) : String.format(Locale.ROOT, "%.2f", value);
        return ofRatio ? number + "x" : "<= " + number;
    }
}
