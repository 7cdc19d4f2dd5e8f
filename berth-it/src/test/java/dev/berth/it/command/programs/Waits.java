package dev.berth.it.command.programs;

/// Listens nowhere and waits until its process is ended.
public final class Waits {
    private Waits() {}

    public static void main(String[] args) throws InterruptedException {
        System.out.println("Waiting");
        Thread.currentThread().join();
    }
}
