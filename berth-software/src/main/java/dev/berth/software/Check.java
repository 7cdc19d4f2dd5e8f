package dev.berth.software;

import java.util.Objects;

/// What a program does with its results: it compares them and says so, or fails.
final class Check {
    private Check() {}

    /// Compares, and prints a line for what is right.
    ///
    /// @throws IllegalStateException if it is not as expected
    static void equal(Object expected, Object actual, String what) {
        if (!Objects.equals(expected, actual)) {
            throw new IllegalStateException(what + ": expected " + expected + ", not " + actual);
        }
        System.out.println("right: " + what);
    }

    /// Prints the last line and ends the JVM, whatever threads a library has left.
    static void done() {
        System.out.println("done");
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }
}
