package dev.berth.cli;

/// What is said of a problem: one sentence on one line.
final class Sentence {
    private Sentence() {}

    /// The message of a problem, without what stands in the way of that.
    static String of(Exception problem) {
        String message = problem.getMessage();
        if (message == null || message.isBlank()) {
            message = problem.getClass().getSimpleName();
        }
        message = message.strip().replaceAll("\\s*\\R\\s*", " ");
        message = message.replaceAll("' is not an? (int|long|double)$", "' is not a number");
        return message.endsWith(".") ? message : message + ".";
    }
}
