package dev.berth.it.command.programs;

/// Ends in the way that its first argument says.
public final class Ends {
    private Ends() {}

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "return" -> System.out.println("done");
            case "exit" -> System.exit(Integer.parseInt(args[1]));
            case "throw" -> throw new java.io.IOException("as wished", new IllegalStateException("the cause"));
            default -> throw new IllegalArgumentException(args[0]);
        }
    }
}
