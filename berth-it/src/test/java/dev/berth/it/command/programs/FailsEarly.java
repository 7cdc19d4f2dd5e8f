package dev.berth.it.command.programs;

/// Fails before its main method begins.
public final class FailsEarly {
    private static final int NUMBER = number();

    private FailsEarly() {}

    public static void main(String[] args) {
        System.out.println(NUMBER);
    }

    private static int number() {
        throw new IllegalStateException("too early");
    }
}
