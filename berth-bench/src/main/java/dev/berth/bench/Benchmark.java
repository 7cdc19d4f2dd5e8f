package dev.berth.bench;

import org.jspecify.annotations.Nullable;

/// A row of the table: what is measured on both sides.
///
/// @param name how it is called on the command line
/// @param what one line that says what is measured
/// @param unit the unit of both figures
/// @param lowerIsBetter true for times and sizes, false for rates
/// @param goal what has to be reached
/// @param berth sets Berth's side up
/// @param other sets the other side up; null if there is none
/// @param otherName whose the other side is, or why there is none
/// @param pace how long it takes to measure
/// @param group a word for the rows of one subject, besides the beginnings of their names; empty for none
/// @param lab what the other side is set up in, if it serves further rows; null if it does not
/// @param lengthy what a quick run leaves out of it
record Benchmark(
        String name,
        String what,
        String unit,
        boolean lowerIsBetter,
        Goal goal,
        Measurement.Opener berth,
        Measurement.@Nullable Opener other,
        String otherName,
        Pace pace,
        String group,
        @Nullable AutoCloseable lab,
        Lengthy lengthy) {

    /// How much of the ordinary time a row takes.
    enum Pace {
        ORDINARY,
        /// A quarter of the time in each round: many rows of very short operations.
        BRIEF,
        /// Half of the rounds, three at least if there are so many, without warm-up and for seconds: what is measured
        /// has a period of its own. One round in a quick run.
        SUSTAINED,
        /// A third of the rounds, one at least, and no warm-up: a round takes many seconds.
        SLOW,
        /// One round without warm-up: nothing varies, or the measurement repeats by itself.
        ONCE
    }

    /// What takes seconds however short the rounds are, and more than it tells. A quick run measures it only if the row
    /// is named.
    enum Lengthy {
        NOT,
        /// To set the other side up.
        OTHER_SIDE,
        /// All of it.
        ALL
    }

    /// A row without another side, at the ordinary pace.
    static Benchmark of(
            String name, String what, String unit, boolean lowerIsBetter, Goal goal, Measurement.Opener berth) {
        return new Benchmark(
                name, what, unit, lowerIsBetter, goal, berth, null, "none", Pace.ORDINARY, "", null, Lengthy.NOT);
    }

    Benchmark against(String side, Measurement.Opener opener) {
        return new Benchmark(name, what, unit, lowerIsBetter, goal, berth, opener, side, pace, group, lab, lengthy);
    }

    /// Without another side, for the reason given.
    Benchmark alone(String reason) {
        return new Benchmark(
                name, what, unit, lowerIsBetter, goal, berth, null, "none: " + reason, pace, group, lab, lengthy);
    }

    Benchmark at(Pace another) {
        return new Benchmark(
                name, what, unit, lowerIsBetter, goal, berth, other, otherName, another, group, lab, lengthy);
    }

    Benchmark in(String subject, @Nullable AutoCloseable shared) {
        return new Benchmark(
                name, what, unit, lowerIsBetter, goal, berth, other, otherName, pace, subject, shared, lengthy);
    }

    Benchmark lengthy(Lengthy what) {
        return new Benchmark(
                name, this.what, unit, lowerIsBetter, goal, berth, other, otherName, pace, group, lab, what);
    }

    /// Whether the row is meant by a word: its name, what stands before one of the hyphens of its name, or its group.
    boolean isMeantBy(String word) {
        return !word.isEmpty() && (word.equals(name) || name.startsWith(word + "-") || word.equals(group));
    }

    /// How many times better the first figure is; NaN if there is no second.
    double ratio(double berthFigure, double otherFigure) {
        return lowerIsBetter ? otherFigure / berthFigure : berthFigure / otherFigure;
    }
}
