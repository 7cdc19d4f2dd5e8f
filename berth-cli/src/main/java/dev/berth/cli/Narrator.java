package dev.berth.cli;

import java.io.PrintWriter;

/// Tells the story of `berth demo`, in colours where there are any.
final class Narrator {
    private static final String BOLD = "1";
    private static final String GREEN = "32";
    private static final String CYAN = "36";

    private final PrintWriter out;
    private final boolean colours;
    private int chapter;

    Narrator(PrintWriter out, boolean colours) {
        this.out = out;
        this.colours = colours;
    }

    /// Begins a chapter.
    void chapter(String title) {
        out.println();
        out.println(colour(BOLD, ++chapter + ". " + title));
    }

    /// What to know about it.
    void say(String... lines) {
        for (String line : lines) {
            out.println(line);
        }
        out.flush();
    }

    /// A request on its way.
    void request(String line) {
        out.println("  " + colour(CYAN, "request ") + line);
        out.flush();
    }

    /// A reply on its way.
    void reply(String line) {
        out.println("  " + colour(GREEN, "reply   ") + line);
        out.flush();
    }

    private String colour(String code, String text) {
        return colours ? "\033[" + code + "m" + text + "\033[0m" : text;
    }
}
