package dev.berth.cli;

/// The `berth` command.
public final class Berth {
    private Berth() {}

    /// Runs the command and ends the JVM with its exit code.
    public static void main(String[] args) {
        System.out.println("berth");
    }
}
