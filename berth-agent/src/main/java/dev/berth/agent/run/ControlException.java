package dev.berth.agent.run;

/// A request that cannot be fulfilled; the message is a sentence for the one who asked.
public final class ControlException extends Exception {
    private static final long serialVersionUID = 1L;

    public ControlException(String sentence) {
        super(sentence);
    }
}
