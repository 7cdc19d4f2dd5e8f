package dev.berth.ports;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// Names that may have been meant when one is unknown: those a few edits away, and those that begin like it.
///
/// An edit is a letter too many, too few or wrong, or two neighbours exchanged (the *optimal string alignment*
/// distance). Looks at every name once, a millisecond or two for the whole registry.
final class NearNames {
    private final String wanted;
    private final int limit;
    private final List<Near> found = new ArrayList<>();
    private int[] before = {};
    private int[] above = {};
    private int[] row = {};

    private record Near(String name, int distance, boolean sameStart, int port) {}

    NearNames(String name) {
        wanted = name.strip().toLowerCase(Locale.ROOT);
        limit = Math.clamp(wanted.length() / 3, 1, 3);
    }

    /// Considers a name of the registry.
    ///
    /// @param proper the name to suggest, another one if `name` is an alias
    /// @param port its lowest port; among equals those with low ports come first
    void consider(String name, String proper, int port) {
        if (wanted.isEmpty() || name.isEmpty()) {
            return;
        }
        String candidate = name.toLowerCase(Locale.ROOT);
        int distance = distance(candidate);
        boolean prefix = wanted.length() >= 3
                && (candidate.startsWith(wanted) || candidate.length() >= 3 && wanted.startsWith(candidate + "-"));
        if (distance <= limit || prefix) {
            boolean sameStart = candidate.charAt(0) == wanted.charAt(0);
            found.add(new Near(proper, prefix ? Math.min(distance, 2) : distance, sameStart, port));
        }
    }

    /// The best names, at most `most`.
    List<String> best(int most) {
        return found.stream()
                .sorted(Comparator.comparingInt(Near::distance)
                        .thenComparing(near -> !near.sameStart)
                        .thenComparingInt(Near::port)
                        .thenComparing(Near::name))
                .map(Near::name)
                .distinct()
                .limit(most)
                .toList();
    }

    /// The number of edits between the wanted name and another; some number above `limit` if there are more.
    private int distance(String other) {
        int width = other.length();
        if (Math.abs(width - wanted.length()) > limit) {
            return limit + 1;
        }
        if (row.length <= width) {
            before = new int[width + 16];
            above = new int[width + 16];
            row = new int[width + 16];
        }
        for (int j = 0; j <= width; j++) {
            above[j] = j;
        }
        for (int i = 1; i <= wanted.length(); i++) {
            row[0] = i;
            for (int j = 1; j <= width; j++) {
                boolean same = wanted.charAt(i - 1) == other.charAt(j - 1);
                int edits = Math.min(Math.min(above[j], row[j - 1]) + 1, above[j - 1] + (same ? 0 : 1));
                if (i > 1
                        && j > 1
                        && wanted.charAt(i - 1) == other.charAt(j - 2)
                        && wanted.charAt(i - 2) == other.charAt(j - 1)) {
                    edits = Math.min(edits, before[j - 2] + 1);
                }
                row[j] = edits;
            }
            int[] oldest = before;
            before = above;
            above = row;
            row = oldest;
        }
        return above[width];
    }
}
