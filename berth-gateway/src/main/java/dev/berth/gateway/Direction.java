package dev.berth.gateway;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/// One direction of a connection that is carried. It is carried on whichever thread learns that there is something to
/// do, by one at a time: who finds it at work leaves a mark, and the other looks again.
abstract class Direction {
    private static final int IDLE = 0;
    private static final int AT_WORK = 1;
    private static final int AGAIN = 2; // at work, and to be looked at again
    private static final int ENDED = 3;

    final CarriedConnection connection;

    private final AtomicInteger state = new AtomicInteger();

    Direction(CarriedConnection connection) {
        this.connection = connection;
    }

    /// Moves what can be moved, [Turns#TURN] octets at most.
    ///
    /// @return true if it is to have another turn; false if it will be told when there is something to do ([#due])
    /// @throws IOException if one of the ends was reset
    abstract boolean move(Turns turns) throws IOException;

    /// There may be something to do. From any thread; returns when it is done, or somebody else is to see to it.
    final void due() {
        for (; ; ) {
            int present = state.get();
            if (present == IDLE) {
                if (state.compareAndSet(IDLE, AT_WORK)) {
                    Turns.take(this);
                    return;
                }
            } else if (present != AT_WORK || state.compareAndSet(AT_WORK, AGAIN)) {
                return;
            }
        }
    }

    /// One turn, on a thread that has made it its own.
    ///
    /// @return true if it wants another
    final boolean run(Turns turns) {
        state.set(AT_WORK);
        boolean done = false;
        try {
            boolean more = move(turns);
            done = true;
            if (state.get() == ENDED) {
                connection.directionEnded();
                return false;
            }
            return more || !state.compareAndSet(AT_WORK, IDLE);
        } catch (IOException e) {
            done = true;
            state.set(ENDED);
            connection.isReset(e);
            return false;
        } catch (RuntimeException e) {
            done = true;
            state.set(ENDED);
            connection.hasFailed(e);
            return false;
        } finally {
            if (!done) {
                connection.abort(); // an error of the JVM: nothing may stay behind for ever
            }
        }
    }

    /// It cannot be carried on: an error of the JVM.
    final void giveUp() {
        connection.abort();
    }

    /// The loop's thread goes on.
    final void leaveToLoop() {
        connection.loop().hand(() -> Turns.take(this));
    }

    /// The stream has come to its end. In [#move].
    final void ended() {
        state.set(ENDED);
    }

    /// True once it has come to its end.
    final boolean isEnded() {
        return state.get() == ENDED;
    }

    /// True while something may have left one end and not be with the other.
    final boolean isMoving() {
        int present = state.get();
        return present == AT_WORK || present == AGAIN;
    }
}
