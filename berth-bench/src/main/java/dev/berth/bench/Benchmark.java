package dev.berth.bench;

import org.jspecify.annotations.Nullable;

/// A row of the table: what is measured on both sides.
///
/// @param name how it is called on the command line
/// @param what one line that says what is measured
/// @param unit the unit of both figures
/// @param lowerIsBetter true for times and sizes, false for rates
/// @param goal what DESIGN.md section 6 asks for
/// @param berth sets Berth's side up
/// @param other sets the other side up; null if there is none
/// @param otherName whose the other side is, or why there is none
/// @param oneRound true if one round is enough, because nothing varies
record Benchmark(
        String name,
        String what,
        String unit,
        boolean lowerIsBetter,
        Goal goal,
        Measurement.Opener berth,
        Measurement.@Nullable Opener other,
        String otherName,
        boolean oneRound) {

    /// The part of the name before the first hyphen: rows of a group can be asked for together.
    String group() {
        int hyphen = name.indexOf('-');
        return hyphen < 0 ? name : name.substring(0, hyphen);
    }

    /// How many times better the first figure is.
    double ratio(double berthFigure, double otherFigure) {
        return lowerIsBetter ? otherFigure / berthFigure : berthFigure / otherFigure;
    }
}
