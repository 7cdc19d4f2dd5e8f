package dev.berth.cli;

/// A request that cannot be fulfilled; the message is a sentence for the one who asked.
final class ControlException extends Exception {
    private static final long serialVersionUID = 1L;

    ControlException(String sentence) {
        super(sentence);
    }
}
