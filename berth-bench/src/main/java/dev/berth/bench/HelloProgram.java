package dev.berth.bench;

/// The program whose start is measured ([StartCost]).
final class HelloProgram {
    static final String OUTPUT = "hello";

    private HelloProgram() {}

    public static void main(String[] arguments) {
        System.out.println(OUTPUT);
    }
}
