package dev.berth.bench;

import java.util.Arrays;

/// What the rounds of a row have given. All NaN if there was nothing to measure.
///
/// @param min the smallest
/// @param median the median, between the middle two if their number is even
/// @param max the largest
public record Spread(double min, double median, double max) {
    /// Nothing measured.
    static final Spread NONE = new Spread(Double.NaN, Double.NaN, Double.NaN);

    /// Of one figure or more.
    static Spread of(double... figures) {
        double[] sorted = figures.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(sorted[0], median, sorted[sorted.length - 1]);
    }
}
