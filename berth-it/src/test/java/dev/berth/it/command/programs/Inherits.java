package dev.berth.it.command.programs;

/// A main method for classes below this one, which cannot be instantiated itself.
public abstract class Inherits {
    private Inherits() {}

    void main() {
        System.out.println("main of " + getClass().getSimpleName());
    }

    /// Has no main method of its own.
    static final class Heir extends Inherits {
        Heir() {}
    }
}
