package dev.berth.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/// A table of text whose columns are as wide as what is in them. Not safe for several threads.
final class Columns {
    private final List<String[]> rows = new ArrayList<>();

    Columns(String... heads) {
        add(heads);
    }

    /// Adds a row with as many cells as there are heads.
    void add(String... cells) {
        rows.add(cells.clone());
    }

    /// Prints the heads and all rows, two spaces between columns.
    void print(PrintWriter out) {
        int[] widths = new int[rows.getFirst().length];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                line.append(row[i]).append(" ".repeat(widths[i] - row[i].length() + 2));
            }
            out.println(line.toString().stripTrailing());
        }
    }
}
