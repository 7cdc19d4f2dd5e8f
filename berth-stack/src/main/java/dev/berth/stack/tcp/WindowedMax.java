package dev.berth.stack.tcp;

/// The maximum of the latest samples, by Kathleen Nichols' method: the best three of three parts of the window.
/// Positions are rounds.
final class WindowedMax {
    private final int window;
    private long best;
    private long second;
    private long third;
    private long bestAt;
    private long secondAt;
    private long thirdAt;

    /// Over `window` rounds.
    WindowedMax(int window) {
        this.window = window;
    }

    long get() {
        return best;
    }

    /// Takes a sample of round `at`, which never goes back.
    void update(long value, long at) {
        if (value >= best || at - thirdAt > window) {
            best = value;
            second = value;
            third = value;
            bestAt = at;
            secondAt = at;
            thirdAt = at;
            return;
        }
        if (value >= second) {
            second = value;
            third = value;
            secondAt = at;
            thirdAt = at;
        } else if (value >= third) {
            third = value;
            thirdAt = at;
        }
        if (at - bestAt > window) {
            best = second;
            bestAt = secondAt;
            second = third;
            secondAt = thirdAt;
            third = value;
            thirdAt = at;
            if (at - bestAt > window) {
                best = second;
                bestAt = secondAt;
                second = third;
                secondAt = thirdAt;
            }
        } else if (secondAt == bestAt && at - bestAt > window / 4) {
            second = value;
            third = value;
            secondAt = at;
            thirdAt = at;
        } else if (thirdAt == secondAt && at - bestAt > window / 2) {
            third = value;
            thirdAt = at;
        }
    }
}
